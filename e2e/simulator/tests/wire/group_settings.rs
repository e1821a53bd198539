//! Everything a group is told comes back to the real SDK, and what AWS refuses is refused.

use aws_sdk_autoscaling::types::{
    AutoScalingGroup, DeletionProtection, InstanceLifecyclePolicy, InstanceMaintenancePolicy, LaunchTemplate,
    LaunchTemplateOverrides, LaunchTemplateSpecification, MixedInstancesPolicy, RetentionAction,
    RetentionTriggers, TrafficSourceIdentifier,
};

use crate::bed::{desire, group, new_group, only, refusal, start};

async fn described(client: &aws_sdk_autoscaling::Client) -> AutoScalingGroup {
    let answer = client.describe_auto_scaling_groups().send().await.expect("groups");
    answer.auto_scaling_groups()[0].clone()
}

fn retention(action: RetentionAction) -> InstanceLifecyclePolicy {
    let triggers = RetentionTriggers::builder().terminate_hook_abandon(action).build();
    InstanceLifecyclePolicy::builder().retention_triggers(triggers).build()
}

#[tokio::test]
async fn every_setting_of_a_group_comes_back_and_an_update_changes_only_what_it_names() {
    let (_simulator, client) = start().await;
    let specification =
        LaunchTemplateSpecification::builder().launch_template_name("base").version("3").build();
    let overrides = (1..=11)
        .map(|size| LaunchTemplateOverrides::builder().instance_type(format!("t3.{size}xlarge")).build());
    let template = LaunchTemplate::builder()
        .launch_template_specification(specification)
        .set_overrides(Some(overrides.collect()))
        .build();
    client
        .create_auto_scaling_group()
        .auto_scaling_group_name("g")
        .min_size(0)
        .max_size(2)
        .desired_capacity(1)
        .mixed_instances_policy(MixedInstancesPolicy::builder().launch_template(template).build())
        .vpc_zone_identifier("subnet-1,subnet-2")
        .default_cooldown(17)
        .health_check_type("EC2,EBS")
        .health_check_grace_period(33)
        .default_instance_warmup(44)
        .max_instance_lifetime(86_400)
        .capacity_rebalance(true)
        .placement_group("close together")
        .termination_policies("OldestInstance")
        .termination_policies("Default")
        .service_linked_role_arn("arn:aws:iam::1:role/ours")
        .context("a context")
        .desired_capacity_type("units")
        .target_group_arns("arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/t/1")
        .traffic_sources(TrafficSourceIdentifier::builder().identifier("tg").r#type("elbv2").build())
        .instance_maintenance_policy(
            InstanceMaintenancePolicy::builder()
                .min_healthy_percentage(90)
                .max_healthy_percentage(120)
                .build(),
        )
        .deletion_protection(DeletionProtection::PreventForceDeletion)
        .instance_lifecycle_policy(retention(RetentionAction::Retain))
        .send()
        .await
        .expect("a group");

    let group = described(&client).await;
    let mixed = group.mixed_instances_policy().and_then(MixedInstancesPolicy::launch_template);
    let mixed = mixed.expect("a mixed instances policy");
    let types: Vec<_> = mixed.overrides().iter().filter_map(LaunchTemplateOverrides::instance_type).collect();
    assert_eq!((types.len(), types[1], types[10]), (11, "t3.2xlarge", "t3.11xlarge"), "in their order");
    assert_eq!(group.launch_template(), None, "it has a mixed policy instead");
    let of_instance = group.instances()[0].launch_template().expect("the template it came from");
    assert_eq!((of_instance.launch_template_name(), of_instance.version()), (Some("base"), Some("3")));
    assert_eq!(group.default_cooldown(), Some(17));
    assert_eq!(group.health_check_type(), Some("EC2,EBS"));
    assert_eq!(group.health_check_grace_period(), Some(33));
    assert_eq!(group.default_instance_warmup(), Some(44));
    assert_eq!(group.max_instance_lifetime(), Some(86_400));
    assert_eq!(group.capacity_rebalance(), Some(true));
    assert_eq!(group.placement_group(), Some("close together"));
    assert_eq!(group.termination_policies(), ["OldestInstance", "Default"]);
    assert_eq!(group.service_linked_role_arn(), Some("arn:aws:iam::1:role/ours"));
    assert_eq!((group.context(), group.desired_capacity_type()), (Some("a context"), Some("units")));
    assert_eq!(group.target_group_arns().len(), 1);
    assert_eq!(group.traffic_sources()[0].identifier(), Some("tg"));
    assert_eq!(
        group.instance_maintenance_policy().and_then(InstanceMaintenancePolicy::max_healthy_percentage),
        Some(120)
    );
    assert_eq!(group.deletion_protection(), Some(&DeletionProtection::PreventForceDeletion));
    assert_eq!(group.instance_lifecycle_policy(), Some(&retention(RetentionAction::Retain)));

    client
        .update_auto_scaling_group()
        .auto_scaling_group_name("g")
        .launch_template(LaunchTemplateSpecification::builder().launch_template_id("lt-1").build())
        .placement_group("")
        .default_instance_warmup(-1)
        .vpc_zone_identifier("subnet-3")
        .health_check_type("EC2")
        .send()
        .await
        .expect("an update");
    let updated = described(&client).await;
    assert_eq!(updated.launch_template().and_then(|template| template.launch_template_id()), Some("lt-1"));
    assert_eq!(updated.mixed_instances_policy(), None, "the template takes its place");
    assert_eq!((updated.placement_group(), updated.default_instance_warmup()), (None, None));
    assert_eq!(updated.vpc_zone_identifier(), Some("subnet-3"));
    assert_eq!(updated.health_check_type(), Some("EC2"));
    assert_eq!(updated.health_check_grace_period(), Some(33), "it was not named");
    assert_eq!(updated.instance_lifecycle_policy(), group.instance_lifecycle_policy());
}

#[tokio::test]
async fn a_group_that_is_told_nothing_answers_with_awss_defaults() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    let group = described(&client).await;
    assert_eq!((group.default_cooldown(), group.health_check_grace_period()), (Some(300), Some(0)));
    assert_eq!(group.health_check_type(), Some("EC2"));
    assert_eq!(group.termination_policies(), ["Default"]);
    assert_eq!(group.deletion_protection(), Some(&DeletionProtection::None));
    assert_eq!(group.instance_lifecycle_policy(), Some(&retention(RetentionAction::Terminate)));
    assert_eq!((group.default_instance_warmup(), group.max_instance_lifetime()), (None, None));
}

