//! EC2 by hand-written requests, answers compared as a whole.

use std::time::Duration;

use aws_simulator::{Fault, InstanceInfo, Options, Simulator};

use crate::bed::{ask, group, only, post, start};

/// A form to EC2, with the id of the request and all times taken out of the answer.
async fn ec2(simulator: &Simulator, form: &str) -> (u16, String) {
    let (status, body) = post(&simulator.endpoint(), format!("{form}&Version=2016-11-15").as_bytes()).await;
    let body = body.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a prolog");
    let body = blank(&blank(body, "requestId"), "RequestID");
    (status, blank(&blank(&body, "launchTime"), "reason"))
}

/// Takes the text out of every element of this name, unless it is empty.
fn blank(xml: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut parts = xml.split(open.as_str());
    let mut blanked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (text, rest) = part.split_once(close.as_str()).expect("an end");
        let mark = if text.is_empty() { "" } else { "…" };
        blanked.extend([open.as_str(), mark, close.as_str(), rest]);
    }
    blanked
}

/// An answer to an operation, with what stands between its request id and its end.
fn answer(operation: &str, inside: &str) -> String {
    let namespace = "http://ec2.amazonaws.com/doc/2016-11-15/";
    format!(
        "<{operation}Response xmlns=\"{namespace}\"><requestId>…</requestId>{inside}</{operation}Response>"
    )
}

fn refusal(code: &str, message: &str) -> String {
    format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
         <RequestID>…</RequestID></Response>"
    )
}

/// A pretty text as one line.
fn flat(text: &str) -> String {
    text.lines().map(str::trim).collect()
}

async fn run(simulator: &Simulator, form: &str) -> InstanceInfo {
    let (status, body) =
        ec2(simulator, &format!("Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1{form}")).await;
    assert_eq!(status, 200, "{body}");
    let found = simulator.instances().into_iter().find(|info| body.contains(&info.id));
    found.expect("a machine")
}

/// Waits until the machine answers to EC2 as wished.
async fn reach(simulator: &Simulator, id: &str, state: &str) {
    let form = format!(
        "Action=DescribeInstances&InstanceId.1={id}&Filter.1.Name=instance-state-name&Filter.1.Value.1={state}"
    );
    let found = async {
        while !ec2(simulator, &form).await.1.contains(id) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::bed::PATIENCE, found).await.expect("in time");
}

#[tokio::test]
async fn a_machine_is_described_with_all_its_elements() {
    let (simulator, _) = start().await;
    let machine = run(
        &simulator,
        "&InstanceType=m5.large&KeyName=mine&SubnetId=subnet-1&InstanceMarketOptions.MarketType=spot\
         &Placement.AvailabilityZone=us-east-1b&HibernationOptions.Configured=true&ClientToken=once\
         &MetadataOptions.HttpTokens=optional&TagSpecification.1.ResourceType=instance\
         &TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=a+%26+b",
    )
    .await;
    reach(&simulator, &machine.id, "running").await;
    let (status, body) =
        ec2(&simulator, &format!("Action=DescribeInstances&InstanceId.1={}", machine.id)).await;
    let expected = flat(
        "<reservationSet><item>
           <reservationId>RESERVATION</reservationId><ownerId>000000000000</ownerId><groupSet></groupSet>
           <instancesSet><item>
             <instanceId>ID</instanceId><imageId>ami-1</imageId>
             <instanceState><code>16</code><name>running</name></instanceState>
             <privateDnsName>ip-10-0-0-4.ec2.internal</privateDnsName><dnsName></dnsName><reason></reason>
             <keyName>mine</keyName><amiLaunchIndex>0</amiLaunchIndex><productCodes></productCodes>
             <instanceType>m5.large</instanceType><launchTime>…</launchTime>
             <placement><availabilityZone>us-east-1b</availabilityZone><groupName></groupName>
               <tenancy>default</tenancy></placement>
             <monitoring><state>disabled</state></monitoring>
             <subnetId>subnet-1</subnetId><vpcId>vpc-0123456789abcdef0</vpcId>
             <privateIpAddress>10.0.0.4</privateIpAddress><sourceDestCheck>true</sourceDestCheck>
             <groupSet><item><groupId>sg-0123456789abcdef0</groupId><groupName>default</groupName></item></groupSet>
             <architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType>
             <rootDeviceName>/dev/xvda</rootDeviceName><blockDeviceMapping></blockDeviceMapping>
             <virtualizationType>hvm</virtualizationType><clientToken>once</clientToken>
             <instanceLifecycle>spot</instanceLifecycle>
             <tagSet><item><key>Name</key><value>a &amp; b</value></item></tagSet>
             <hypervisor>xen</hypervisor><networkInterfaceSet></networkInterfaceSet>
             <ebsOptimized>false</ebsOptimized><enaSupport>true</enaSupport>
             <hibernationOptions><configured>true</configured></hibernationOptions>
             <metadataOptions><state>applied</state><httpTokens>optional</httpTokens>
               <httpPutResponseHopLimit>1</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint>
               <httpProtocolIpv6>disabled</httpProtocolIpv6>
               <instanceMetadataTags>enabled</instanceMetadataTags></metadataOptions>
             <platformDetails>Linux/UNIX</platformDetails>
           </item></instancesSet>
         </item></reservationSet>",
    );
    let expected = expected
        .replace("RESERVATION", &machine.id.replacen("i-", "r-", 1))
        .replace("ID<", &format!("{}<", machine.id));
    assert_eq!((status, body), (200, answer("DescribeInstances", &expected)));
}

