use super::*;
use crate::status::BlockerStatus;

const WEB: &str = "disruption budget web allows no eviction now";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn budget(pod: &str, reason: &str) -> BlockerStatus {
    BlockerStatus { pod: pod.into(), kind: "budget", reason: reason.into() }
}

/// A drain that began at second 10.
fn drain(blockers: Vec<BlockerStatus>) -> DrainStatus {
    DrainStatus {
        first_eviction: Some(at(10)),
        deadline: Some(at(910)),
        forced: 0,
        pods_left: blockers.len().max(1),
        drained: false,
        blockers,
    }
}

fn leaving(drain: Option<DrainStatus>, completed: bool, result: Option<&'static str>) -> InstanceStatus {
    InstanceStatus {
        group: "g".into(),
        state: "Terminating:Wait".into(),
        phase: "leaving",
        since: at(9),
        node: Some("n".into()),
        ignored: false,
        leaked: false,
        unjoined_since: None,
        action: Some(ActionStatus { hook: "h".into(), ends: at(3600), completed, result }),
        drain,
    }
}

/// What is told of these sights at these seconds; the leader began at second 0.
fn told(sights: &[(i64, &InstanceStatus)]) -> Vec<Event> {
    told_since(0, sights)
}

fn told_since(since: i64, sights: &[(i64, &InstanceStatus)]) -> Vec<Event> {
    let mut drains = Drains::new(OnDeadline::Force, at(since));
    let looks = sights.iter().flat_map(|(second, instance)| {
        let instances = [("i-1".to_owned(), (*instance).clone())].into();
        drains.look(&Status { leading: true, swept: true, instances }, at(*second))
    });
    looks.map(|(_, event)| event).collect()
}

fn reasons(events: &[Event]) -> Vec<(bool, &'static str)> {
    events.iter().map(|event| (event.warning, event.reason)).collect()
}

#[test]
fn a_blocked_drain_is_told_step_by_step_and_each_step_once() {
    let waits = leaving(None, false, None);
    let drains =
        leaving(Some(drain(vec![budget("shop/web-1", WEB), budget("shop/web-2", WEB)])), false, None);
    let done = leaving(None, true, Some("completed"));
    let events =
        told(&[(9, &waits), (10, &drains), (12, &drains), (15, &drains), (60, &drains), (70, &done)]);
    assert_eq!(reasons(&events), [(false, "Draining"), (true, "Blocked"), (false, "Completed")]);
    assert!(events[1].note.starts_with(
        "Disruption budget web allows no eviction now: 2 pods, such as shop/web-1. 2 pods left"
    ));
    assert_eq!(
        events[2].note,
        "No pod is left, 60 s after the first eviction; the lifecycle action of hook h is completed: instance i-1 \
         may go on."
    );
}

#[test]
fn who_refuses_for_a_moment_only_is_not_told_and_who_flaps_is_told_once() {
    let blocked = leaving(Some(drain(vec![budget("a/b", WEB)])), false, None);
    let free = leaving(Some(drain(Vec::new())), false, None);
    let moments = [(10, &blocked), (14, &free), (15, &blocked), (19, &free)];
    assert_eq!(reasons(&told(&moments)), [(false, "Draining")]);
    let flaps = [(10, &blocked), (15, &blocked), (16, &free), (17, &blocked), (30, &blocked)];
    assert_eq!(reasons(&told(&flaps)), [(false, "Draining"), (true, "Blocked")]);
}

#[test]
fn a_second_budget_is_a_new_blocker_and_other_pods_of_the_first_are_not() {
    let first = leaving(Some(drain(vec![budget("a/b", WEB)])), false, None);
    let more = leaving(Some(drain(vec![budget("a/b", WEB), budget("a/c", WEB)])), false, None);
    let other = leaving(Some(drain(vec![budget("a/c", WEB), budget("a/d", "another")])), false, None);
    let events = told(&[(10, &first), (16, &first), (20, &more), (30, &other), (36, &other)]);
    assert_eq!(reasons(&events), [(false, "Draining"), (true, "Blocked"), (true, "Blocked")]);
    assert_ne!(events[1].suffix, events[2].suffix);
}

