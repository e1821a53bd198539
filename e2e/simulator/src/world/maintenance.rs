//! The instance maintenance policy: between which sizes a group stays while it replaces members.
//!
//! From the documentation: the range of either percentage, that both have to be given, that -1 takes a policy away, and
//! that instance refreshes go by it unless they are told their own. Judgements: the words of the refusals, and that a
//! fraction of an instance counts as one in both directions, so that `launch before terminating` works in small groups.

use super::command::Tree;
use super::error::AwsError;
use super::group::Group;

const NAME: &str = "InstanceMaintenancePolicy";

/// Percentages of the desired capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// So much stays in service.
    pub(super) min: u32,
    /// So much there is at most.
    pub(super) max: u32,
}

impl Bounds {
    /// By how many instances a group may exceed its desired capacity.
    pub(super) fn surge(self, desired: u32) -> usize {
        share(desired, self.max).saturating_sub(desired as usize)
    }

    /// How many ready instances there must at least be besides the one that leaves. One can always leave.
    pub(super) fn needed(self, desired: u32, surge: usize) -> usize {
        share(desired, self.min).min((desired as usize + surge).saturating_sub(1))
    }
}

fn share(desired: u32, percent: u32) -> usize {
    usize::try_from((u64::from(desired) * u64::from(percent)).div_ceil(100)).unwrap_or(usize::MAX)
}

/// Reads a policy; none if it takes away what there was.
fn read(policy: &Tree) -> Result<Option<Bounds>, AwsError> {
    let percentage = |name| policy.text(&[name]).and_then(|text| text.parse::<i64>().ok());
    let (min, max) = (percentage("MinHealthyPercentage"), percentage("MaxHealthyPercentage"));
    let (Some(min), Some(max)) = (min, max) else {
        return Err(refused("both MinHealthyPercentage and MaxHealthyPercentage must be specified"));
    };
    if (min, max) == (-1, -1) {
        return Ok(None);
    }
    if !(0..=100).contains(&min) || !(100..=200).contains(&max) {
        return Err(refused("MinHealthyPercentage is from 0 to 100, MaxHealthyPercentage from 100 to 200"));
    }
    if max - min > 100 {
        return Err(refused("the percentages cannot differ by more than 100"));
    }
    let number = |percentage| u32::try_from(percentage).unwrap_or_default();
    Ok(Some(Bounds { min: number(min), max: number(max) }))
}

fn refused(rule: &str) -> AwsError {
    AwsError::validation(format!("The instance maintenance policy is not valid: {rule}."))
}

impl Group {
    /// Between which sizes it stays, if it was told.
    pub(super) fn maintenance(&self) -> Option<Bounds> {
        read(self.settings.repeated.get(NAME)?).ok().flatten()
    }
}

impl super::GroupSettings {
    /// Refuses a policy that is none; one that takes the policy away becomes the empty text, which does so.
    pub(super) fn check_maintenance(&mut self) -> Result<(), AwsError> {
        if let Some(policy) = self.repeated.get_mut(NAME)
            && read(policy)?.is_none()
        {
            *policy = Tree::Text(String::new());
        }
        Ok(())
    }
}
