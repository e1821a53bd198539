//! Scaling policies as the real SDK sees them.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::operation::describe_policies::DescribePoliciesOutput;
use aws_sdk_autoscaling::operation::put_scaling_policy::builders::PutScalingPolicyFluentBuilder;
use aws_sdk_autoscaling::types::{
    MetricType, PredefinedMetricSpecification, ScalingPolicy, StepAdjustment, TargetTrackingConfiguration,
};

use crate::bed::{group, group_named, refusal, start};

fn put(client: &Client, name: &str) -> PutScalingPolicyFluentBuilder {
    client.put_scaling_policy().auto_scaling_group_name("g").policy_name(name)
}

fn simple(client: &Client, name: &str, how: &str, by: i32) -> PutScalingPolicyFluentBuilder {
    put(client, name).adjustment_type(how).scaling_adjustment(by)
}

fn step(lower: Option<f64>, upper: Option<f64>, by: i32) -> StepAdjustment {
    StepAdjustment::builder()
        .set_metric_interval_lower_bound(lower)
        .set_metric_interval_upper_bound(upper)
        .scaling_adjustment(by)
        .build()
}

async fn desired(client: &Client) -> i32 {
    let groups = client.describe_auto_scaling_groups().auto_scaling_group_names("g").send().await;
    groups.expect("groups").auto_scaling_groups()[0].desired_capacity().expect("a capacity")
}

async fn described(client: &Client, name: &str) -> ScalingPolicy {
    let policies = client.describe_policies().policy_names(name).send().await.expect("policies");
    policies.scaling_policies()[0].clone()
}

#[tokio::test]
async fn a_simple_policy_changes_the_capacity_and_leaves_a_cooldown() {
    let (_simulator, client) = start().await;
    group(&client, 2).await;
    let arn = simple(&client, "out", "ChangeInCapacity", 3).send().await.expect("a policy").policy_arn;
    let arn = arn.expect("an arn");
    assert!(
        arn.contains(":scalingPolicy:") && arn.ends_with(":autoScalingGroupName/g:policyName/out"),
        "{arn}"
    );
    let policy = described(&client, &arn).await;
    assert_eq!((policy.policy_type(), policy.enabled()), (Some("SimpleScaling"), Some(true)));
    assert_eq!((policy.adjustment_type(), policy.scaling_adjustment()), (Some("ChangeInCapacity"), Some(3)));
    client.execute_policy().policy_name(&arn).send().await.expect("more");
    assert_eq!(desired(&client).await, 5);
    let patient =
        client.execute_policy().auto_scaling_group_name("g").policy_name("out").honor_cooldown(true);
    let error = patient.send().await.expect_err("a cooldown").into_service_error();
    assert!(error.is_scaling_activity_in_progress_fault(), "{error:?}");
    let patient = client.set_desired_capacity().auto_scaling_group_name("g").desired_capacity(1);
    assert_eq!(refusal(patient.honor_cooldown(true).send().await).0, "ScalingActivityInProgress");
    // Who does not wait goes on, as far as the group's largest size.
    for expected in [8, 9, 9] {
        client.execute_policy().auto_scaling_group_name("g").policy_name("out").send().await.expect("more");
        assert_eq!(desired(&client).await, expected);
    }
    let activities = client.describe_scaling_activities().auto_scaling_group_name("g").send().await;
    let activities = activities.expect("activities");
    let cause = activities.activities()[0].cause().expect("a cause");
    assert!(
        cause.contains("a user request executed policy out changing the desired capacity from 8 to 9."),
        "{cause}"
    );
    // Whoever replaces a policy keeps its arn.
    let again = simple(&client, "out", "ExactCapacity", 0).cooldown(0).send().await.expect("a policy");
    assert_eq!(again.policy_arn(), Some(arn.as_str()));
    client.execute_policy().policy_name(&arn).send().await.expect("none");
    assert_eq!(desired(&client).await, 0);
    client.execute_policy().policy_name(&arn).honor_cooldown(true).send().await.expect("no cooldown");
}

#[tokio::test]
async fn steps_go_by_how_far_the_metric_is_from_its_threshold() {
    let (_simulator, client) = start().await;
    group(&client, 4).await;
    put(&client, "steps")
        .policy_type("StepScaling")
        .adjustment_type("PercentChangeInCapacity")
        .min_adjustment_magnitude(2)
        .step_adjustments(step(Some(0.0), Some(20.0), 10))
        .step_adjustments(step(Some(20.0), None, 100))
        .estimated_instance_warmup(60)
        .send()
        .await
        .expect("a policy");
    let policy = described(&client, "steps").await;
    assert_eq!(policy.step_adjustments().len(), 2);
    assert_eq!(policy.step_adjustments()[1].metric_interval_lower_bound(), Some(20.0));
    assert_eq!(
        (policy.min_adjustment_magnitude(), policy.metric_aggregation_type()),
        (Some(2), Some("Average"))
    );
    let execute = |value: f64| {
        let execute = client.execute_policy().auto_scaling_group_name("g").policy_name("steps");
        execute.metric_value(value).breach_threshold(50.0).send()
    };
    execute(55.0).await.expect("a small step");
    assert_eq!(desired(&client).await, 6);
    execute(70.0).await.expect("a large step");
    assert_eq!(desired(&client).await, 9, "twelve would be above the largest size");
    assert_eq!(refusal(execute(49.0).await).0, "ValidationError", "no step fits");
    let blind = client.execute_policy().auto_scaling_group_name("g").policy_name("steps").send().await;
    assert_eq!(refusal(blind).0, "ValidationError");
}

