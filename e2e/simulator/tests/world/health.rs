//! Protection from scale-in, unhealthy members, suspended processes.

use aws_simulator::world::HookResult::Continue;
use aws_simulator::world::HookTransition::Terminating;
use aws_simulator::world::{Command, CreateGroup, DescribeGroups, LifeCommand, PoolState, Process, Reply};

use crate::bed::{A_WHILE, Bed, STEP, STOP};
use crate::life_bed::{attach, detach, enter, exit, health, protect, resume, suspend};

#[test]
fn scale_in_takes_the_next_one_instead_of_a_protected_one() {
    for protected in [true, false] {
        let (mut bed, ids) = Bed::serving(2);
        bed.run(protect(&[&ids[0]], protected));
        bed.desire(1);
        assert_eq!(bed.state(&ids[usize::from(protected)]), "Terminating");
    }
}

#[test]
fn with_everybody_protected_the_desired_capacity_goes_down_alone_until_the_protection_ends() {
    let (mut bed, ids) = Bed::serving(2);
    bed.run(protect(&[&ids[0], &ids[1]], true));
    bed.desire(0);
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["InService", "InService"]);
    bed.run(protect(&[&ids[1]], false));
    assert_eq!((bed.state(&ids[0]).as_str(), bed.state(&ids[1]).as_str()), ("InService", "Terminating"));
}

#[test]
fn new_instances_are_protected_from_the_moment_they_serve_if_the_group_says_so() {
    let mut bed = Bed::new();
    let group = CreateGroup { name: "g".into(), max: 9, protects_new: true, ..Default::default() };
    bed.run(Command::CreateGroup(group));
    bed.desire(1);
    bed.desire(0);
    assert_eq!(bed.states(), ["Terminating"], "it did not serve yet");
    bed.pass(A_WHILE);
    bed.desire(1);
    bed.pass(A_WHILE);
    bed.desire(0);
    assert_eq!(bed.states(), ["InService"]);
    let id = bed.only();
    assert!(bed.world.machine(&id).expect("a machine").view.protected);
    // A user still may, and an unhealthy one still goes.
    bed.run(health(&id, false));
    assert_eq!(bed.states(), ["Terminating"]);
}

#[test]
fn detaching_ends_protection_and_attaching_takes_over_the_groups_setting() {
    let (mut bed, ids) = Bed::serving(1);
    bed.run(protect(&[&ids[0]], true));
    bed.run(detach(&[&ids[0]], true));
    bed.pass(A_WHILE);
    bed.run(attach(&[&ids[0]]));
    bed.pass(A_WHILE);
    assert!(!bed.world.machine(&ids[0]).expect("a machine").view.protected);
    bed.run(detach(&[&ids[0]], true));
    bed.pass(A_WHILE);
    bed.run(Command::UpdateGroup(aws_simulator::world::UpdateGroup {
        name: "g".into(),
        protects_new: Some(true),
        ..Default::default()
    }));
    bed.run(attach(&[&ids[0]]));
    bed.pass(A_WHILE);
    assert!(bed.world.machine(&ids[0]).expect("a machine").view.protected);
}

#[test]
fn an_unhealthy_member_passes_its_hook_and_is_replaced_wherever_it_is() {
    let (mut bed, ids) = Bed::serving(1);
    bed.pool(1, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    bed.hook(Terminating, Continue);
    let warm = bed.ids().into_iter().find(|id| *id != ids[0]).expect("a warm one");
    bed.run(health(&warm, false));
    assert_eq!(bed.states(), ["InService", "Warmed:Pending", "Warmed:Terminating"]);
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["InService", "Warmed:Stopped", "Warmed:Terminating:Wait"]);
    bed.run(health(&ids[0], false));
    bed.pass(STEP);
    assert_eq!(bed.state(&ids[0]), "Terminating:Wait");
    bed.complete(&ids[0], Terminating, Continue);
    bed.complete(&warm, Terminating, Continue);
    bed.pass(A_WHILE + STOP);
    assert_eq!((bed.states(), bed.desired()), (vec!["InService".into(), "Warmed:Stopped".into()], 1));
}

#[test]
fn one_on_standby_is_replaced_only_when_it_serves_again() {
    let (mut bed, ids) = Bed::serving(1);
    bed.run(enter(&[&ids[0]], true));
    bed.pass(A_WHILE);
    bed.run(health(&ids[0], false));
    bed.pass(A_WHILE);
    assert_eq!(bed.state(&ids[0]), "Standby");
    assert!(!bed.world.machine(&ids[0]).expect("a machine").view.healthy);
    bed.run(exit(&[&ids[0]]));
    bed.pass(A_WHILE);
    assert_eq!(bed.world.machine(&ids[0]).expect("a machine").view.state, "Terminated");
    assert_eq!(bed.states().len(), 1);
}

