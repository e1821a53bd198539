//! Machines as EC2 knows them: their power, their end, and what their group makes of it.

use std::time::Duration;

use aws_simulator::world::ec2::{self, Find, RunInstances};
use aws_simulator::world::{
    AwsError, HookResult, HookTransition, MachineState, PoolState, Power, Process, Reply,
};

use crate::bed::{A_WHILE, BOOT, Bed, CHECK, STEP, STOP};
use crate::life_bed::{resume, suspend};

impl Bed {
    pub(crate) fn try_ec2(&mut self, command: ec2::Command) -> Result<ec2::Reply, AwsError> {
        let reply = self.world.handle_ec2(self.now, command);
        self.events.extend(self.world.advance(self.now));
        reply
    }

    pub(crate) fn ec2(&mut self, command: ec2::Command) -> ec2::Reply {
        self.try_ec2(command).expect("the operation is in order")
    }

    pub(crate) fn terminate(&mut self, id: &str) {
        self.ec2(ec2::Command::Terminate { ids: vec![id.to_owned()] });
    }

    fn stop(&mut self, id: &str) {
        self.ec2(ec2::Command::Stop { ids: vec![id.to_owned()], hibernate: false });
    }

    fn start(&mut self, id: &str) {
        self.ec2(ec2::Command::Start { ids: vec![id.to_owned()] });
    }

    pub(crate) fn run_one(&mut self) -> String {
        let request = RunInstances { min: 1, max: 1, image: Some("ami-1".into()), ..RunInstances::default() };
        let ec2::Reply::Ran(ran) = self.ec2(ec2::Command::Run(request)) else { panic!("another reply") };
        ran[0].id.clone()
    }

    /// What EC2 tells, none if it knows nothing of it.
    pub(crate) fn machine_state(&mut self, id: &str) -> Option<MachineState> {
        let find = Find { ids: vec![id.to_owned()], ..Find::default() };
        match self.try_ec2(ec2::Command::Describe(find)) {
            Ok(ec2::Reply::Machines { machines, .. }) => Some(machines[0].state),
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                assert_eq!(error.code, "InvalidInstanceID.NotFound");
                None
            }
        }
    }

    fn refused_ec2(&mut self, command: ec2::Command) -> (String, String) {
        let error = self.try_ec2(command).expect_err("the operation is out of order");
        (error.code, error.message)
    }

    fn listed(&mut self) -> Vec<String> {
        let all = aws_simulator::world::Command::DescribeInstances {
            ids: Vec::new(),
            page: aws_simulator::world::Page::default(),
        };
        let Reply::Instances { instances, .. } = self.run(all) else { panic!("another reply") };
        instances.into_iter().map(|instance| instance.id).collect()
    }
}

const MOMENT: Duration = Duration::from_millis(1);

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

/// Does something to the only member behind its group's back, and returns what replaced it.
fn lose(bed: &mut Bed, harm: impl Fn(&mut Bed, &str)) -> (String, Vec<String>) {
    let id = bed.only();
    harm(bed, &id);
    bed.pass(CHECK.saturating_sub(MOMENT));
    assert_eq!(bed.ids(), std::slice::from_ref(&id), "the group has not noticed yet");
    bed.pass(MOMENT);
    let others = bed.ids().into_iter().filter(|other| *other != id).collect();
    (id, others)
}

#[test]
fn a_member_that_was_stopped_or_terminated_by_hand_is_replaced_through_its_hook() {
    for harm in [Bed::terminate, Bed::stop] {
        let mut bed = Bed::new();
        bed.group(1);
        bed.hook(HookTransition::Terminating, HookResult::Continue);
        bed.pass(A_WHILE);
        let (id, others) = lose(&mut bed, harm);
        assert_eq!((bed.state(&id), others.len()), ("Terminating".into(), 1));
        bed.pass(STEP);
        assert_eq!(bed.state(&id), "Terminating:Wait");
        bed.complete(&id, HookTransition::Terminating, HookResult::Continue);
        bed.pass(A_WHILE);
        assert_eq!(bed.ids(), others);
        assert_eq!(bed.machine_state(&id), Some(MachineState::Terminated));
    }
}

