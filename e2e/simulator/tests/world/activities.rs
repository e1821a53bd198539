//! Scaling activities: one for each journey, in AWS's words, ended once.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_simulator::world::HookResult::{Abandon, Continue};
use aws_simulator::world::HookTransition::{Launching, Terminating};
use aws_simulator::world::{ActivityView, Command, CreateGroup, DescribeActivities, Page, PoolState, Reply};
use proptest::prelude::*;

use crate::bed::{A_WHILE, BOOT, Bed, STEP};

fn ask(bed: &mut Bed, request: DescribeActivities) -> Vec<ActivityView> {
    let Reply::Activities { activities, .. } = bed.run(Command::DescribeActivities(request)) else {
        panic!("not activities")
    };
    activities
}

/// All of them, the oldest first.
fn all(bed: &mut Bed) -> Vec<ActivityView> {
    let request = DescribeActivities { include_deleted: true, ..Default::default() };
    let mut all = ask(bed, request);
    all.reverse();
    all
}

/// What is done and how far it is.
fn told(bed: &mut Bed) -> Vec<(String, &'static str, u8)> {
    let short = |view: &ActivityView| {
        let what = view.description.split(": i-").next().unwrap_or_default().to_owned();
        (what, view.status.as_str(), view.progress)
    };
    all(bed).iter().map(short).collect()
}

fn last(bed: &mut Bed) -> ActivityView {
    all(bed).pop().expect("an activity")
}

#[test]
fn a_life_through_the_pool_is_told_in_awss_words() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.pool(1, PoolState::Stopped, true);
    bed.pass(A_WHILE);
    bed.desire(1);
    // The pool stays empty, so that the instance itself comes back.
    bed.run(Command::PutWarmPool(aws_simulator::world::PutWarmPool {
        group: "g".into(),
        max_prepared: Some(Some(1)),
        min: Some(0),
        ..Default::default()
    }));
    bed.pass(A_WHILE);
    bed.desire(0);
    bed.pass(A_WHILE);
    bed.run(Command::DeleteWarmPool { group: "g".into(), force: true });
    bed.pass(A_WHILE);
    let descriptions: Vec<_> = told(&mut bed).into_iter().map(|(what, ..)| what).collect();
    // The second fills the place of the first, and is sent away when the pool shrinks.
    assert_eq!(
        descriptions,
        [
            "Launching a new EC2 instance into warm pool",
            "Launching a new EC2 instance from warm pool",
            "Launching a new EC2 instance into warm pool",
            "Terminating EC2 instance from warm pool",
            "Scaling in EC2 instance into warm pool",
            "Terminating EC2 instance from warm pool",
        ]
    );
    for view in all(&mut bed) {
        assert!(view.description.ends_with(&format!(": {}", view.instance)), "{view:?}");
    }
}

#[test]
fn an_activity_moves_with_its_hooks() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.hook(Launching, Continue);
    bed.hook(Terminating, Continue);
    bed.desire(1);
    let id = bed.only();
    let launching = "Launching a new EC2 instance".to_owned();
    assert_eq!(told(&mut bed), [(launching.clone(), "PreInService", 30)]);
    bed.pass(BOOT);
    assert_eq!(told(&mut bed), [(launching.clone(), "MidLifecycleAction", 40)]);
    bed.complete(&id, Launching, Continue);
    assert_eq!(told(&mut bed), [(launching.clone(), "InProgress", 50)]);
    assert_eq!(last(&mut bed).end, None);
    bed.pass(STEP);
    assert_eq!(told(&mut bed), [(launching.clone(), "Successful", 100)]);
    assert_eq!(last(&mut bed).end, Some(bed.now));

    bed.desire(0);
    let terminating = "Terminating EC2 instance".to_owned();
    assert_eq!(told(&mut bed)[1], (terminating.clone(), "InProgress", 0));
    bed.pass(STEP);
    assert_eq!(told(&mut bed)[1], (terminating.clone(), "MidTerminatingLifecycleAction", 60));
    bed.complete(&id, Terminating, Continue);
    bed.pass(A_WHILE);
    assert_eq!(told(&mut bed)[1], (terminating, "Successful", 100));
}

