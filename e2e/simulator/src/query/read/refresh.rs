//! Parameters of the operations on instance refreshes.

use super::super::params::{Params, invalid};
use super::group::template;
use super::not_built;
use super::settings::tree;
use crate::world::{AwsError, RefreshPreferences, RefreshStrategy, StartRefresh, Wanted};

const STRATEGIES: &[(&str, RefreshStrategy)] =
    &[("Rolling", RefreshStrategy::Rolling), ("ReplaceRootVolume", RefreshStrategy::ReplaceRootVolume)];
/// Two days, in seconds.
const LONGEST_PAUSE: u32 = 172_800;

pub(super) fn start_refresh(params: &Params) -> Result<StartRefresh, AwsError> {
    let wanted = params.under("DesiredConfiguration.");
    let from_template = template(&wanted.under("LaunchTemplate."))?.map(Wanted::Template);
    let from_policy = tree(&wanted, "MixedInstancesPolicy")?.map(Wanted::Mixed);
    if from_template.is_some() && from_policy.is_some() {
        return Err(AwsError::validation(
            "The desired configuration must contain either a LaunchTemplate or a MixedInstancesPolicy.",
        ));
    }
    Ok(StartRefresh {
        group: params.required("AutoScalingGroupName")?,
        strategy: params.word("Strategy", STRATEGIES)?.unwrap_or_default(),
        wanted: from_template.or(from_policy),
        preferences: preferences(&params.under("Preferences."))?,
    })
}

fn preferences(params: &Params) -> Result<RefreshPreferences, AwsError> {
    for (name, built) in [("ScaleInProtectedInstances", "Refresh"), ("StandbyInstances", "Ignore")] {
        if params.text(name).is_some_and(|word| word != built) {
            return Err(not_built(&format!("{name} other than {built}")));
        }
    }
    if !params.under("AlarmSpecification.").is_empty() {
        return Err(not_built("AlarmSpecification"));
    }
    let min_healthy = within(params, "MinHealthyPercentage", 0, 100)?;
    let max_healthy = within(params, "MaxHealthyPercentage", 100, 200)?;
    match (min_healthy, max_healthy) {
        (None, Some(_)) => {
            return Err(AwsError::validation(
                "MinHealthyPercentage must be specified if MaxHealthyPercentage is.",
            ));
        }
        (Some(min), Some(max)) if max - min > 100 => {
            return Err(AwsError::validation(
                "The difference between MaxHealthyPercentage and MinHealthyPercentage cannot be greater than 100.",
            ));
        }
        _ => {}
    }
    let checkpoints = checkpoints(params)?;
    let checkpoint_delay = within(params, "CheckpointDelay", 0, LONGEST_PAUSE)?;
    if checkpoint_delay.is_some() && checkpoints.is_empty() {
        return Err(AwsError::validation("CheckpointPercentages must be specified if CheckpointDelay is."));
    }
    Ok(RefreshPreferences {
        min_healthy,
        max_healthy,
        warmup: params.number("InstanceWarmup")?,
        checkpoints,
        checkpoint_delay,
        skip_matching: params.flag("SkipMatching")?,
        bake_time: within(params, "BakeTime", 0, LONGEST_PAUSE)?,
        auto_rollback: params.flag("AutoRollback")?,
    })
}

fn checkpoints(params: &Params) -> Result<Vec<u32>, AwsError> {
    let name = "CheckpointPercentages";
    let texts = params.list(name);
    let numbers: Vec<u32> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    let ascends = numbers.windows(2).all(|pair| pair[0] < pair[1]);
    if numbers.len() < texts.len() || !ascends || numbers.iter().any(|percent| !(1..=100).contains(percent)) {
        let rule = "Member must have unique values between 1 and 100 in ascending order";
        return Err(invalid(&format!("'{}'", texts.join(", ")), name, rule));
    }
    Ok(numbers)
}

fn within(params: &Params, name: &str, least: u32, most: u32) -> Result<Option<u32>, AwsError> {
    let number = params.number(name)?;
    match number {
        Some(value) if !(least..=most).contains(&value) => Err(invalid(
            &format!("'{value}'"),
            name,
            &format!("Member must have value between {least} and {most}"),
        )),
        Some(_) | None => Ok(number),
    }
}
