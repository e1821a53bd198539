//! Instance refreshes: in which order and at which pace instances are brought up to date, and what they go through.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_simulator::world::HookResult::{Abandon, Continue};
use aws_simulator::world::HookTransition::{Launching, Terminating};
use aws_simulator::world::{
    Command, CreateGroup, DescribeGroups, Event, EventKind, GroupSettings, LaunchTemplate, Page, Place,
    PoolState, Power, PutWarmPool, RefreshPreferences, RefreshStatus, RefreshStrategy, RefreshView, Reply,
    StartRefresh, Tree, UpdateGroup, Wanted,
};

use serde_json::json;

use crate::bed::{A_WHILE, BOOT, Bed, STEP, STOP};
use crate::events::{queue, told};

fn template(version: &str) -> LaunchTemplate {
    LaunchTemplate { id: Some("lt-1".into()), name: None, version: Some(version.into()) }
}

fn fields(fields: &[(&str, Tree)]) -> Tree {
    Tree::Fields(fields.iter().map(|(name, tree)| ((*name).to_owned(), tree.clone())).collect())
}

/// A mixed instances policy with one override, with or without an image.
fn policy(version: &str, image: Option<&str>) -> Tree {
    let text = |text: &str| Tree::Text(text.to_owned());
    let specification = fields(&[("LaunchTemplateId", text("lt-1")), ("Version", text(version))]);
    let mut one = vec![("InstanceType", text("t3.nano"))];
    one.extend(image.map(|image| ("ImageId", text(image))));
    let overrides = Tree::List(BTreeMap::from([(1, fields(&one))]));
    let inside = fields(&[("LaunchTemplateSpecification", specification), ("Overrides", overrides)]);
    fields(&[("LaunchTemplate", inside)])
}

/// A group `g` of this many instances from version 1, in service.
fn group(desired: u32) -> Bed {
    let mut bed = Bed::new();
    bed.run(Command::CreateGroup(CreateGroup {
        name: "g".into(),
        max: 9,
        desired: Some(desired),
        launch_template: Some(template("1")),
        ..Default::default()
    }));
    bed.pass(A_WHILE);
    bed
}

/// The same from a mixed instances policy, as root volumes are replaced.
fn mixed_group(desired: u32) -> Bed {
    let mut bed = Bed::new();
    let mut settings = GroupSettings::default();
    settings.repeated.insert("MixedInstancesPolicy", policy("1", Some("ami-1")));
    bed.run(Command::CreateGroup(CreateGroup {
        name: "g".into(),
        max: 9,
        desired: Some(desired),
        settings,
        ..Default::default()
    }));
    bed.pass(A_WHILE);
    bed
}

fn rolling(preferences: RefreshPreferences) -> Command {
    let wanted = Some(Wanted::Template(template("2")));
    let strategy = RefreshStrategy::Rolling;
    Command::StartRefresh(StartRefresh { group: "g".into(), strategy, wanted, preferences })
}

fn replacing() -> StartRefresh {
    StartRefresh {
        group: "g".into(),
        strategy: RefreshStrategy::ReplaceRootVolume,
        wanted: Some(Wanted::Mixed(policy("2", Some("ami-2")))),
        preferences: RefreshPreferences::default(),
    }
}

fn refreshes(bed: &mut Bed) -> Vec<RefreshView> {
    let command = Command::DescribeRefreshes { group: "g".into(), ids: Vec::new(), page: Page::default() };
    let Reply::Refreshes { refreshes, .. } = bed.run(command) else { panic!("not refreshes") };
    refreshes
}

fn newest(bed: &mut Bed) -> RefreshView {
    refreshes(bed).remove(0)
}

/// How many instances there are of each version of the template, by version.
fn versions(bed: &Bed) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for machine in bed.world.machines() {
        let version = machine.view.launch_template.and_then(|template| template.version);
        *counts.entry(version.unwrap_or_default()).or_default() += 1;
    }
    counts
}

fn in_service(bed: &Bed) -> usize {
    bed.states().iter().filter(|state| *state == "InService").count()
}

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

