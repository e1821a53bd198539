use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Node;
use serde_json::from_value;
use tokio::time::Instant;

use super::*;
use crate::status::BlockerStatus;

fn at(time: &str) -> Timestamp {
    format!("2026-11-21T{time}Z").parse().unwrap()
}

/// A Node that is ours, with this condition on it.
fn node(stands: Option<(&str, &str)>) -> NodeView {
    let mut conditions = vec![json!({"type": "Ready", "status": "True"})];
    if let Some((status, reason)) = stands {
        conditions.push(json!({
            "type": TYPE, "status": status, "reason": reason, "message": "said before",
            "lastTransitionTime": "2026-11-21T11:00:00Z",
        }));
    }
    let node: Node = from_value(json!({
        "metadata": {"name": "n", "uid": "u", "labels": {"node-gate.io/lifecycle-state": "Terminating.Wait"}},
        "status": {"conditions": conditions},
    }))
    .unwrap();
    NodeView::new(&node, None, Instant::now())
}

fn instance(phase: &'static str, drain: Option<DrainStatus>) -> InstanceStatus {
    InstanceStatus {
        group: "g".into(),
        state: "Terminating:Wait".into(),
        phase,
        since: at("11:55:00"),
        node: Some("n".into()),
        ignored: false,
        leaked: false,
        unjoined_since: None,
        action: Some(ActionStatus { hook: "h".into(), ends: at("13:00:00"), completed: false, result: None }),
        drain,
    }
}

fn budget(pod: &str) -> BlockerStatus {
    let reason = "disruption budget web allows no eviction now".to_owned();
    BlockerStatus { pod: pod.to_owned(), kind: "budget", reason }
}

fn drain(blockers: Vec<BlockerStatus>) -> DrainStatus {
    DrainStatus {
        first_eviction: Some(at("11:58:00")),
        deadline: Some(at("12:13:00")),
        forced: 0,
        pods_left: blockers.len(),
        drained: false,
        blockers,
    }
}

fn wished(instance: &InstanceStatus, stands: Option<(&str, &str)>) -> Wish {
    wish(&node(stands), Some(instance), OnDeadline::Force, at("12:00:00"))
}

fn says(wish: &Wish) -> (bool, &str, &str) {
    match wish {
        Wish::Says(says) => (says.drained, &says.reason, &says.message),
        Wish::Keep | Wish::Absent => panic!("{wish:?}"),
    }
}

#[test]
fn a_blocked_drain_names_its_budget_and_its_deadline() {
    let mut blockers: Vec<_> = ["shop/web-1", "shop/web-2", "shop/web-3"].map(budget).into();
    blockers.push(BlockerStatus {
        pod: "shop/db-0".into(),
        kind: "terminating",
        reason: "terminating, grace until 12:00:30".into(),
    });
    let wish = wished(&instance("leaving", Some(drain(blockers))), None);
    assert_eq!(
        says(&wish),
        (
            false,
            "Blocked",
            "4 pods left, evicted until 12:13:00 UTC at the latest, then forced. Disruption budget web allows no eviction now: \
             3 pods, such as shop/web-1. Terminating, grace until 12:00:30: shop/db-0."
        )
    );
}

#[test]
fn a_drain_that_nobody_holds_up_is_draining_and_one_without_a_first_eviction_says_nothing() {
    let evicting = BlockerStatus { pod: "a/b".into(), kind: "evicting", reason: "being evicted".into() };
    let mut of = drain(vec![evicting]);
    let wish = wished(&instance("leaving", Some(of.clone())), None);
    assert_eq!(says(&wish).1, "Draining");
    of.first_eviction = None;
    assert_eq!(wished(&instance("leaving", Some(of)), None), Wish::Keep);
}

#[test]
fn when_patience_has_ended_it_says_so_and_what_is_done_about_it() {
    let mut of = drain(vec![budget("shop/web-1")]);
    of.forced = 1;
    let forced = wished(&instance("leaving", Some(of.clone())), None);
    assert_eq!(says(&forced).1, "DeadlinePassed");
    assert!(says(&forced).2.starts_with("1 pod left, being forced: patience ends at 12:13:00 UTC."));
    of.forced = 0;
    let leaving = instance("leaving", Some(of));
    let over = wish(
        &node(None),
        Some(&instance("leaving", Some(forced_drain()))),
        OnDeadline::Force,
        at("12:14:00"),
    );
    assert!(says(&over).2.starts_with("1 pod left, being forced: patience ended at 12:13:00 UTC."));
    let told = |policy, now| wish(&node(None), Some(&leaving), policy, at(now));
    assert_eq!(says(&told(OnDeadline::Force, "12:13:00")).1, "DeadlinePassed");
    let abandon = told(OnDeadline::Abandon, "12:00:00");
    assert!(says(&abandon).2.contains("the drain is given up at 12:13:00 UTC"), "{abandon:?}");
}

fn forced_drain() -> DrainStatus {
    DrainStatus { forced: 1, ..drain(vec![budget("shop/web-1")]) }
}

#[test]
fn a_leaked_node_that_is_empty_promises_no_action_that_is_not_there() {
    let empty = DrainStatus { drained: true, ..drain(vec![]) };
    let warm = InstanceStatus { action: None, ..instance("warm", Some(empty.clone())) };
    assert_eq!(says(&wished(&warm, None)), (true, "Drained", "No pod is left."));
    let leaving = wished(&instance("leaving", Some(empty)), None);
    assert_eq!(says(&leaving).2, "No pod is left; completing the lifecycle action.");
}

#[test]
fn who_waits_for_ever_names_no_deadline() {
    let mut of = drain(vec![budget("shop/web-1")]);
    of.deadline = None;
    let wish = wished(&instance("leaving", Some(of)), None);
    assert!(says(&wish).2.starts_with("1 pod left. Disruption budget"));
}

