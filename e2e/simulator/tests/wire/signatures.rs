//! Requests without a signature, or with one for something else, get the answer of the service they ask.

use crate::bed::{CALLER, ask, group, post_with, raw, signed, sqs, start};
use crate::wrong_requests::error;

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
    let error = "<Error><Code>AuthFailure</Code><Message>AWS was not able to validate the provided access \
                 credentials</Message></Error>";
    assert!(body.contains(error), "{body}");
    for (service, form) in [("autoscaling", SCALING), ("ec2", EC2)] {
        assert_eq!(post_with(&simulator.endpoint(), &signed(service), form).await.0, 200, "{service}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_signature_is_named() {
    let (simulator, _) = start().await;
    let whole = signed("autoscaling");
    let header = |headers: &str| {
        let line = headers.lines().next().and_then(|line| line.strip_prefix("Authorization: "));
        line.expect("a signature").trim_end().to_owned()
    };
    let lacking = |name: &str| format!("Authorization header requires '{name}' parameter.");
    let no_date = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
    let half = whole.replace("Signature=0", "");
    let dateless = whole.replace("X-Amz-Date: 20260101T000000Z\r\n", "");
    let neither = half.replace("X-Amz-Date: 20260101T000000Z\r\n", "");
    let short = whole.replace("/us-east-1/autoscaling/", "/");
    let undated = whole.replace("/20260101/", "/today/");
    let (incomplete, mismatch) = ("IncompleteSignature", "SignatureDoesNotMatch");
    for (headers, status, code, text) in [
        (&half, 400, incomplete, format!("{} Authorization={}", lacking("Signature"), header(&half))),
        (&dateless, 400, incomplete, format!("{no_date} Authorization={}", header(&dateless))),
        (
            &neither,
            400,
            incomplete,
            format!("{} {no_date} Authorization={}", lacking("Signature"), header(&neither)),
        ),
        (
            &short,
            400,
            incomplete,
            format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
                 '{CALLER}/20260101/aws4_request'"
            ),
        ),
        (
            &undated,
            403,
            mismatch,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'today'".to_owned(),
        ),
    ] {
        let (seen, body) = post_with(&simulator.endpoint(), headers, SCALING).await;
        assert_eq!((seen, error(&body)), (status, (code.to_owned(), text)), "{headers}");
    }
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
    let told = "\"message\":\"Access to the resource ";
    assert!(unsigned.contains(told) && unsigned.ends_with(" is denied.\"}"), "{unsigned}");
    let other = purge(signed("autoscaling")).await;
    assert!(other.starts_with("HTTP/1.1 403 "), "{other}");
    assert!(other.contains("com.amazon.coral.service#InvalidSignatureException"), "{other}");
    assert!(purge(signed("sqs")).await.starts_with("HTTP/1.1 200 "));
}
