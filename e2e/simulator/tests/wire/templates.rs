//! Launch templates by hand-written requests, and what groups launch from them.

use aws_sdk_autoscaling::types::LaunchTemplateSpecification;
use aws_simulator::Simulator;

use crate::bed::{only, post, start, zoned_group};

/// A form to EC2; status and body.
async fn ec2(simulator: &Simulator, form: &str) -> (u16, String) {
    post(&simulator.endpoint(), format!("{form}&Version=2016-11-15").as_bytes()).await
}

/// The texts of all elements of this name.
fn texts<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(open.as_str())
        .skip(1)
        .filter_map(|rest| rest.split_once(close.as_str()))
        .map(|(text, _)| text)
        .collect()
}

const CREATE: &str = "Action=CreateLaunchTemplate&LaunchTemplateName=base&VersionDescription=first\
    &LaunchTemplateData.ImageId=ami-0aaaaaaaaaaaaaaaa&LaunchTemplateData.InstanceType=m5.large\
    &LaunchTemplateData.SecurityGroupId.1=sg-1&LaunchTemplateData.SecurityGroupId.2=sg-2\
    &LaunchTemplateData.BlockDeviceMapping.1.DeviceName=/dev/xvda&LaunchTemplateData.BlockDeviceMapping.1.Ebs.VolumeSize=20\
    &LaunchTemplateData.NetworkInterface.1.DeviceIndex=0&LaunchTemplateData.NetworkInterface.1.SecurityGroupId.1=sg-3\
    &TagSpecification.1.ResourceType=launch-template&TagSpecification.1.Tag.1.Key=team&TagSpecification.1.Tag.1.Value=x";

#[tokio::test]
async fn a_template_comes_back_as_it_was_made_and_its_versions_build_on_each_other() {
    let (simulator, _) = start().await;
    let (status, made) = ec2(&simulator, CREATE).await;
    assert_eq!(status, 200, "{made}");
    let id = texts(&made, "launchTemplateId")[0].to_owned();
    assert!(id.starts_with("lt-0") && id.len() == 20, "{id}");
    assert_eq!(
        (texts(&made, "defaultVersionNumber"), texts(&made, "latestVersionNumber")),
        (vec!["1"], vec!["1"])
    );
    assert!(made.contains("<tagSet><item><key>team</key><value>x</value></item></tagSet>"), "{made}");

    let form = format!(
        "Action=CreateLaunchTemplateVersion&LaunchTemplateId={id}&SourceVersion=$Latest&VersionDescription=second\
         &LaunchTemplateData.InstanceType=m5.xlarge"
    );
    let (_, second) = ec2(&simulator, &form).await;
    assert_eq!(
        (texts(&second, "versionNumber"), texts(&second, "defaultVersion")),
        (vec!["2"], vec!["false"])
    );
    assert_eq!(texts(&second, "imageId"), ["ami-0aaaaaaaaaaaaaaaa"], "the source's");
    assert_eq!(texts(&second, "instanceType"), ["m5.xlarge"], "its own");
    for part in [
        "<securityGroupIdSet><item>sg-1</item><item>sg-2</item></securityGroupIdSet>",
        "<blockDeviceMappingSet><item><deviceName>/dev/xvda</deviceName><ebs><volumeSize>20</volumeSize></ebs></item></blockDeviceMappingSet>",
        "<groupSet><item>sg-3</item></groupSet>",
    ] {
        assert!(second.contains(part), "{part} in {second}");
    }

    let set = "Action=ModifyLaunchTemplate&LaunchTemplateName=base&SetDefaultVersion=2";
    let (_, modified) = ec2(&simulator, set).await;
    assert_eq!(texts(&modified, "defaultVersionNumber"), ["2"]);
    let versions =
        |what: &str| format!("Action=DescribeLaunchTemplateVersions&LaunchTemplateName=base{what}");
    for (what, expected) in [
        ("", vec!["2", "1"]),
        ("&LaunchTemplateVersion.1=1", vec!["1"]),
        ("&LaunchTemplateVersion.1=$Default", vec!["2"]),
        ("&MaxVersion=1", vec!["1"]),
        ("&Filter.1.Name=instance-type&Filter.1.Value.1=m5.x*", vec!["2"]),
        ("&Filter.1.Name=is-default-version&Filter.1.Value.1=false", vec!["1"]),
        ("&MaxResults=1", vec!["2"]),
    ] {
        let (_, listed) = ec2(&simulator, &versions(what)).await;
        assert_eq!(texts(&listed, "versionNumber"), expected, "{what}");
    }
    let (_, first) = ec2(&simulator, &versions("&MaxResults=1")).await;
    let token = texts(&first, "nextToken")[0].to_owned();
    let (_, rest) = ec2(&simulator, &versions(&format!("&MaxResults=1&NextToken={token}"))).await;
    assert_eq!((texts(&rest, "versionNumber"), texts(&rest, "nextToken").len()), (vec!["1"], 0));

    let (_, gone) = ec2(&simulator, &format!("Action=DeleteLaunchTemplate&LaunchTemplateId={id}")).await;
    assert_eq!(texts(&gone, "launchTemplateName"), ["base"]);
    let (_, none) = ec2(&simulator, "Action=DescribeLaunchTemplates").await;
    assert!(none.contains("<launchTemplates></launchTemplates>"), "{none}");
}

