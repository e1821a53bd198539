//! What a group makes of members whose machines stop or end behind its back.

use aws_simulator::world::{HookResult, HookTransition, MachineState, PoolState, Power, Process};

use crate::bed::{A_WHILE, BOOT, Bed, CHECK, STEP, STOP};
use crate::life_bed::{resume, suspend};
use crate::machine_bed::MOMENT;

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
