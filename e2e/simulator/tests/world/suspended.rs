//! What suspended processes keep a refresh and a warm pool from, and what makes no difference.

use std::time::Duration;

use aws_simulator::world::{
    Command, Page, PoolState, Process, RefreshPreferences, RefreshStatus, RefreshStrategy, Reply,
    StartRefresh,
};

use crate::bed::{A_WHILE, BOOT, Bed, STEP};
use crate::life_bed::{resume, suspend};

const NEEDED: [Process; 3] = [Process::InstanceRefresh, Process::Launch, Process::Terminate];

fn refresh(preferences: RefreshPreferences) -> Command {
    let (group, strategy) = ("g".into(), RefreshStrategy::Rolling);
    Command::StartRefresh(StartRefresh { group, strategy, wanted: None, preferences })
}

fn status(bed: &mut Bed) -> RefreshStatus {
    let command = Command::DescribeRefreshes { group: "g".into(), ids: Vec::new(), page: Page::default() };
    let Reply::Refreshes { refreshes, .. } = bed.run(command) else { panic!("not refreshes") };
    refreshes[0].status
}

/// The group `g` of this many in service.
fn group(desired: u32) -> (Bed, Vec<String>) {
    let mut bed = Bed::new();
    bed.group(desired);
    bed.pass(A_WHILE);
    let ids = bed.ids();
    (bed, ids)
}

#[test]
fn a_refresh_waits_while_a_process_is_suspended_that_it_needs() {
    for process in NEEDED {
        let (mut bed, ids) = group(3);
        bed.run(suspend(&[process]));
        bed.run(refresh(RefreshPreferences::default()));
        bed.pass(Duration::from_hours(30));
        assert_eq!((bed.ids(), status(&mut bed)), (ids.clone(), RefreshStatus::InProgress), "{process:?}");
        bed.run(resume(&[process]));
        assert_eq!(bed.states(), ["InService", "InService", "Pending", "Terminating"]);
        bed.pass(Duration::from_mins(5));
        assert_eq!(status(&mut bed), RefreshStatus::Successful);
        assert!(bed.ids().iter().all(|id| !ids.contains(id)), "all are others");
    }
}

#[test]
fn a_refresh_that_is_under_way_stops_where_it_is() {
    for process in NEEDED {
        let (mut bed, _) = group(3);
        bed.run(refresh(RefreshPreferences::default()));
        bed.run(suspend(&[process]));
        bed.pass(Duration::from_hours(1));
        assert_eq!(bed.states(), ["InService"; 3], "{process:?}: what was begun ends");
        let half = bed.ids();
        bed.pass(Duration::from_hours(1));
        assert_eq!((bed.ids(), status(&mut bed)), (half, RefreshStatus::InProgress));
        bed.run(resume(&[]));
        bed.pass(Duration::from_mins(5));
        assert_eq!(status(&mut bed), RefreshStatus::Successful);
    }
}

#[test]
fn a_group_that_grew_for_its_refresh_neither_grows_nor_shrinks_while_it_waits() {
    let above = RefreshPreferences { min_healthy: Some(100), max_healthy: Some(150), ..Default::default() };
    for process in NEEDED {
        let (mut bed, _) = group(4);
        bed.run(suspend(&[process]));
        bed.run(refresh(above.clone()));
        bed.pass(A_WHILE);
        assert_eq!(bed.states(), ["InService"; 4], "{process:?}: nobody is launched for it");
        bed.run(resume(&[]));
        assert_eq!(bed.states().len(), 6);
        bed.run(suspend(&[process]));
        bed.pass(BOOT + STEP);
        assert_eq!(bed.states(), ["InService"; 6], "{process:?}");
        bed.pass(Duration::from_hours(1));
        assert_eq!(bed.states(), ["InService"; 6]);
        bed.run(resume(&[]));
        bed.pass(Duration::from_mins(5));
        assert_eq!(
            (bed.states(), status(&mut bed)),
            (vec!["InService".to_owned(); 4], RefreshStatus::Successful)
        );
    }
}

#[test]
fn no_other_process_makes_a_difference_to_scaling_and_refreshing() {
    let others: Vec<_> = Process::ALL.into_iter().filter(|process| !NEEDED.contains(process)).collect();
    assert_eq!(others.len(), 6);
    let run = |suspended: &[Process]| {
        let (mut bed, _) = group(3);
        if !suspended.is_empty() {
            bed.run(suspend(suspended));
        }
        bed.run(refresh(RefreshPreferences::default()));
        bed.pass(Duration::from_mins(5));
        bed.desire(5);
        bed.pass(A_WHILE);
        bed.desire(1);
        bed.pass(A_WHILE);
        (bed.ids(), bed.events)
    };
    assert_eq!(run(&others), run(&[]));
}

#[test]
fn without_terminate_nobody_leaves_the_pool_but_for_its_deletion() {
    let pooled = || {
        let mut bed = Bed::new();
        bed.group(0);
        bed.pool(2, PoolState::Stopped, false);
        bed.pass(A_WHILE);
        bed
    };
    let mut bed = pooled();
    bed.run(suspend(&[Process::Terminate]));
    bed.pool(1, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["Warmed:Stopped"; 2]);
    bed.run(resume(&[Process::Terminate]));
    assert_eq!(bed.states(), ["Warmed:Stopped", "Warmed:Terminating"]);

    let mut bed = pooled();
    bed.run(suspend(&[Process::Terminate]));
    bed.pool(3, PoolState::Stopped, false);
    bed.pool(1, PoolState::Stopped, false);
    assert_eq!(
        bed.states(),
        ["Warmed:Stopped", "Warmed:Stopped", "Warmed:Terminating"],
        "it was not there yet"
    );

    let mut bed = pooled();
    bed.run(suspend(&[Process::Terminate]));
    bed.run(Command::DeleteWarmPool { group: "g".into(), force: true });
    assert_eq!(bed.states(), ["Warmed:Terminating"; 2]);

    let mut bed = pooled();
    bed.run(suspend(&[Process::Terminate]));
    bed.run(Command::DeleteGroup { name: "g".into(), force: true });
    assert_eq!(bed.states(), ["Warmed:Terminating"; 2]);
}

#[test]
fn without_launch_the_pool_is_not_filled() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.run(suspend(&[Process::Launch]));
    bed.pool(2, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    assert!(bed.states().is_empty());
    bed.run(resume(&[Process::Launch]));
    assert_eq!(bed.states(), ["Warmed:Pending"; 2]);
}
