//! The ways into the warm pool and out of it.

use aws_simulator::world::HookResult::{Abandon, Continue};
use aws_simulator::world::HookTransition::{Launching, Terminating};
use aws_simulator::world::{Command, Event, Place, PoolState, Power, PutWarmPool, Reply};

use crate::bed::{A_WHILE, BOOT, Bed, STEP, STOP};

#[test]
fn an_instance_boots_at_once_when_it_is_launched_into_the_pool_and_is_off_once_it_is_stopped() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.pool(1, PoolState::Stopped, false);
    let id = bed.only();
    assert_eq!((bed.state(&id).as_str(), bed.power(&id)), ("Warmed:Pending", Power::On));
    assert_eq!(bed.target(&id), Some("Warmed:Stopped"));
    bed.pass(BOOT + STOP);
    assert_eq!((bed.state(&id).as_str(), bed.power(&id)), ("Warmed:Stopped", Power::Off));
    assert_eq!(bed.path(&id), ["Warmed:Pending", "Warmed:Stopped"]);
}

#[test]
fn the_launch_hook_holds_an_instance_at_pool_entry_and_again_at_pool_exit() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.hook(Launching, Abandon);
    bed.pool(1, PoolState::Stopped, false);
    let id = bed.only();
    bed.pass(BOOT);
    assert_eq!(bed.state(&id), "Warmed:Pending:Wait");
    bed.complete(&id, Launching, Continue);
    assert_eq!(bed.state(&id), "Warmed:Pending:Proceed");
    bed.pass(STOP);
    bed.desire(1);
    assert_eq!((bed.state(&id).as_str(), bed.power(&id)), ("Pending", Power::On));
    assert_eq!(bed.target(&id), Some("InService"), "already before it has booted");
    bed.pass(BOOT);
    assert_eq!(bed.state(&id), "Pending:Wait");
    bed.complete(&id, Launching, Continue);
    bed.pass(STEP);
    assert_eq!(
        bed.path(&id),
        [
            "Warmed:Pending",
            "Warmed:Pending:Wait",
            "Warmed:Pending:Proceed",
            "Warmed:Stopped",
            "Pending",
            "Pending:Wait",
            "Pending:Proceed",
            "InService"
        ]
    );
}

#[test]
fn the_two_launch_actions_of_an_instance_name_their_ways_and_have_tokens_of_their_own() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.hook(Launching, Continue);
    bed.pool(1, PoolState::Running, false);
    let id = bed.only();
    bed.pass(BOOT);
    bed.complete(&id, Launching, Continue);
    bed.pass(STEP);
    bed.desire(1);
    bed.pass(STEP);
    let ways: Vec<_> = bed
        .events
        .iter()
        .filter_map(|event| match event {
            Event::ActionOpened { id: this, origin, destination, .. } if *this == id => {
                Some((*origin, *destination))
            }
            Event::ActionOpened { .. }
            | Event::LifecycleChanged { .. }
            | Event::PowerChanged { .. }
            | Event::Heartbeat { .. }
            | Event::ActionCompleted { .. } => None,
        })
        .collect();
    assert_eq!(ways, [(Place::Ec2, Place::WarmPool), (Place::WarmPool, Place::AutoScalingGroup)]);
    let tokens = bed.tokens();
    assert_ne!(tokens[0], tokens[1]);
}

#[test]
fn running_and_hibernated_pools_keep_their_members_as_they_say() {
    for (pool, state, power) in [
        (PoolState::Running, "Warmed:Running", Power::On),
        (PoolState::Hibernated, "Warmed:Hibernated", Power::Hibernated),
    ] {
        let mut bed = Bed::new();
        bed.group(0);
        bed.pool(1, pool, false);
        let id = bed.only();
        assert_eq!(bed.target(&id), Some(state));
        bed.pass(A_WHILE);
        assert_eq!((bed.state(&id).as_str(), bed.power(&id)), (state, power));
        bed.desire(1);
        assert_eq!(bed.power(&id), Power::On);
        bed.pass(A_WHILE);
        assert_eq!(bed.state(&id), "InService");
    }
}

#[test]
fn prepared_instances_are_promoted_before_a_new_one_is_launched() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.pool(2, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    let prepared = bed.ids();
    bed.desire(2);
    for id in &prepared {
        assert_eq!(bed.state(id), "Pending");
    }
    assert_eq!(bed.states(), ["Pending", "Pending", "Warmed:Pending", "Warmed:Pending"], "and replaced");
}

#[test]
fn instances_still_being_warmed_are_not_promoted_the_start_is_cold() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.pool(1, PoolState::Stopped, false);
    let warming = bed.only();
    bed.desire(1);
    assert_eq!(bed.state(&warming), "Warmed:Pending");
    assert_eq!(bed.states(), ["Pending", "Warmed:Pending"]);
}

#[test]
fn an_empty_pool_makes_a_cold_start() {
    let mut bed = Bed::new();
    bed.group(1);
    let id = bed.only();
    assert_eq!((bed.power(&id), bed.target(&id)), (Power::On, Some("InService")));
    bed.pass(A_WHILE);
    assert_eq!(bed.path(&id), ["Pending", "InService"]);
}