#[tokio::test]
async fn changes_of_power_tell_the_state_before_and_after() {
    let (simulator, _) = start().await;
    let machine = run(&simulator, "").await;
    let id = machine.id.as_str();
    let change = |current: (u16, &str), previous: (u16, &str)| {
        format!(
            "<instancesSet><item><instanceId>{id}</instanceId>\
             <currentState><code>{}</code><name>{}</name></currentState>\
             <previousState><code>{}</code><name>{}</name></previousState></item></instancesSet>",
            current.0, current.1, previous.0, previous.1
        )
    };
    for (operation, before, previous, current) in [
        ("StopInstances", "running", (16, "running"), (64, "stopping")),
        ("StartInstances", "stopped", (80, "stopped"), (0, "pending")),
        ("TerminateInstances", "running", (16, "running"), (32, "shutting-down")),
    ] {
        reach(&simulator, id, before).await;
        let (status, body) = ec2(&simulator, &format!("Action={operation}&InstanceId.1={id}")).await;
        assert_eq!((status, body), (200, answer(operation, &change(current, previous))));
    }
    reach(&simulator, id, "terminated").await;
    let (_, body) = ec2(&simulator, &format!("Action=DescribeInstances&InstanceId.1={id}")).await;
    assert!(
        body.contains("<privateDnsName></privateDnsName>") && !body.contains("privateIpAddress"),
        "{body}"
    );
    assert!(body.contains("<reason>…</reason>"), "{body}");
    let reason = "<stateReason><code>Client.UserInitiatedShutdown</code>\
                  <message>Client.UserInitiatedShutdown: User initiated shutdown</message></stateReason>";
    assert!(body.contains(reason), "{body}");
}

