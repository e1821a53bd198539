//! The operations on groups: create, change, delete, scale, terminate one instance, tag.

use std::collections::BTreeMap;

use super::World;
use super::command::{
    CreateConfiguration, CreateGroup, GroupLife, GroupSettings, Protection, Reply, Tree, UpdateGroup,
};
use super::error::AwsError;
use super::group::Group;
use super::journey::Journey;
use super::leaving::check_policies;
use super::placement::zones_of;
use super::policies::Policies;
use super::retention;
use super::schedules::Schedules;
use super::tags::check_tags;

impl World {
    pub(super) fn create_group(&mut self, request: CreateGroup) -> Result<Reply, AwsError> {
        let name = request.name.clone();
        if self.groups.contains_key(&name) {
            return Err(AwsError::new(
                400,
                "AlreadyExists",
                format!(
                    "AutoScalingGroup by this name already exists - A group with the name {name} already exists"
                ),
            ));
        }
        let desired = request.desired.unwrap_or(request.min);
        check_sizes(request.min, request.max, desired)?;
        check_tags(&BTreeMap::new(), &request.tags)?;
        let mut request = request;
        if let Some(id) = request.like_instance.take() {
            self.create_configuration(CreateConfiguration {
                name: name.clone(),
                instance: Some(id),
                ..CreateConfiguration::default()
            })?;
            request.settings.repeated.insert("LaunchConfigurationName", Tree::Text(name.clone()));
        }
        let mut settings = GroupSettings::default();
        let mut wishes = request.settings;
        wishes.check_maintenance()?;
        settings.apply(wishes);
        check_policies(settings.termination_policies.as_deref().unwrap_or_default())?;
        let zones = zones_of(request.zones, request.subnets.as_deref())?;
        let group = Group {
            name: name.clone(),
            uuid: self.ids.uuid(),
            created: self.now,
            min: request.min,
            max: request.max,
            desired,
            zones,
            subnets: request.subnets,
            launch_template: request.launch_template,
            tags: request.tags.into_iter().map(|tag| (tag.key.clone(), tag)).collect(),
            hooks: BTreeMap::new(),
            pool: None,
            notifications: BTreeMap::new(),
            deleting: false,
            settings,
            life: GroupLife {
                protects_new: request.protects_new,
                made: request.made,
                ..GroupLife::default()
            },
            policies: Policies::default(),
            schedules: Schedules::new(),
            launches: Vec::new(),
            refreshes: Vec::new(),
        };
        self.groups.insert(name.clone(), group);
        self.asked(&format!(
            "created an AutoScalingGroup changing the desired capacity from 0 to {desired}."
        ));
        for hook in request.hooks {
            if let Err(error) = self.put_hook(&name, hook) {
                self.groups.remove(&name);
                return Err(error);
            }
        }
        self.reconcile(&name);
        Ok(Reply::Done)
    }

    pub(super) fn update_group(&mut self, mut change: UpdateGroup) -> Result<Reply, AwsError> {
        change.settings.check_maintenance()?;
        let group = self.group_mut(&change.name)?;
        refuse_while_deleting(group)?;
        let min = change.min.unwrap_or(group.min);
        let max = change.max.unwrap_or(group.max);
        // Without a wish of its own the desired capacity follows the new limits.
        let desired = change.desired.unwrap_or_else(|| group.desired.max(min).min(max.max(min)));
        check_sizes(min, max, desired)?;
        check_policies(change.settings.termination_policies.as_deref().unwrap_or_default())?;
        if !change.zones.is_empty() || change.subnets.is_some() {
            let subnets = change.subnets.or(group.subnets.clone());
            group.zones = zones_of(change.zones, subnets.as_deref())?;
            group.subnets = subnets;
        }
        let before = std::mem::replace(&mut group.desired, desired);
        (group.min, group.max) = (min, max);
        group.retemplate(change.launch_template, change.settings);
        group.life.protects_new = change.protects_new.unwrap_or(group.life.protects_new);
        self.asked(&format!(
            "update of AutoScalingGroup constraints to min: {min}, max: {max}, desired: {desired} changing the desired \
             capacity from {before} to {desired}."
        ));
        self.reconcile(&change.name);
        Ok(Reply::Done)
    }

    pub(super) fn set_desired(&mut self, name: &str, desired: u32) -> Result<Reply, AwsError> {
        let group = self.group_mut(name)?;
        refuse_while_deleting(group)?;
        if desired > group.max {
            return Err(AwsError::validation(format!(
                "New SetDesiredCapacity value {desired} is above max value {} for the AutoScalingGroup.",
                group.max
            )));
        }
        if desired < group.min {
            return Err(AwsError::validation(format!(
                "New SetDesiredCapacity value {desired} is below min value {} for the AutoScalingGroup.",
                group.min
            )));
        }
        let before = std::mem::replace(&mut group.desired, desired);
        self.asked(&format!(
            "explicitly set group desired capacity changing the desired capacity from {before} to {desired}."
        ));
        self.reconcile(name);
        Ok(Reply::Done)
    }

