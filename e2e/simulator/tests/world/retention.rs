//! Instances that are kept when the hook of their termination is abandoned.

use std::time::Duration;

use aws_simulator::world::HookResult::{Abandon, Continue};
use aws_simulator::world::HookTransition::Terminating;
use aws_simulator::world::{Command, GroupSettings, HookResult, PoolState, Power, UpdateGroup};

use crate::bed::{A_WHILE, Bed, STEP, STOP, by_instance};

const MINUTE: Duration = Duration::from_mins(1);

/// Changes the retention trigger of `g`.
fn policy(bed: &mut Bed, retain: bool) {
    let settings = GroupSettings { retain: Some(retain), ..GroupSettings::default() };
    bed.run(Command::UpdateGroup(UpdateGroup { name: "g".into(), settings, ..UpdateGroup::default() }));
}

/// The ways on which a termination hook holds an instance.
#[derive(Debug, Clone, Copy)]
enum Way {
    Terminate,
    Return,
    Retire,
}

impl Way {
    const ALL: [Way; 3] = [Way::Terminate, Way::Return, Way::Retire];

    fn retained(self) -> &'static str {
        match self {
            Way::Terminate => "Terminating:Retained",
            Way::Return => "Warmed:Pending:Retained",
            Way::Retire => "Warmed:Terminating:Retained",
        }
    }

    /// The way out that opens a new action.
    fn released(self) -> &'static str {
        match self {
            Way::Terminate => "Terminating:Wait",
            Way::Return | Way::Retire => "Warmed:Terminating:Wait",
        }
    }
}

/// An instance that the termination hook holds on this way, in a group that retains or does not.
fn held(way: Way, retain: bool, default_result: HookResult) -> (Bed, String) {
    let mut bed = Bed::new();
    bed.group(u32::from(!matches!(way, Way::Retire)));
    policy(&mut bed, retain);
    bed.hook(Terminating, default_result);
    if !matches!(way, Way::Terminate) {
        bed.pool(u32::from(matches!(way, Way::Retire)), PoolState::Running, true);
    }
    bed.pass(A_WHILE);
    let id = bed.only();
    match way {
        Way::Terminate => bed.desire(0),
        Way::Return => {
            bed.pool(1, PoolState::Running, true);
            let spare = bed.ids().into_iter().find(|other| *other != id).expect("a spare");
            bed.pass(A_WHILE);
            // Room for one more, so that the instance in service comes back.
            bed.run(Command::PutWarmPool(aws_simulator::world::PutWarmPool {
                group: "g".into(),
                max_prepared: Some(Some(2)),
                min: Some(0),
                ..Default::default()
            }));
            bed.desire(0);
            assert_eq!(bed.state(&spare), "Warmed:Running");
        }
        Way::Retire => bed.pool(0, PoolState::Running, true),
    }
    bed.pass(STEP);
    assert!(bed.state(&id).ends_with(":Wait"), "{way:?}: {:?}", bed.states());
    (bed, id)
}

#[test]
fn an_abandoned_termination_keeps_the_instance_only_under_the_policy() {
    for way in Way::ALL {
        let (mut bed, id) = held(way, true, Continue);
        bed.complete(&id, Terminating, Abandon);
        bed.pass(Duration::from_hours(100));
        assert_eq!((bed.state(&id).as_str(), bed.power(&id)), (way.retained(), Power::On), "{way:?}");

        let (mut bed, id) = held(way, false, Continue);
        bed.complete(&id, Terminating, Abandon);
        assert!(bed.state(&id).ends_with(":Proceed"), "{way:?} without the policy");

        let (mut bed, id) = held(way, true, Continue);
        bed.complete(&id, Terminating, Continue);
        assert!(bed.state(&id).ends_with(":Proceed"), "{way:?} with CONTINUE");
    }
}

#[test]
fn both_timeouts_retain_if_the_default_is_to_abandon_and_only_then() {
    for way in Way::ALL {
        for (default_result, kept) in [(Abandon, true), (Continue, false)] {
            let (mut bed, id) = held(way, true, default_result);
            bed.pass(MINUTE);
            assert_eq!(
                bed.state(&id).ends_with(":Retained"),
                kept,
                "{way:?} {default_result} without a heartbeat"
            );

            let (mut bed, id) = held(way, true, default_result);
            for _ in 0..199 {
                bed.pass(MINUTE / 2);
                bed.run(Command::Heartbeat(by_instance(&id, Terminating)));
            }
            bed.pass(MINUTE / 2);
            assert_eq!(
                bed.state(&id).ends_with(":Retained"),
                kept,
                "{way:?} {default_result} after 100 periods"
            );
        }
    }
}

