//! Machines as EC2 knows them: their power and their end.

use std::time::Duration;

use aws_simulator::world::ec2::{self, RunInstances};
use aws_simulator::world::{MachineState, PoolState, Power};

use crate::bed::{A_WHILE, BOOT, Bed, STEP, STOP};
use crate::machine_bed::MOMENT;

#[test]
fn a_machine_boots_stops_starts_and_ends_each_in_its_time() {
    let mut bed = Bed::new();
    let id = bed.run_one();
    let expect = |bed: &mut Bed, before, time: Duration, after| {
        assert_eq!(bed.machine_state(&id), Some(before));
        bed.pass(time.saturating_sub(MOMENT));
        assert_eq!(bed.machine_state(&id), Some(before));
        bed.pass(MOMENT);
        assert_eq!(bed.machine_state(&id), Some(after));
    };
    expect(&mut bed, MachineState::Pending, BOOT, MachineState::Running);
    bed.stop(&id);
    assert_eq!(bed.power(&id), Power::On);
    expect(&mut bed, MachineState::Stopping, STOP, MachineState::Stopped);
    assert_eq!(bed.power(&id), Power::Off);
    bed.start(&id);
    assert_eq!(bed.power(&id), Power::On);
    expect(&mut bed, MachineState::Pending, BOOT, MachineState::Running);
    bed.terminate(&id);
    expect(&mut bed, MachineState::ShuttingDown, STOP, MachineState::Terminated);
    assert_eq!(bed.power(&id), Power::Off);
}

#[test]
fn a_terminated_machine_is_told_for_an_hour_and_never_by_auto_scaling() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    let (member, loose) = (bed.only(), bed.run_one());
    bed.terminate(&loose);
    bed.desire(0);
    bed.pass(A_WHILE);
    for id in [&member, &loose] {
        assert_eq!(bed.machine_state(id), Some(MachineState::Terminated));
    }
    assert!(bed.listed().is_empty());
    bed.pass(Duration::from_hours(1).saturating_sub(A_WHILE));
    assert_eq!(bed.machine_state(&member), Some(MachineState::Terminated));
    bed.pass(A_WHILE);
    for id in [&member, &loose] {
        assert_eq!(bed.machine_state(id), None);
    }
}

#[test]
fn a_stopped_machine_is_gone_at_once() {
    let mut bed = Bed::new();
    let id = bed.run_one();
    bed.stop(&id);
    bed.pass(STOP);
    bed.terminate(&id);
    assert_eq!(bed.machine_state(&id), Some(MachineState::Terminated));
}

#[test]
fn what_cannot_be_done_in_a_state_is_refused_and_changes_nothing() {
    let mut bed = Bed::new();
    let (whole, ended) = (bed.run_one(), bed.run_one());
    bed.pass(BOOT);
    bed.terminate(&ended);
    let both = vec![whole.clone(), ended.clone()];
    for (command, wish) in [
        (ec2::Command::Stop { ids: both.clone(), hibernate: false }, "stopped"),
        (ec2::Command::Start { ids: both.clone() }, "started"),
        (ec2::Command::Reboot { ids: both.clone() }, "rebooted"),
    ] {
        let (code, message) = bed.refused_ec2(command);
        assert_eq!(code, "IncorrectInstanceState");
        assert_eq!(message, format!("The instance '{ended}' is not in a state from which it can be {wish}."));
    }
    assert_eq!(bed.machine_state(&whole), Some(MachineState::Running));
    // Terminating twice is no mistake.
    bed.terminate(&ended);
    let hibernate = ec2::Command::Stop { ids: vec![whole], hibernate: true };
    assert_eq!(bed.refused_ec2(hibernate).0, "UnsupportedHibernationConfiguration");
}

#[test]
fn a_machine_made_for_it_hibernates() {
    let mut bed = Bed::new();
    let request = RunInstances {
        min: 1,
        max: 1,
        image: Some("ami-1".into()),
        hibernation: true,
        ..RunInstances::default()
    };
    let ec2::Reply::Ran(ran) = bed.ec2(ec2::Command::Run(request)) else { panic!("another reply") };
    let id = ran[0].id.clone();
    bed.pass(BOOT);
    bed.ec2(ec2::Command::Stop { ids: vec![id.clone()], hibernate: true });
    bed.pass(STOP);
    assert_eq!((bed.machine_state(&id), bed.power(&id)), (Some(MachineState::Stopped), Power::Hibernated));
}

#[test]
fn the_machines_of_a_group_go_through_ec2s_states_too() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.pool(1, PoolState::Stopped, false);
    let id = bed.only();
    assert_eq!(bed.machine_state(&id), Some(MachineState::Pending));
    bed.pass(BOOT);
    assert_eq!(
        (bed.machine_state(&id), bed.state(&id)),
        (Some(MachineState::Stopping), "Warmed:Pending".into())
    );
    bed.pass(STOP);
    assert_eq!(
        (bed.machine_state(&id), bed.state(&id)),
        (Some(MachineState::Stopped), "Warmed:Stopped".into())
    );
    bed.desire(1);
    assert_eq!(bed.machine_state(&id), Some(MachineState::Pending));
    bed.pass(A_WHILE);
    assert_eq!((bed.machine_state(&id), bed.state(&id)), (Some(MachineState::Running), "InService".into()));
    bed.desire(0);
    bed.pass(STEP);
    assert_eq!(
        (bed.machine_state(&id), bed.state(&id)),
        (Some(MachineState::ShuttingDown), "Terminating".into())
    );
}
