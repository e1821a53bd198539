//! Every refusal that is about policies, scheduled actions and refreshes.

use crate::refusal_bed::{CREATE, INVALID, all, members};

#[tokio::test]
async fn of_policies() {
    let simple = "PutScalingPolicy&PolicyName=p&AdjustmentType=ChangeInCapacity&ScalingAdjustment=1";
    let step = "PutScalingPolicy&PolicyName=p&PolicyType=StepScaling&AdjustmentType=ChangeInCapacity\
        &StepAdjustments.member.1.MetricIntervalLowerBound=0&StepAdjustments.member.1.ScalingAdjustment=1";
    let tracking = "PutScalingPolicy&PolicyName=p&PolicyType=TargetTrackingScaling\
        &TargetTrackingConfiguration.TargetValue=50";
    let disabled = format!("{simple}&Enabled=false");
    let magnitude = format!("{simple}&MinAdjustmentMagnitude=2");
    let warm = format!("{simple}&EstimatedInstanceWarmup=60");
    let cooled = format!("{simple}&Cooldown=300");
    let no_number = simple.replace("Adjustment=1", "Adjustment=one");
    let no_bound = step.replace("Bound=0", "Bound=low");
    let many = members(21, |n| format!("&StepAdjustments.member.{n}.ScalingAdjustment={n}"));
    let many =
        format!("PutScalingPolicy&PolicyName=p&PolicyType=StepScaling&AdjustmentType=ChangeInCapacity{many}");
    all(&[
        (&["g 0", "ExecutePolicy&PolicyName=p"], INVALID, "Policy not found: p"),
        (
            &["Action=DeletePolicy&PolicyName=p"],
            INVALID,
            "AutoScalingGroupName is required unless the policy is named by its ARN",
        ),
        (&["g 0", &disabled, "ExecutePolicy&PolicyName=p"], INVALID, "The policy p is disabled"),
        (
            &["g 0", simple, "ExecutePolicy&PolicyName=p&MetricValue=1&BreachThreshold=0"],
            INVALID,
            "MetricValue is not supported by policy type SimpleScaling",
        ),
        (
            &["g 0", step, "ExecutePolicy&PolicyName=p"],
            INVALID,
            "MetricValue and BreachThreshold are required by policy type StepScaling",
        ),
        (
            &["g 0", step, "ExecutePolicy&PolicyName=p&HonorCooldown=true"],
            INVALID,
            "HonorCooldown is not supported by policy type StepScaling",
        ),
        (
            &["g 0", step, "ExecutePolicy&PolicyName=p&MetricValue=1&BreachThreshold=2"],
            INVALID,
            "No step adjustment found for metric value 1 and breach threshold 2",
        ),
        (
            &["g 0", tracking, "ExecutePolicy&PolicyName=p"],
            INVALID,
            "ExecutePolicy is not supported for policy type TargetTrackingScaling",
        ),
        (
            &["g 0", &cooled, "ExecutePolicy&PolicyName=p", "ExecutePolicy&PolicyName=p&HonorCooldown=true"],
            "ScalingActivityInProgress",
            "The cooldown of AutoScalingGroup g goes on",
        ),
        (&["g 0", &warm], INVALID, "EstimatedInstanceWarmup is not supported by policy type SimpleScaling"),
        (
            &["g 0", &magnitude],
            INVALID,
            "MinAdjustmentMagnitude is not supported by adjustment type ChangeInCapacity",
        ),
        (
            &["g 0", &no_number],
            INVALID,
            "1 validation error detected: Value 'one' at 'scalingAdjustment' failed to satisfy constraint: Member must be \
             an integer",
        ),
        (
            &["g 0", &no_bound],
            INVALID,
            "1 validation error detected: Value 'low' at 'metricIntervalLowerBound' failed to satisfy constraint: Member \
             must be a number",
        ),
        (&["g 0", &many], "LimitExceeded", "A policy cannot have more than 20 step adjustments"),
        (
            &["g 0", "PutScalingPolicy&PolicyName=p&PolicyType=PredictiveScaling"],
            INVALID,
            "Predictive scaling is not supported by this simulator",
        ),
    ])
    .await;
}

