//! `LaunchInstances` as the real SDK sees it.

use crate::bed::{PATIENCE, group, new_group, refusal, start};

#[tokio::test]
async fn instances_are_launched_at_once_in_the_place_that_is_named_and_once_a_token() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let launch = |token: &str| {
        let launch = client.launch_instances().auto_scaling_group_name("g").client_token(token);
        launch.requested_capacity(2).availability_zones("us-east-1c")
    };
    let launched = launch("once").send().await.expect("two instances");
    let all = launched.instances();
    assert_eq!((all.len(), all[0].instance_ids().len(), launched.client_token()), (1, 2, Some("once")));
    assert_eq!(
        (all[0].availability_zone(), all[0].availability_zone_id()),
        (Some("us-east-1c"), Some("use1-az2"))
    );
    assert!(launched.errors().is_empty());
    let again = launch("once").send().await.expect("the same");
    assert_eq!(again.instances()[0].instance_ids(), all[0].instance_ids());
    let three = |all: &[aws_simulator::InstanceInfo]| {
        all.len() == 3 && all.iter().all(|one| one.lifecycle_state == "InService")
    };
    let members = simulator.wait_until("three serve", PATIENCE, three).await.expect("in time");
    for id in all[0].instance_ids() {
        assert!(members.iter().any(|one| one.id == *id && one.zone == "us-east-1c"), "{id}");
    }
    let groups = client.describe_auto_scaling_groups().send().await.expect("groups");
    assert_eq!(groups.auto_scaling_groups()[0].desired_capacity(), Some(3));
    let other = launch("once").requested_capacity(1).send().await.expect_err("other parameters");
    assert!(other.into_service_error().is_idempotent_parameter_mismatch_error());
}

#[tokio::test]
async fn a_launch_that_does_not_fit_the_group_is_refused() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    new_group(&client, "one")
        .set_availability_zones(Some(vec!["us-east-1b".to_owned()]))
        .min_size(0)
        .max_size(1)
        .send()
        .await
        .expect("a group");
    let launch = |group: &str, count| {
        client.launch_instances().auto_scaling_group_name(group).client_token("t").requested_capacity(count)
    };
    let in_a = |count| launch("g", count).availability_zones("us-east-1a");
    for (what, refused) in [
        ("no zone", refusal(launch("g", 1).send().await)),
        ("another zone", refusal(launch("g", 1).availability_zones("us-east-1f").send().await)),
        ("another subnet", refusal(launch("g", 1).subnet_ids("subnet-1").send().await)),
        ("two zones", refusal(in_a(1).availability_zones("us-east-1b").send().await)),
        ("zone and id", refusal(in_a(1).availability_zone_ids("use1-az1").send().await)),
        ("too many", refusal(in_a(10).send().await)),
        ("none", refusal(in_a(0).send().await)),
        ("a strange token", refusal(in_a(1).client_token("a b").send().await)),
    ] {
        assert_eq!(refused.0, "ValidationError", "{what}: {refused:?}");
    }
    client
        .suspend_processes()
        .auto_scaling_group_name("g")
        .scaling_processes("Launch")
        .send()
        .await
        .expect("a pause");
    assert_eq!(refusal(in_a(1).send().await).0, "ValidationError");
    assert!(simulator.instances().is_empty());
    let launched = launch("one", 1).send().await.expect("a group of one zone needs none to be named");
    assert_eq!(launched.instances()[0].availability_zone(), Some("us-east-1b"));
}
