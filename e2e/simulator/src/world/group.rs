//! A group with its hooks and its warm pool.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::command::{
    GroupLife, GroupSettings, GroupView, HookView, InstanceView, LaunchTemplate, Launched,
    NotificationTarget, NotificationType, PoolView, Tag, Wanted,
};
use super::event::{HookResult, HookTransition};
use super::policies::Policies;
use super::refresh::Refresh;
use super::schedules::Schedules;
use super::state::PoolState;

/// The longest an action may last whatever its heartbeats, in AWS.
const LONGEST_ACTION: Duration = Duration::from_hours(48);

/// What a group can launch its instances from besides a launch template.
const LAUNCHED_FROM: [&str; 2] = ["LaunchConfigurationName", "MixedInstancesPolicy"];

#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) uuid: String,
    pub(crate) created: SystemTime,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) desired: u32,
    pub(crate) zones: Vec<String>,
    pub(crate) subnets: Option<String>,
    pub(crate) launch_template: Option<LaunchTemplate>,
    pub(crate) tags: BTreeMap<String, Tag>,
    pub(crate) hooks: BTreeMap<String, Hook>,
    pub(crate) pool: Option<Pool>,
    /// What each topic is told.
    pub(crate) notifications: BTreeMap<String, BTreeSet<NotificationType>>,
    pub(crate) deleting: bool,
    pub(crate) settings: GroupSettings,
    pub(crate) life: GroupLife,
    pub(crate) policies: Policies,
    pub(crate) schedules: Schedules,
    /// What was launched on demand, the oldest first, for those who ask once more.
    pub(crate) launches: Vec<Launched>,
    /// The oldest first; only the last can be under way.
    pub(crate) refreshes: Vec<Refresh>,
}

impl Group {
    /// How many instances the warm pool should hold.
    pub(crate) fn pool_target(&self) -> u32 {
        match &self.pool {
            Some(pool) if !pool.deleting && !self.deleting => {
                pool.min.max(pool.max_prepared.unwrap_or(self.max).saturating_sub(self.desired))
            }
            Some(_) | None => 0,
        }
    }

    /// Changes the settings. A group launches from one thing only: naming a launch template, a mixed instances policy or a
    /// launch configuration takes the others away.
    pub(crate) fn retemplate(&mut self, template: Option<LaunchTemplate>, change: GroupSettings) {
        let named: Vec<_> =
            LAUNCHED_FROM.into_iter().filter(|name| change.repeated.contains_key(name)).collect();
        if template.is_some() || !named.is_empty() {
            self.launch_template = template;
            self.settings.repeated.retain(|name, _| !LAUNCHED_FROM.contains(name));
        }
        self.settings.apply(change);
    }

    /// The template it names: its own, or that of its mixed instances policy.
    pub(crate) fn template(&self) -> Option<LaunchTemplate> {
        let mixed = || self.settings.repeated.get("MixedInstancesPolicy").map(LaunchTemplate::of_policy);
        self.launch_template.clone().or_else(mixed)
    }

    /// The template that instances are launched from now: that of a refresh, else the group's.
    pub(crate) fn launches_from(&self) -> Option<LaunchTemplate> {
        let refreshed = self.refresh().and_then(Refresh::overrides).map(Wanted::template);
        refreshed.or_else(|| self.template())
    }

    /// The launch configuration that instances are launched from now, unless it is a template.
    pub(crate) fn launches_from_configuration(&self) -> Option<String> {
        if self.launches_from().is_some() { None } else { self.launch_configuration().map(str::to_owned) }
    }

    /// The refresh under way.
    pub(crate) fn refresh(&self) -> Option<&Refresh> {
        self.refreshes.last().filter(|refresh| !refresh.status.is_over())
    }

    /// The same, to go on with.
    pub(crate) fn refresh_mut(&mut self) -> Option<&mut Refresh> {
        self.refreshes.last_mut().filter(|refresh| !refresh.status.is_over())
    }

    pub(crate) fn view(&self, instances: Vec<InstanceView>, pool_size: usize) -> GroupView {
        GroupView {
            name: self.name.clone(),
            uuid: self.uuid.clone(),
            created: self.created,
            min: self.min,
            max: self.max,
            desired: self.desired,
            zones: self.zones.clone(),
            subnets: self.subnets.clone(),
            launch_template: self.launch_template.clone(),
            tags: self.tags.values().cloned().collect(),
            deleting: self.deleting,
            instances,
            pool: self.pool.as_ref().map(Pool::view),
            pool_size,
            settings: self.settings.clone(),
            life: self.life.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Pool {
    pub(crate) max_prepared: Option<u32>,
    pub(crate) min: u32,
    pub(crate) state: PoolState,
    pub(crate) reuse: Option<bool>,
    pub(crate) deleting: bool,
}

impl Pool {
    pub(crate) fn view(&self) -> PoolView {
        // A pool that is being deleted reports zero sizes and keeps the rest.
        PoolView {
            max_prepared: if self.deleting { Some(0) } else { self.max_prepared },
            min: if self.deleting { 0 } else { self.min },
            state: self.state,
            reuse: self.reuse,
            deleting: self.deleting,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) name: String,
    pub(crate) transition: HookTransition,
    pub(crate) heartbeat_timeout: Duration,
    pub(crate) default_result: HookResult,
    pub(crate) metadata: Option<String>,
    pub(crate) target: Option<NotificationTarget>,
}

impl Hook {
    pub(crate) fn global_timeout(&self) -> Duration {
        LONGEST_ACTION.min(self.heartbeat_timeout * 100)
    }

    pub(crate) fn view(&self) -> HookView {
        HookView {
            name: self.name.clone(),
            transition: self.transition,
            heartbeat_timeout: self.heartbeat_timeout,
            global_timeout: self.global_timeout(),
            default_result: self.default_result,
            metadata: self.metadata.clone(),
            target: self.target.clone(),
        }
    }
}
