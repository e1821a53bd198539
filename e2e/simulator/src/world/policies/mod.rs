//! Scaling policies: kept, described, and executed for real when a user asks. There are no alarms here that would.
//!
//! From the documentation: the wanted capacity stays between the group's limits; only simple scaling has a cooldown, and only
//! who honours it waits for it; a metric that fits no step is refused. The suspension of `AlarmNotification` keeps alarms
//! from executing policies, not users. Judgements: the cooldown counts from the execution, what a disabled policy answers,
//! and the words of the refusals.

mod adjust;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::World;
use super::command::{
    Number, Page, PolicyCommand, PolicyKind, PolicyRef, PolicyReply, PolicyView, PutPolicy, Reply,
};
use super::error::AwsError;
use super::group::Group;
use super::groups::refuse_while_deleting;
use super::page::cut;
use crate::account::{ACCOUNT, REGION};

/// AWS's quotas a group and a policy.
const MOST_POLICIES: usize = 50;
const MOST_STEPS: usize = 20;
/// AWS's page sizes: by default, and at most.
const A_PAGE: (u32, u32) = (50, 100);
/// A group's cooldown unless it says otherwise, in seconds.
const COOLDOWN: u32 = 300;

/// The policies of a group.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policies {
    /// By name, each with the UUID of its arn.
    all: BTreeMap<String, (String, PutPolicy)>,
    /// When the cooldown ends that simple scaling left behind.
    cooled: Option<SystemTime>,
}

impl World {
    pub(super) fn handle_policy(&mut self, command: PolicyCommand) -> Result<Reply, AwsError> {
        match command {
            PolicyCommand::Put(put) => self.put_policy(put),
            PolicyCommand::Delete(policy) => self.delete_policy(&policy),
            PolicyCommand::Describe { group, names, types, page } => {
                self.describe_policies(group.as_deref(), &names, &types, &page)
            }
            PolicyCommand::Execute { policy, honor_cooldown, breach } => {
                self.execute_policy(&policy, honor_cooldown, breach)
            }
            PolicyCommand::Desire { group, desired } => {
                self.refuse_while_cooling(&group)?;
                self.set_desired(&group, desired)
            }
        }
    }

    fn put_policy(&mut self, put: PutPolicy) -> Result<Reply, AwsError> {
        if let PolicyKind::Step { steps, .. } = &put.kind {
            if steps.len() > MOST_STEPS {
                return Err(limit(&format!("A policy cannot have more than {MOST_STEPS} step adjustments")));
            }
            if let Some(flaw) = adjust::flaw(steps) {
                return Err(AwsError::validation(flaw));
            }
        }
        refuse_while_deleting(self.group(&put.group)?)?;
        let uuid = self.told_ids.uuid();
        let all = &mut self.group_mut(&put.group)?.policies.all;
        if !all.contains_key(&put.name) && all.len() >= MOST_POLICIES {
            return Err(limit(&format!("A group cannot have more than {MOST_POLICIES} scaling policies")));
        }
        // Whoever puts it once more changes it, and its arn stays.
        let uuid = all.get(&put.name).map_or(uuid, |(known, _)| known.clone());
        let arn = arn(&uuid, &put);
        all.insert(put.name.clone(), (uuid, put));
        Ok(Reply::Policy(PolicyReply::Put(arn)))
    }

    fn delete_policy(&mut self, policy: &PolicyRef) -> Result<Reply, AwsError> {
        let PutPolicy { group, name, .. } = self.policy(policy)?.clone();
        self.group_mut(&group)?.policies.all.remove(&name);
        Ok(Reply::Done)
    }

    fn describe_policies(
        &self,
        group: Option<&str>,
        names: &[String],
        types: &[String],
        page: &Page,
    ) -> Result<Reply, AwsError> {
        if let Some(group) = group {
            self.group(group)?;
        }
        let is_wanted = |view: &PolicyView| {
            let PolicyView { policy, arn } = view;
            group.is_none_or(|group| policy.group == group)
                && (names.is_empty() || names.contains(&policy.name) || names.contains(arn))
                && (types.is_empty() || types.iter().any(|kind| kind == policy.kind.as_str()))
        };
        // A space is in no group's name, and before every character that is.
        let all: Vec<_> = self
            .groups
            .values()
            .flat_map(|group| group.policies.all.values())
            .map(|(uuid, policy)| PolicyView { policy: policy.clone(), arn: arn(uuid, policy) })
            .filter(is_wanted)
            .map(|view| (format!("{} {}", view.policy.group, view.policy.name), view))
            .collect();
        let (policies, next) = cut(all.into_iter(), page, A_PAGE, |(key, _)| key)?;
        let policies = policies.into_iter().map(|(_, view)| view).collect();
        Ok(Reply::Policy(PolicyReply::Policies { policies, next }))
    }