#[tokio::test]
async fn of_scheduled_actions() {
    let put = "PutScheduledUpdateGroupAction&ScheduledActionName=s";
    let daily = "&Recurrence=0 9 * * *";
    let with = |rest: &str| format!("{put}{rest}");
    let many = members(51, |n| format!("&ScheduledActionNames.member.{n}=s{n}"));
    all(&[
        (
            &["g 0", &with(daily)],
            INVALID,
            "At least one of MinSize, MaxSize and DesiredCapacity must be specified",
        ),
        (
            &["g 0", &with(&format!("&MinSize=2&MaxSize=1{daily}"))],
            INVALID,
            "Min size must not be greater than max size",
        ),
        (
            &["g 0", &with("&MinSize=1&TimeZone=Europe/Berlin&StartTime=2100-01-01T00:00:00Z")],
            INVALID,
            "TimeZone requires Recurrence",
        ),
        (
            &["g 0", &with(&format!("&MinSize=1&TimeZone=Moon/Crater{daily}"))],
            INVALID,
            "Given time zone: Moon/Crater is invalid",
        ),
        (
            &["g 0", &with("&MinSize=1&Recurrence=whenever")],
            INVALID,
            "Given recurrence string: whenever is invalid",
        ),
        (
            &["g 0", &with("&MinSize=1&StartTime=2000-01-01T00:00:00Z")],
            INVALID,
            "Given start time is in the past",
        ),
        (&["g 0", &with("&MinSize=1")], INVALID, "StartTime or Recurrence must be specified"),
        (
            &["g 0", &with("&MinSize=1&StartTime=2100-01-02T00:00:00Z&EndTime=2100-01-01T00:00:00Z")],
            INVALID,
            "Given end time is before the start time",
        ),
        (
            &["g 0", "DeleteScheduledAction&ScheduledActionName=s"],
            INVALID,
            "Scheduled action name not found - Scheduled Action: s not found",
        ),
        (
            &["g 0", &format!("BatchDeleteScheduledAction{many}")],
            INVALID,
            "A call cannot name more than 50 scheduled actions",
        ),
    ])
    .await;
}

#[tokio::test]
async fn of_refreshes_and_maintenance() {
    let maintained = |policy: &str| format!("{CREATE}&MinSize=0&MaxSize=2{policy}");
    let (min, max) = (
        "&InstanceMaintenancePolicy.MinHealthyPercentage=",
        "&InstanceMaintenancePolicy.MaxHealthyPercentage=",
    );
    let rule = |rule: &str| format!("The instance maintenance policy is not valid: {rule}.");
    all(&[
        (
            &["g 1", "StartInstanceRefresh&Preferences.AutoRollback=true"],
            INVALID,
            "AutoRollback needs a desired configuration, and a launch template version that is neither $Latest nor \
             $Default.",
        ),
        (
            &[
                "g 1",
                "StartInstanceRefresh&DesiredConfiguration.LaunchTemplate.LaunchTemplateName=a\
                 &DesiredConfiguration.MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateName=b",
            ],
            INVALID,
            "The desired configuration must contain either a LaunchTemplate or a MixedInstancesPolicy.",
        ),
        (
            &["g 1", "StartInstanceRefresh&Preferences.StandbyInstances=Terminate"],
            INVALID,
            "StandbyInstances other than Ignore is not supported by this simulator",
        ),
        (
            &["g 1", "StartInstanceRefresh&Preferences.MinHealthyPercentage=101"],
            INVALID,
            "1 validation error detected: Value '101' at 'minHealthyPercentage' failed to satisfy constraint: Member must \
             have value between 0 and 100",
        ),
        (
            &[&maintained(&format!("{min}90"))],
            INVALID,
            &rule("both MinHealthyPercentage and MaxHealthyPercentage must be specified"),
        ),
        (
            &[&maintained(&format!("{min}90{max}90"))],
            INVALID,
            &rule("MinHealthyPercentage is from 0 to 100, MaxHealthyPercentage from 100 to 200"),
        ),
        (
            &[&maintained(&format!("{min}50{max}160"))],
            INVALID,
            &rule("the percentages cannot differ by more than 100"),
        ),
    ])
    .await;
}