#[test]
fn a_root_volume_is_replaced_under_the_same_id_through_both_hooks() {
    let mut bed = mixed_group(1);
    let id = bed.only();
    bed.hook(Launching, Continue);
    bed.hook(Terminating, Continue);
    bed.path(&id);
    queue(&mut bed, "q");
    let outcomes = [
        EventKind::LaunchSuccessful,
        EventKind::LaunchUnsuccessful,
        EventKind::TerminateSuccessful,
        EventKind::TerminateUnsuccessful,
    ];
    bed.world.route_events("q", &outcomes);
    bed.run(Command::StartRefresh(replacing()));
    assert_eq!((bed.state(&id).as_str(), bed.power(&id)), ("ReplacingRootVolume", Power::On));
    bed.pass(STEP);
    assert_eq!(bed.state(&id), "ReplacingRootVolume:Wait");
    bed.complete(&id, Terminating, Continue);
    assert_eq!((bed.state(&id).as_str(), bed.power(&id)), ("ReplacingRootVolume:Proceed", Power::On));
    bed.pass(STOP);
    assert_eq!((bed.state(&id).as_str(), bed.power(&id)), ("RootVolumeReplaced", Power::On));
    bed.pass(BOOT);
    assert_eq!(bed.state(&id), "Pending:Wait");
    assert_eq!(bed.only(), id, "nobody takes its place");
    bed.complete(&id, Launching, Continue);
    bed.pass(STEP);
    assert_eq!(
        bed.path(&id),
        [
            "ReplacingRootVolume",
            "ReplacingRootVolume:Wait",
            "ReplacingRootVolume:Proceed",
            "RootVolumeReplaced",
            "Pending:Wait",
            "Pending:Proceed",
            "InService"
        ]
    );
    assert_eq!(versions(&bed), BTreeMap::from([("2".to_owned(), 1)]));
    assert_eq!(newest(&mut bed).status, RefreshStatus::Successful);
    let powers: Vec<_> = bed
        .events
        .iter()
        .filter_map(|event| if let Event::PowerChanged { power, .. } = event { Some(*power) } else { None })
        .collect();
    assert_eq!(powers, [Power::On, Power::Off, Power::On], "launched, and rebooted once");
    let told = told(&mut bed, "q");
    let told: Vec<_> = told.iter().map(|event| (&event["detail-type"], &event["detail"]["Action"])).collect();
    assert_eq!(
        told,
        [
            (&json!("EC2 Instance Terminate Successful"), &json!("ReplaceRootVolume")),
            (&json!("EC2 Instance Launch Successful"), &json!("ReplaceRootVolume")),
        ]
    );
    for event in &bed.events {
        if let Event::ActionOpened { origin, destination, .. } = event {
            assert_eq!((*origin, *destination), (Place::AutoScalingGroup, Place::AutoScalingGroup));
        }
    }
}

#[test]
fn an_abandoned_replacement_goes_on_and_an_abandoned_return_is_a_failed_launch() {
    let mut bed = mixed_group(1);
    let id = bed.only();
    bed.hook(Launching, Continue);
    bed.hook(Terminating, Continue);
    bed.run(Command::StartRefresh(replacing()));
    bed.pass(STEP);
    bed.complete(&id, Terminating, Abandon);
    assert_eq!(bed.state(&id), "ReplacingRootVolume:Proceed");
    bed.pass(STOP + BOOT);
    assert_eq!(bed.state(&id), "Pending:Wait");
    bed.complete(&id, Launching, Abandon);
    assert_eq!(bed.state(&id), "Terminating");
    assert_eq!(bed.ids().len(), 2, "another is launched");
}

#[test]
fn root_volumes_are_replaced_without_hooks_and_one_after_the_other() {
    let mut bed = mixed_group(3);
    let before = bed.ids();
    bed.run(Command::StartRefresh(replacing()));
    for _ in 0..120 {
        assert!(in_service(&bed) >= 2, "{:?}", bed.states());
        bed.pass(STEP);
    }
    assert_eq!((bed.ids(), versions(&bed)), (before, BTreeMap::from([("2".to_owned(), 3)])));
    assert_eq!(newest(&mut bed).status, RefreshStatus::Successful);
}

#[test]
fn replacing_root_volumes_needs_policies_with_images_and_no_warm_pool() {
    let with_template = StartRefresh { wanted: Some(Wanted::Template(template("2"))), ..replacing() };
    let without_image = StartRefresh { wanted: Some(Wanted::Mixed(policy("2", None))), ..replacing() };
    let without_any = StartRefresh { wanted: None, ..replacing() };
    let mut bed = mixed_group(1);
    for request in [with_template, without_image, without_any] {
        assert_eq!(
            bed.refused(Command::StartRefresh(request.clone())).code,
            "ValidationError",
            "{request:?}"
        );
    }
    assert_eq!(group(1).refused(Command::StartRefresh(replacing())).code, "ValidationError", "no policy");

    let pool = || Command::PutWarmPool(PutWarmPool { group: "g".into(), ..PutWarmPool::default() });
    bed.run(Command::StartRefresh(replacing()));
    assert_eq!(bed.refused(pool()).code, "ValidationError", "while volumes are replaced");
    bed.pass(Duration::from_mins(5));
    bed.run(pool());
    assert_eq!(bed.refused(Command::StartRefresh(replacing())).code, "ValidationError", "with a warm pool");
}
