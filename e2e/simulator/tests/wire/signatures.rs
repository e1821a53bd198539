//! Requests without a signature, or with one for something else, get the answer of the service they ask.

use crate::bed::{ask, group, post_with, raw, signed, sqs, start};

const SCALING: &[u8] = b"Action=DescribeAutoScalingGroups&Version=2011-01-01";
const EC2: &[u8] = b"Action=DescribeInstances&Version=2016-11-15";

#[tokio::test]
async fn an_unsigned_request_is_refused_and_counted() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    let (status, body) = post_with(&simulator.endpoint(), "", SCALING).await;
    assert_eq!(status, 403);
    let error = "<Error><Type>Sender</Type><Code>MissingAuthenticationToken</Code><Message>Request is missing \
                 Authentication Token</Message></Error>";
    assert!(body.contains(error), "{body}");
    let last = simulator.calls().pop().expect("a call");
    assert_eq!((last.status, last.caller.as_str()), (403, ""));
    assert_eq!(last.error.as_deref(), Some("MissingAuthenticationToken"));
    let (status, body) = post_with(&simulator.endpoint(), "", EC2).await;
    assert_eq!(status, 400);
    let error = "<Error><Code>MissingParameter</Code><Message>The request must contain the parameter \
                 AWSAccessKeyId</Message></Error>";
    assert!(body.contains(error), "{body}");
}

#[tokio::test]
async fn a_signature_for_another_service_is_refused() {
    let (simulator, _) = start().await;
    let (status, body) = post_with(&simulator.endpoint(), &signed("ec2"), SCALING).await;
    assert_eq!(status, 403);
    let error = "<Code>SignatureDoesNotMatch</Code><Message>Credential should be scoped to correct service: \
                 'autoscaling'. </Message>";
    assert!(body.replace("&apos;", "'").contains(error), "{body}");
    let (status, body) = post_with(&simulator.endpoint(), &signed("autoscaling"), EC2).await;
    assert_eq!(status, 401);
    assert!(body.contains("<Code>AuthFailure</Code>"), "{body}");
    for (service, form) in [("autoscaling", SCALING), ("ec2", EC2)] {
        assert_eq!(post_with(&simulator.endpoint(), &signed(service), form).await.0, 200, "{service}");
    }
}

#[tokio::test]
async fn half_a_signature_is_refused() {
    let (simulator, _) = start().await;
    let half = signed("autoscaling").replace("Signature=0", "");
    let (status, body) = post_with(&simulator.endpoint(), &half, SCALING).await;
    assert_eq!(status, 400);
    assert!(body.contains("<Code>IncompleteSignature</Code>"), "{body}");
}

#[tokio::test]
async fn a_signed_address_will_do_and_its_signature_is_not_recorded() {
    let (simulator, _) = start().await;
    let path = "/?Action=DescribeAutoScalingGroups&Version=2011-01-01&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=\
                AKIDOFALINK%2F20260101%2Fus-east-1%2Fautoscaling%2Faws4_request&X-Amz-Date=20260101T000000Z\
                &X-Amz-SignedHeaders=host&X-Amz-Signature=0";
    let (status, body) = ask(&simulator.endpoint(), "GET", path, &[]).await;
    assert_eq!(status, 200, "{body}");
    let call = simulator.calls().pop().expect("a call");
    assert_eq!((call.caller.as_str(), call.params.len()), ("AKIDOFALINK", 0), "{:?}", call.params);
}

#[tokio::test]
async fn nobody_reads_a_queue_without_a_signature_for_it() {
    let (simulator, _) = start().await;
    sqs(&simulator).create_queue().queue_name("q").send().await.expect("a queue");
    let purge = |headers: String| {
        let endpoint = simulator.endpoint();
        let body = format!(r#"{{"QueueUrl":"{endpoint}/000000000000/q"}}"#);
        let request = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: AmazonSQS.PurgeQueue\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        async move { raw(&endpoint, request).await.expect("an answer") }
    };
    let unsigned = purge(String::new()).await;
    assert!(unsigned.starts_with("HTTP/1.1 403 "), "{unsigned}");
    assert!(unsigned.contains("x-amzn-query-error: AccessDenied;Sender\r\n"), "{unsigned}");
    assert!(unsigned.contains("Access to the resource "), "{unsigned}");
    let other = purge(signed("autoscaling")).await;
    assert!(other.starts_with("HTTP/1.1 403 "), "{other}");
    assert!(other.contains("com.amazon.coral.service#InvalidSignatureException"), "{other}");
    assert!(purge(signed("sqs")).await.starts_with("HTTP/1.1 200 "));
}
