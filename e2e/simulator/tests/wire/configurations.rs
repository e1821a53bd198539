//! Launch configurations as the real SDK sees them, and what is launched from them.

use aws_sdk_autoscaling::operation::describe_launch_configurations::DescribeLaunchConfigurationsOutput;
use aws_sdk_autoscaling::types::{BlockDeviceMapping, Ebs, InstanceMonitoring};

use crate::bed::{group, only, post, refusal, start, zoned_group};

#[tokio::test]
async fn a_configuration_is_kept_used_and_deleted_once_nobody_uses_it() {
    let (simulator, client) = start().await;
    let create = || client.create_launch_configuration().launch_configuration_name("c");
    let disk = Ebs::builder().volume_size(20).build();
    create()
        .image_id("ami-0fedcba9876543210")
        .instance_type("m5.large")
        .key_name("mine")
        .security_groups("sg-1")
        .security_groups("sg-2")
        .user_data("aGk=")
        .block_device_mappings(BlockDeviceMapping::builder().device_name("/dev/xvda").ebs(disk).build())
        .instance_monitoring(InstanceMonitoring::builder().enabled(false).build())
        .send()
        .await
        .expect("a configuration");
    let described = client.describe_launch_configurations().send().await.expect("configurations");
    let one = &described.launch_configurations()[0];
    assert_eq!((one.image_id(), one.instance_type()), (Some("ami-0fedcba9876543210"), Some("m5.large")));
    assert_eq!((one.key_name(), one.security_groups().len()), (Some("mine"), 2));
    assert_eq!(one.user_data(), Some("aGk="));
    let device = &one.block_device_mappings()[0];
    assert_eq!(
        (device.device_name(), device.ebs().and_then(Ebs::volume_size)),
        (Some("/dev/xvda"), Some(20))
    );
    assert_eq!(one.instance_monitoring().and_then(InstanceMonitoring::enabled), Some(false));
    assert!(one.launch_configuration_arn().is_some_and(|arn| arn.ends_with(":launchConfigurationName/c")));
    let again = create().image_id("ami-1").instance_type("t3.nano").send().await.expect_err("it is there");
    assert!(again.into_service_error().is_already_exists_fault());
    let limits = client.describe_account_limits().send().await.expect("limits");
    assert_eq!(limits.number_of_launch_configurations(), Some(1));

    let from = zoned_group(&client, "g").min_size(1).max_size(1).launch_configuration_name("c");
    from.send().await.expect("a group");
    let id = only(&simulator, "InService").await.id;
    let instances = client.describe_auto_scaling_instances().send().await.expect("instances");
    assert_eq!(instances.auto_scaling_instances()[0].instance_type(), Some("m5.large"));
    let form = format!("Action=DescribeInstances&InstanceId.1={id}&Version=2016-11-15");
    let (_, machine) = post(&simulator.endpoint(), form.as_bytes()).await;
    for part in ["<imageId>ami-0fedcba9876543210</imageId>", "<keyName>mine</keyName>"] {
        assert!(machine.contains(part), "{part} in {machine}");
    }

    let delete = || client.delete_launch_configuration().launch_configuration_name("c").send();
    let used = delete().await.expect_err("it is used").into_service_error();
    assert!(used.is_resource_in_use_fault(), "{used:?}");
    client
        .delete_auto_scaling_group()
        .auto_scaling_group_name("g")
        .force_delete(true)
        .send()
        .await
        .expect("gone");
    simulator.wait_until("it is gone", crate::bed::PATIENCE, <[_]>::is_empty).await.expect("in time");
    delete().await.expect("a deletion");
    let (code, message) = refusal(delete().await);
    assert_eq!(code, "ValidationError");
    assert_eq!(message, "Launch configuration name not found - Launch configuration c not found");
}

#[tokio::test]
async fn a_configuration_and_a_group_can_be_made_after_an_instance() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let id = only(&simulator, "InService").await.id;
    let create = |name: &str| client.create_launch_configuration().launch_configuration_name(name);
    create("same").instance_id(&id).send().await.expect("a configuration");
    create("larger").instance_id(&id).instance_type("m5.24xlarge").send().await.expect("a configuration");
    zoned_group(&client, "like").min_size(0).max_size(1).instance_id(&id).send().await.expect("a group");
    let pages: Vec<_> = client
        .describe_launch_configurations()
        .max_records(2)
        .into_paginator()
        .send()
        .try_collect()
        .await
        .expect("pages");
    let all: Vec<_> =
        pages.iter().flat_map(DescribeLaunchConfigurationsOutput::launch_configurations).collect();
    let kinds: Vec<_> =
        all.iter().map(|one| (one.launch_configuration_name(), one.instance_type())).collect();
    let expected = [("larger", "m5.24xlarge"), ("like", "t3.medium"), ("same", "t3.medium")];
    assert_eq!((pages.len(), kinds), (2, expected.map(|(name, kind)| (Some(name), Some(kind))).to_vec()));
    let groups = client.describe_auto_scaling_groups().auto_scaling_group_names("like").send().await;
    let groups = groups.expect("groups");
    assert_eq!(groups.auto_scaling_groups()[0].launch_configuration_name(), Some("like"));
    let nobody = "i-0123456789abcdef0";
    for (what, refused) in [
        ("half of it", refusal(create("half").image_id("ami-1").send().await)),
        ("nobody", refusal(create("nobody").instance_id(nobody).send().await)),
        ("a group like nobody", {
            refusal(zoned_group(&client, "n").min_size(0).max_size(1).instance_id(nobody).send().await)
        }),
    ] {
        assert_eq!(refused.0, "ValidationError", "{what}: {refused:?}");
    }
    assert_eq!(
        client.describe_auto_scaling_groups().send().await.expect("groups").auto_scaling_groups().len(),
        2
    );
}