#[tokio::test]
async fn what_is_wrong_with_a_template_is_told_in_ec2s_codes() {
    let (simulator, _) = start().await;
    ec2(&simulator, CREATE).await;
    for (form, code) in [
        (CREATE, "InvalidLaunchTemplateName.AlreadyExistsException"),
        (
            "Action=CreateLaunchTemplate&LaunchTemplateName=x!&LaunchTemplateData.ImageId=ami-1",
            "InvalidLaunchTemplateName.MalformedException",
        ),
        ("Action=CreateLaunchTemplate&LaunchTemplateName=empty", "MissingParameter"),
        ("Action=CreateLaunchTemplate&LaunchTemplateData.ImageId=ami-1", "MissingParameter"),
        (
            "Action=DeleteLaunchTemplate&LaunchTemplateName=other",
            "InvalidLaunchTemplateName.NotFoundException",
        ),
        (
            "Action=DeleteLaunchTemplate&LaunchTemplateId=lt-0123456789abcdef0",
            "InvalidLaunchTemplateId.NotFound",
        ),
        ("Action=DeleteLaunchTemplate&LaunchTemplateId=i-1", "InvalidLaunchTemplateId.Malformed"),
        ("Action=DeleteLaunchTemplate", "MissingParameter"),
        (
            "Action=DeleteLaunchTemplate&LaunchTemplateId=lt-1&LaunchTemplateName=base",
            "InvalidParameterCombination",
        ),
        (
            "Action=ModifyLaunchTemplate&LaunchTemplateName=base&SetDefaultVersion=7",
            "InvalidLaunchTemplateId.VersionNotFound",
        ),
        ("Action=DescribeLaunchTemplateVersions", "MissingParameter"),
        (
            "Action=DescribeLaunchTemplateVersions&LaunchTemplateName=base&LaunchTemplateVersion.1=9",
            "InvalidLaunchTemplateId.VersionNotFound",
        ),
        ("Action=DescribeLaunchTemplates&Filter.1.Name=colour&Filter.1.Value.1=red", "InvalidParameterValue"),
    ] {
        let (status, body) = ec2(&simulator, form).await;
        assert_eq!((status, texts(&body, "Code")), (400, vec![code]), "{form}");
    }
}

#[tokio::test]
async fn a_group_launches_what_the_template_says_in_the_version_it_names() {
    let (simulator, client) = start().await;
    ec2(&simulator, CREATE).await;
    let add = "Action=CreateLaunchTemplateVersion&LaunchTemplateName=base&SourceVersion=1&LaunchTemplateData.InstanceType=c5.xlarge";
    ec2(&simulator, add).await;
    for (version, expected) in [("1", "m5.large"), ("$Latest", "c5.xlarge"), ("$Default", "m5.large")] {
        let template =
            LaunchTemplateSpecification::builder().launch_template_name("base").version(version).build();
        let group = zoned_group(&client, "g").min_size(1).max_size(1).launch_template(template);
        group.send().await.expect("a group");
        let id = only(&simulator, "InService").await.id;
        let (_, machine) = ec2(&simulator, &format!("Action=DescribeInstances&InstanceId.1={id}")).await;
        assert_eq!(texts(&machine, "instanceType"), [expected], "{version}");
        assert_eq!(texts(&machine, "imageId"), ["ami-0aaaaaaaaaaaaaaaa"], "{version}");
        let delete = client.delete_auto_scaling_group().auto_scaling_group_name("g").force_delete(true);
        delete.send().await.expect("a deletion");
        simulator.wait_until("it is gone", crate::bed::PATIENCE, <[_]>::is_empty).await.expect("in time");
    }
}