#[test]
fn a_retained_instance_is_replaced_in_the_group_and_in_the_pool() {
    let mut bed = Bed::new();
    bed.group(1);
    policy(&mut bed, true);
    bed.hook(Terminating, Continue);
    bed.pass(A_WHILE);
    let id = bed.only();
    bed.run(Command::TerminateInstance { id: id.clone(), decrement: false });
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["InService", "Terminating:Wait"]);
    bed.complete(&id, Terminating, Abandon);
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["InService", "Terminating:Retained"]);

    // One that was to come back leaves its place in the pool to another.
    let (mut bed, id) = held(Way::Return, true, Continue);
    let prepared = bed.ids().len();
    bed.complete(&id, Terminating, Abandon);
    assert_eq!(bed.ids().len(), prepared + 1);
    assert!(bed.states().contains(&"Warmed:Pending".to_owned()), "{:?}", bed.states());
}

#[test]
fn a_retained_instance_is_released_through_a_new_action_and_may_be_retained_again() {
    for way in Way::ALL {
        let (mut bed, id) = held(way, true, Continue);
        bed.complete(&id, Terminating, Abandon);
        let error = bed.refused(Command::TerminateInstance { id: id.clone(), decrement: true });
        assert_eq!(error.code, "ValidationError");
        assert_eq!(bed.state(&id), way.retained(), "refused");
        let release = Command::TerminateInstance { id: id.clone(), decrement: false };
        bed.run(release.clone());
        bed.pass(STEP);
        assert_eq!(bed.state(&id), way.released());
        let tokens = bed.tokens();
        assert_ne!(tokens[tokens.len() - 1], tokens[tokens.len() - 2]);
        bed.complete(&id, Terminating, Abandon);
        assert!(bed.state(&id).ends_with(":Retained"), "again");
        bed.run(release);
        bed.pass(STEP);
        bed.complete(&id, Terminating, Continue);
        bed.pass(STOP);
        assert!(!bed.ids().contains(&id), "{way:?}");
    }
}

#[test]
fn a_change_of_the_policy_releases_nobody() {
    let (mut bed, id) = held(Way::Terminate, true, Continue);
    bed.complete(&id, Terminating, Abandon);
    policy(&mut bed, false);
    bed.pass(Duration::from_hours(100));
    assert_eq!(bed.state(&id), "Terminating:Retained");
}

#[test]
fn a_retained_instance_opens_no_action_and_without_hooks_none_is_ever_retained() {
    let (mut bed, id) = held(Way::Terminate, true, Continue);
    bed.complete(&id, Terminating, Abandon);
    let error = bed.refused(Command::Heartbeat(by_instance(&id, Terminating)));
    assert!(error.message.starts_with("No active Lifecycle Action found"), "{error:?}");

    let mut bed = Bed::new();
    bed.group(1);
    policy(&mut bed, true);
    bed.pass(A_WHILE);
    bed.desire(0);
    bed.pass(A_WHILE);
    assert!(bed.ids().is_empty());
}

#[test]
fn a_group_that_retains_is_not_deleted_by_force_and_deletes_its_retained_ones_once_it_does_not() {
    let delete = || Command::DeleteGroup { name: "g".into(), force: true };
    let (mut bed, id) = held(Way::Terminate, true, Continue);
    bed.complete(&id, Terminating, Abandon);
    let error = bed.refused(delete());
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        (
            "ValidationError",
            "You can't force delete this Auto Scaling group because the TerminateHookAbandon retention trigger is \
             set to retain. Change the retention trigger to terminate and try again"
        )
    );
    assert_eq!(bed.refused(Command::DeleteGroup { name: "g".into(), force: false }).code, "ResourceInUse");
    policy(&mut bed, false);
    bed.run(delete());
    bed.pass(STEP);
    assert_eq!(bed.state(&id), "Terminating:Wait");
    bed.complete(&id, Terminating, Continue);
    bed.pass(STOP);
    assert!(bed.ids().is_empty());

    // Refused even for an empty group.
    let mut bed = Bed::new();
    bed.group(0);
    policy(&mut bed, true);
    assert_eq!(bed.refused(delete()).code, "ValidationError");
    bed.run(Command::DeleteGroup { name: "g".into(), force: false });
}