#[tokio::test]
async fn settings_that_aws_refuses_are_refused() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    let template = || LaunchTemplateSpecification::builder().launch_template_id("lt-1");
    let create = |name: &str| new_group(&client, name).min_size(0).max_size(1);
    let update = || client.update_auto_scaling_group().auto_scaling_group_name("g");
    for (what, refused) in [
        ("a colon", refusal(create("a:b").send().await)),
        ("a space", refusal(create("a b").send().await)),
        ("a long name", refusal(create(&"a".repeat(256)).send().await)),
        ("two templates", {
            refusal(
                create("two").launch_template(template().build()).launch_configuration_name("c").send().await,
            )
        }),
        ("id and name", {
            let both = template().launch_template_name("n").build();
            refusal(create("both").launch_template(both).send().await)
        }),
        ("a health check", refusal(create("health").health_check_type("EC2,FEELINGS").send().await)),
        ("a policy", refusal(create("policy").termination_policies("Youngest").send().await)),
        ("a short life", refusal(update().max_instance_lifetime(86_399).send().await)),
        ("a protection", refusal(update().deletion_protection("prevent-nothing".into()).send().await)),
        ("a trigger", {
            refusal(update().instance_lifecycle_policy(retention("perhaps".into())).send().await)
        }),
    ] {
        assert_eq!(refused.0, "ValidationError", "{what}: {refused:?}");
    }
    create(&"a".repeat(255)).send().await.expect("the longest name");
    update().max_instance_lifetime(0).send().await.expect("no end of life");
}

#[tokio::test]
async fn deletion_protection_refuses_what_it_names_until_it_is_taken_away() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    only(&simulator, "InService").await;
    let protect = |level: DeletionProtection| {
        client.update_auto_scaling_group().auto_scaling_group_name("g").deletion_protection(level).send()
    };
    let delete =
        |force| client.delete_auto_scaling_group().auto_scaling_group_name("g").force_delete(force).send();
    for level in [DeletionProtection::PreventForceDeletion, DeletionProtection::PreventAllDeletion] {
        protect(level.clone()).await.expect("a protection");
        let (code, message) = refusal(delete(true).await);
        assert_eq!(code, "ResourceInUse");
        assert!(message.contains(level.as_str()), "{message}");
    }
    desire(&client, 0).await;
    simulator.wait_until("it is gone", crate::bed::PATIENCE, <[_]>::is_empty).await.expect("in time");
    assert!(
        refusal(delete(false).await).1.contains("prevent-all-deletion"),
        "empty, and protected all the same"
    );
    protect(DeletionProtection::PreventForceDeletion).await.expect("a protection");
    delete(false).await.expect("the gentle way");
}

#[tokio::test]
async fn a_retained_instance_shows_its_state_and_is_released_by_name() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    client
        .update_auto_scaling_group()
        .auto_scaling_group_name("g")
        .instance_lifecycle_policy(retention(RetentionAction::Retain))
        .send()
        .await
        .expect("a policy");
    client
        .put_lifecycle_hook()
        .auto_scaling_group_name("g")
        .lifecycle_hook_name("h")
        .lifecycle_transition("autoscaling:EC2_INSTANCE_TERMINATING")
        .heartbeat_timeout(30)
        .send()
        .await
        .expect("a hook");
    let id = only(&simulator, "InService").await.id;
    desire(&client, 0).await;
    only(&simulator, "Terminating:Wait").await;
    crate::bed::complete(&client, &id).lifecycle_action_result("ABANDON").send().await.expect("an answer");
    only(&simulator, "Terminating:Retained").await;
    let listed = described(&client).await;
    assert_eq!(listed.desired_capacity(), Some(0));
    let state = listed.instances()[0].lifecycle_state().map(|state| state.as_str().to_owned());
    assert_eq!(state.as_deref(), Some("Terminating:Retained"));
    let terminate = |decrement| {
        client
            .terminate_instance_in_auto_scaling_group()
            .instance_id(&id)
            .should_decrement_desired_capacity(decrement)
            .send()
    };
    assert_eq!(refusal(terminate(true).await).0, "ValidationError");
    terminate(false).await.expect("a release");
    only(&simulator, "Terminating:Wait").await;
    crate::bed::complete(&client, &id).send().await.expect("an answer");
    simulator.wait_until("it is gone", crate::bed::PATIENCE, <[_]>::is_empty).await.expect("in time");
}
