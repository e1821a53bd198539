//! Standby, detaching and attaching.

use aws_simulator::world::HookResult::Continue;
use aws_simulator::world::HookTransition::{Launching, Terminating};
use aws_simulator::world::{Command, CreateGroup, Event, PoolState, Power, Reply, UpdateGroup};

use crate::bed::{A_WHILE, Bed};
use crate::life_bed::{attach, detach, enter, exit};

fn resize(bed: &mut Bed, min: Option<u32>, max: Option<u32>) {
    bed.run(Command::UpdateGroup(UpdateGroup { name: "g".into(), min, max, ..Default::default() }));
}

#[test]
fn standby_is_left_by_the_way_it_was_entered_and_no_hook_stands_on_it() {
    let (mut bed, ids) = Bed::serving(2);
    bed.hook(Launching, Continue);
    bed.hook(Terminating, Continue);
    bed.path(&ids[0]);
    let Reply::Activities { activities: moves, .. } = bed.run(enter(&[&ids[0]], true)) else {
        panic!("not activities")
    };
    assert_eq!(moves[0].description, format!("Moving EC2 instance to Standby: {}", ids[0]));
    let cause = format!(
        "instance {} was moved to standby in response to a user request, shrinking the capacity from 2 to 1.",
        ids[0]
    );
    assert!(moves[0].cause.ends_with(&cause), "{moves:?}");
    bed.pass(A_WHILE);
    assert_eq!((bed.states(), bed.power(&ids[0])), (vec!["InService".into(), "Standby".into()], Power::On));
    let Reply::Activities { activities: moves, .. } = bed.run(exit(&[&ids[0]])) else {
        panic!("not activities")
    };
    assert!(moves[0].cause.ends_with("increasing the capacity from 1 to 2."), "{moves:?}");
    bed.pass(A_WHILE);
    assert_eq!(bed.path(&ids[0]), ["EnteringStandby", "Standby", "Pending", "InService"]);
    assert_eq!((bed.states().len(), bed.desired()), (2, 2));
    assert!(bed.tokens().is_empty());
}

#[test]
fn whoever_goes_on_standby_or_leaves_without_decrement_is_replaced() {
    for (command, stays) in [(enter as fn(&[&str], bool) -> Command, "Standby"), (detach, "")] {
        let (mut bed, ids) = Bed::serving(1);
        bed.pool(1, PoolState::Stopped, false);
        bed.pass(A_WHILE);
        bed.run(command(&[&ids[0]], false));
        bed.pass(A_WHILE);
        assert_eq!(bed.state(&ids[0]), stays);
        let others: Vec<_> = bed.ids().into_iter().filter(|id| *id != ids[0]).collect();
        let mut states: Vec<_> = others.iter().map(|id| bed.state(id)).collect();
        states.sort();
        assert_eq!(states, ["InService", "Warmed:Stopped"], "from the pool, which is filled again");
        assert_eq!(bed.desired(), 1);
    }
}

#[test]
fn the_least_and_the_largest_size_hold() {
    let (mut bed, ids) = Bed::serving(2);
    resize(&mut bed, Some(1), Some(2));
    let sizes = "AutoScalingGroup g has min-size=1, max-size=2, and desired-size=2. ";
    let please = ", please update the AutoScalingGroup sizes appropriately.";
    let both: Vec<_> = ids.iter().map(String::as_str).collect();
    let error = bed.refused(enter(&both, true));
    assert_eq!(error.message, format!("{sizes}To place into standby 2 instances{please}"));
    let error = bed.refused(detach(&both, true));
    assert_eq!(error.message, format!("{sizes}To detach 2 instances{please}"));
    let loose = bed.world.add_machine(bed.now, "us-east-1a", std::collections::BTreeMap::new());
    assert!(bed.refused(attach(&[&loose])).message.contains("is not in the running state"));
    bed.pass(A_WHILE);
    let error = bed.refused(attach(&[&loose]));
    assert_eq!(error.message, format!("{sizes}To attach 1 instance{please}"));
    bed.run(enter(&[&ids[0]], false));
    bed.pass(A_WHILE);
    let error = bed.refused(exit(&[&ids[0]]));
    assert_eq!(error.message, format!("{sizes}To remove from standby 1 instance{please}"));
    bed.desire(1);
    bed.pass(A_WHILE);
    bed.run(exit(&[&ids[0]]));
    bed.pass(A_WHILE);
    assert_eq!(bed.state(&ids[0]), "InService");
}

