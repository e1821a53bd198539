//! Groups: sizes, terminating one instance, deletion.

use aws_simulator::world::HookResult::Continue;
use aws_simulator::world::HookTransition::Terminating;
use aws_simulator::world::{Command, CreateGroup, PoolState, PutWarmPool, Tag, UpdateGroup};

use crate::bed::{A_WHILE, Bed, STEP, STOP};

#[test]
fn the_sizes_must_fit_each_other() {
    let mut bed = Bed::new();
    bed.group(1);
    let set = |desired| Command::SetDesired { group: "g".into(), desired };
    assert_eq!(
        bed.refused(set(10)).message,
        "New SetDesiredCapacity value 10 is above max value 9 for the AutoScalingGroup."
    );
    let update = |min, max, desired| {
        Command::UpdateGroup(UpdateGroup { name: "g".into(), min, max, desired, ..Default::default() })
    };
    bed.refused(update(Some(3), Some(2), None));
    bed.refused(update(None, None, Some(10)));
    bed.run(update(Some(2), None, None));
    assert_eq!(bed.states().len(), 2, "the desired capacity follows the new minimum");
    bed.refused(set(1));
    let twice = Command::CreateGroup(CreateGroup { name: "g".into(), ..Default::default() });
    assert_eq!(bed.refused(twice).code, "AlreadyExists");
}

#[test]
fn an_instance_that_is_terminated_is_replaced_unless_the_desired_capacity_goes_down_too() {
    for (decrement, expected) in
        [(false, &["InService", "Pending", "Terminating"][..]), (true, &["InService", "Terminating"])]
    {
        let mut bed = Bed::new();
        bed.group(2);
        bed.pass(A_WHILE);
        let id = bed.ids()[0].clone();
        let terminate = || Command::TerminateInstance { id: id.clone(), decrement };
        bed.run(terminate());
        assert_eq!(bed.states(), expected);
        bed.run(terminate());
        assert_eq!(bed.states(), expected, "a second call changes nothing");
    }
}

#[test]
fn an_instance_of_the_pool_an_unknown_one_and_the_last_allowed_one_are_not_terminated() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    let serving = bed.only();
    bed.pool(1, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    let warm = bed.ids().into_iter().find(|id| *id != serving).expect("a warm one");
    bed.run(Command::UpdateGroup(UpdateGroup { name: "g".into(), min: Some(1), ..Default::default() }));
    for (id, words) in
        [(warm, "warm pool"), (serving, "desiredSize equals minSize"), ("i-0".to_owned(), "not found")]
    {
        let error = bed.refused(Command::TerminateInstance { id, decrement: true });
        assert_eq!(error.code, "ValidationError");
        assert!(error.message.contains(words), "{error:?}");
    }
    assert_eq!(bed.states(), ["InService", "Warmed:Stopped"]);
}

#[test]
fn a_forced_deletion_takes_every_instance_through_its_hook_and_then_the_group() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.hook(Terminating, Continue);
    bed.pool(1, PoolState::Stopped, true);
    bed.pass(A_WHILE);
    let delete = |force| Command::DeleteGroup { name: "g".into(), force };
    assert_eq!(bed.refused(delete(false)).code, "ResourceInUse");
    bed.run(delete(true));
    bed.pass(STEP);
    assert_eq!(bed.states(), ["Terminating:Wait", "Warmed:Terminating:Wait"]);
    assert_eq!(
        bed.refused(Command::SetDesired { group: "g".into(), desired: 1 }).code,
        "ScalingActivityInProgress"
    );
    for id in bed.ids() {
        bed.complete(&id, Terminating, Continue);
    }
    bed.pass(STOP);
    assert!(bed.ids().is_empty());
    let error = bed.refused(Command::SetDesired { group: "g".into(), desired: 0 });
    assert_eq!(error.message, "AutoScalingGroup name not found - AutoScalingGroup: g not found");
}

#[test]
fn a_group_can_be_made_again_while_nothing_of_the_old_one_is_left() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.run(Command::DeleteGroup { name: "g".into(), force: false });
    bed.group(1);
    assert_eq!(bed.states(), ["Pending"]);
}

#[test]
fn instances_carry_the_tags_that_propagate_and_their_groups_name() {
    let mut bed = Bed::new();
    let tag = |key: &str, propagate| Tag { key: key.into(), value: "v".into(), propagate };
    bed.run(Command::CreateGroup(CreateGroup {
        name: "g".into(),
        min: 1,
        max: 1,
        tags: vec![tag("kept", true), tag("not-kept", false)],
        ..Default::default()
    }));
    let tags = bed.world.machine(&bed.only()).expect("an instance").tags;
    let expected = [("aws:autoscaling:groupName", "g"), ("kept", "v")];
    assert!(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).eq(expected), "{tags:?}");
}

#[test]
fn scale_in_takes_the_oldest_of_those_in_service() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    let oldest = bed.only();
    bed.desire(2);
    bed.pass(A_WHILE);
    bed.desire(3);
    bed.desire(2);
    assert_eq!(bed.state(&oldest), "Terminating");
    assert_eq!(bed.states(), ["InService", "Pending", "Terminating"]);
}

#[test]
fn instances_are_spread_over_the_zones() {
    let mut bed = Bed::new();
    bed.group(4);
    let mut zones: Vec<_> = bed.world.machines().map(|machine| machine.view.zone).collect();
    zones.sort();
    assert_eq!(zones, ["us-east-1a", "us-east-1a", "us-east-1b", "us-east-1c"]);
}

#[test]
fn sizes_that_no_machine_could_simulate_are_refused_and_change_nothing() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    let huge = Some(u32::MAX);
    let pool = |max_prepared, min| {
        Command::PutWarmPool(PutWarmPool { group: "g".into(), max_prepared, min, ..Default::default() })
    };
    let group = Command::UpdateGroup(UpdateGroup { name: "g".into(), max: huge, ..Default::default() });
    for command in [pool(Some(huge), None), pool(None, huge), group] {
        let error = bed.refused(command);
        assert_eq!(error.code, "ValidationError");
        assert!(error.message.contains("the simulator's limit"), "{error:?}");
    }
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["InService"]);
}
