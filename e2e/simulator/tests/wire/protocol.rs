//! The shapes of the wire that the SDK hides, and garbage.

use crate::bed::{ask, client, group, only, post, raw, refusal, start};

#[tokio::test]
async fn an_unknown_action_gets_awss_error_shape() {
    let (simulator, _) = start().await;
    let (status, body) = post(&simulator.endpoint(), b"Action=DanceInCircles&Version=2011-01-01").await;
    assert_eq!(status, 400);
    assert!(
        body.starts_with(
            "<ErrorResponse xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"><Error><Type>Sender</Type>\
             <Code>InvalidAction</Code><Message>Could not find operation DanceInCircles for version 2011-01-01\
             </Message></Error><RequestId>"
        ),
        "{body}"
    );
    // An operation that AWS has and the simulator has not.
    let (_, body) = post(&simulator.endpoint(), b"Action=DescribeAccountSettings&Version=2011-01-01").await;
    assert!(body.contains("<Code>InvalidAction</Code>"), "{body}");
}

#[tokio::test]
async fn an_error_names_the_parameter() {
    let (simulator, client) = start().await;
    let (status, body) = post(&simulator.endpoint(), b"Action=DescribeWarmPool&Version=2011-01-01").await;
    assert_eq!(status, 400);
    assert!(body.contains("<Code>ValidationError</Code>"), "{body}");
    assert!(body.contains("Value null at 'autoScalingGroupName' failed to satisfy constraint"), "{body}");
    let (code, message) = refusal(client.describe_warm_pool().auto_scaling_group_name("no").send().await);
    assert_eq!(code, "ValidationError");
    assert_eq!(message, "AutoScalingGroup name not found - AutoScalingGroup: no not found");
    let modeled = client.describe_auto_scaling_groups().next_token("guess").send().await;
    assert!(modeled.expect_err("a guess").into_service_error().is_invalid_next_token());
}

#[tokio::test]
async fn a_successful_answer_without_a_result_has_its_envelope() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    let form = b"Action=SetDesiredCapacity&AutoScalingGroupName=g&DesiredCapacity=0&Version=2011-01-01";
    let (status, body) = post(&simulator.endpoint(), form).await;
    assert_eq!(status, 200);
    assert!(
        body.contains("<SetDesiredCapacityResult></SetDesiredCapacityResult><ResponseMetadata>"),
        "{body}"
    );
}

#[tokio::test]
async fn an_instance_tells_its_zone_by_name_and_by_id_wherever_it_is_listed() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    only(&simulator, "InService").await;
    for operation in ["DescribeAutoScalingInstances", "DescribeAutoScalingGroups"] {
        let form = format!("Action={operation}&Version=2011-01-01");
        let (_, body) = post(&simulator.endpoint(), form.as_bytes()).await;
        let zone = "<AvailabilityZone>us-east-1a</AvailabilityZone><AvailabilityZoneId>use1-az6</AvailabilityZoneId>";
        assert!(body.contains(zone), "{body}");
    }
}

#[tokio::test]
async fn garbage_is_answered_with_a_refusal_and_the_next_call_is_served() {
    let (simulator, _) = start().await;
    let endpoint = simulator.endpoint();
    for form in
        [&b""[..], b"\xff\xfe", b"Action=%zz", b"=&=&=", b"Action=SetDesiredCapacity&DesiredCapacity=9e9"]
    {
        let (status, body) = post(&endpoint, form).await;
        assert_eq!(status, 400, "{body}");
        assert!(body.contains("<ErrorResponse"), "{body}");
    }
    assert_eq!(ask(&endpoint, "DELETE", "/", &[]).await.0, 404);
    assert_eq!(ask(&endpoint, "GET", "/favicon.ico", &[]).await.0, 404);
    let not_http = raw(&endpoint, "\u{1}\u{2}\u{3}\r\n\r\n").await.expect("an answer or an end");
    assert!(not_http.is_empty() || not_http.contains(" 400 "), "{not_http}");
    assert!(client(&endpoint).describe_auto_scaling_groups().send().await.is_ok());
}

#[tokio::test]
async fn a_body_without_end_is_not_swallowed() {
    let (simulator, _) = start().await;
    let endpoint = simulator.endpoint();
    let form = vec![b'a'; (1 << 20) + 1];
    let head =
        format!("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", form.len());
    let request = [head.as_bytes(), &form].concat();
    // The answer may be lost when the rest of the body is refused; what counts is that nothing was handled.
    if let Ok(answer) = raw(&endpoint, request).await {
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
    assert!(simulator.calls().is_empty());
    assert!(client(&endpoint).describe_auto_scaling_groups().send().await.is_ok());
}

#[tokio::test]
async fn the_instances_are_listed_for_those_who_drive_it_from_outside() {
    let (simulator, client) = start().await;
    assert_eq!(ask(&simulator.endpoint(), "GET", "/_simulator/instances", &[]).await, (200, "[]".to_owned()));
    group(&client, 1).await;
    let instance = crate::bed::only(&simulator, "InService").await;
    let (_, body) = ask(&simulator.endpoint(), "GET", "/_simulator/instances", &[]).await;
    let rows: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let expected = serde_json::json!([{
        "id": instance.id,
        "group": "g",
        "lifecycleState": "InService",
        "power": "on",
        "imdsEndpoint": instance.imds_endpoint,
        "zone": instance.zone,
    }]);
    assert_eq!(rows, expected);
}