#[tokio::test]
async fn status_tags_and_options_have_their_shapes() {
    let (simulator, _) = start().await;
    let machine = run(&simulator, "").await;
    let id = machine.id.as_str();
    let form = format!("Action=DescribeInstanceStatus&InstanceId.1={id}&IncludeAllInstances=true");
    let (_, body) = ec2(&simulator, &form).await;
    let checks = "<systemStatus><status>not-applicable</status></systemStatus>\
                  <instanceStatus><status>not-applicable</status></instanceStatus>";
    let expected = format!(
        "<instanceStatusSet><item><instanceId>{id}</instanceId><availabilityZone>us-east-1a</availabilityZone>\
         <instanceState><code>0</code><name>pending</name></instanceState>{checks}</item></instanceStatusSet>"
    );
    assert_eq!(body, answer("DescribeInstanceStatus", &expected));
    let form = format!("Action=CreateTags&ResourceId.1={id}&Tag.1.Key=k&Tag.1.Value=v");
    assert_eq!(ec2(&simulator, &form).await, (200, answer("CreateTags", "<return>true</return>")));
    let (_, body) = ec2(&simulator, "Action=DescribeTags").await;
    let expected = format!(
        "<tagSet><item><resourceId>{id}</resourceId><resourceType>instance</resourceType><key>k</key>\
         <value>v</value></item></tagSet>"
    );
    assert_eq!(body, answer("DescribeTags", &expected));
    let form = format!("Action=ModifyInstanceMetadataOptions&InstanceId={id}&HttpEndpoint=disabled");
    let (_, body) = ec2(&simulator, &form).await;
    let expected = format!(
        "<instanceId>{id}</instanceId><instanceMetadataOptions><state>applied</state>\
         <httpTokens>required</httpTokens><httpPutResponseHopLimit>1</httpPutResponseHopLimit>\
         <httpEndpoint>disabled</httpEndpoint><httpProtocolIpv6>disabled</httpProtocolIpv6>\
         <instanceMetadataTags>enabled</instanceMetadataTags></instanceMetadataOptions>"
    );
    assert_eq!(body, answer("ModifyInstanceMetadataOptions", &expected));
    // The metadata service goes by it.
    assert_eq!(ask(&machine.imds_endpoint, "GET", "/latest/meta-data/instance-id", &[]).await.0, 403);
}

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
    let (status, body) = ask(&endpoint, "GET", "/?Action=DescribeInstances&Version=2016-11-15", &[]).await;
    assert_eq!(status, 200);
    assert!(body.contains("<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com"), "{body}");
    let signature = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/ec2/aws4_request, Signature=0";
    let (status, body) =
        ask(&endpoint, "GET", "/?Action=DescribeInstances", &[("Authorization", signature)]).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(simulator.calls().last().map(|call| call.caller.clone()), Some("AKID".to_owned()));
    let (_, body) = ask(&endpoint, "GET", "/?Action=DescribeInstances", &[]).await;
    assert!(body.contains("<ErrorResponse"), "{body}");
    group(&client, 0).await;
}

#[tokio::test]
async fn a_member_terminated_by_hand_is_replaced_and_its_metadata_service_gone() {
    let options = Options { health_check_time: Duration::from_millis(50), ..Options::default() };
    let simulator = Simulator::start(options).await.expect("a simulator");
    let client = crate::bed::client(&simulator.endpoint());
    group(&client, 1).await;
    let first = only(&simulator, "InService").await;
    ec2(&simulator, &format!("Action=TerminateInstances&InstanceId.1={}", first.id)).await;
    let replaced = |all: &[InstanceInfo]| {
        all.len() == 1 && all[0].id != first.id && all[0].lifecycle_state == "InService"
    };
    simulator.wait_until("another took its place", crate::bed::PATIENCE, replaced).await.expect("in time");
    assert_eq!(simulator.instance(&first.id).map(|info| info.lifecycle_state).as_deref(), Some("Terminated"));
    let refused = tokio::task::spawn_blocking(move || {
        std::net::TcpStream::connect(first.imds_endpoint.trim_start_matches("http://")).is_err()
    });
    assert!(refused.await.expect("no panic"));
}

#[tokio::test]
async fn the_metadata_service_tells_the_same_of_a_machine_as_ec2() {
    let (simulator, _) = start().await;
    let machine = run(
        &simulator,
        "&InstanceType=m5.large&InstanceMarketOptions.MarketType=spot\
                                  &MetadataOptions.HttpTokens=optional",
    )
    .await;
    for (path, expected) in [
        ("instance-type", "m5.large"),
        ("ami-id", "ami-1"),
        ("instance-life-cycle", "spot"),
        ("local-ipv4", "10.0.0.4"),
        ("local-hostname", "ip-10-0-0-4.ec2.internal"),
        ("reservation-id", &machine.id.replacen("i-", "r-", 1)),
    ] {
        let (status, text) =
            ask(&machine.imds_endpoint, "GET", &format!("/latest/meta-data/{path}"), &[]).await;
        assert_eq!((status, text.as_str()), (200, expected), "{path}");
    }
}