#[test]
fn one_wrong_id_among_several_moves_nobody() {
    let (mut bed, ids) = Bed::serving(2);
    for command in [
        enter(&[&ids[0], "i-0"], false),
        detach(&[&ids[0], "i-0"], false),
        attach(&["i-0"]),
        enter(&[], false),
        attach(&[]),
        detach(&["i-0"; 21], true),
    ] {
        let error = bed.refused(command);
        assert_eq!(error.code, "ValidationError");
        assert_eq!(bed.states(), ["InService", "InService"]);
    }
    assert_eq!(bed.refused(attach(&["i-0"])).message, "Invalid Instance ID(s): [i-0] specified");
    let error = bed.refused(Command::Life(aws_simulator::world::LifeCommand::ExitStandby {
        group: "other".into(),
        ids: ids.clone(),
    }));
    assert!(error.message.starts_with("AutoScalingGroup name not found"), "{error:?}");
    // The same one twice is one.
    bed.run(enter(&[&ids[0], &ids[0]], true));
    assert_eq!(bed.desired(), 1);
}

#[test]
fn a_detached_machine_runs_on_without_its_group_and_can_join_another() {
    let (mut bed, ids) = Bed::serving(1);
    bed.hook(Launching, Continue);
    bed.run(detach(&ids.iter().map(String::as_str).collect::<Vec<_>>(), true));
    bed.pass(A_WHILE);
    let machine = bed.world.machine(&ids[0]).expect("a machine");
    assert_eq!((machine.power, machine.target, machine.tags.len()), (Power::On, None, 0));
    let hook = aws_simulator::world::PutHook {
        name: "launch".into(),
        transition: Some(Launching),
        ..Default::default()
    };
    let other = CreateGroup { name: "other".into(), max: 1, hooks: vec![hook], ..Default::default() };
    bed.run(Command::CreateGroup(other));
    let join =
        Command::Life(aws_simulator::world::LifeCommand::Attach { group: "other".into(), ids: ids.clone() });
    bed.path(&ids[0]);
    bed.run(join.clone());
    bed.pass(A_WHILE);
    assert_eq!(bed.path(&ids[0]), ["Pending", "InService"]);
    let machine = bed.world.machine(&ids[0]).expect("a machine");
    assert_eq!((machine.view.group.as_str(), machine.target), ("other", Some("InService")));
    assert_eq!(machine.tags["aws:autoscaling:groupName"], "other");
    assert_eq!(
        bed.refused(join).message,
        format!("The Instance: {} is already part of AutoScalingGroup:other", ids[0])
    );
    assert!(!bed.events.iter().any(|event| matches!(event, Event::ActionOpened { .. })));
}

#[test]
fn a_machine_in_a_foreign_zone_is_not_attached() {
    let mut bed = Bed::new();
    bed.group(0);
    let id = bed.world.add_machine(bed.now, "us-east-1f", std::collections::BTreeMap::new());
    bed.pass(A_WHILE);
    assert!(bed.refused(attach(&[&id])).message.contains("us-east-1f"));
    let id = bed.world.add_machine(bed.now, "us-east-1c", std::collections::BTreeMap::new());
    bed.pass(A_WHILE);
    bed.run(attach(&[&id]));
    assert_eq!(bed.desired(), 1);
}

#[test]
fn scale_in_passes_standby_by_and_deletion_does_not() {
    let (mut bed, ids) = Bed::serving(2);
    bed.run(enter(&[&ids[0]], true));
    bed.pass(A_WHILE);
    bed.desire(0);
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["Standby"]);
    let delete = |force| Command::DeleteGroup { name: "g".into(), force };
    assert_eq!(bed.refused(delete(false)).code, "ResourceInUse");
    bed.run(delete(true));
    assert_eq!(bed.states(), ["Terminating"]);
    bed.pass(A_WHILE);
    assert!(bed.ids().is_empty());
}
