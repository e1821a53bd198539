//! Every refusal of Auto Scaling that is about members, refreshes, lists and settings.

use crate::refusal_bed::{CREATE, INVALID, all};

const POLICY: &str = "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateName=web\
                      &MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.Version=1\
                      &MixedInstancesPolicy.LaunchTemplate.Overrides.member.1.InstanceType=t3.nano";
const IMAGE: &str = "&MixedInstancesPolicy.LaunchTemplate.Overrides.member.1.ImageId=ami-1";

#[tokio::test]
async fn of_members() {
    let one = "&InstanceIds.member.1=$ID";
    let many = (0..21).fold(String::new(), |all, n| format!("{all}&InstanceIds.member.{}=i-{n}", n + 1));
    let many = format!("EnterStandby&ShouldDecrementDesiredCapacity=true{many}");
    let attach = format!("AttachInstances{one}");
    let park = format!("EnterStandby&ShouldDecrementDesiredCapacity=true{one}");
    let run = "ec2 RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1&Placement.AvailabilityZone=us-east-1";
    let (near, far) = (format!("{run}a"), format!("{run}b"));
    all(&[
        (&["g 0", "AttachInstances&InstanceIds.member.1=i-1"], INVALID, "Invalid Instance ID(s): [i-1] specified"),
        (&["g 1", &attach], INVALID, "The Instance: $ID is already part of AutoScalingGroup:g"),
        (&[&near, "g 0", &attach], INVALID, "The instance $ID is not in the running state."),
        (&["g 1", &park], INVALID, "The instance $ID is not in InService."),
        (&[&far, "g 0", &park], INVALID, "The instance $ID is not part of Auto Scaling group g."),
        (
            &["g 0", "SuspendProcesses&ScalingProcesses.member.1=Launch", "ExitStandby"],
            INVALID,
            "At least one instance ID must be specified",
        ),
        (
            &["g 0", "SetInstanceHealth&InstanceId=i-1&HealthStatus=Ill"],
            INVALID,
            "Invalid health status Ill: it must be either Healthy or Unhealthy",
        ),
        (
            &["g 0", "SuspendProcesses&ScalingProcesses.member.1=Lunch"],
            INVALID,
            "The specified scaling process type Lunch is not valid",
        ),
        (&["g 0", &many], INVALID, "1 validation error detected: Value at 'instanceIds' failed to satisfy constraint: Member must have length less than or equal to 20"),
    ])
    .await;
}

#[tokio::test]
async fn of_refreshes() {
    let start = "StartInstanceRefresh";
    let mixed = format!(
        "Action=CreateAutoScalingGroup&AutoScalingGroupName=g&AvailabilityZones.member.1=us-east-1a&MinSize=0&MaxSize=2\
         &DesiredCapacity=1&{POLICY}{IMAGE}"
    );
    let wanted = POLICY.replace("Mixed", "DesiredConfiguration.Mixed");
    let image = IMAGE.replace("Mixed", "DesiredConfiguration.Mixed");
    let replace = format!("{start}&Strategy=ReplaceRootVolume&{wanted}{image}");
    let imageless = format!("{start}&Strategy=ReplaceRootVolume&{wanted}");
    let checkpoint = format!("{start}&Preferences.CheckpointDelay=5");
    let most = format!("{start}&Preferences.MaxHealthyPercentage=110");
    let apart = format!("{start}&Preferences.MinHealthyPercentage=50&Preferences.MaxHealthyPercentage=160");
    all(&[
        (
            &["g 1", start, start],
            "InstanceRefreshInProgress",
            "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
        ),
        (
            &["g 1", "CancelInstanceRefresh"],
            "ActiveInstanceRefreshNotFound",
            "No in progress or pending Instance Refresh found for Auto Scaling group g",
        ),
        (
            &["g 1", start, "RollbackInstanceRefresh"],
            "IrreversibleInstanceRefresh",
            "The instance refresh cannot be rolled back: it needs a desired configuration, and a launch template version \
             that is neither $Latest nor $Default.",
        ),
        (
            &["g 1", &replace],
            INVALID,
            "The ReplaceRootVolume strategy needs an Auto Scaling group with a mixed instances policy and a desired \
             configuration with one.",
        ),
        (
            &[&mixed, &imageless],
            INVALID,
            "The ReplaceRootVolume strategy needs an ImageId in every override of the mixed instances policy.",
        ),
        (
            &[&mixed, "PutWarmPool", &replace],
            INVALID,
            "The ReplaceRootVolume strategy is not supported for Auto Scaling groups with a warm pool.",
        ),
        (
            &[&mixed, &replace, "PutWarmPool"],
            INVALID,
            "A warm pool is not supported while an instance refresh replaces root volumes.",
        ),
        (
            &["g 1", &checkpoint],
            INVALID,
            "CheckpointPercentages must be specified if CheckpointDelay is.",
        ),
        (&["g 1", &most], INVALID, "MinHealthyPercentage must be specified if MaxHealthyPercentage is."),
        (
            &["g 1", &apart],
            INVALID,
            "The difference between MaxHealthyPercentage and MinHealthyPercentage cannot be greater than 100.",
        ),
    ])
    .await;
}

