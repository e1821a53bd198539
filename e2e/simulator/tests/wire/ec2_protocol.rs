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
async fn wrong_parameters_are_refused_in_ec2s_words() {
    let (simulator, _) = start().await;
    let id = run(&simulator, "").await.id;
    let long = "k".repeat(257);
    let on_it = format!("&ResourceId.1={id}&Tag.1.Key");
    let wrong = "InvalidParameterValue";
    for (form, code, message) in [
        (
            "DescribeInstances&Filter.1.Name=mood&Filter.1.Value.1=x".to_owned(),
            wrong,
            "The filter 'mood' is invalid",
        ),
        (
            format!("DescribeInstances&InstanceId.1={id}&MaxResults=5"),
            "InvalidParameterCombination",
            "The parameter instancesSet cannot be used with the parameter maxResults",
        ),
        (
            "DescribeInstances&MaxResults=4".to_owned(),
            wrong,
            "Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5.",
        ),
        (
            "DescribeInstances&NextToken=x".to_owned(),
            "InvalidNextToken",
            "The specified NextToken is not valid.",
        ),
        (
            format!("CreateTags{on_it}={}&Tag.1.Value=v", &long[..129]),
            wrong,
            "A tag key has 1 to 128 characters",
        ),
        (format!("CreateTags{on_it}=k&Tag.1.Value={long}"), wrong, "A tag value has at most 256 characters"),
        (
            format!("CreateTags{on_it}=aws:k&Tag.1.Value=v"),
            wrong,
            "Tag keys starting with 'aws:' are reserved for internal use: aws:k",
        ),
        (
            "RunInstances&ImageId=a&MinCount=0&MaxCount=1".to_owned(),
            wrong,
            "Value (0) for parameter minCount is invalid. It must be at least 1.",
        ),
        (
            "RunInstances&ImageId=a&MinCount=2&MaxCount=1".to_owned(),
            wrong,
            "Value (1) for parameter maxCount is invalid. It must not be below minCount (2).",
        ),
        (
            "RunInstances&ImageId=a&MinCount=1&MaxCount=5001".to_owned(),
            "InstanceLimitExceeded",
            "MaxCount 5001 is above 5000, the simulator's limit",
        ),
        (
            "DescribeAvailabilityZones&ZoneName.1=mars-1a".to_owned(),
            wrong,
            "Invalid availability zone: [mars-1a]",
        ),
        ("DescribeRegions&RegionName.1=mars-1".to_owned(), wrong, "Invalid region name: mars-1"),
    ] {
        let form = format!("Action={form}");
        assert_eq!(ec2(&simulator, &form).await, (400, refusal(code, message)), "{form}");
    }
}

#[tokio::test]
async fn faults_speak_ec2_and_calls_are_counted_by_their_name() {
    let (simulator, _) = start().await;
    for (fault, status, code, message) in [
        (Fault::Throttle { share: 1.0 }, 503, "RequestLimitExceeded", "Request limit exceeded."),
        (Fault::Deny, 403, "UnauthorizedOperation", "You are not authorized to perform this operation."),
        (
            Fault::Fail { status: 500, code: "InternalError".into() },
            500,
            "InternalError",
            "Failed on purpose",
        ),
    ] {
        simulator.fault("DescribeInstances", fault);
        let (seen, body) = ec2(&simulator, "Action=DescribeInstances").await;
        assert_eq!(seen, status);
        assert_eq!(body, refusal(code, message));
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