#[test]
fn a_message_is_bounded_and_says_what_it_leaves_out() {
    let one = |n: u32| BlockerStatus {
        pod: format!("namespace-{n}/pod-{n}"),
        kind: "finalizer",
        reason: format!("finalizers example.com/{n}-{}", "x".repeat(150)),
    };
    let wish = wished(&instance("leaving", Some(drain((0..30).map(one).collect()))), None);
    let message = says(&wish).2;
    assert!(message.len() <= LIMIT && message.ends_with(" more reasons."), "{message}");
    let huge = BlockerStatus { pod: "n".repeat(2000), kind: "other", reason: "x".into() };
    let wish = wished(&instance("leaving", Some(drain(vec![huge]))), None);
    assert!(says(&wish).2.len() <= LIMIT);
}

#[test]
fn it_turns_true_when_nothing_is_left_and_tells_how_the_action_ended() {
    let mut of = drain(Vec::new());
    of.drained = true;
    assert!(says(&wished(&instance("leaving", Some(of)), Some(("False", "Draining")))).0);
    let mut done = instance("leaving", None);
    let table = [
        (Some("completed"), true, "is completed"),
        (Some("already_gone"), true, "had ended without us"),
        (Some("abandoned"), false, "was abandoned"),
    ];
    for (result, drained, words) in table {
        done.action = done.action.map(|action| ActionStatus { completed: true, result, ..action });
        let wish = wished(&done, Some(("False", "Blocked")));
        assert!(says(&wish).0 == drained && says(&wish).2.contains(words), "{wish:?}");
    }
}

#[test]
fn what_an_earlier_leader_completed_is_only_said_if_it_was_left_unsaid() {
    let mut done = instance("leaving", None);
    done.action = done.action.map(|action| ActionStatus { completed: true, ..action });
    assert_eq!(wished(&done, None), Wish::Keep);
    assert_eq!(wished(&done, Some(("True", "Drained"))), Wish::Keep);
    assert!(says(&wished(&done, Some(("False", "Blocked")))).0);
}

#[test]
fn an_action_that_ends_in_the_middle_of_a_drain_leaves_no_claim_that_it_goes_on() {
    let mut over = instance("leaving", None);
    assert_eq!(wished(&over, Some(("False", "Blocked"))), Wish::Keep, "its task is only restarting");
    over.action = None;
    let wish = wished(&over, Some(("False", "Blocked")));
    assert_eq!((says(&wish).0, says(&wish).1), (false, "ActionEnded"));
    for stands in
        [None, Some(("True", "Drained")), Some(("False", "ActionEnded")), Some(("False", "Abandoned"))]
    {
        assert_eq!(wished(&over, stands), Wish::Keep, "{stands:?}");
    }
}

#[test]
fn it_goes_when_the_node_serves_again_or_has_left_our_care() {
    for phase in ["in_service", "released"] {
        assert_eq!(wished(&instance(phase, None), Some(("True", "Drained"))), Wish::Absent, "{phase}");
        assert_eq!(wished(&instance(phase, None), None), Wish::Keep, "{phase}");
    }
    assert_eq!(wished(&instance("warm", None), Some(("True", "Drained"))), Wish::Keep);
    assert_eq!(wished(&instance("warm", None), Some(("False", "Blocked"))), Wish::Absent);
    let stranger = |node: &NodeView| wish(node, None, OnDeadline::Force, at("12:00:00"));
    let mut node = node(Some(("True", "Drained")));
    assert_eq!(stranger(&node), Wish::Keep, "it still carries our label");
    node.labels = BTreeMap::new();
    assert_eq!(stranger(&node), Wish::Absent);
    node.drained = None;
    assert_eq!(stranger(&node), Wish::Keep);
}

#[test]
fn a_node_that_is_off_limits_is_left_alone() {
    let mut node = node(Some(("False", "Blocked")));
    node.annotations.insert("node-gate.io/ignore".into(), "true".into());
    let leaving = instance("leaving", Some(drain(vec![budget("a/b")])));
    for instance in [None, Some(&leaving)] {
        assert_eq!(wish(&node, instance, OnDeadline::Force, at("12:00:00")), Wish::Keep);
    }
}

#[test]
fn the_transition_time_changes_with_the_status_only() {
    let (before, after) = (json!("2026-11-21T11:00:00Z"), json!("2026-11-21T12:00:00Z"));
    let condition = |stands, drained| {
        let says = Condition { drained, reason: "R".into(), message: "m".into() };
        let patch = patch(&node(stands), &Wish::Says(says), at("12:00:00")).unwrap();
        assert_eq!(patch["metadata"], json!({"uid": "u"}));
        patch["status"]["conditions"][0].clone()
    };
    let blocked = Some(("False", "Blocked"));
    assert_eq!(condition(None, false)["lastTransitionTime"], after);
    assert_eq!(condition(blocked, false)["lastTransitionTime"], before);
    assert_eq!(condition(blocked, true)["lastTransitionTime"], after);
    assert_eq!(condition(blocked, false)["lastHeartbeatTime"], after);
    assert_eq!(condition(blocked, true)["status"], json!("True"));
}

#[test]
fn a_removal_names_only_our_type() {
    let patch = patch(&node(None), &Wish::Absent, at("12:00:00")).unwrap();
    assert_eq!(patch["status"]["conditions"], json!([{"type": TYPE, "$patch": "delete"}]));
}

#[test]
fn a_time_of_another_day_has_its_date() {
    let now = at("23:59:00");
    assert_eq!(moment(at("23:59:30"), now), "23:59:30 UTC");
    assert_eq!(moment(now + jiff::SignedDuration::from_mins(2), now), "2026-11-22 00:01:00 UTC");
}