#[tokio::test]
async fn target_tracking_is_kept_and_never_executed() {
    let (_simulator, client) = start().await;
    group(&client, 1).await;
    let metric = PredefinedMetricSpecification::builder();
    let metric = metric.predefined_metric_type(MetricType::AsgAverageCpuUtilization).build();
    let configuration = TargetTrackingConfiguration::builder().predefined_metric_specification(metric);
    put(&client, "track")
        .policy_type("TargetTrackingScaling")
        .target_tracking_configuration(configuration.target_value(42.5).build())
        .send()
        .await
        .expect("a policy");
    let policy = described(&client, "track").await;
    let configuration = policy.target_tracking_configuration().expect("a configuration");
    assert_eq!(configuration.target_value(), Some(42.5));
    assert!(policy.alarms().is_empty());
    let execute = client.execute_policy().auto_scaling_group_name("g").policy_name("track").send().await;
    assert_eq!(refusal(execute).0, "ValidationError");
    assert_eq!(desired(&client).await, 1);
}

#[tokio::test]
async fn policies_are_listed_by_group_type_and_page_until_they_are_deleted() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    group_named(&client, "h", 0).await;
    for at in 0..3 {
        simple(&client, &format!("p{at}"), "ChangeInCapacity", 1).send().await.expect("a policy");
    }
    simple(&client, "p0", "ChangeInCapacity", 1).auto_scaling_group_name("h").send().await.expect("a policy");
    let list = || client.describe_policies();
    let count = |page: DescribePoliciesOutput| page.scaling_policies().len();
    assert_eq!(count(list().send().await.expect("all")), 4);
    assert_eq!(count(list().auto_scaling_group_name("h").send().await.expect("one")), 1);
    assert_eq!(count(list().policy_types("StepScaling").send().await.expect("none")), 0);
    let pages: Vec<_> = list().max_records(3).into_paginator().send().try_collect().await.expect("pages");
    let names: Vec<_> = pages.iter().flat_map(DescribePoliciesOutput::scaling_policies).collect();
    assert_eq!((pages.len(), names.len()), (2, 4));
    client.delete_policy().auto_scaling_group_name("g").policy_name("p1").send().await.expect("a deletion");
    assert_eq!(count(list().send().await.expect("the others")), 3);
    for (what, refused) in [
        ("gone", {
            let gone = client.delete_policy().auto_scaling_group_name("g").policy_name("p1");
            refusal(gone.send().await)
        }),
        ("no group", refusal(client.delete_policy().policy_name("p0").send().await)),
        ("other group", refusal(list().auto_scaling_group_name("no").send().await)),
    ] {
        assert_eq!(refused.0, "ValidationError", "{what}");
    }
    client.delete_auto_scaling_group().auto_scaling_group_name("h").send().await.expect("a deletion");
    assert_eq!(count(list().send().await.expect("the rest")), 2, "its policies go with a group");
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    let steps = || put(&client, "p").policy_type("StepScaling").adjustment_type("ChangeInCapacity");
    for (what, refused) in [
        ("no adjustment", refusal(put(&client, "p").adjustment_type("ChangeInCapacity").send().await)),
        ("no type of adjustment", refusal(put(&client, "p").scaling_adjustment(1).send().await)),
        ("an unknown adjustment", refusal(simple(&client, "p", "Halve", 1).send().await)),
        (
            "an unknown type",
            refusal(simple(&client, "p", "ExactCapacity", 1).policy_type("Guess").send().await),
        ),
        ("no steps", refusal(steps().send().await)),
        ("a gap", {
            let gap = steps().step_adjustments(step(Some(0.0), Some(1.0), 1));
            refusal(gap.step_adjustments(step(Some(2.0), None, 1)).send().await)
        }),
        ("steps of a simple one", {
            let simple = simple(&client, "p", "ExactCapacity", 1);
            refusal(simple.step_adjustments(step(None, None, 1)).send().await)
        }),
        ("a cooldown of steps", {
            refusal(steps().step_adjustments(step(Some(0.0), None, 1)).cooldown(1).send().await)
        }),
        ("a magnitude without percent", {
            refusal(simple(&client, "p", "ExactCapacity", 1).min_adjustment_magnitude(1).send().await)
        }),
        ("a forecast", refusal(put(&client, "p").policy_type("PredictiveScaling").send().await)),
    ] {
        assert_eq!(refused.0, "ValidationError", "{what}: {refused:?}");
    }
    simple(&client, "off", "ExactCapacity", 3).enabled(false).send().await.expect("a policy");
    let execute = client.execute_policy().auto_scaling_group_name("g").policy_name("off").send().await;
    assert_eq!(refusal(execute).0, "ValidationError");
    assert_eq!(desired(&client).await, 0);
}
