//! Scaling activities: one for each journey, in AWS's words, ended once.

use std::time::Duration;

use aws_simulator::world::HookResult::{Abandon, Continue};
use aws_simulator::world::HookTransition::{Launching, Terminating};
use aws_simulator::world::{ActivityView, Command, DescribeActivities, PoolState, Reply};

use crate::bed::{A_WHILE, BOOT, Bed, STEP};

pub(crate) fn ask(bed: &mut Bed, request: DescribeActivities) -> Vec<ActivityView> {
    let Reply::Activities { activities, .. } = bed.run(Command::DescribeActivities(request)) else {
        panic!("not activities")
    };
    activities
}

/// All of them, the oldest first.
pub(crate) fn all(bed: &mut Bed) -> Vec<ActivityView> {
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