    pub(super) fn delete_group(&mut self, name: &str, force: bool) -> Result<Reply, AwsError> {
        let in_use = !self.members(name, |_| true).is_empty();
        let group = self.group_mut(name)?;
        refuse_if_protected(group, force)?;
        if force && group.settings.retain == Some(true) {
            return Err(retention::refuse_force());
        }
        if in_use && !force {
            return Err(AwsError::new(
                400,
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance \
                 request(s) still in the group.",
            ));
        }
        group.deleting = true;
        let before = group.desired;
        (group.min, group.max, group.desired) = (0, 0, 0);
        if let Some(pool) = &mut group.pool {
            pool.deleting = true;
        }
        self.asked(&format!(
            "force deleted AutoScalingGroup changing the desired capacity from {before} to 0."
        ));
        self.release_all(name);
        self.reconcile(name);
        Ok(Reply::Done)
    }

    pub(super) fn terminate_instance(&mut self, id: &str, decrement: bool) -> Result<Reply, AwsError> {
        let instance = self.instances.get(id).ok_or_else(|| AwsError::no_instance(id))?;
        let (journey, name) = (instance.journey, instance.group.clone());
        if instance.is_retained() {
            if decrement {
                return Err(AwsError::validation(format!(
                    "The instance {id} is retained and not part of the desired capacity. Set \
                     ShouldDecrementDesiredCapacity to false to terminate it."
                )));
            }
            let cause = format!("instance {id} was taken out of service in response to a user request.");
            self.next_activity(None, &cause);
            self.release(id);
        } else if journey.is_listed_in_pool() {
            return Err(AwsError::validation(format!(
                "Instance {id} is in the warm pool and cannot be terminated by TerminateInstanceInAutoScalingGroup"
            )));
        }
        if journey == Journey::Leave {
            return Err(AwsError::validation(format!("The instance {id} is being detached.")));
        }
        if journey == Journey::Park {
            // It was counted out when it went on standby.
            self.begin(id, Journey::Terminate);
            self.reconcile(&name);
        }
        // One that is terminating already is left to it, and counts no second time.
        if journey.serves() {
            let group = self.group_mut(&name)?;
            if decrement && group.desired <= group.min {
                return Err(AwsError::validation(format!(
                    "Currently, desiredSize equals minSize ({}). Terminating instance without replacement will \
                     violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false \
                     or lower group's min size.",
                    group.min
                )));
            }
            let before = group.desired;
            group.desired -= u32::from(decrement);
            let shrinks = format!(", shrinking the capacity from {before} to {}", group.desired);
            let shrinks = if decrement { shrinks.as_str() } else { "" };
            self.next_activity(
                None,
                &format!("instance {id} was taken out of service in response to a user request{shrinks}."),
            );
            self.begin(id, Journey::Terminate);
            self.reconcile(&name);
        }
        Ok(Reply::Activity(self.current_activity(id)))
    }
}

/// A judgement on the words: the code is as in a public account of the refusal, the text says which setting it is.
fn refuse_if_protected(group: &Group, force: bool) -> Result<(), AwsError> {
    let (refused, setting) = match group.settings.protection.unwrap_or_default() {
        Protection::None => (false, ""),
        Protection::Force => (force, "prevent-force-deletion"),
        Protection::All => (true, "prevent-all-deletion"),
    };
    if refused {
        return Err(AwsError::new(
            400,
            "ResourceInUse",
            format!(
                "You cannot delete the AutoScalingGroup {} because its deletion protection is set to {setting}.",
                group.name
            ),
        ));
    }
    Ok(())
}

pub(super) fn refuse_while_deleting(group: &Group) -> Result<(), AwsError> {
    if group.deleting {
        return Err(AwsError::new(
            400,
            "ScalingActivityInProgress",
            format!("The AutoScalingGroup {} is pending delete", group.name),
        ));
    }
    Ok(())
}

/// One world is one machine: a size mistyped by a few digits must not take all of its memory.
const LARGEST: u32 = 5000;

/// Refuses a number of instances that no one machine can simulate.
pub(super) fn check_size(what: &str, size: u32) -> Result<(), AwsError> {
    if size > LARGEST {
        return Err(AwsError::validation(format!("{what} {size} is above {LARGEST}, the simulator's limit")));
    }
    Ok(())
}

fn check_sizes(min: u32, max: u32, desired: u32) -> Result<(), AwsError> {
    check_size("Max size", max)?;
    if min > max {
        return Err(AwsError::validation(format!(
            "Max bound, {max}, must be greater than or equal to min bound, {min}"
        )));
    }
    if desired < min || desired > max {
        return Err(AwsError::validation(format!(
            "Desired capacity:{desired} must be between the specified min size:{min} and max size:{max}"
        )));
    }
    Ok(())
}
