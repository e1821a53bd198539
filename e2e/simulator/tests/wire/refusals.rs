//! Every refusal of Auto Scaling that is about groups, pools and hooks.

use crate::refusal_bed::{CREATE, INVALID, all};

#[tokio::test]
async fn of_groups() {
    let minimum = format!("{CREATE}&MinSize=1&MaxSize=2");
    let crossed = format!("{CREATE}&MinSize=2&MaxSize=1");
    let beyond = format!("{CREATE}&MinSize=0&MaxSize=2&DesiredCapacity=5");
    let huge = format!("{CREATE}&MinSize=0&MaxSize=5001");
    let kept = format!("{CREATE}&MinSize=0&MaxSize=2&DeletionProtection=prevent-all-deletion");
    let half_kept = format!("{CREATE}&MinSize=0&MaxSize=2&DeletionProtection=prevent-force-deletion");
    let retaining = format!(
        "{CREATE}&MinSize=0&MaxSize=2&InstanceLifecyclePolicy.RetentionTriggers.TerminateHookAbandon=retain"
    );
    let both = format!("{CREATE}&MinSize=0&MaxSize=2&LaunchTemplate.LaunchTemplateId=lt-00000001");
    let several = format!("{CREATE}&MinSize=0&MaxSize=2&LaunchConfigurationName=old");
    let going: &[&str] = &[
        "g 1",
        "until InService",
        "PutLifecycleHook&LifecycleHookName=h&LifecycleTransition=autoscaling:EC2_INSTANCE_TERMINATING",
        "DeleteAutoScalingGroup&ForceDelete=true",
        "SetDesiredCapacity&DesiredCapacity=1",
    ];
    all(&[
        (
            &["g 0", "g 0"],
            "AlreadyExists",
            "AutoScalingGroup by this name already exists - A group with the name g already exists",
        ),
        (&[&crossed], INVALID, "Max bound, 1, must be greater than or equal to min bound, 2"),
        (
            &[&beyond],
            INVALID,
            "Desired capacity:5 must be between the specified min size:0 and max size:2",
        ),
        (&[&huge], INVALID, "Max size 5001 is above 5000, the simulator's limit"),
        (&[&both], INVALID, "Valid requests must contain either launchTemplateId or LaunchTemplateName"),
        (
            &[&several],
            INVALID,
            "Valid requests must contain only one of LaunchTemplate, LaunchConfigurationName or MixedInstancesPolicy \
             parameter.",
        ),
        (
            &["g 0", "SetDesiredCapacity&DesiredCapacity=3"],
            INVALID,
            "New SetDesiredCapacity value 3 is above max value 2 for the AutoScalingGroup.",
        ),
        (
            &[&minimum, "SetDesiredCapacity&DesiredCapacity=0"],
            INVALID,
            "New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup.",
        ),
        (
            &["g 1", "DeleteAutoScalingGroup"],
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in \
             the group.",
        ),
        (
            &[&kept, "DeleteAutoScalingGroup"],
            "ResourceInUse",
            "You cannot delete the AutoScalingGroup g because its deletion protection is set to prevent-all-deletion.",
        ),
        (
            &[&half_kept, "DeleteAutoScalingGroup&ForceDelete=true"],
            "ResourceInUse",
            "You cannot delete the AutoScalingGroup g because its deletion protection is set to prevent-force-deletion.",
        ),
        (
            &[&retaining, "DeleteAutoScalingGroup&ForceDelete=true"],
            INVALID,
            "You can't force delete this Auto Scaling group because the TerminateHookAbandon retention trigger is set to \
             retain. Change the retention trigger to terminate and try again",
        ),
        (going, "ScalingActivityInProgress", "The AutoScalingGroup g is pending delete"),
        (
            &[&minimum, "TerminateInstanceInAutoScalingGroup&InstanceId=$ID&ShouldDecrementDesiredCapacity=true"],
            INVALID,
            "Currently, desiredSize equals minSize (1). Terminating instance without replacement will violate group's \
             min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.",
        ),
        (
            &["TerminateInstanceInAutoScalingGroup&InstanceId=i-1&ShouldDecrementDesiredCapacity=true"],
            INVALID,
            "Instance Id not found - No managed instance found for instance ID: i-1",
        ),
    ])
    .await;
}

#[tokio::test]
async fn of_pools() {
    let pool = "PutWarmPool&MinSize=1";
    let going: &[&str] = &[
        "g 0",
        pool,
        "until Warmed:Stopped",
        "PutLifecycleHook&LifecycleHookName=h&LifecycleTransition=autoscaling:EC2_INSTANCE_TERMINATING",
        "DeleteWarmPool&ForceDelete=true",
        pool,
    ];
    all(&[
        (&["g 0", "DeleteWarmPool"], INVALID, "No warm pool found for the AutoScalingGroup g"),
        (
            &["g 0", pool, "DeleteWarmPool"],
            "ResourceInUse",
            "You cannot delete a warm pool while there are instances still in it; use force delete.",
        ),
        (going, "ScalingActivityInProgress", "The warm pool of g is pending delete"),
        (
            &["g 0", "PutWarmPool&MinSize=5001"],
            INVALID,
            "Min size 5001 is above 5000, the simulator's limit",
        ),
        (
            &[
                "g 0",
                pool,
                "TerminateInstanceInAutoScalingGroup&InstanceId=$ID&ShouldDecrementDesiredCapacity=false",
            ],
            INVALID,
            "Instance $ID is in the warm pool and cannot be terminated by TerminateInstanceInAutoScalingGroup",
        ),
    ])
    .await;
}

#[tokio::test]
async fn of_hooks_and_actions() {
    let new = "PutLifecycleHook&LifecycleHookName=h&LifecycleTransition=autoscaling:EC2_INSTANCE_LAUNCHING";
    let complete = "CompleteLifecycleAction&LifecycleHookName=h&LifecycleActionResult=CONTINUE";
    let nobody = "arn:aws:sqs:us-east-1:000000000000:no";
    let untold = format!("{new}&NotificationTargetARN={nobody}&RoleARN=arn:aws:iam::000000000000:role/r");
    let untold_text = format!(
        "Unable to publish test message to notification target {nobody} using IAM role \
         arn:aws:iam::000000000000:role/r. Please check your target and role configuration and try to put lifecycle hook \
         again."
    );
    let by_token = format!("{complete}&LifecycleActionToken=00000000-0000-0000-0000-000000000000");
    let by_instance = format!("{complete}&InstanceId=$ID");
    all(&[
        (
            &["g 0", "PutLifecycleHook&LifecycleHookName=h"],
            INVALID,
            "A lifecycle transition is required for a new lifecycle hook",
        ),
        (
            &["g 0", "RecordLifecycleActionHeartbeat&LifecycleHookName=h"],
            INVALID,
            "Either instance ID or lifecycle action token is required",
        ),
        (&["g 0", &untold], INVALID, &untold_text),
        (
            &["g 0", new, &by_token],
            INVALID,
            "No active Lifecycle Action found with token 00000000-0000-0000-0000-000000000000",
        ),
        (
            &["g 1", "until InService", new, &by_instance],
            INVALID,
            "No active Lifecycle Action found with instance ID $ID",
        ),
    ])
    .await;
}
