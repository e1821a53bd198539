//! Parameters of a group beyond its sizes.

use std::collections::BTreeMap;

use super::super::params::{Params, invalid};
use crate::world::{AwsError, GroupSettings, Protection, Tree};

/// What is kept as it came and repeated in answers.
const REPEATED: &[&str] = &[
    "LaunchConfigurationName",
    "MixedInstancesPolicy",
    "PlacementGroup",
    "ServiceLinkedRoleARN",
    "Context",
    "DesiredCapacityType",
    "AvailabilityZoneIds",
    "LoadBalancerNames",
    "TargetGroupARNs",
    "TrafficSources",
    "InstanceMaintenancePolicy",
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification",
    "Operator",
];
const RETAIN: &[(&str, bool)] = &[("retain", true), ("terminate", false)];
const PROTECTIONS: &[(&str, Protection)] = &[
    ("none", Protection::None),
    ("prevent-force-deletion", Protection::Force),
    ("prevent-all-deletion", Protection::All),
];
const HEALTH_CHECKS: &[&str] = &["EC2", "EBS", "ELB", "VPC_LATTICE"];
/// The shortest `MaxInstanceLifetime` but none, in seconds.
const A_DAY: u32 = 86_400;
/// The deepest structure of the service is far flatter.
const DEEPEST: usize = 12;

pub(super) fn settings(params: &Params) -> Result<GroupSettings, AwsError> {
    let lifetime = params.number("MaxInstanceLifetime")?;
    if lifetime.is_some_and(|seconds| seconds != 0 && seconds < A_DAY) {
        return Err(AwsError::validation(format!(
            "MaxInstanceLifetime must be 0 or at least {A_DAY} seconds"
        )));
    }
    let mut repeated = BTreeMap::new();
    for name in REPEATED {
        if let Some(tree) = tree(params, name)? {
            repeated.insert(*name, tree);
        }
    }
    Ok(GroupSettings {
        retain: params.word("InstanceLifecyclePolicy.RetentionTriggers.TerminateHookAbandon", RETAIN)?,
        protection: params.word("DeletionProtection", PROTECTIONS)?,
        default_cooldown: params.number("DefaultCooldown")?,
        health_check_type: health_check(params)?,
        health_check_grace: params.number("HealthCheckGracePeriod")?,
        instance_warmup: match params.text("DefaultInstanceWarmup").as_deref() {
            Some("-1") => Some(None),
            _ => params.number("DefaultInstanceWarmup")?.map(Some),
        },
        max_lifetime: lifetime,
        capacity_rebalance: params.flag("CapacityRebalance")?,
        termination_policies: Some(params.list("TerminationPolicies")).filter(|all| !all.is_empty()),
        repeated,
    })
}

fn health_check(params: &Params) -> Result<Option<String>, AwsError> {
    let Some(text) = params.text("HealthCheckType") else { return Ok(None) };
    if text.split(',').all(|kind| HEALTH_CHECKS.contains(&kind.trim())) {
        return Ok(Some(text));
    }
    let all = HEALTH_CHECKS.join(", ");
    Err(AwsError::validation(format!("HealthCheckType {text} is not valid: it is a list of {all}")))
}

/// A parameter with everything that is in it; none if it is not there at all.
pub(super) fn tree(params: &Params, name: &str) -> Result<Option<Tree>, AwsError> {
    if let Some(text) = params.text(name) {
        return Ok(Some(Tree::Text(text)));
    }
    let inside = params.under(&format!("{name}."));
    let mut fields = Tree::Fields(BTreeMap::new());
    for (path, value) in inside.as_map() {
        let names: Vec<_> = path.split('.').collect();
        // These names come back as names of elements.
        let is_sound = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
        if names.len() > DEEPEST || !names.iter().all(is_sound) {
            return Err(invalid(&format!("'{path}'"), name, "Member must be a structure"));
        }
        insert(&mut fields, &names, value);
    }
    Ok((!inside.is_empty()).then_some(fields))
}

/// Puts a value where its path leads; what stands in the way gives way, so that the last of two readings holds.
fn insert(tree: &mut Tree, path: &[&str], value: &str) {
    match path {
        [] => *tree = Tree::Text(value.to_owned()),
        ["member", number, rest @ ..] if number.parse::<u32>().is_ok() => {
            let number = number.parse().unwrap_or_default();
            if !matches!(tree, Tree::List(_)) {
                *tree = Tree::List(BTreeMap::new());
            }
            if let Tree::List(members) = tree {
                insert(members.entry(number).or_insert_with(empty), rest, value);
            }
        }
        [name, rest @ ..] => {
            if !matches!(tree, Tree::Fields(_)) {
                *tree = empty();
            }
            if let Tree::Fields(fields) = tree {
                insert(fields.entry((*name).to_owned()).or_insert_with(empty), rest, value);
            }
        }
    }
}

fn empty() -> Tree {
    Tree::Fields(BTreeMap::new())
}