#[test]
fn without_launch_nothing_starts_and_the_prepared_stay_in_reserve() {
    let (mut bed, ids) = Bed::serving(2);
    bed.pool(1, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    bed.run(enter(&[&ids[0]], true));
    bed.run(detach(&[&ids[1]], true));
    bed.pass(A_WHILE);
    bed.run(suspend(&[Process::Launch]));
    bed.desire(2);
    bed.pool(2, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["", "Standby", "Warmed:Stopped"]);
    for command in [attach(&[&ids[1]]), exit(&[&ids[0]])] {
        let error = bed.refused(command);
        assert_eq!(error.code, "ValidationError");
        assert!(error.message.contains("Launch process is suspended"), "{error:?}");
    }
    bed.run(resume(&[Process::Launch]));
    bed.pass(A_WHILE);
    let all = ["", "InService", "InService", "Standby", "Warmed:Stopped", "Warmed:Stopped"];
    assert_eq!(bed.states(), all);
}

#[test]
fn without_terminate_nobody_in_service_goes_by_itself() {
    let (mut bed, ids) = Bed::serving(2);
    bed.run(suspend(&[Process::Terminate]));
    bed.desire(1);
    bed.run(health(&ids[1], false));
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["InService", "InService"]);
    bed.desire(3);
    bed.desire(2);
    assert_eq!(bed.states(), ["InService", "InService", "Terminating"], "it was not in service");
    bed.run(resume(&[]));
    assert_eq!(bed.state(&ids[1]), "Terminating");
}

#[test]
fn the_unhealthy_stay_while_nobody_replaces_them_and_may_recover() {
    let (mut bed, ids) = Bed::serving(2);
    bed.run(suspend(&[Process::ReplaceUnhealthy]));
    bed.run(health(&ids[0], false));
    bed.run(health(&ids[1], false));
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["InService", "InService"]);
    bed.run(health(&ids[1], true));
    bed.run(resume(&[Process::ReplaceUnhealthy]));
    assert_eq!(bed.states(), ["InService", "Pending", "Terminating"]);
    assert_eq!(bed.state(&ids[1]), "InService");
}

#[test]
fn a_suspended_health_check_does_not_silence_the_user() {
    let (mut bed, ids) = Bed::serving(1);
    bed.run(suspend(&[Process::HealthCheck]));
    bed.run(health(&ids[0], false));
    assert_eq!(bed.state(&ids[0]), "Terminating");
}

#[test]
fn a_forced_deletion_takes_the_protected_too_and_heeds_no_suspension() {
    let (mut bed, ids) = Bed::serving(1);
    bed.run(protect(&[&ids[0]], true));
    bed.run(suspend(&[]));
    bed.run(Command::DeleteGroup { name: "g".into(), force: true });
    bed.pass(A_WHILE);
    assert!(bed.ids().is_empty());
}

#[test]
fn a_group_tells_what_is_suspended_since_when() {
    let (mut bed, _) = Bed::serving(0);
    let suspended = |bed: &mut Bed| {
        let Reply::Groups { groups, .. } = bed.run(Command::DescribeGroups(DescribeGroups::default())) else {
            panic!("not groups")
        };
        groups[0].life.suspended.clone()
    };
    bed.run(suspend(&[]));
    let since = bed.now;
    assert_eq!(suspended(&mut bed).len(), 9);
    bed.pass(A_WHILE);
    bed.run(suspend(&[Process::Launch]));
    assert_eq!(suspended(&mut bed)[&Process::Launch], since, "the second time changes nothing");
    bed.run(resume(&[Process::Launch]));
    assert!(!suspended(&mut bed).contains_key(&Process::Launch));
    bed.run(resume(&[]));
    assert!(suspended(&mut bed).is_empty());
    let unknown = LifeCommand::Suspend { group: "other".into(), processes: Vec::new() };
    assert!(bed.refused(Command::Life(unknown)).message.contains("name not found"));
}

#[test]
fn the_grace_period_counts_from_going_into_service_and_only_if_it_is_respected() {
    let settings =
        aws_simulator::world::GroupSettings { health_check_grace: Some(100), ..Default::default() };
    for (age, respect_grace, refused) in [(99, true, true), (99, false, false), (100, true, false)] {
        let (mut bed, ids) = Bed::serving(0);
        drop(ids);
        bed.run(Command::UpdateGroup(aws_simulator::world::UpdateGroup {
            name: "g".into(),
            settings: settings.clone(),
            ..Default::default()
        }));
        bed.desire(1);
        let id = bed.only();
        bed.pass(crate::bed::BOOT + STEP);
        assert_eq!(bed.state(&id), "InService");
        bed.pass(std::time::Duration::from_secs(age));
        let unhealthy =
            |healthy| Command::Life(LifeCommand::SetHealth { id: id.clone(), healthy, respect_grace });
        bed.run(unhealthy(true));
        if refused {
            let words = "The age of the instance (99 seconds) is less than the configured grace period of 100 seconds";
            assert_eq!(bed.refused(unhealthy(false)).message, words);
            assert_eq!(bed.state(&id), "InService");
        } else {
            bed.run(unhealthy(false));
            assert_eq!(bed.state(&id), "Terminating");
        }
    }
}
