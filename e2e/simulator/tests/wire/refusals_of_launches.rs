//! Every refusal that is about what instances are launched from, where, and what stands before them.

use crate::refusal_bed::{CREATE, INVALID, all, members};

#[tokio::test]
async fn of_launch_configurations() {
    let create = "Action=CreateLaunchConfiguration&LaunchConfigurationName=c&ImageId=ami-1";
    let whole = format!("{create}&InstanceType=m5.large");
    let group = "Action=CreateAutoScalingGroup&AutoScalingGroupName=g&AvailabilityZones.member.1=us-east-1a\
        &LaunchConfigurationName=c&MinSize=0&MaxSize=1";
    all(&[
        (
            &[&whole, &whole],
            "AlreadyExists",
            "Launch Configuration by this name already exists - A launch configuration already exists with the name c",
        ),
        (
            &[create],
            INVALID,
            "Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.",
        ),
        (
            &[&whole, group, "Action=DeleteLaunchConfiguration&LaunchConfigurationName=c"],
            "ResourceInUse",
            "Cannot delete launch configuration c because it is attached to AutoScalingGroup g",
        ),
        (
            &["Action=DeleteLaunchConfiguration&LaunchConfigurationName=c"],
            INVALID,
            "Launch configuration name not found - Launch configuration c not found",
        ),
    ])
    .await;
}

#[tokio::test]
async fn of_launches_by_hand() {
    let launch = "LaunchInstances&ClientToken=t&RequestedCapacity=1";
    let in_zone = format!("{launch}&AvailabilityZones.member.1=us-east-1a");
    let elsewhere = format!("{launch}&AvailabilityZones.member.1=us-east-1b");
    let twice = format!("{in_zone}&AvailabilityZoneIds.member.1=use1-az6");
    let two = in_zone.replace("Capacity=1", "Capacity=2");
    let none = in_zone.replace("Capacity=1", "Capacity=0");
    let beyond = in_zone.replace("Capacity=1", "Capacity=3");
    let wide = format!("{CREATE}&MinSize=0&MaxSize=2&AvailabilityZones.member.2=us-east-1b");
    all(&[
        (
            &["g 0", &in_zone, &two],
            "IdempotentParameterMismatch",
            "The ClientToken t was used with other parameters",
        ),
        (&["g 0", &none], INVALID, "RequestedCapacity must be between 1 and 100"),
        (
            &["g 0", &beyond],
            INVALID,
            "Launching 3 instances would exceed the max size 2 of AutoScalingGroup g",
        ),
        (
            &[&wide, launch],
            INVALID,
            "Either AvailabilityZones or SubnetIds must be specified for a group of several Availability Zones",
        ),
        (
            &["g 0", &elsewhere],
            INVALID,
            "The specified Availability Zone or subnet is not one of AutoScalingGroup g",
        ),
        (&["g 0", &twice], INVALID, "You cannot specify both AvailabilityZones and AvailabilityZoneIds"),
        (
            &["g 0", "SuspendProcesses&ScalingProcesses.member.1=Launch", &in_zone],
            INVALID,
            "The Launch process is suspended for AutoScalingGroup g. Resume it and try again.",
        ),
    ])
    .await;
}

#[tokio::test]
async fn of_templates() {
    let create = "ec2 CreateLaunchTemplate&LaunchTemplateName=base&LaunchTemplateData.ImageId=ami-1";
    all(&[
        (
            &[create, create],
            "InvalidLaunchTemplateName.AlreadyExistsException",
            "Launch template name already in use.",
        ),
        (
            &[&create.replace("base", "b!")],
            "InvalidLaunchTemplateName.MalformedException",
            "Launch template name 'b!' is not valid",
        ),
        (
            &[&format!("{create}&TagSpecification.1.ResourceType=instance")],
            "InvalidParameterValue",
            "A launch template is tagged with the resource type launch-template",
        ),
        (
            &["ec2 DeleteLaunchTemplate&LaunchTemplateName=no"],
            "InvalidLaunchTemplateName.NotFoundException",
            "At least one of the launch templates specified in the request does not exist.",
        ),
        (
            &["ec2 DeleteLaunchTemplate&LaunchTemplateId=lt-0123456789abcdef0"],
            "InvalidLaunchTemplateId.NotFound",
            "The specified launch template, with template ID lt-0123456789abcdef0, does not exist.",
        ),
        (
            &["ec2 DeleteLaunchTemplate&LaunchTemplateId=i-1"],
            "InvalidLaunchTemplateId.Malformed",
            "Invalid id: \"i-1\" (expecting \"lt-...\")",
        ),
        (
            &["ec2 DeleteLaunchTemplate"],
            "MissingParameter",
            "Either a launch template ID or a launch template name must be specified in the request.",
        ),
        (
            &["ec2 DeleteLaunchTemplate&LaunchTemplateId=lt-1&LaunchTemplateName=base"],
            "InvalidParameterCombination",
            "You cannot specify both a launch template ID and a launch template name in the request.",
        ),
        (
            &[create, "ec2 DescribeLaunchTemplates&MaxResults=500"],
            "InvalidParameterValue",
            "Value ( 500 ) for parameter MaxResults is invalid. Expecting a value between 1 and 200.",
        ),
        (
            &["ec2 DescribeInstanceTypes&InstanceType.1=z9.huge"],
            "InvalidInstanceType",
            "The following supplied instance types do not exist: [z9.huge]",
        ),
    ])
    .await;
}

