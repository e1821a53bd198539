//! Instance refreshes as the real SDK sees them.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::{
    DesiredConfiguration, InstanceRefresh, InstanceRefreshStatus, LaunchTemplate, LaunchTemplateOverrides,
    LaunchTemplateSpecification, MixedInstancesPolicy, RefreshPreferences, RefreshStrategy,
};
use aws_simulator::{Envelope, Simulator};

use crate::bed::{PATIENCE, complete, group, only, queue, refusal, sqs, start, zoned_group};

fn specification(version: &str) -> LaunchTemplateSpecification {
    LaunchTemplateSpecification::builder().launch_template_id("lt-1").version(version).build()
}

fn policy(version: &str, image: &str) -> MixedInstancesPolicy {
    let one = LaunchTemplateOverrides::builder().instance_type("t3.nano").image_id(image).build();
    let template = LaunchTemplate::builder()
        .launch_template_specification(specification(version))
        .overrides(one)
        .build();
    MixedInstancesPolicy::builder().launch_template(template).build()
}

async fn refreshes(client: &Client) -> Vec<InstanceRefresh> {
    let answer = client.describe_instance_refreshes().auto_scaling_group_name("g").send().await;
    answer.expect("refreshes").instance_refreshes().to_vec()
}

/// Waits until the newest refresh is over, which may be a moment after the last instance came into service.
async fn successful(simulator: &Simulator, client: &Client, version: &str) {
    only(simulator, "InService").await;
    let refresh = &refreshes(client).await[0];
    assert_eq!(refresh.status(), Some(&InstanceRefreshStatus::Successful));
    assert_eq!((refresh.percentage_complete(), refresh.instances_to_update()), (Some(100), Some(0)));
    assert!(refresh.start_time().is_some() && refresh.end_time().is_some());
    let groups = client.describe_auto_scaling_groups().send().await.expect("groups");
    let of_instance = groups.auto_scaling_groups()[0].instances()[0].launch_template().expect("a template");
    assert_eq!(of_instance.version(), Some(version));
}

