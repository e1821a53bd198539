//! `LaunchInstances`: more members at once, in one place, told by their ids.
//!
//! From the documentation: a group of several zones has to be told which, a place has to be one of the group's, at most
//! a hundred instances a call, and the same token launches once. Judgements: the desired capacity goes up with them and
//! may not go above the largest size, a pool is left alone, and the words of the refusals. Nothing fails here, so that
//! there is nothing to retry.

use std::collections::BTreeSet;

use super::World;
use super::command::{LaunchInstances, Launched, Process, Reply};
use super::error::AwsError;
use super::groups::refuse_while_deleting;
use super::journey::Journey;
use super::placement::{Site, sites};

/// AWS's limit.
const MOST_AT_ONCE: u32 = 100;
/// So many answers a group can be asked for again.
const REMEMBERED: usize = 100;

impl World {
    pub(super) fn launch_instances(&mut self, request: LaunchInstances) -> Result<Reply, AwsError> {
        let group = self.group(&request.group)?;
        let before = group.launches.iter().find(|launched| launched.request.token == request.token);
        if let Some(before) = before {
            if before.request != request {
                return Err(AwsError::new(
                    400,
                    "IdempotentParameterMismatch",
                    format!("The ClientToken {} was used with other parameters", request.token),
                ));
            }
            return Ok(Reply::Launched(before.clone()));
        }
        refuse_while_deleting(group)?;
        self.refuse_without(Process::Launch, &request.group)?;
        if !(1..=MOST_AT_ONCE).contains(&request.count) {
            return Err(AwsError::validation(format!(
                "RequestedCapacity must be between 1 and {MOST_AT_ONCE}"
            )));
        }
        let (current, max) = (group.desired, group.max);
        if current + request.count > max {
            return Err(AwsError::validation(format!(
                "Launching {} instances would exceed the max size {max} of AutoScalingGroup {}",
                request.count, request.group
            )));
        }
        let site = self.site(&request)?;
        let known = self.ids_of(&request.group);
        let group = self.group_mut(&request.group)?;
        group.desired += request.count;
        let desired = group.desired;
        self.asked(&format!(
            "launched {} instances changing the desired capacity from {current} to {desired}.",
            request.count
        ));
        self.resizes(current as usize, desired as usize);
        for _ in 0..request.count {
            self.launch(&request.group, Journey::Launch, site.clone());
        }
        let ids: Vec<_> = self.ids_of(&request.group).difference(&known).cloned().collect();
        let kind = ids.first().and_then(|id| self.instances.get(id)).map(|one| one.hardware.kind.clone());
        self.reconcile(&request.group);
        let Site { zone, subnet } = site;
        let launched = Launched { kind: kind.unwrap_or_default(), zone, subnet, ids, request };
        let past = &mut self.group_mut(&launched.request.group)?.launches;
        past.push(launched.clone());
        if past.len() > REMEMBERED {
            past.remove(0);
        }
        Ok(Reply::Launched(launched))
    }

    /// The one place that a request names.
    fn site(&self, request: &LaunchInstances) -> Result<Site, AwsError> {
        let group = self.group(&request.group)?;
        let mut sites = sites(&group.zones, group.subnets.as_deref());
        if request.zone.is_none() && request.subnet.is_none() && group.zones.len() > 1 {
            return Err(AwsError::validation(
                "Either AvailabilityZones or SubnetIds must be specified for a group of several Availability Zones",
            ));
        }
        sites.retain(|site| {
            request.zone.as_ref().is_none_or(|zone| site.zone == *zone)
                && request.subnet.as_ref().is_none_or(|subnet| site.subnet == *subnet)
        });
        sites.into_iter().next().ok_or_else(|| {
            AwsError::validation(format!(
                "The specified Availability Zone or subnet is not one of AutoScalingGroup {}",
                request.group
            ))
        })
    }

    fn ids_of(&self, group: &str) -> BTreeSet<String> {
        self.instances.of_group(group).map(|instance| instance.id.clone()).collect()
    }
}