#[test]
fn causes_tell_what_was_asked_and_what_followed() {
    let mut bed = Bed::new();
    bed.group(2);
    let at = "2027-01-15T08:00:00Z";
    let started = format!(
        "At {at} an instance was started in response to a difference between desired and actual capacity, increasing the \
         capacity from 0 to 2."
    );
    let created = format!(
        "At {at} a user request created an AutoScalingGroup changing the desired capacity from 0 to 2."
    );
    for view in all(&mut bed) {
        assert_eq!(view.cause, format!("{created}  {started}"));
    }
    bed.desire(1);
    let view = last(&mut bed);
    assert_eq!(
        view.cause,
        format!(
            "At {at} a user request explicitly set group desired capacity changing the desired capacity from 2 to 1.  At \
             {at} an instance was taken out of service in response to a difference between desired and actual capacity, \
             shrinking the capacity from 2 to 1.  At {at} instance {} was selected for termination.",
            view.instance
        )
    );
}

#[test]
fn a_termination_by_name_answers_its_activity() {
    for (decrement, tail) in [(true, ", shrinking the capacity from 1 to 0."), (false, ".")] {
        let mut bed = Bed::new();
        bed.group(1);
        bed.pass(A_WHILE);
        let id = bed.only();
        let Reply::Activity(Some(view)) = bed.run(Command::TerminateInstance { id: id.clone(), decrement })
        else {
            panic!("no activity")
        };
        assert_eq!(view.description, format!("Terminating EC2 instance: {id}"));
        assert!(
            view.cause.ends_with(&format!(
                "Z instance {id} was taken out of service in response to a user request{tail}"
            )),
            "{}",
            view.cause
        );
        assert_eq!((view.status.as_str(), view.progress), ("InProgress", 0));
        let described = all(&mut bed);
        assert!(described.contains(&view), "the same as is described");
        // The replacement was not asked for by anybody.
        assert!(decrement || !last(&mut bed).cause.contains("user request"));
    }
}

#[test]
fn an_abandoned_launch_is_cancelled_with_the_reason_and_nothing_else_is() {
    for times_out in [true, false] {
        let mut bed = Bed::new();
        bed.group(0);
        bed.hook(Launching, Abandon);
        bed.desire(1);
        let id = bed.only();
        bed.pass(BOOT);
        let token = bed.tokens().pop().expect("an action");
        if times_out {
            bed.pass(Duration::from_mins(1));
        } else {
            bed.complete(&id, Launching, Abandon);
        }
        let how =
            if times_out { "Heartbeat Timeout" } else { "Lifecycle Action Completed with ABANDON Result" };
        let reason = format!(
            "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token {token} was abandoned: {how}"
        );
        let launch = all(&mut bed).remove(0);
        assert_eq!(launch.status.as_str(), "Cancelled");
        assert_eq!(launch.message.as_deref(), Some(reason.as_str()));
        assert_eq!(
            launch.description,
            format!("Launching a new EC2 instance: {id}.  Status Reason: {reason}")
        );
        let others = all(&mut bed);
        assert!(others.iter().skip(1).all(|view| view.message.is_none()), "{others:?}");
    }
}

#[test]
fn activities_are_listed_the_latest_first_in_pages_and_by_id() {
    let mut bed = Bed::new();
    bed.group(5);
    let everything = ask(&mut bed, DescribeActivities::default());
    let mut paged = Vec::new();
    let mut page = Page { max: Some(2), token: None };
    loop {
        let request = DescribeActivities { page: page.clone(), ..Default::default() };
        let Reply::Activities { activities, next } = bed.run(Command::DescribeActivities(request)) else {
            panic!("not activities")
        };
        assert!(activities.len() <= 2);
        paged.extend(activities);
        // What begins between pages does not shift them.
        bed.pass(STEP);
        if next.is_none() {
            break;
        }
        page.token = next;
    }
    let ids = |all: &[ActivityView]| all.iter().map(|view| view.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&paged), ids(&everything));
    let wanted = vec![everything[3].id.clone(), "nobody's".to_owned()];
    let found = ask(&mut bed, DescribeActivities { ids: wanted, ..Default::default() });
    assert_eq!(ids(&found), [everything[3].id.clone()]);

    let bad_token = Page { max: None, token: Some("after:me".into()) };
    let error = bed
        .refused(Command::DescribeActivities(DescribeActivities { page: bad_token, ..Default::default() }));
    assert_eq!(error.code, "InvalidNextToken");
    for (max, ids) in [(Some(101), 0), (Some(0), 0), (None, 51)] {
        let page = Page { max, token: None };
        let request = DescribeActivities { ids: vec!["a".into(); ids], page, ..Default::default() };
        assert_eq!(bed.refused(Command::DescribeActivities(request)).code, "ValidationError");
    }
}