#[test]
fn reuse_brings_an_instance_back_through_the_termination_hook() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.hook(Terminating, Continue);
    bed.pass(A_WHILE);
    let id = bed.only();
    bed.path(&id);
    bed.run(Command::PutWarmPool(PutWarmPool {
        group: "g".into(),
        max_prepared: Some(Some(1)),
        reuse: Some(true),
        ..Default::default()
    }));
    bed.desire(0);
    assert_eq!((bed.state(&id).as_str(), bed.target(&id)), ("Warmed:Pending", Some("Warmed:Stopped")));
    bed.pass(STEP);
    assert_eq!((bed.state(&id).as_str(), bed.power(&id)), ("Warmed:Pending:Wait", Power::On));
    bed.complete(&id, Terminating, Continue);
    bed.pass(STOP);
    assert_eq!((bed.only(), bed.power(&id)), (id.clone(), Power::Off), "the same instance, and no other");
    bed.desire(1);
    bed.pass(A_WHILE);
    assert_eq!(
        bed.path(&id),
        [
            "Warmed:Pending",
            "Warmed:Pending:Wait",
            "Warmed:Pending:Proceed",
            "Warmed:Stopped",
            "Pending",
            "InService"
        ]
    );
}

#[test]
fn an_abandoned_return_still_ends_in_the_pool() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.hook(Terminating, Continue);
    bed.pass(A_WHILE);
    bed.run(Command::PutWarmPool(PutWarmPool {
        group: "g".into(),
        max_prepared: Some(Some(1)),
        reuse: Some(true),
        ..Default::default()
    }));
    bed.desire(0);
    bed.pass(STEP);
    let id = bed.only();
    bed.complete(&id, Terminating, Abandon);
    bed.pass(STOP);
    assert_eq!(bed.state(&id), "Warmed:Stopped");
}

#[test]
fn without_reuse_scale_in_terminates() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    let id = bed.only();
    // Room for it would be there once it is out of service.
    bed.run(Command::PutWarmPool(PutWarmPool {
        group: "g".into(),
        max_prepared: Some(Some(1)),
        ..Default::default()
    }));
    bed.desire(0);
    assert_eq!((bed.state(&id).as_str(), bed.target(&id)), ("Terminating", Some("Terminated")));
    assert_eq!(bed.states(), ["Terminating", "Warmed:Pending"], "the pool fills with a new one");
}

#[test]
fn the_size_of_the_pool_follows_the_desired_capacity() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.run(Command::PutWarmPool(PutWarmPool {
        group: "g".into(),
        max_prepared: Some(Some(4)),
        min: Some(1),
        ..Default::default()
    }));
    bed.pass(A_WHILE);
    let warm = |bed: &Bed| bed.states().iter().filter(|state| state.starts_with("Warmed")).count();
    assert_eq!(warm(&bed), 3, "4 - 1");
    bed.desire(3);
    bed.pass(A_WHILE);
    assert_eq!(warm(&bed), 1, "4 - 3");
    bed.desire(6);
    bed.pass(A_WHILE);
    assert_eq!(warm(&bed), 1, "never below MinSize");
    bed.run(Command::PutWarmPool(PutWarmPool {
        group: "g".into(),
        max_prepared: Some(None),
        ..Default::default()
    }));
    bed.pass(A_WHILE);
    assert_eq!(warm(&bed), 3, "without a limit of its own: 9 - 6");
}

#[test]
fn a_stopped_member_is_terminated_without_being_switched_on() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.hook(Terminating, Continue);
    bed.pool(1, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    let id = bed.only();
    bed.events.clear();
    bed.pool(0, PoolState::Stopped, false);
    assert_eq!(bed.target(&id), Some("Warmed:Terminated"));
    bed.pass(STEP);
    assert_eq!(bed.state(&id), "Warmed:Terminating:Wait");
    bed.complete(&id, Terminating, Continue);
    bed.pass(STEP);
    assert_eq!(bed.state(&id), "Warmed:Terminated");
    assert!(bed.ids().is_empty());
    let powered = bed.events.iter().any(|event| matches!(event, Event::PowerChanged { .. }));
    assert!(!powered, "{:?}", bed.events);
}

#[test]
fn a_new_pool_state_leaves_members_as_they_are() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.pool(1, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    bed.pool(2, PoolState::Running, false);
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["Warmed:Running", "Warmed:Stopped"]);
}

#[test]
fn a_deleted_pool_empties_through_the_termination_hook_and_is_pending_meanwhile() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.hook(Terminating, Continue);
    bed.pool(1, PoolState::Running, true);
    bed.pass(A_WHILE);
    let id = bed.only();
    let delete = |force| Command::DeleteWarmPool { group: "g".into(), force };
    assert_eq!(bed.refused(delete(false)).code, "ResourceInUse");
    bed.run(delete(true));
    bed.pass(STEP);
    assert_eq!(bed.state(&id), "Warmed:Terminating:Wait");
    let describe =
        || Command::DescribeWarmPool { group: "g".into(), page: aws_simulator::world::Page::default() };
    let Reply::WarmPool { pool: Some(pool), .. } = bed.run(describe()) else { panic!("no pool") };
    assert!(pool.deleting);
    assert_eq!((pool.max_prepared, pool.min, pool.state), (Some(0), 0, PoolState::Running));
    bed.complete(&id, Terminating, Continue);
    bed.pass(STOP);
    assert!(matches!(bed.run(describe()), Reply::WarmPool { pool: None, .. }));
    assert!(bed.ids().is_empty());
}