#[tokio::test]
async fn an_instance_tells_the_versions_number_and_carries_the_templates_tags_and_options() {
    let (simulator, client) = start().await;
    let create = "Action=CreateLaunchTemplate&LaunchTemplateName=tagged&LaunchTemplateData.MetadataOptions.HttpTokens=optional\
        &LaunchTemplateData.TagSpecification.1.ResourceType=instance&LaunchTemplateData.TagSpecification.1.Tag.1.Key=team\
        &LaunchTemplateData.TagSpecification.1.Tag.1.Value=x&LaunchTemplateData.TagSpecification.1.Tag.2.Key=owner\
        &LaunchTemplateData.TagSpecification.1.Tag.2.Value=template&LaunchTemplateData.TagSpecification.2.ResourceType=volume\
        &LaunchTemplateData.TagSpecification.2.Tag.1.Key=disk&LaunchTemplateData.TagSpecification.2.Tag.1.Value=y";
    let (_, made) = ec2(&simulator, create).await;
    let template = texts(&made, "launchTemplateId")[0].to_owned();
    let latest =
        LaunchTemplateSpecification::builder().launch_template_id(&template).version("$Latest").build();
    let owner = aws_sdk_autoscaling::types::Tag::builder()
        .key("owner")
        .value("group")
        .propagate_at_launch(true)
        .build();
    let group = zoned_group(&client, "g").min_size(1).max_size(1).launch_template(latest).tags(owner);
    group.send().await.expect("a group");
    let first = only(&simulator, "InService").await.id;
    let (_, machine) = ec2(&simulator, &format!("Action=DescribeInstances&InstanceId.1={first}")).await;
    for part in [
        "<key>team</key><value>x</value>",
        "<key>owner</key><value>group</value>",
        &format!("<key>aws:ec2launchtemplate:id</key><value>{template}</value>"),
        "<key>aws:ec2launchtemplate:version</key><value>1</value>",
        "<httpTokens>optional</httpTokens>",
    ] {
        assert!(machine.contains(part), "{part} in {machine}");
    }
    assert!(!machine.contains("disk") && !machine.contains("<value>template</value>"), "{machine}");

    ec2(
        &simulator,
        "Action=CreateLaunchTemplateVersion&LaunchTemplateName=tagged&LaunchTemplateData.InstanceType=c5.xlarge",
    )
    .await;
    let told = async || {
        let all = client.describe_auto_scaling_instances().send().await.expect("instances");
        let template = all.auto_scaling_instances()[0].launch_template().expect("a template").clone();
        (template.launch_template_name.unwrap_or_default(), template.version.unwrap_or_default())
    };
    assert_eq!(told().await, ("tagged".to_owned(), "1".to_owned()), "of its own launch");
    let skip = aws_sdk_autoscaling::types::RefreshPreferences::builder()
        .skip_matching(true)
        .instance_warmup(0)
        .build();
    let refresh = client.start_instance_refresh().auto_scaling_group_name("g").preferences(skip);
    refresh.send().await.expect("a refresh");
    let replaced = |all: &[aws_simulator::InstanceInfo]| {
        all.len() == 1 && all[0].id != first && all[0].lifecycle_state == "InService"
    };
    simulator
        .wait_until("the old version is replaced", crate::bed::PATIENCE, replaced)
        .await
        .expect("in time");
    assert_eq!(told().await, ("tagged".to_owned(), "2".to_owned()));
}

#[tokio::test]
async fn a_machine_that_is_run_from_a_template_takes_what_the_request_leaves_open() {
    let (simulator, _) = start().await;
    ec2(&simulator, CREATE).await;
    let run =
        "Action=RunInstances&MinCount=1&MaxCount=1&InstanceType=t3.nano&LaunchTemplate.LaunchTemplateName=";
    let (_, known) = ec2(&simulator, &format!("{run}base")).await;
    assert_eq!(texts(&known, "imageId"), ["ami-0aaaaaaaaaaaaaaaa"]);
    assert_eq!(texts(&known, "instanceType"), ["t3.nano"], "the request goes first");
    assert!(known.contains("<key>aws:ec2launchtemplate:version</key><value>1</value>"), "{known}");
    let (_, unknown) = ec2(&simulator, &format!("{run}other")).await;
    assert!(!unknown.contains("aws:ec2launchtemplate"), "{unknown}");
}
