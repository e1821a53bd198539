//! Instance refreshes that are cancelled or turned around.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_simulator::world::{Command, RefreshPreferences, RefreshStatus, StartRefresh, UpdateGroup};

use crate::bed::A_WHILE;
use crate::refresh_bed::{group, newest, refreshes, rolling, template, versions};

#[test]
fn one_refresh_at_a_time_and_without_one_there_is_nothing_to_cancel_or_roll_back() {
    let mut bed = group(1);
    for command in [
        Command::CancelRefresh { group: "g".into(), wait: true },
        Command::RollbackRefresh { group: "g".into() },
    ] {
        let error = bed.refused(command);
        assert_eq!((error.status, error.code.as_str()), (400, "ActiveInstanceRefreshNotFound"));
    }
    bed.run(rolling(RefreshPreferences::default()));
    let error = bed.refused(rolling(RefreshPreferences::default()));
    assert_eq!((error.status, error.code.as_str()), (400, "InstanceRefreshInProgress"));
    bed.pass(Duration::from_mins(5));
    bed.run(rolling(RefreshPreferences::default()));
    let ids: Vec<_> = refreshes(&mut bed).into_iter().map(|refresh| refresh.status).collect();
    assert_eq!(ids, [RefreshStatus::InProgress, RefreshStatus::Successful], "the newest first");
}

#[test]
fn a_cancelled_refresh_begins_with_nobody_else_and_ends_once_nothing_is_under_way() {
    for wait in [true, false] {
        let mut bed = group(3);
        bed.run(rolling(RefreshPreferences::default()));
        bed.run(Command::CancelRefresh { group: "g".into(), wait });
        let status = newest(&mut bed).status;
        assert_eq!(status, if wait { RefreshStatus::Cancelling } else { RefreshStatus::Cancelled });
        bed.pass(Duration::from_mins(5));
        assert_eq!(versions(&bed)["1"], 2);
        let refresh = newest(&mut bed);
        assert_eq!(refresh.status, RefreshStatus::Cancelled);
        assert!(refresh.ended.is_some());
    }
}

#[test]
fn a_rollback_brings_back_what_was_updated_and_nothing_else() {
    let mut bed = group(3);
    let before = bed.ids();
    bed.run(rolling(RefreshPreferences { checkpoints: vec![33, 100], ..Default::default() }));
    bed.pass(A_WHILE);
    assert_eq!(versions(&bed)["2"], 1);
    bed.run(Command::RollbackRefresh { group: "g".into() });
    assert_eq!(newest(&mut bed).status, RefreshStatus::RollbackInProgress);
    bed.pass(Duration::from_mins(5));
    assert_eq!(versions(&bed), BTreeMap::from([("1".to_owned(), 3)]));
    assert_eq!(bed.ids().iter().filter(|id| before.contains(id)).count(), 2);
    let refresh = newest(&mut bed);
    assert_eq!(refresh.status, RefreshStatus::RollbackSuccessful);
    assert!(refresh.rolled_back.is_some());
}

#[test]
fn without_a_wanted_configuration_or_a_fixed_version_there_is_no_way_back() {
    let mut bed = group(1);
    bed.run(Command::StartRefresh(StartRefresh { group: "g".into(), ..StartRefresh::default() }));
    let error = bed.refused(Command::RollbackRefresh { group: "g".into() });
    assert_eq!(error.code, "IrreversibleInstanceRefresh");

    let mut bed = group(1);
    let latest = Some(template("$Latest"));
    bed.run(Command::UpdateGroup(UpdateGroup {
        name: "g".into(),
        launch_template: latest,
        ..UpdateGroup::default()
    }));
    bed.run(rolling(RefreshPreferences::default()));
    assert_eq!(
        bed.refused(Command::RollbackRefresh { group: "g".into() }).code,
        "IrreversibleInstanceRefresh"
    );
}
