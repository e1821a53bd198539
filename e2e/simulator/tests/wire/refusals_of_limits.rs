//! Every refusal because there would be too many of something.

use crate::refusal_bed::{CREATE, members, refused};

/// The same step as often as `count` says, each with its number.
fn each(count: usize, step: impl Fn(usize) -> String) -> Vec<String> {
    (0..count).map(step).collect()
}

async fn exceeded(first: &[&str], steps: &[String], text: &str) {
    let steps: Vec<_> = first.iter().copied().chain(steps.iter().map(String::as_str)).collect();
    refused(&steps, "LimitExceeded", text).await;
}

#[tokio::test]
async fn of_hooks_and_topics() {
    let hooks = each(51, |n| {
        format!(
            "PutLifecycleHook&LifecycleHookName=h{n}&LifecycleTransition=autoscaling:EC2_INSTANCE_LAUNCHING"
        )
    });
    exceeded(&["g 0"], &hooks, "The AutoScalingGroup already has 50 lifecycle hooks").await;

    let arn = "arn:aws:sns:us-east-1:000000000000:t";
    let subscriptions = each(11, |n| {
        format!(
            "admin subscriptions {{\"topicArn\": \"{arn}{n}\", \"queueUrl\": \"http://x/000000000000/q\"}}"
        )
    });
    let topics = each(11, |n| {
        format!(
            "PutNotificationConfiguration&TopicARN={arn}{n}&NotificationTypes.member.1=autoscaling:EC2_INSTANCE_LAUNCH"
        )
    });
    let steps = [subscriptions, topics].concat();
    exceeded(&["g 0", "queue q"], &steps, "The AutoScalingGroup already has 10 notification topics").await;
}

#[tokio::test]
async fn of_policies_and_scheduled_actions() {
    let policies = each(51, |n| {
        format!("PutScalingPolicy&PolicyName=p{n}&AdjustmentType=ChangeInCapacity&ScalingAdjustment=1")
    });
    exceeded(&["g 0"], &policies, "A group cannot have more than 50 scaling policies").await;

    let actions = each(126, |n| {
        format!("PutScheduledUpdateGroupAction&ScheduledActionName=s{n}&MinSize=1&Recurrence=0 9 * * *")
    });
    exceeded(&["g 0"], &actions, "A group cannot have more than 125 scheduled actions").await;
}

#[tokio::test]
async fn two_scheduled_actions_do_not_start_at_the_same_time() {
    let at_noon = |name: &str| {
        format!(
            "PutScheduledUpdateGroupAction&ScheduledActionName={name}&MinSize=1&StartTime=2100-01-01T12:00:00Z"
        )
    };
    let text = "Scheduled action s is due at the same time";
    refused(&["g 0", &at_noon("s"), &at_noon("t")], "AlreadyExists", text).await;
}

#[tokio::test]
async fn of_tags_and_launch_configurations() {
    let tags = members(51, |n| format!("&Tags.member.{n}.Key=k{n}"));
    let create = format!("{CREATE}&MinSize=0&MaxSize=1{tags}");
    exceeded(&[], &[create], "An AutoScalingGroup cannot have more than 50 tags").await;

    let configurations = each(201, |n| {
        format!(
            "Action=CreateLaunchConfiguration&LaunchConfigurationName=c{n}&ImageId=ami-1&InstanceType=m5.large"
        )
    });
    exceeded(&[], &configurations, "Only 200 launch configurations are allowed for this account").await;
}
