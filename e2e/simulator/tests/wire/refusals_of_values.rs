//! Every refusal of Auto Scaling that is about how a value is written.

use crate::refusal_bed::{CREATE, INVALID, all};

/// What is said about one wrong value.
fn flaw(value: &str, name: &str, rule: &str) -> String {
    format!("1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {rule}")
}

#[tokio::test]
async fn of_plain_values() {
    let put = "PutScheduledUpdateGroupAction&ScheduledActionName=s&MinSize=1";
    let many_points = "StartInstanceRefresh&Preferences.CheckpointPercentages.member.1=50\
        &Preferences.CheckpointPercentages.member.2=20";
    let structure = format!("{CREATE}&MinSize=0&MaxSize=1&AvailabilityZoneDistribution.a-b=x");
    let points = |texts: &str| {
        flaw(
            texts,
            "checkpointPercentages",
            "Member must have unique values between 1 and 100 in ascending order",
        )
    };
    all(&[
        (
            &["g 0", "SetDesiredCapacity&DesiredCapacity=one"],
            INVALID,
            &flaw("one", "desiredCapacity", "Member must be a non-negative integer"),
        ),
        (
            &["g 0", "DeleteAutoScalingGroup&ForceDelete=perhaps"],
            INVALID,
            &flaw("perhaps", "forceDelete", "Member must be true or false"),
        ),
        (
            &["g 0", &format!("{put}&StartTime=noon")],
            INVALID,
            &flaw("noon", "startTime", "Member must be a time in ISO 8601"),
        ),
        (&["g 1", many_points], INVALID, &points("50, 20")),
        (
            &["g 1", "StartInstanceRefresh&Preferences.CheckpointPercentages.member.1=101"],
            INVALID,
            &points("101"),
        ),
        (&[&structure], INVALID, &flaw("a-b", "availabilityZoneDistribution", "Member must be a structure")),
        (
            &["g 0", "EnableMetricsCollection&Granularity=1Second"],
            INVALID,
            "Invalid granularity: 1Second. It must be 1Minute",
        ),
    ])
    .await;
}

#[tokio::test]
async fn of_steps() {
    let steps = |bounds: &[(&str, &str)]| {
        let step = |(n, (lower, upper)): (usize, &(&str, &str))| {
            let member = format!("&StepAdjustments.member.{}", n + 1);
            let bound = |name: &str, value: &str| match value {
                "" => String::new(),
                value => format!("{member}.MetricInterval{name}Bound={value}"),
            };
            format!("{member}.ScalingAdjustment=1{}{}", bound("Lower", lower), bound("Upper", upper))
        };
        let members: String = bounds.iter().enumerate().map(step).collect();
        format!(
            "PutScalingPolicy&PolicyName=p&PolicyType=StepScaling&AdjustmentType=ChangeInCapacity{members}"
        )
    };
    for (bounds, text) in [
        (vec![("5", "5")], "The upper bound of a step adjustment must be greater than its lower bound"),
        (
            vec![("0", "10"), ("20", "")],
            "Step adjustment intervals must neither overlap nor have a gap between them",
        ),
        (
            vec![("-10", "0")],
            "There must be a step adjustment without a lower bound if one has a negative lower bound",
        ),
        (
            vec![("0", "10")],
            "There must be a step adjustment without an upper bound if one has a positive upper bound",
        ),
    ] {
        all(&[(&["g 0", &steps(&bounds)], INVALID, text)]).await;
    }
}