#[tokio::test]
async fn of_lists_and_settings() {
    let ids = (0..51).fold(String::new(), |all, n| format!("{all}&ActivityIds.member.{}=a{n}", n + 1));
    let many = format!("DescribeScalingActivities{ids}");
    let put = "PutNotificationConfiguration&TopicARN=arn:aws:sns:us-east-1:000000000000:no&NotificationTypes.member.1=";
    let (strange, untold) = (format!("{put}x"), format!("{put}autoscaling:EC2_INSTANCE_LAUNCH"));
    let create = format!("{CREATE}&MinSize=0&MaxSize=1");
    let (short, health) =
        (format!("{create}&MaxInstanceLifetime=5"), format!("{create}&HealthCheckType=MOOD"));
    let (lambda, policy) = (
        format!("{create}&TerminationPolicies.member.1=arn:aws:lambda:us-east-1:000000000000:function:f"),
        format!("{create}&TerminationPolicies.member.1=Oldest"),
    );
    let zone = format!("{create}&AvailabilityZones.member.2=mars-1a");
    let named = create.replace("AutoScalingGroupName=g", "AutoScalingGroupName=a:b");
    all(&[
        (&["g 0", &many], INVALID, "The number of activity ids that may be passed in is limited to 50"),
        (
            &["DescribeScalingActivities&Filters.member.1.Name=Colour&Filters.member.1.Values.member.1=x"],
            INVALID,
            "Filter type Colour is not correct",
        ),
        (
            &["DescribeAutoScalingGroups&Filters.member.1.Name=colour&Filters.member.1.Values.member.1=x"],
            INVALID,
            "Filter type colour is not correct",
        ),
        (
            &["DescribeTags&Filters.member.1.Name=colour&Filters.member.1.Values.member.1=x"],
            INVALID,
            "Filter type colour is not correct",
        ),
        (&["g 0", &strange], INVALID, "\"x\" is not a valid Notification Type."),
        (
            &["g 0", &untold],
            INVALID,
            "Unable to publish test message to notification target arn:aws:sns:us-east-1:000000000000:no. Please check \
             your target configuration and try to put notification configuration again.",
        ),
        (&[&short], INVALID, "MaxInstanceLifetime must be 0 or at least 86400 seconds"),
        (&[&health], INVALID, "HealthCheckType MOOD is not valid: it is a list of EC2, EBS, ELB, VPC_LATTICE"),
        (
            &[&lambda],
            INVALID,
            "A custom termination policy with a Lambda function is not supported by this simulator",
        ),
        (&[&policy], INVALID, "Termination policy Oldest is not valid"),
        (&[&zone], INVALID, "Invalid availability zones: [mars-1a]"),
        (
            &[&named],
            INVALID,
            "The AutoScalingGroup name 'a:b' is not valid: it may hold the visible ASCII characters except the colon",
        ),
    ])
    .await;
}
