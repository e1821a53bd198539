//! Instance types, images, subnets and networks by hand-written requests.

use aws_simulator::Simulator;

use crate::bed::{group, only, post, start};

async fn ec2(simulator: &Simulator, form: &str) -> (u16, String) {
    post(&simulator.endpoint(), format!("{form}&Version=2016-11-15").as_bytes()).await
}

fn text<'a>(xml: &'a str, name: &str) -> &'a str {
    let rest = xml.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
    rest.split_once(&format!("</{name}>")).map_or("", |(text, _)| text)
}

#[tokio::test]
async fn what_a_member_is_made_of_and_where_it_is_can_be_looked_up() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let member = only(&simulator, "InService").await;
    let (_, machine) = ec2(&simulator, &format!("Action=DescribeInstances&InstanceId.1={}", member.id)).await;
    let kind = format!("Action=DescribeInstanceTypes&InstanceType.1={}", text(&machine, "instanceType"));
    let (_, kind) = ec2(&simulator, &kind).await;
    assert_eq!((text(&kind, "defaultVCpus"), text(&kind, "sizeInMiB")), ("2", "4096"));
    assert_eq!(
        (text(&kind, "maximumNetworkInterfaces"), text(&kind, "ipv4AddressesPerInterface")),
        ("3", "6")
    );
    assert_eq!(text(&kind, "hibernationSupported"), "true");
    let image = text(&machine, "imageId");
    let (_, images) = ec2(&simulator, "Action=DescribeImages").await;
    assert_eq!((text(&images, "imageId"), text(&images, "imageState")), (image, "available"));
    let subnet = format!("Action=DescribeSubnets&SubnetId.1={}", text(&machine, "subnetId"));
    let (_, subnet) = ec2(&simulator, &subnet).await;
    assert_eq!(text(&subnet, "availabilityZone"), member.zone);
    let vpc = format!("Action=DescribeVpcs&VpcId.1={}", text(&subnet, "vpcId"));
    let (_, vpc) = ec2(&simulator, &vpc).await;
    assert_eq!((text(&vpc, "vpcId"), text(&vpc, "isDefault")), (text(&machine, "vpcId"), "true"));
}

#[tokio::test]
async fn lists_are_narrowed_by_filters_and_pages() {
    let (simulator, _) = start().await;
    let count = |xml: &str, name: &str| xml.matches(&format!("<{name}>")).count();
    for (form, name, expected) in [
        ("DescribeInstanceTypes&Filter.1.Name=instance-type&Filter.1.Value.1=m5.*large", "instanceType", 7),
        (
            "DescribeInstanceTypes&Filter.1.Name=hibernation-supported&Filter.1.Value.1=false",
            "instanceType",
            3,
        ),
        ("DescribeInstanceTypes&MaxResults=7", "instanceType", 7),
        ("DescribeSubnets", "subnetId", 6),
        ("DescribeSubnets&Filter.1.Name=availability-zone&Filter.1.Value.1=us-east-1b", "subnetId", 1),
        ("DescribeSubnets&Filter.1.Name=tag:team&Filter.1.Value.1=x", "subnetId", 0),
        ("DescribeVpcs&Filter.1.Name=is-default&Filter.1.Value.1=false", "vpcId", 0),
        ("DescribeVpcs", "vpcId", 1),
        ("DescribeImages&ImageId.1=ami-1&ImageId.2=ami-2", "imageId", 2),
        ("DescribeImages&Filter.1.Name=state&Filter.1.Value.1=pending", "imageId", 0),
    ] {
        let (status, body) = ec2(&simulator, &format!("Action={form}")).await;
        assert_eq!((status, count(&body, name)), (200, expected), "{form}: {body}");
    }
    for (form, code) in [
        ("DescribeInstanceTypes&InstanceType.1=m5.tiny", "InvalidInstanceType"),
        ("DescribeSubnets&SubnetId.1=subnet-1", "InvalidSubnetID.NotFound"),
        ("DescribeVpcs&VpcId.1=vpc-1", "InvalidVpcID.NotFound"),
        ("DescribeImages&ImageId.1=one", "InvalidAMIID.Malformed"),
        ("DescribeVpcs&Filter.1.Name=colour&Filter.1.Value.1=red", "InvalidParameterValue"),
    ] {
        let (status, body) = ec2(&simulator, &format!("Action={form}")).await;
        assert_eq!((status, text(&body, "Code")), (400, code), "{form}");
    }
}
