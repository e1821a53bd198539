//! Refreshes that replace root volumes: the same instances boot anew.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_simulator::world::HookResult::{Abandon, Continue};
use aws_simulator::world::HookTransition::{Launching, Terminating};
use aws_simulator::world::{
    Command, Event, EventKind, Place, Power, PutWarmPool, RefreshStatus, StartRefresh, Wanted,
};
use serde_json::json;

use crate::bed::{BOOT, STEP, STOP};
use crate::events::{queue, told};
use crate::refresh_bed::{group, in_service, mixed_group, newest, policy, replacing, template, versions};

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