#[tokio::test]
async fn a_root_volume_replacement_tells_its_action_on_both_sides() {
    let (simulator, client) = start().await;
    let queues = sqs(&simulator);
    let queue = queue(&queues).await;
    zoned_group(&client, "g")
        .min_size(0)
        .max_size(9)
        .desired_capacity(1)
        .mixed_instances_policy(policy("1", "ami-1"))
        .send()
        .await
        .expect("a group");
    let id = only(&simulator, "InService").await.id;
    for (name, transition) in
        [("h", "autoscaling:EC2_INSTANCE_TERMINATING"), ("launch", "autoscaling:EC2_INSTANCE_LAUNCHING")]
    {
        client
            .put_lifecycle_hook()
            .auto_scaling_group_name("g")
            .lifecycle_hook_name(name)
            .lifecycle_transition(transition)
            .send()
            .await
            .expect("a hook");
    }
    simulator.route(&queue, Envelope::EventBridge);
    let desired = DesiredConfiguration::builder().mixed_instances_policy(policy("2", "ami-2")).build();
    let refresh = client
        .start_instance_refresh()
        .auto_scaling_group_name("g")
        .strategy(RefreshStrategy::ReplaceRootVolume)
        .desired_configuration(desired.clone())
        .send()
        .await
        .expect("a refresh");
    only(&simulator, "ReplacingRootVolume:Wait").await;
    let listed = &refreshes(&client).await[0];
    assert_eq!(listed.instance_refresh_id(), refresh.instance_refresh_id());
    assert_eq!(listed.status(), Some(&InstanceRefreshStatus::InProgress));
    assert_eq!(listed.strategy(), Some(&RefreshStrategy::ReplaceRootVolume));
    assert_eq!(listed.desired_configuration(), Some(&desired));
    complete(&client, &id).send().await.expect("an answer");
    only(&simulator, "Pending:Wait").await;
    complete(&client, &id).lifecycle_hook_name("launch").send().await.expect("an answer");
    successful(&simulator, &client, "2").await;
    assert_eq!(only(&simulator, "InService").await.id, id);

    let messages =
        queues.receive_message().queue_url(&queue).max_number_of_messages(10).send().await.expect("messages");
    let mut told: Vec<_> = messages
        .messages()
        .iter()
        .filter_map(|message| serde_json::from_str::<serde_json::Value>(message.body()?).ok())
        .map(|body| {
            let detail = &body["detail"];
            ["LifecycleTransition", "Origin", "Destination", "Action"]
                .map(|name| detail[name].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    told.sort();
    let way = |transition: &str| {
        [transition, "AutoScalingGroup", "AutoScalingGroup", "ReplaceRootVolume"].map(str::to_owned)
    };
    assert_eq!(
        told,
        [way("autoscaling:EC2_INSTANCE_LAUNCHING"), way("autoscaling:EC2_INSTANCE_TERMINATING")]
    );
}

#[tokio::test]
async fn a_rolling_refresh_comes_back_with_its_preferences_and_its_pages() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let before = only(&simulator, "InService").await.id;
    let preferences = RefreshPreferences::builder()
        .min_healthy_percentage(50)
        .instance_warmup(0)
        .checkpoint_percentages(100)
        .checkpoint_delay(7)
        .skip_matching(true)
        .build();
    let start = || {
        let desired = DesiredConfiguration::builder().launch_template(specification("2")).build();
        client.start_instance_refresh().auto_scaling_group_name("g").desired_configuration(desired)
    };
    start().preferences(preferences.clone()).send().await.expect("a refresh");
    let other = |all: &[aws_simulator::InstanceInfo]| {
        all.len() == 1 && all[0].id != before && all[0].lifecycle_state == "InService"
    };
    simulator.wait_until("another instance serves", PATIENCE, other).await.expect("in time");
    successful(&simulator, &client, "2").await;
    let seen = refreshes(&client).await[0].preferences().cloned().expect("preferences");
    assert_eq!(seen.min_healthy_percentage(), Some(50));
    assert_eq!((seen.checkpoint_percentages(), seen.checkpoint_delay()), ([100].as_slice(), Some(7)));
    assert_eq!(seen.skip_matching(), Some(true));

    // With nothing to do it is over at once.
    for _ in 0..2 {
        start().preferences(preferences.clone()).send().await.expect("a refresh");
    }
    let mut pages = Vec::new();
    let mut stream = client
        .describe_instance_refreshes()
        .auto_scaling_group_name("g")
        .max_records(1)
        .into_paginator()
        .send();
    while let Some(page) = stream.next().await {
        let page = page.expect("a page");
        assert_eq!(page.instance_refreshes().len(), 1);
        pages.extend(page.instance_refreshes().to_vec());
    }
    assert_eq!(pages, refreshes(&client).await);
    assert_eq!(pages.len(), 3);
    let one = client
        .describe_instance_refreshes()
        .auto_scaling_group_name("g")
        .instance_refresh_ids(pages[2].instance_refresh_id().expect("an id"))
        .send()
        .await
        .expect("one");
    assert_eq!(one.instance_refreshes(), &pages[2..]);
}

#[tokio::test]
async fn what_is_wrong_with_a_refresh_is_told_by_awss_codes() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    let cancel = client.cancel_instance_refresh().auto_scaling_group_name("g").send().await;
    assert_eq!(refusal(cancel).0, "ActiveInstanceRefreshNotFound");
    let rollback = client.rollback_instance_refresh().auto_scaling_group_name("g").send().await;
    assert_eq!(refusal(rollback).0, "ActiveInstanceRefreshNotFound");
    let start = |preferences| {
        client.start_instance_refresh().auto_scaling_group_name("g").preferences(preferences).send()
    };
    let new = RefreshPreferences::builder;
    for wrong in [
        new().min_healthy_percentage(101).build(),
        new().max_healthy_percentage(110).build(),
        new().min_healthy_percentage(50).max_healthy_percentage(151).build(),
        new().checkpoint_delay(5).build(),
        new().checkpoint_percentages(50).checkpoint_percentages(20).build(),
        new().checkpoint_percentages(0).build(),
        new().bake_time(172_801).build(),
        new().standby_instances("Wait".into()).build(),
    ] {
        assert_eq!(refusal(start(wrong.clone()).await).0, "ValidationError", "{wrong:?}");
    }
    start(new().bake_time(172_800).build()).await.expect("a refresh that bakes");
    assert_eq!(refusal(start(new().build()).await).0, "InstanceRefreshInProgress");
    assert_eq!(refreshes(&client).await[0].status(), Some(&InstanceRefreshStatus::Baking));
    client.cancel_instance_refresh().auto_scaling_group_name("g").send().await.expect("a cancellation");
    assert_eq!(refreshes(&client).await[0].status(), Some(&InstanceRefreshStatus::Cancelled));
}
