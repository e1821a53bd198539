//! How EC2 refuses and fails, and what else reaches it.

use aws_simulator::Fault;

use crate::bed::{ask, group, start};
use crate::ec2_bed::{ec2, reach, refusal, run};

#[tokio::test]
async fn refusals_have_ec2s_shape_status_and_codes() {
    let (simulator, _) = start().await;
    let machine = run(&simulator, "").await;
    let id = machine.id.as_str();
    for (form, status, code, message) in [
        (
            "Action=DanceInCircles",
            400,
            "InvalidAction",
            "The action DanceInCircles is not valid for this web service.",
        ),
        ("Action=TerminateInstances", 400, "InvalidParameterCombination", "No instances specified"),
        (
            "Action=DescribeInstances&InstanceId.1=i-00000000000000001",
            400,
            "InvalidInstanceID.NotFound",
            "The instance ID 'i-00000000000000001' does not exist",
        ),
        (
            "Action=DescribeInstances&InstanceId.1=i-1",
            400,
            "InvalidInstanceID.Malformed",
            "Invalid id: &quot;i-1&quot;",
        ),
        (
            "Action=RunInstances&MinCount=1&MaxCount=1",
            400,
            "MissingParameter",
            "The request must contain the parameter ImageId",
        ),
        (
            "Action=DescribeInstances&DryRun=true",
            412,
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
        ),
    ] {
        assert_eq!(ec2(&simulator, form).await, (status, refusal(code, message)), "{form}");
    }
    let form = format!("Action=TerminateInstances&InstanceId.1={id}&DryRun=true");
    assert_eq!(ec2(&simulator, &form).await.0, 412);
    reach(&simulator, id, "running").await;
}

#[tokio::test]
async fn faults_speak_ec2_and_calls_are_counted_by_their_name() {
    let (simulator, _) = start().await;
    for (fault, status, code) in [
        (Fault::Throttle { share: 1.0 }, 503, "RequestLimitExceeded"),
        (Fault::Deny, 403, "UnauthorizedOperation"),
        (Fault::Fail { status: 500, code: "InternalError".into() }, 500, "InternalError"),
    ] {
        simulator.fault("DescribeInstances", fault);
        let (seen, body) = ec2(&simulator, "Action=DescribeInstances").await;
        assert_eq!(seen, status);
        assert!(body.starts_with(&format!("<Response><Errors><Error><Code>{code}</Code>")), "{body}");
        assert_eq!(ec2(&simulator, "Action=DescribeTags").await.0, 200, "another operation is well");
        simulator.clear_faults();
    }
    assert_eq!(ec2(&simulator, "Action=DescribeInstances").await.0, 200);
    let seen: Vec<_> = simulator
        .calls()
        .into_iter()
        .filter(|call| call.operation == "DescribeInstances")
        .map(|call| (call.status, call.error))
        .collect();
    let codes = [
        (503, Some("RequestLimitExceeded".to_owned())),
        (403, Some("UnauthorizedOperation".to_owned())),
        (500, Some("InternalError".to_owned())),
        (200, None),
    ];
    assert_eq!(seen, codes);
}

#[tokio::test]
async fn a_get_and_a_signature_without_a_version_reach_ec2_and_auto_scaling_stays_itself() {
    let (simulator, client) = start().await;
    let endpoint = simulator.endpoint();
    let signature = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, \
                     Signature=0";
    let signed = [("Authorization", signature), ("X-Amz-Date", "20260101T000000Z")];
    let (status, body) =
        ask(&endpoint, "GET", "/?Action=DescribeInstances&Version=2016-11-15", &signed).await;
    assert_eq!(status, 200);
    assert!(body.contains("<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com"), "{body}");
    let (status, body) = ask(&endpoint, "GET", "/?Action=DescribeInstances", &signed).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(simulator.calls().last().map(|call| call.caller.clone()), Some("AKID".to_owned()));
    let (_, body) = ask(&endpoint, "GET", "/?Action=DescribeInstances", &[]).await;
    assert!(body.contains("<ErrorResponse"), "{body}");
    group(&client, 0).await;
}
