//! How a group scales and replaces, as clients set it.

use aws_sdk_autoscaling::error::ProvideErrorMetadata;
use aws_sdk_autoscaling::types::InstanceMaintenancePolicy;

use crate::bed::{group, start};

#[tokio::test]
async fn policies_that_are_none_or_not_built_are_refused_with_what_is_wrong() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    let update = || client.update_auto_scaling_group().auto_scaling_group_name("g");
    let custom = "arn:aws:lambda:us-east-1:000000000000:function:f:prod";
    let error = update().termination_policies(custom).send().await.expect_err("it is not built");
    assert!(error.message().is_some_and(|text| text.contains("not supported by this simulator")));
    let error = update().termination_policies("Oldest").send().await.expect_err("it is none");
    assert_eq!(error.message(), Some("Termination policy Oldest is not valid"));
    let error = update().availability_zones("us-west-2a").send().await.expect_err("another region's");
    assert_eq!(
        (error.code(), error.message().is_some_and(|text| text.contains("us-west-2a"))),
        (Some("ValidationError"), true)
    );

    let policy = |min, max| {
        InstanceMaintenancePolicy::builder().min_healthy_percentage(min).max_healthy_percentage(max).build()
    };
    let error = update().instance_maintenance_policy(policy(0, 150)).send().await.expect_err("too wide");
    assert_eq!(error.code(), Some("ValidationError"));
    let told = || async {
        let groups = client.describe_auto_scaling_groups().send().await.expect("groups");
        groups.auto_scaling_groups()[0].instance_maintenance_policy().cloned()
    };
    update().instance_maintenance_policy(policy(90, 110)).send().await.expect("a policy");
    assert_eq!(told().await, Some(policy(90, 110)));
    update().instance_maintenance_policy(policy(-1, -1)).send().await.expect("none any more");
    assert_eq!(told().await, None);
}