    fn execute_policy(
        &mut self,
        policy: &PolicyRef,
        honor_cooldown: bool,
        breach: Option<(Number, Number)>,
    ) -> Result<Reply, AwsError> {
        let PutPolicy { group: name, name: policy, kind, enabled } = self.policy(policy)?.clone();
        if !enabled {
            return Err(AwsError::validation(format!("The policy {policy} is disabled")));
        }
        let group = self.group(&name)?;
        refuse_while_deleting(group)?;
        let current = group.desired;
        let (wanted, cooldown) = match kind {
            PolicyKind::Simple { how, by, cooldown } => {
                if breach.is_some() {
                    return Err(unsupported("MetricValue", "SimpleScaling"));
                }
                if honor_cooldown {
                    self.refuse_while_cooling(&name)?;
                }
                let default = group.settings.default_cooldown.unwrap_or(COOLDOWN);
                (adjust::adjusted(how, by, current), Some(cooldown.unwrap_or(default)))
            }
            PolicyKind::Step { how, steps, .. } => {
                if honor_cooldown {
                    return Err(unsupported("HonorCooldown", "StepScaling"));
                }
                let Some((value, threshold)) = breach else {
                    let message = "MetricValue and BreachThreshold are required by policy type StepScaling";
                    return Err(AwsError::validation(message));
                };
                let step = adjust::step(&steps, value.value() - threshold.value()).ok_or_else(|| {
                    AwsError::validation(format!(
                        "No step adjustment found for metric value {} and breach threshold {}",
                        value.value(),
                        threshold.value()
                    ))
                })?;
                (adjust::adjusted(how, step.by, current), None)
            }
            PolicyKind::TargetTracking { .. } => {
                return Err(AwsError::validation(
                    "ExecutePolicy is not supported for policy type TargetTrackingScaling",
                ));
            }
        };
        let now = self.now;
        let group = self.group_mut(&name)?;
        let desired = within(wanted, group);
        group.desired = desired;
        if let Some(cooldown) = cooldown {
            group.policies.cooled = Some(now + Duration::from_secs(u64::from(cooldown)));
        }
        self.asked(&format!(
            "executed policy {policy} changing the desired capacity from {current} to {desired}."
        ));
        self.reconcile(&name);
        Ok(Reply::Done)
    }

    /// Refuses what honours the cooldown while one goes on.
    fn refuse_while_cooling(&self, group: &str) -> Result<(), AwsError> {
        if self.group(group)?.policies.cooled.is_some_and(|end| self.now < end) {
            return Err(AwsError::new(
                400,
                "ScalingActivityInProgress",
                format!("The cooldown of AutoScalingGroup {group} goes on"),
            ));
        }
        Ok(())
    }

    fn policy(&self, policy: &PolicyRef) -> Result<&PutPolicy, AwsError> {
        let PolicyRef { group, name } = policy;
        let found = if name.starts_with("arn:") {
            let all = self.groups.values().flat_map(|group| group.policies.all.values());
            let mut all = all.filter(|(_, put)| group.as_ref().is_none_or(|group| put.group == *group));
            all.find(|(uuid, put)| arn(uuid, put) == *name)
        } else {
            let group = group.as_ref().ok_or_else(|| {
                AwsError::validation("AutoScalingGroupName is required unless the policy is named by its ARN")
            })?;
            self.group(group)?.policies.all.get(name)
        };
        found.map(|(_, put)| put).ok_or_else(|| AwsError::validation(format!("Policy not found: {name}")))
    }
}

/// A wanted capacity within the limits of its group.
fn within(wanted: i64, group: &Group) -> u32 {
    u32::try_from(wanted.clamp(i64::from(group.min), i64::from(group.max))).unwrap_or(group.max)
}

fn arn(uuid: &str, policy: &PutPolicy) -> String {
    let PutPolicy { group, name, .. } = policy;
    format!(
        "arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:{uuid}:autoScalingGroupName/{group}:policyName/{name}"
    )
}

fn unsupported(name: &str, kind: &str) -> AwsError {
    AwsError::validation(format!("{name} is not supported by policy type {kind}"))
}

fn limit(message: &str) -> AwsError {
    AwsError::new(400, "LimitExceeded", message)
}
