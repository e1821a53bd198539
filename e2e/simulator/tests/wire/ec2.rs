//! EC2's answers, compared as a whole.

use std::time::Duration;

use aws_simulator::{InstanceInfo, Options, Simulator};

use crate::bed::{ask, group, only, start};
use crate::ec2_bed::{answer, ec2, flat, reach, run};

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
