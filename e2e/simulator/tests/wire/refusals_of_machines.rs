//! Every refusal of EC2 that is about machines, their tags and what they stand on.

use crate::bed::{raw, signed, split, start};
use crate::refusal_bed::{all, members, refused, step};
use crate::wrong_requests::error;

#[tokio::test]
async fn of_machines() {
    let run = "ec2 RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1";
    all(&[
        (
            &[run, "ec2 StopInstances&InstanceId.1=$ID&Hibernate=true"],
            "UnsupportedHibernationConfiguration",
            "The instance '$ID' was not launched with hibernation enabled.",
        ),
        (&["ec2 CreateTags&ResourceId.1=vol-1&Tag.1.Key=a"], "InvalidID", "The ID 'vol-1' is not valid"),
        (
            &["ec2 DescribeImages&ImageId.1=i-1"],
            "InvalidAMIID.Malformed",
            "Invalid id: \"i-1\" (expecting \"ami-...\")",
        ),
        (
            &["ec2 DescribeSubnets&SubnetId.1=subnet-1"],
            "InvalidSubnetID.NotFound",
            "The subnet ID 'subnet-1' does not exist",
        ),
        (&["ec2 DescribeVpcs&VpcId.1=vpc-1"], "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist"),
    ])
    .await;
}

#[tokio::test]
async fn of_too_many_tags() {
    let tags = members(51, |n| format!("&Tag.{n}.Key=k{n}"));
    let steps = [
        "ec2 RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1",
        &format!("ec2 CreateTags&ResourceId.1=$ID{tags}"),
    ];
    refused(&steps, "TagLimitExceeded", "More than 50 tags specified for a resource").await;
}

#[tokio::test]
async fn of_a_version_that_is_not_there() {
    let form = "ec2 CreateLaunchTemplate&LaunchTemplateName=base&LaunchTemplateData.ImageId=ami-1";
    let (simulator, _) = start().await;
    let (_, body) = step(&simulator, form).await;
    let id =
        body.split_once("<launchTemplateId>").and_then(|(_, rest)| rest.split_once('<')).expect("an id").0;
    let text = format!("Could not find the specified version 7 for the launch template with ID {id}.");
    for asked in [
        "ec2 DescribeLaunchTemplateVersions&LaunchTemplateName=base&LaunchTemplateVersion.1=7",
        "ec2 CreateLaunchTemplateVersion&LaunchTemplateName=base&SourceVersion=7&LaunchTemplateData.ImageId=ami-2",
        "ec2 ModifyLaunchTemplate&LaunchTemplateName=base&SetDefaultVersion=7",
    ] {
        let (status, body) = step(&simulator, asked).await;
        let expected = (400, ("InvalidLaunchTemplateId.VersionNotFound".to_owned(), text.clone()));
        assert_eq!((status, error(&body)), expected, "{asked}");
    }
}

#[tokio::test]
async fn of_a_version_of_the_api_that_is_not_spoken() {
    let (simulator, _) = start().await;
    let asked = "Action=DescribeInstances&Version=2006-01-01";
    let (headers, length) = (signed("ec2"), asked.len());
    let request = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{asked}"
    );
    let (status, body) = split(&raw(&simulator.endpoint(), request).await.expect("an answer"));
    let text = "The requested version (2006-01-01) of service AmazonEC2 does not exist";
    assert_eq!((status, error(&body)), (400, ("NoSuchVersion".to_owned(), text.to_owned())));
}
