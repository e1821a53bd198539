//! Refreshes whose new instances do not come into service.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_simulator::world::HookResult::{Abandon, Continue};
use aws_simulator::world::HookTransition::Launching;
use aws_simulator::world::{
    Command, CreateGroup, Process, RefreshPreferences, RefreshStatus, RefreshStrategy, StartRefresh, Wanted,
};

use crate::bed::{A_WHILE, BOOT, Bed, STEP, by_instance};
use crate::life_bed::{resume, suspend};
use crate::refresh_bed::{newest, template};

const MINUTE: Duration = Duration::from_mins(1);

fn refresh(auto_rollback: bool, wanted: Option<&str>) -> Command {
    Command::StartRefresh(StartRefresh {
        group: "g".into(),
        strategy: RefreshStrategy::Rolling,
        wanted: wanted.map(|version| Wanted::Template(template(version))),
        preferences: RefreshPreferences { auto_rollback: Some(auto_rollback), ..Default::default() },
    })
}

/// The group `g` of two from this version in service, and a launch hook that nobody answers.
fn stuck(version: &str) -> Bed {
    let mut bed = Bed::new();
    bed.run(Command::CreateGroup(CreateGroup {
        name: "g".into(),
        max: 9,
        desired: Some(2),
        launch_template: Some(template(version)),
        ..Default::default()
    }));
    bed.pass(A_WHILE);
    bed.hook(Launching, Abandon);
    bed
}

fn free(bed: &mut Bed) {
    bed.run(Command::DeleteHook { group: "g".into(), hook: "launch".into() });
    bed.pass(MINUTE * 5);
}

/// How many in service there are of each version.
fn versions(bed: &Bed) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for machine in bed.world.machines().filter(|machine| machine.view.state == "InService") {
        let version = machine.view.launch_template.and_then(|template| template.version);
        *counts.entry(version.unwrap_or_default()).or_default() += 1;
    }
    counts
}

fn of_version(version: &str, count: usize) -> BTreeMap<String, usize> {
    BTreeMap::from([(version.to_owned(), count)])
}

#[test]
fn a_refresh_fails_once_launches_have_failed_for_an_hour() {
    let mut bed = stuck("1");
    bed.run(refresh(false, Some("2")));
    bed.pass(MINUTE * 61);
    assert_eq!((newest(&mut bed).status, newest(&mut bed).status_reason), (RefreshStatus::InProgress, None));
    bed.pass(MINUTE);
    let failed = newest(&mut bed);
    assert_eq!((failed.status, failed.percentage), (RefreshStatus::Failed, 0));
    assert!(failed.ended.is_some() && failed.status_reason.is_some() && failed.rolled_back.is_none());
    free(&mut bed);
    assert_eq!(versions(&bed), of_version("1", 2), "the group is as it was");
    bed.run(refresh(false, Some("2")));
    bed.pass(MINUTE * 5);
    assert_eq!((newest(&mut bed).status, versions(&bed)), (RefreshStatus::Successful, of_version("2", 2)));
}

#[test]
fn with_auto_rollback_it_is_turned_around_instead() {
    let mut bed = stuck("1");
    bed.run(refresh(true, Some("2")));
    bed.pass(MINUTE * 61);
    assert_eq!(newest(&mut bed).status, RefreshStatus::InProgress);
    bed.pass(MINUTE);
    let turned = newest(&mut bed);
    assert_eq!(turned.status, RefreshStatus::RollbackInProgress);
    assert!(turned.rolled_back.is_some() && turned.rollback_reason.is_some() && turned.ended.is_none());
    free(&mut bed);
    assert_eq!(
        (newest(&mut bed).status, versions(&bed)),
        (RefreshStatus::RollbackSuccessful, of_version("1", 2))
    );
}

#[test]
fn a_rollback_that_fails_as_well_ends_there() {
    let mut bed = stuck("1");
    bed.run(refresh(true, Some("2")));
    bed.pass(MINUTE * 100);
    assert_eq!(newest(&mut bed).status, RefreshStatus::RollbackInProgress);
    bed.pass(MINUTE * 30);
    assert_eq!(newest(&mut bed).status, RefreshStatus::RollbackFailed);
}

#[test]
fn one_that_comes_into_service_begins_the_hour_anew() {
    let mut bed = stuck("1");
    bed.run(refresh(false, Some("2")));
    bed.pass(MINUTE * 50);
    for _ in 0..120 {
        let held = bed.world.machines().find(|machine| machine.view.state == "Pending:Wait");
        if let Some(held) = held {
            bed.complete(&held.view.id, Launching, Continue);
            break;
        }
        bed.pass(STEP);
    }
    bed.pass(MINUTE * 50);
    assert_eq!(newest(&mut bed).status, RefreshStatus::InProgress);
    bed.pass(MINUTE * 30);
    assert_eq!(newest(&mut bed).status, RefreshStatus::Failed);
}

#[test]
fn a_hook_that_takes_long_fails_nothing() {
    let mut bed = stuck("1");
    bed.run(refresh(true, Some("2")));
    bed.pass(BOOT);
    let held =
        bed.world.machines().find(|machine| machine.view.state == "Pending:Wait").expect("one").view.id;
    for _ in 0..95 {
        bed.pass(Duration::from_secs(59));
        bed.run(Command::Heartbeat(by_instance(&held, Launching)));
    }
    assert_eq!(newest(&mut bed).status, RefreshStatus::InProgress);
}

#[test]
fn a_refresh_that_waits_for_a_process_does_not_fail_meanwhile() {
    let mut bed = stuck("1");
    bed.run(refresh(false, Some("2")));
    bed.pass(MINUTE * 30);
    bed.run(suspend(&[Process::Launch]));
    bed.pass(MINUTE * 60);
    assert_eq!(newest(&mut bed).status, RefreshStatus::InProgress);
    bed.run(resume(&[Process::Launch]));
    assert_eq!(newest(&mut bed).status, RefreshStatus::Failed);
}

#[test]
fn auto_rollback_is_refused_where_nothing_could_be_rolled_back() {
    for (version, wanted) in [("1", None), ("$Latest", Some("2")), ("$Default", Some("2"))] {
        let mut bed = stuck(version);
        let error = bed.refused(refresh(true, wanted));
        assert_eq!(error.code, "ValidationError");
        assert!(error.message.contains("AutoRollback"), "{}", error.message);
        bed.run(refresh(false, wanted));
    }
}
