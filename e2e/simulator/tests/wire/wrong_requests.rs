//! Wrong requests, and what AWS says to them.

use crate::bed::{ask, group, post, start};

/// The code and the message of an error in AWS's shape.
pub(crate) fn error(body: &str) -> (String, String) {
    let between = |open: &str, close: &str| {
        let rest = body.split_once(open).map_or("", |(_, rest)| rest);
        rest.split_once(close).map_or(String::new(), |(text, _)| {
            text.replace("&apos;", "'").replace("&quot;", "\"").replace("&amp;", "&")
        })
    };
    (between("<Code>", "</Code>"), between("<Message>", "</Message>"))
}

#[tokio::test]
async fn a_wrong_request_gets_status_code_and_message() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    let null = |name: &str| {
        format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        )
    };
    let many = (0..51).fold(String::new(), |all, at| format!("{all}&InstanceIds.member.{}=i-{at}", at + 1));
    let invalid = "ValidationError";
    for (form, code, message) in [
        (
            "Version=2011-01-01".to_owned(),
            "MissingAction",
            "The request is missing an action or a required parameter.".to_owned(),
        ),
        (
            "Action=DescribeWarmPools&Version=2011-01-01".to_owned(),
            "InvalidAction",
            "Could not find operation DescribeWarmPools for version 2011-01-01".to_owned(),
        ),
        (
            "Action=DescribeAutoScalingGroups&Version=2099-01-01".to_owned(),
            "InvalidAction",
            "Could not find operation DescribeAutoScalingGroups for version 2099-01-01".to_owned(),
        ),
        (
            "Action=%".to_owned(),
            "MalformedQueryString",
            "The query string contains a syntax error".to_owned(),
        ),
        ("Action=SetDesiredCapacity&AutoScalingGroupName=g".to_owned(), invalid, null("desiredCapacity")),
        (
            "Action=TerminateInstanceInAutoScalingGroup&InstanceId=i-1".to_owned(),
            invalid,
            null("shouldDecrementDesiredCapacity"),
        ),
        (
            "Action=CompleteLifecycleAction".to_owned(),
            invalid,
            format!(
                "3 validation errors detected: {}; {}; {}",
                "Value null at 'lifecycleHookName' failed to satisfy constraint: Member must not be null",
                "Value null at 'autoScalingGroupName' failed to satisfy constraint: Member must not be null",
                "Value null at 'lifecycleActionResult' failed to satisfy constraint: Member must not be null"
            ),
        ),
        (
            format!("Action=DescribeAutoScalingInstances{many}"),
            invalid,
            "The number of instance ids that may be passed in is limited to 50".to_owned(),
        ),
        (
            "Action=DescribeAutoScalingGroups&NextToken=guess".to_owned(),
            "InvalidNextToken",
            "The token 'guess' is invalid.".to_owned(),
        ),
        (
            "Action=DescribeWarmPool&AutoScalingGroupName=no".to_owned(),
            invalid,
            "AutoScalingGroup name not found - AutoScalingGroup: no not found".to_owned(),
        ),
        (
            "Action=DeleteLifecycleHook&AutoScalingGroupName=g&LifecycleHookName=no".to_owned(),
            invalid,
            "No Lifecycle Hook found with name: no".to_owned(),
        ),
    ] {
        let (status, body) = post(&simulator.endpoint(), form.as_bytes()).await;
        assert_eq!((status, error(&body)), (400, (code.to_owned(), message)), "{form}");
    }
}

#[tokio::test]
async fn numbers_and_flags_out_of_bounds_are_refused_by_name() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    for (form, name) in [
        ("Action=SetDesiredCapacity&AutoScalingGroupName=g&DesiredCapacity=x", "desiredCapacity"),
        ("Action=DescribeAutoScalingGroups&MaxRecords=0", "maxRecords"),
        ("Action=DescribeAutoScalingGroups&MaxRecords=101", "maxRecords"),
        ("Action=DescribeAutoScalingInstances&MaxRecords=51", "maxRecords"),
        ("Action=DescribeWarmPool&AutoScalingGroupName=g&MaxRecords=51", "maxRecords"),
        ("Action=DeleteAutoScalingGroup&AutoScalingGroupName=g&ForceDelete=perhaps", "forceDelete"),
        ("Action=PutWarmPool&AutoScalingGroupName=g&MinSize=-2", "minSize"),
    ] {
        let (status, body) = post(&simulator.endpoint(), form.as_bytes()).await;
        let (code, message) = error(&body);
        assert_eq!((status, code.as_str()), (400, "ValidationError"), "{form}");
        assert!(message.contains(&format!("at '{name}' failed to satisfy constraint")), "{form}: {message}");
    }
    // Nothing of this took effect, and the largest that is allowed is.
    let groups = client.describe_auto_scaling_groups().max_records(100).send().await.expect("groups");
    assert_eq!(groups.auto_scaling_groups().len(), 1);
}

#[tokio::test]
async fn a_wrong_method_or_path_is_not_found() {
    let (simulator, _) = start().await;
    for (method, path) in [("PUT", "/"), ("DELETE", "/"), ("PATCH", "/"), ("POST", "/v1/groups")] {
        assert_eq!(ask(&simulator.endpoint(), method, path, &[]).await.0, 404, "{method} {path}");
    }
}
