//! What is over is forgotten, and not before its time.

use std::time::Duration;

use aws_simulator::world::ec2::{self, RunInstances};
use aws_simulator::world::{EventKind, MachineState, PoolState, Process};

use crate::bed::{A_WHILE, Bed, CHECK, STOP};
use crate::events::{queue, told};
use crate::life_bed::{resume, suspend};

const HOUR: Duration = Duration::from_hours(1);
const MOMENT: Duration = Duration::from_millis(1);

/// Launches so many machines, and terminates them once they run.
fn come_and_go(bed: &mut Bed, count: u32) {
    let request =
        RunInstances { min: count, max: count, image: Some("ami-1".into()), ..RunInstances::default() };
    let ec2::Reply::Ran(ran) = bed.ec2(ec2::Command::Run(request)) else { panic!("another reply") };
    bed.pass(A_WHILE);
    bed.ec2(ec2::Command::Terminate { ids: ran.into_iter().map(|machine| machine.id).collect() });
    bed.pass(STOP);
    bed.events.clear();
}

#[test]
fn thousands_of_machines_leave_nothing_behind() {
    let mut bed = Bed::new();
    for round in 1..=20_usize {
        come_and_go(&mut bed, 250);
        assert_eq!(bed.world.remembered(), 250 * round.min(6), "those of the last hour");
        bed.pass(Duration::from_mins(10).saturating_sub(A_WHILE + STOP));
    }
    bed.pass(HOUR);
    assert_eq!((bed.world.remembered(), bed.ids().len()), (0, 0));
}

#[test]
fn of_very_many_within_an_hour_the_last_are_remembered() {
    let mut bed = Bed::new();
    let first = bed.run_one();
    bed.terminate(&first);
    bed.pass(STOP);
    for _ in 0..10 {
        come_and_go(&mut bed, 999);
    }
    assert!(bed.world.machine(&first).is_some());
    come_and_go(&mut bed, 999);
    assert_eq!(bed.world.remembered(), 10_000);
    assert!(bed.world.machine(&first).is_none(), "the first went first");
}

#[test]
fn members_that_come_and_go_are_forgotten_too() {
    let mut bed = Bed::new();
    bed.group(0);
    for _ in 0..100 {
        bed.desire(9);
        bed.pass(A_WHILE);
        bed.desire(0);
        bed.pass(A_WHILE);
        assert!(bed.world.remembered() <= 9 * 90, "{}", bed.world.remembered());
    }
    bed.pool(1, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    let id = bed.only();
    bed.pool(0, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    assert_eq!(bed.state(&id), "Warmed:Terminated");
    bed.pass(HOUR);
    assert_eq!(bed.world.remembered(), 0);
}

#[test]
fn a_terminated_instance_is_known_for_an_hour_and_then_to_nobody() {
    let mut bed = Bed::new();
    bed.group(0);
    let id = bed.run_one();
    bed.pass(A_WHILE);
    bed.terminate(&id);
    bed.pass((STOP + HOUR).saturating_sub(MOMENT));
    assert_eq!(bed.machine_state(&id), Some(MachineState::Terminated));
    assert!(bed.world.machine(&id).is_some());
    bed.pass(MOMENT);
    assert_eq!(bed.machine_state(&id), None);
    assert!(bed.world.machine(&id).is_none());
}

#[test]
fn a_member_whose_machine_ended_long_ago_stays_until_its_group_sees_it() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    let id = bed.only();
    bed.run(suspend(&[Process::HealthCheck]));
    bed.terminate(&id);
    bed.pass(HOUR * 2);
    assert_eq!(bed.machine_state(&id), Some(MachineState::Terminated), "it is still a member");
    bed.run(resume(&[Process::HealthCheck]));
    bed.pass(CHECK + A_WHILE);
    assert!(bed.world.machine(&id).is_none(), "its hour is over");
}

#[test]
fn the_end_of_a_machine_is_told_once_whatever_its_group_does_with_it() {
    let mut bed = Bed::new();
    queue(&mut bed, "q");
    bed.world.route_events("q", &[EventKind::StateChange]);
    bed.group(1);
    bed.pass(A_WHILE);
    let id = bed.only();
    bed.terminate(&id);
    bed.pass(STOP + CHECK + A_WHILE);
    assert_eq!(bed.state(&id), "Terminated", "its group has let it go");
    let states: Vec<_> = told(&mut bed, "q")
        .into_iter()
        .filter(|event| event["detail"]["instance-id"] == *id)
        .map(|event| event["detail"]["state"].clone())
        .collect();
    assert_eq!(states, ["pending", "running", "shutting-down", "terminated"]);
}