#[test]
fn the_past_of_a_deleted_group_is_told_only_to_those_who_ask_for_it() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    bed.run(Command::DeleteGroup { name: "g".into(), force: true });
    bed.pass(A_WHILE);
    // Another group of the same name has a past of its own.
    bed.group(0);
    let of = |include_deleted| DescribeActivities {
        group: Some("g".into()),
        include_deleted,
        ..Default::default()
    };
    assert!(ask(&mut bed, of(false)).is_empty());
    let past = ask(&mut bed, of(true));
    assert_eq!(past.len(), 2);
    assert!(past.iter().all(|view| view.is_of_deleted_group));
    let unknown = DescribeActivities { group: Some("nobody's".into()), ..Default::default() };
    assert_eq!(bed.refused(Command::DescribeActivities(unknown)).code, "ValidationError");
}

#[test]
fn the_memory_has_an_end_in_number_and_in_time() {
    let mut bed = Bed::new();
    bed.run(Command::CreateGroup(CreateGroup { name: "g".into(), max: 900, ..Default::default() }));
    for desired in [900, 0, 300] {
        bed.desire(desired);
        bed.pass(A_WHILE);
    }
    let count = |bed: &mut Bed| {
        let mut page = Page::default();
        let mut count = 0;
        loop {
            let request = DescribeActivities { page: page.clone(), ..Default::default() };
            let Reply::Activities { activities, next } = bed.run(Command::DescribeActivities(request)) else {
                panic!("not activities")
            };
            count += activities.len();
            let Some(token) = next else { return count };
            page.token = Some(token);
        }
    };
    assert_eq!(count(&mut bed), 1000);
    bed.pass(Duration::from_hours(43 * 24));
    assert_eq!(count(&mut bed), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is asked, and however its hooks are answered: each journey has one activity, and when nothing is left to
    /// happen, each has ended exactly once.
    #[test]
    fn each_activity_ends_exactly_once_when_its_instance_comes_to_rest(
        deeds in proptest::collection::vec((0..7_u8, 0..5_u32), 1..30),
    ) {
        let mut bed = Bed::new();
        bed.group(1);
        let (mut ended, mut seen) = (BTreeMap::new(), BTreeMap::new());
        for (kind, number) in deeds {
            let hook = if number % 2 == 0 { Launching } else { Terminating };
            match kind {
                0 => bed.desire(number),
                1 => bed.pool(number.min(2), PoolState::Stopped, number % 2 == 0),
                2 => bed.hook(hook, if number % 3 == 0 { Abandon } else { Continue }),
                3 => {
                    if let Some(id) = bed.ids().first().cloned() {
                        let _ = bed.attempt(Command::TerminateInstance { id, decrement: false });
                    }
                }
                _ => bed.pass(Duration::from_secs(u64::from(number) * 7)),
            }
            look(&mut bed, &mut seen, &mut ended)?;
        }
        // Without hooks it comes to rest.
        for hook in [Launching, Terminating] {
            let _ = bed.attempt(Command::DeleteHook { group: "g".into(), hook: crate::bed::name(hook).into() });
        }
        for _ in 0..20 {
            bed.pass(A_WHILE);
            look(&mut bed, &mut seen, &mut ended)?;
        }
        prop_assert!(bed.world.next_deadline().is_none());
        for view in all(&mut bed) {
            prop_assert!(view.end.is_some() && view.progress == 100, "{:?}", view);
        }
    }
}

/// Checks that nothing that ended changes, that nothing vanishes, and that an instance has one at a time.
fn look(
    bed: &mut Bed,
    seen: &mut BTreeMap<String, String>,
    ended: &mut BTreeMap<String, ActivityView>,
) -> Result<(), TestCaseError> {
    let mut open = BTreeMap::new();
    let mut page = Page::default();
    let mut views = Vec::new();
    loop {
        let request = DescribeActivities { page: page.clone(), ..Default::default() };
        let Reply::Activities { activities, next } = bed.run(Command::DescribeActivities(request)) else {
            panic!("not activities")
        };
        views.extend(activities);
        let Some(token) = next else { break };
        page.token = Some(token);
    }
    for view in views {
        seen.insert(view.id.clone(), view.instance.clone());
        if view.end.is_some() {
            let first = ended.entry(view.id.clone()).or_insert_with(|| view.clone());
            prop_assert_eq!(&*first, &view, "what has ended stays as it is");
        } else {
            prop_assert!(open.insert(view.instance.clone(), view.id.clone()).is_none(), "two at once");
        }
    }
    let under_way: Vec<_> = bed
        .world
        .machines()
        .map(|machine| machine.view)
        .filter(|view| !["InService", "Warmed:Stopped", "Warmed:Running"].contains(&view.state.as_str()))
        .map(|view| view.id)
        .collect();
    prop_assert_eq!(open.into_keys().collect::<Vec<_>>(), under_way);
    Ok(())
}