#[test]
fn a_member_that_runs_again_before_the_check_stays_and_has_no_target_state() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    let id = bed.only();
    bed.stop(&id);
    bed.pass(STOP);
    assert_eq!(bed.target(&id), Some("InService"));
    bed.start(&id);
    bed.pass(CHECK + A_WHILE);
    assert_eq!((bed.ids(), bed.state(&id)), (vec![id.clone()], "InService".into()));
    assert_eq!(bed.target(&id), None);
    bed.desire(0);
    assert_eq!(bed.target(&id), Some("Terminated"));
}

#[test]
fn a_launch_whose_machine_ended_is_never_in_service_nor_switched_on_again() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.hook(HookTransition::Launching, HookResult::Continue);
    bed.desire(1);
    bed.pass(BOOT);
    let id = bed.only();
    bed.terminate(&id);
    bed.pass(STOP);
    bed.complete(&id, HookTransition::Launching, HookResult::Continue);
    bed.pass(STEP);
    assert_eq!((bed.power(&id), bed.machine_state(&id)), (Power::Off, Some(MachineState::Terminated)));
    bed.pass(CHECK);
    bed.pass(A_WHILE);
    assert_eq!(bed.state(&id), "Terminated");
    assert!(!bed.ids().contains(&id) && bed.ids().len() == 1);
}

#[test]
fn a_prepared_machine_that_is_gone_is_not_taken_and_replaced() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.pool(1, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    let (id, others) = lose(&mut bed, Bed::terminate);
    assert_eq!((bed.state(&id), others.len()), ("Warmed:Terminating".into(), 1));
    bed.pass(A_WHILE);
    let prepared = bed.only();
    bed.terminate(&prepared);
    bed.desire(1);
    assert_eq!(bed.state(&prepared), "Warmed:Stopped");
    assert_eq!(bed.states(), ["Pending", "Warmed:Stopped"]);
}

#[test]
fn a_prepared_machine_may_be_off_only_where_the_pool_keeps_it_off() {
    for (pool, expected) in
        [(PoolState::Running, "Warmed:Terminating"), (PoolState::Stopped, "Warmed:Stopped")]
    {
        let mut bed = Bed::new();
        bed.group(0);
        bed.pool(1, pool, false);
        bed.pass(A_WHILE);
        let id = bed.only();
        bed.stop(&id);
        bed.pass(CHECK);
        assert_eq!(bed.state(&id), expected);
    }
}

#[test]
fn while_nobody_looks_or_may_replace_a_stopped_member_stays_and_starts_without_a_target_state() {
    for process in [Process::HealthCheck, Process::ReplaceUnhealthy, Process::Terminate] {
        let mut bed = Bed::new();
        bed.group(1);
        bed.pass(A_WHILE);
        let id = bed.only();
        bed.run(suspend(&[process]));
        bed.stop(&id);
        bed.pass(CHECK + A_WHILE);
        assert_eq!((bed.ids(), bed.state(&id)), (vec![id.clone()], "InService".into()), "{process:?}");
        bed.start(&id);
        bed.pass(BOOT);
        assert_eq!((bed.machine_state(&id), bed.target(&id)), (Some(MachineState::Running), None));
    }
}

#[test]
fn a_member_found_dead_while_suspended_is_replaced_after_the_resumption() {
    for process in [Process::HealthCheck, Process::ReplaceUnhealthy] {
        let mut bed = Bed::new();
        bed.group(1);
        bed.pass(A_WHILE);
        let id = bed.only();
        bed.run(suspend(&[process]));
        bed.terminate(&id);
        bed.pass(CHECK * 3);
        assert_eq!(bed.ids(), std::slice::from_ref(&id), "{process:?}");
        bed.run(resume(&[process]));
        bed.pass(CHECK + A_WHILE);
        assert!(!bed.ids().contains(&id) && bed.ids().len() == 1, "{process:?}");
    }
}
