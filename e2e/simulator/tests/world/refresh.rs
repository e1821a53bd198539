//! Instance refreshes: in which order and at which pace instances are brought up to date.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_simulator::world::{
    Command, DescribeGroups, PoolState, RefreshPreferences, RefreshStatus, Reply, StartRefresh,
};

use crate::bed::{A_WHILE, Bed, STEP};
use crate::refresh_bed::{group, in_service, newest, rolling, versions};

#[test]
fn a_rolling_refresh_replaces_all_at_the_pace_of_the_healthy_percentage() {
    for (min_healthy, at_once) in
        [(None, 1), (Some(90), 1), (Some(100), 1), (Some(50), 2), (Some(25), 3), (Some(0), 4)]
    {
        let mut bed = group(4);
        let before = bed.ids();
        bed.run(rolling(RefreshPreferences { min_healthy, ..Default::default() }));
        let mut least = 4;
        for _ in 0..200 {
            least = least.min(in_service(&bed));
            bed.pass(STEP);
        }
        assert_eq!(4 - least, at_once, "with {min_healthy:?}");
        assert_eq!(bed.states(), ["InService"; 4]);
        assert!(bed.ids().iter().all(|id| !before.contains(id)), "all are others");
        assert_eq!(versions(&bed), BTreeMap::from([("2".to_owned(), 4)]));
        let refresh = newest(&mut bed);
        assert_eq!(
            (refresh.status, refresh.percentage, refresh.remaining),
            (RefreshStatus::Successful, 100, 0)
        );
        assert!(refresh.ended.is_some_and(|end| end > refresh.started));
    }
}

#[test]
fn above_a_hundred_percent_new_ones_are_in_service_before_old_ones_go() {
    let mut bed = group(4);
    bed.run(rolling(RefreshPreferences {
        min_healthy: Some(100),
        max_healthy: Some(125),
        ..Default::default()
    }));
    let mut most = 0;
    for _ in 0..200 {
        assert!(in_service(&bed) >= 4, "{:?}", bed.states());
        most = most.max(bed.states().iter().filter(|state| !state.starts_with("Terminating")).count());
        bed.pass(STEP);
    }
    assert_eq!(most, 5);
    assert_eq!(
        (bed.states(), versions(&bed)),
        (vec!["InService".to_owned(); 4], BTreeMap::from([("2".to_owned(), 4)]))
    );
    assert_eq!(newest(&mut bed).status, RefreshStatus::Successful);
}

#[test]
fn the_group_takes_over_the_wanted_template_at_the_end_and_not_before() {
    let mut bed = group(2);
    bed.run(rolling(RefreshPreferences { bake_time: Some(600), ..Default::default() }));
    let of_group = |bed: &mut Bed| {
        let Reply::Groups { groups, .. } = bed.run(Command::DescribeGroups(DescribeGroups::default())) else {
            panic!()
        };
        groups[0].launch_template.clone().and_then(|template| template.version)
    };
    bed.pass(Duration::from_mins(3));
    assert_eq!(newest(&mut bed).status, RefreshStatus::Baking);
    assert_eq!(of_group(&mut bed).as_deref(), Some("1"));
    bed.pass(Duration::from_mins(10));
    assert_eq!(newest(&mut bed).status, RefreshStatus::Successful);
    assert_eq!(of_group(&mut bed).as_deref(), Some("2"));
}

#[test]
fn an_instance_counts_as_updated_once_it_is_warm() {
    let mut bed = group(2);
    bed.run(rolling(RefreshPreferences { warmup: Some(300), ..Default::default() }));
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["InService", "InService"]);
    let refresh = newest(&mut bed);
    assert_eq!((refresh.percentage, refresh.remaining), (0, 2), "one in service, and not warm");
    bed.pass(Duration::from_mins(5));
    assert_eq!(newest(&mut bed).percentage, 50);
    bed.pass(Duration::from_mins(10));
    assert_eq!(newest(&mut bed).status, RefreshStatus::Successful);
}

#[test]
fn it_pauses_at_each_checkpoint_and_ends_at_the_last() {
    let mut bed = group(4);
    let preferences =
        RefreshPreferences { checkpoints: vec![25, 50], checkpoint_delay: Some(600), ..Default::default() };
    bed.run(rolling(preferences));
    bed.pass(Duration::from_mins(9));
    assert_eq!(versions(&bed)["2"], 1);
    assert_eq!((newest(&mut bed).status, newest(&mut bed).percentage), (RefreshStatus::InProgress, 25));
    bed.pass(Duration::from_mins(10));
    assert_eq!(versions(&bed), BTreeMap::from([("1".to_owned(), 2), ("2".to_owned(), 2)]));
    assert_eq!((newest(&mut bed).status, newest(&mut bed).percentage), (RefreshStatus::Successful, 50));
}

#[test]
fn instances_that_match_are_skipped_only_if_asked() {
    for (skip, replaced) in [(true, 0), (false, 2)] {
        let mut bed = group(2);
        let before = bed.ids();
        let preferences = RefreshPreferences { skip_matching: Some(skip), ..Default::default() };
        let request = StartRefresh { group: "g".into(), preferences, ..StartRefresh::default() };
        bed.run(Command::StartRefresh(request));
        bed.pass(Duration::from_mins(5));
        assert_eq!(bed.ids().iter().filter(|id| !before.contains(id)).count(), replaced);
        assert_eq!(newest(&mut bed).status, RefreshStatus::Successful);
    }
}

#[test]
fn the_warm_pool_is_refreshed_too() {
    let mut bed = group(1);
    bed.pool(2, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    bed.run(rolling(RefreshPreferences::default()));
    bed.pass(Duration::from_mins(5));
    assert_eq!(bed.states(), ["InService", "Warmed:Stopped", "Warmed:Stopped"]);
    assert_eq!(versions(&bed), BTreeMap::from([("2".to_owned(), 3)]));
}