#[test]
fn after_a_take_over_the_same_turning_points_have_the_same_names_and_old_ones_are_not_told() {
    let blocked = leaving(Some(drain(vec![budget("a/b", WEB)])), false, None);
    let first = told(&[(10, &blocked), (16, &blocked)]);
    let second = told_since(100, &[(101, &blocked), (110, &blocked)]);
    assert_eq!(reasons(&second), [(true, "Blocked")]);
    assert_eq!(second[0].name("n"), first[1].name("n"), "the API server refuses the second one");
    let done = leaving(None, true, Some("completed"));
    assert_eq!(told_since(100, &[(101, &done)]), [], "it was completed before");
}

#[test]
fn a_drain_of_another_day_is_told_anew() {
    let again =
        leaving(Some(DrainStatus { first_eviction: Some(at(5000)), ..drain(Vec::new()) }), false, None);
    let once = leaving(Some(drain(Vec::new())), false, None);
    let warm = InstanceStatus {
        phase: "warm",
        state: "Warmed:Stopped".into(),
        action: None,
        ..leaving(None, false, None)
    };
    let done = leaving(None, true, Some("completed"));
    let events = told(&[(10, &once), (20, &done), (21, &warm), (5000, &again)]);
    assert_eq!(reasons(&events), [(false, "Draining"), (false, "Completed"), (false, "Draining")]);
    assert_ne!(events[0].suffix, events[2].suffix);
}

#[test]
fn the_end_of_patience_and_every_end_of_an_action_are_told() {
    let open = leaving(Some(drain(Vec::new())), false, None);
    let forced = leaving(Some(DrainStatus { forced: 2, ..drain(Vec::new()) }), false, None);
    assert_eq!(
        reasons(&told(&[(10, &open), (920, &forced), (921, &forced)]))[1..],
        [(true, "DeadlinePassed")]
    );
    for (result, warning, reason) in [
        ("completed", false, "Completed"),
        ("abandoned", true, "Abandoned"),
        ("already_gone", true, "ActionEnded"),
    ] {
        let ended = leaving(None, true, Some(result));
        let events = told(&[(10, &open), (20, &ended), (21, &ended)]);
        assert_eq!(reasons(&events)[1..], [(warning, reason)], "{result}");
    }
}

#[test]
fn an_action_that_ends_while_its_drain_runs_is_told_with_what_is_left() {
    let open = leaving(Some(drain(vec![budget("a/b", WEB)])), false, None);
    let over =
        InstanceStatus { state: "Terminating:Proceed".into(), action: None, ..leaving(None, false, None) };
    let events = told(&[(10, &open), (11, &over)]);
    assert_eq!(reasons(&events)[1..], [(true, "ActionEnded")]);
    assert!(events[1].note.contains("with 1 pod left"), "{}", events[1].note);
    for empty in [
        DrainStatus { drained: true, ..drain(Vec::new()) },
        DrainStatus { pods_left: 0, ..drain(Vec::new()) },
    ] {
        let empty = leaving(Some(empty), false, None);
        assert_eq!(reasons(&told(&[(10, &empty), (11, &over)]))[1..], [(false, "Completed")]);
    }
}

#[test]
fn a_completion_that_does_not_come_through_is_told_as_drained() {
    let drained = leaving(Some(DrainStatus { drained: true, ..drain(Vec::new()) }), false, None);
    let events = told(&[(10, &drained), (14, &drained), (15, &drained), (20, &drained)]);
    assert_eq!(reasons(&events), [(false, "Draining"), (false, "Drained")]);
}

#[test]
fn without_a_node_or_with_one_that_is_off_limits_nothing_is_told() {
    let mut open = leaving(Some(drain(Vec::new())), false, None);
    open.ignored = true;
    assert_eq!(told(&[(10, &open)]), []);
    (open.ignored, open.node) = (false, None);
    assert_eq!(told(&[(10, &open)]), []);
}

#[test]
fn the_end_is_told_although_the_node_went_first() {
    let open = leaving(Some(drain(Vec::new())), false, None);
    let done = InstanceStatus { node: None, ..leaving(None, true, Some("completed")) };
    assert_eq!(reasons(&told(&[(10, &open), (20, &done)]))[1..], [(false, "Completed")]);
}

#[test]
fn names_are_valid_however_long_the_nodes_is() {
    let event = &told(&[(10, &leaving(Some(drain(Vec::new())), false, None))])[0];
    let name = event.name(&"x.".repeat(126));
    assert!(name.len() <= 253 && !name.contains(".."), "{name}");
    assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.'));
}
