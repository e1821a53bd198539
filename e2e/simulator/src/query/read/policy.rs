//! Parameters of the operations on scaling policies.

use super::super::params::{Params, invalid, missing};
use super::settings::tree;
use super::{not_built, page};
use crate::world::{
    Adjustment, AwsError, Command, Number, PolicyCommand, PolicyKind, PolicyRef, PutPolicy, Step,
};

const KINDS: &[(&str, &str)] = &[
    ("SimpleScaling", "SimpleScaling"),
    ("StepScaling", "StepScaling"),
    ("TargetTrackingScaling", "TargetTrackingScaling"),
    ("PredictiveScaling", "PredictiveScaling"),
];
/// What only policies of one kind have.
const OWN: &[(&str, &[&str])] = &[
    ("ScalingAdjustment", &["SimpleScaling"]),
    ("Cooldown", &["SimpleScaling"]),
    ("AdjustmentType", &["SimpleScaling", "StepScaling"]),
    ("MinAdjustmentMagnitude", &["SimpleScaling", "StepScaling"]),
    ("MinAdjustmentStep", &["SimpleScaling"]),
    ("StepAdjustments", &["StepScaling"]),
    ("MetricAggregationType", &["StepScaling"]),
    ("EstimatedInstanceWarmup", &["StepScaling", "TargetTrackingScaling"]),
    ("TargetTrackingConfiguration", &["TargetTrackingScaling"]),
];

/// The command, or none if the operation is of another subject.
pub(super) fn policy(operation: &str, params: &Params) -> Result<Option<Command>, AwsError> {
    let command = match operation {
        "PutScalingPolicy" => PolicyCommand::Put(put(params)?),
        "DeletePolicy" => PolicyCommand::Delete(named(params)?),
        "DescribePolicies" => PolicyCommand::Describe {
            group: params.text("AutoScalingGroupName"),
            names: params.list("PolicyNames"),
            types: params.list("PolicyTypes"),
            page: page(params)?,
        },
        "ExecutePolicy" => PolicyCommand::Execute {
            policy: named(params)?,
            honor_cooldown: params.flag("HonorCooldown")?.unwrap_or(false),
            breach: breach(params)?,
        },
        "SetDesiredCapacity" if params.flag("HonorCooldown")? == Some(true) => PolicyCommand::Desire {
            group: params.required("AutoScalingGroupName")?,
            desired: params.required_number("DesiredCapacity")?,
        },
        "GetPredictiveScalingForecast" => return Err(not_built("Predictive scaling")),
        _ => return Ok(None),
    };
    Ok(Some(Command::Policy(command)))
}

fn named(params: &Params) -> Result<PolicyRef, AwsError> {
    Ok(PolicyRef { group: params.text("AutoScalingGroupName"), name: params.required("PolicyName")? })
}

fn breach(params: &Params) -> Result<Option<(Number, Number)>, AwsError> {
    let (value, threshold) = (number(params, "MetricValue")?, number(params, "BreachThreshold")?);
    match (value, threshold) {
        (Some(value), Some(threshold)) => Ok(Some((value, threshold))),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(missing("MetricValue")),
        (Some(_), None) => Err(missing("BreachThreshold")),
    }
}

fn put(params: &Params) -> Result<PutPolicy, AwsError> {
    let kind = params.word("PolicyType", KINDS)?.unwrap_or("SimpleScaling");
    let is_there = |name: &str| params.text(name).is_some() || !params.under(&format!("{name}.")).is_empty();
    for (name, kinds) in OWN {
        if is_there(name) && !kinds.contains(&kind) {
            return Err(AwsError::validation(format!("{name} is not supported by policy type {kind}")));
        }
    }
    let kind = match kind {
        "SimpleScaling" => PolicyKind::Simple {
            how: how(params)?,
            by: params.signed("ScalingAdjustment")?.ok_or_else(|| missing("ScalingAdjustment"))?,
            cooldown: params.number("Cooldown")?,
        },
        "StepScaling" => PolicyKind::Step {
            how: how(params)?,
            steps: steps(params)?,
            warmup: params.number("EstimatedInstanceWarmup")?,
            aggregation: Some(aggregation(params)?),
        },
        "TargetTrackingScaling" => PolicyKind::TargetTracking {
            configuration: {
                number(&params.under("TargetTrackingConfiguration."), "TargetValue")?
                    .ok_or_else(|| missing("TargetTrackingConfiguration.TargetValue"))?;
                tree(params, "TargetTrackingConfiguration")?
                    .ok_or_else(|| missing("TargetTrackingConfiguration"))?
            },
            warmup: params.number("EstimatedInstanceWarmup")?,
        },
        _ => return Err(not_built("Predictive scaling")),
    };
    Ok(PutPolicy {
        group: params.required("AutoScalingGroupName")?,
        name: params.required("PolicyName")?,
        kind,
        enabled: params.flag("Enabled")?.unwrap_or(true),
    })
}

fn how(params: &Params) -> Result<Adjustment, AwsError> {
    // The step is what the magnitude was called before.
    let least = params.number("MinAdjustmentMagnitude")?.or(params.number("MinAdjustmentStep")?);
    let words = [
        ("ChangeInCapacity", Adjustment::Change),
        ("ExactCapacity", Adjustment::Exact),
        ("PercentChangeInCapacity", Adjustment::Percent(least)),
    ];
    let how = params.word("AdjustmentType", &words)?.ok_or_else(|| missing("AdjustmentType"))?;
    if least.is_some() && !matches!(how, Adjustment::Percent(_)) {
        return Err(AwsError::validation(format!(
            "MinAdjustmentMagnitude is not supported by adjustment type {}",
            how.as_str()
        )));
    }
    Ok(how)
}

fn steps(params: &Params) -> Result<Vec<Step>, AwsError> {
    let step = |params: &Params| {
        Ok(Step {
            lower: number(params, "MetricIntervalLowerBound")?,
            upper: number(params, "MetricIntervalUpperBound")?,
            by: params.signed("ScalingAdjustment")?.ok_or_else(|| missing("ScalingAdjustment"))?,
        })
    };
    let steps =
        params.structures("StepAdjustments").iter().map(step).collect::<Result<Vec<_>, AwsError>>()?;
    if steps.is_empty() { Err(missing("StepAdjustments")) } else { Ok(steps) }
}

fn aggregation(params: &Params) -> Result<String, AwsError> {
    let words = [("Minimum", "Minimum"), ("Maximum", "Maximum"), ("Average", "Average")];
    Ok(params.word("MetricAggregationType", &words)?.unwrap_or("Average").to_owned())
}

fn number(params: &Params, name: &str) -> Result<Option<Number>, AwsError> {
    let read = |text: String| {
        let number = text.parse().ok().and_then(Number::new);
        number.ok_or_else(|| invalid(&format!("'{text}'"), name, "Member must be a number"))
    };
    params.text(name).map(read).transpose()
}
