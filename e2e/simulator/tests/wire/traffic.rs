//! Sources of traffic and metrics as the real SDK sees them.

use aws_sdk_autoscaling::types::TrafficSourceIdentifier;

use crate::bed::{desire, group, only, refusal, start};

const TARGETS: &str = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/t/1";
const LATTICE: &str = "arn:aws:vpc-lattice:us-east-1:000000000000:targetgroup/tg-1";

fn source(id: &str, kind: Option<&str>) -> TrafficSourceIdentifier {
    let source = TrafficSourceIdentifier::builder().identifier(id);
    source.set_type(kind.map(str::to_owned)).build()
}

#[tokio::test]
async fn what_is_attached_is_described_by_each_operation_until_it_is_detached() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    client
        .attach_load_balancers()
        .auto_scaling_group_name("g")
        .load_balancer_names("classic")
        .send()
        .await
        .expect("a balancer");
    for _ in 0..2 {
        let attach = client.attach_load_balancer_target_groups().auto_scaling_group_name("g");
        attach.target_group_arns(TARGETS).send().await.expect("a target group, and the same again");
    }
    let attach = client.attach_traffic_sources().auto_scaling_group_name("g");
    attach.traffic_sources(source(LATTICE, None)).send().await.expect("a lattice");
    let describe = || client.describe_traffic_sources().auto_scaling_group_name("g");
    let all = describe().send().await.expect("sources");
    let all: Vec<_> = all
        .traffic_sources()
        .iter()
        .map(|one| {
            (
                one.identifier().unwrap_or_default(),
                one.r#type().unwrap_or_default(),
                one.state().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        all,
        [(TARGETS, "elbv2", "Added"), (LATTICE, "vpc-lattice", "Added"), ("classic", "elb", "Added")]
    );
    let pages: Vec<_> = describe().max_records(2).into_paginator().send().try_collect().await.expect("pages");
    assert_eq!(pages.len(), 2);
    let only_elb = describe().traffic_source_type("elb").send().await.expect("sources");
    assert_eq!(only_elb.traffic_sources().len(), 1);
    let groups = client.describe_auto_scaling_groups().send().await.expect("groups");
    let one = &groups.auto_scaling_groups()[0];
    assert_eq!(
        (one.load_balancer_names(), one.target_group_arns()),
        (&["classic".to_owned()][..], &[TARGETS.to_owned()][..])
    );

    // With health checks of the balancer a serving member puts it into service.
    let update = client.update_auto_scaling_group().auto_scaling_group_name("g").health_check_type("ELB");
    update.send().await.expect("an update");
    desire(&client, 1).await;
    only(&simulator, "InService").await;
    let targets = || client.describe_load_balancer_target_groups().auto_scaling_group_name("g").send();
    let state = targets().await.expect("targets");
    assert_eq!(state.load_balancer_target_groups()[0].state(), Some("InService"));

    let detach = || {
        client
            .detach_load_balancer_target_groups()
            .auto_scaling_group_name("g")
            .target_group_arns(TARGETS)
            .send()
    };
    detach().await.expect("a detachment");
    assert!(targets().await.expect("targets").load_balancer_target_groups().is_empty());
    assert_eq!(refusal(detach().await).0, "ValidationError");
    let other = client.detach_load_balancers().auto_scaling_group_name("g");
    assert_eq!(refusal(other.load_balancer_names(LATTICE).send().await).0, "ValidationError", "another list");
    let detach = client.detach_traffic_sources().auto_scaling_group_name("g");
    detach.traffic_sources(source(LATTICE, None)).send().await.expect("a detachment");
    let left = client.describe_load_balancers().auto_scaling_group_name("g").send().await.expect("balancers");
    assert_eq!(left.load_balancers()[0].load_balancer_name(), Some("classic"));
    assert_eq!(describe().send().await.expect("sources").traffic_sources().len(), 1);
}

#[tokio::test]
async fn what_is_no_source_is_refused() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    let attach = || client.attach_traffic_sources().auto_scaling_group_name("g");
    let many = (0..11).map(|at| source(&format!("b{at}"), Some("elb"))).collect();
    for (what, refused) in [
        ("no type", refusal(attach().traffic_sources(source("b", None)).send().await)),
        ("another type", refusal(attach().traffic_sources(source("b", Some("river"))).send().await)),
        ("eleven", refusal(attach().set_traffic_sources(Some(many)).send().await)),
        ("no group", {
            let none = attach().auto_scaling_group_name("no").traffic_sources(source("b", Some("elb")));
            refusal(none.send().await)
        }),
    ] {
        assert_eq!(refused.0, "ValidationError", "{what}: {refused:?}");
    }
}

#[tokio::test]
async fn metrics_are_enabled_and_disabled_one_by_one_or_all() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    let types = client.describe_metric_collection_types().send().await.expect("types");
    let count = types.metrics().len();
    assert_eq!((count, types.granularities()[0].granularity()), (20, Some("1Minute")));
    let enable = || client.enable_metrics_collection().auto_scaling_group_name("g").granularity("1Minute");
    let disable = || client.disable_metrics_collection().auto_scaling_group_name("g");
    let enabled = || async {
        let groups = client.describe_auto_scaling_groups().send().await.expect("groups");
        let metrics = groups.auto_scaling_groups()[0].enabled_metrics().iter();
        metrics.filter_map(|one| one.metric().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert!(enabled().await.is_empty());
    enable().metrics("WarmPoolTotalCapacity").metrics("GroupMinSize").send().await.expect("two");
    assert_eq!(enabled().await, ["GroupMinSize", "WarmPoolTotalCapacity"]);
    disable().metrics("GroupMinSize").send().await.expect("one less");
    assert_eq!(enabled().await, ["WarmPoolTotalCapacity"]);
    enable().send().await.expect("all");
    assert_eq!(enabled().await.len(), count);
    disable().send().await.expect("none");
    assert!(enabled().await.is_empty());
    assert_eq!(refusal(enable().metrics("Mood").send().await).0, "ValidationError");
    assert_eq!(refusal(enable().granularity("1Hour").send().await).0, "ValidationError");
}