#[tokio::test]
async fn of_places_tags_and_hooks() {
    // The usual subnet of us-east-1b.
    let apart = format!("{CREATE}&MinSize=0&MaxSize=1&VPCZoneIdentifier=subnet-00000000000000062");
    let reserved = format!("{CREATE}&MinSize=0&MaxSize=1&Tags.member.1.Key=aws:x&Tags.member.1.Value=y");
    let volume =
        format!("{CREATE}&MinSize=0&MaxSize=1&Tags.member.1.Key=x&Tags.member.1.ResourceType=volume");
    let long = "m".repeat(4001);
    all(&[
        (
            &[&apart],
            INVALID,
            "The availability zones of the specified subnets and the AutoScalingGroup do not match",
        ),
        (
            &[&reserved],
            INVALID,
            "Value ( aws:x ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use",
        ),
        (
            &[&volume],
            INVALID,
            "ResourceType volume is not valid: it must be auto-scaling-group",
        ),
        (
            &[
                "g 0",
                &format!(
                    "PutLifecycleHook&LifecycleHookName=h&LifecycleTransition=autoscaling:EC2_INSTANCE_LAUNCHING\
                     &NotificationMetadata={long}"
                ),
            ],
            INVALID,
            &format!(
                "1 validation error detected: Value '{long}' at 'notificationMetadata' failed to satisfy constraint: \
                 Member must have length less than or equal to 4000"
            ),
        ),
        (
            &["g 0", "DescribeScalingActivities&Filters.member.1.Name=StartTimeLowerBound&Filters.member.1.Values.member.1=noon"],
            INVALID,
            "The filter configuration isn't valid. The specified timestamp isn't valid.",
        ),
        (
            &["Action=DescribeScalingActivities&Filters.member.1.Name=Status&Filters.member.1.Values.member.1=Failed"],
            INVALID,
            "The filter configuration isn't valid. The Status filter requires AutoScalingGroupName.",
        ),
        (
            &["Action=DescribeAutoScalingGroups&MaxRecords=0"],
            INVALID,
            "1 validation error detected: Value '0' at 'maxRecords' failed to satisfy constraint: Member must have value \
             between 1 and 100",
        ),
    ])
    .await;
}

#[tokio::test]
async fn of_traffic_and_metrics() {
    let many = members(11, |n| format!("&TargetGroupARNs.member.{n}=arn{n}"));
    all(&[
        (
            &["g 0", "DetachLoadBalancers&LoadBalancerNames.member.1=web"],
            INVALID,
            "web is not attached to AutoScalingGroup g",
        ),
        (
            &["g 0", "AttachTrafficSources&TrafficSources.member.1.Identifier=web"],
            INVALID,
            "Type is required for the traffic source web, which is no ARN",
        ),
        (
            &["g 0", "AttachTrafficSources&TrafficSources.member.1.Identifier=web&TrafficSources.member.1.Type=road"],
            INVALID,
            "road is not a valid type of traffic sources",
        ),
        (
            &["g 0", &format!("AttachLoadBalancerTargetGroups{many}")],
            INVALID,
            "A call cannot name more than 10 traffic sources",
        ),
        (
            &["g 0", "EnableMetricsCollection&Granularity=1Minute&Metrics.member.1=Mood"],
            INVALID,
            "Invalid metric: Mood",
        ),
    ])
    .await;
}
