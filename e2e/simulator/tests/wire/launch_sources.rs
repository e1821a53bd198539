//! A new group needs something to launch from and somewhere to launch into, as at AWS.

use aws_sdk_autoscaling::types::{
    InstancesDistribution, LaunchTemplate, LaunchTemplateSpecification, MixedInstancesPolicy,
};

use crate::bed::{new_group, refusal, start, zoned_group};

const NOTHING: &str = "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or \
                       MixedInstancesPolicy parameter.";
const NOWHERE: &str = "At least one Availability Zone or VPC Subnet is required.";

fn specification() -> LaunchTemplateSpecification {
    LaunchTemplateSpecification::builder().launch_template_id("lt-1").build()
}

fn policy(of: Option<LaunchTemplateSpecification>) -> MixedInstancesPolicy {
    let template = of.map(|of| LaunchTemplate::builder().launch_template_specification(of).build());
    let distribution = InstancesDistribution::builder().on_demand_base_capacity(1).build();
    let policy = MixedInstancesPolicy::builder().set_launch_template(template);
    policy.instances_distribution(distribution).build()
}

#[tokio::test]
async fn a_group_that_could_not_launch_anything_is_refused() {
    let (_simulator, client) = start().await;
    let create = |name: &str| zoned_group(&client, name).min_size(0).max_size(1);
    let template_only = || new_group(&client, "g").min_size(0).max_size(1).set_availability_zones(None);
    let one_of = "Valid requests must contain only one of";
    let either = "Valid requests must contain either launchTemplateId or LaunchTemplateName";
    for (what, refused, expected) in [
        ("nothing to launch from", refusal(create("g").send().await), NOTHING),
        ("nowhere to launch into", refusal(template_only().send().await), NOWHERE),
        (
            "two sources",
            refusal(create("g").launch_template(specification()).launch_configuration_name("c").send().await),
            one_of,
        ),
        (
            "a policy without a template",
            refusal(create("g").mixed_instances_policy(policy(None)).send().await),
            either,
        ),
    ] {
        assert_eq!(refused.0, "ValidationError", "{what}");
        assert!(refused.1.starts_with(expected), "{what}: {}", refused.1);
    }
    let groups = client.describe_auto_scaling_groups().send().await.expect("groups");
    assert!(groups.auto_scaling_groups().is_empty(), "nothing was made");
}

#[tokio::test]
async fn each_thing_to_launch_from_and_each_place_will_do() {
    let (_simulator, client) = start().await;
    let create = |name: &str| zoned_group(&client, name).min_size(0).max_size(1);
    create("template").launch_template(specification()).send().await.expect("a group");
    create("mixed").mixed_instances_policy(policy(Some(specification()))).send().await.expect("a group");
    create("configuration").launch_configuration_name("c").send().await.expect("a group");
    let elsewhere =
        |name: &str| new_group(&client, name).min_size(0).max_size(1).set_availability_zones(None);
    elsewhere("subnet").vpc_zone_identifier("subnet-1").send().await.expect("a group");
    elsewhere("zone-id").availability_zone_ids("use1-az6").send().await.expect("a group");
}
