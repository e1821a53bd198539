//! Members that others take the place of: the unhealthy, those whose time is over, and those that EC2 may want back.
//!
//! From the documentation: without an instance maintenance policy the unhealthy are terminated while others are launched;
//! so are those that served longer than `MaxInstanceLifetime`, a tenth of the group at once, unless they are protected
//! from scale-in; for one with a rebalance recommendation, if the group has `CapacityRebalance`, another is in service
//! first, for which a group may exceed its size by a tenth. With a policy all of them go by it. Without Terminate nobody
//! is replaced, without `ReplaceUnhealthy` nobody for being unhealthy.
//!
//! Judgements: at least one at once, however small the group; the last
//! two kinds wait while Launch is suspended; the words of their activities.

use std::time::{Duration, SystemTime};

use super::World;
use super::command::{GroupSettings, Process};
use super::group::Group;
use super::instance::Instance;
use super::journey::Journey;

/// The part of a group that may be out of service, or too much, at once: one of so many.
const A_TENTH: u32 = 10;

/// Why a member is to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Unhealthy,
    Rebalance,
    Lifetime,
}

/// Which reasons hold in a group now.
#[derive(Debug, Clone, Copy)]
struct Rules {
    unhealthy: bool,
    rebalance: bool,
    lifetime: Option<Duration>,
}

impl World {
    /// Sends away those whose place others take, as many as may go now; who misses them is scaling's business.
    pub(super) fn replace_members(&mut self, name: &str) {
        self.replacement_wakes.remove(name);
        self.part_with_the_unhealthy_of_the_pool(name);
        while let Some((id, reason)) = self.next_to_replace(name) {
            let why = match reason {
                Reason::Unhealthy if self.is_ill(&self.instances[&id]) => {
                    "an EC2 health check indicating it has been terminated or stopped"
                }
                Reason::Unhealthy => "a user health-check",
                Reason::Rebalance => "an EC2 instance rebalance recommendation",
                Reason::Lifetime => "the maximum instance lifetime",
            };
            self.next_activity(None, &format!("an instance was taken out of service in response to {why}."));
            self.begin(&id, Journey::Terminate);
        }
        if let Some(at) = self.next_replacement_wake(name) {
            self.replacement_wakes.insert(name.to_owned(), at);
        }
    }

    /// By how many instances a group may exceed its desired capacity for those that are to be replaced.
    pub(super) fn replacement_surge(&self, name: &str) -> usize {
        let Some(group) = self.groups.get(name) else { return 0 };
        let waiting = self.to_replace(name);
        if let Some(bounds) = group.maintenance() {
            return bounds.surge(group.desired).min(waiting.len());
        }
        let recommended = waiting.iter().filter(|(_, reason)| *reason == Reason::Rebalance).count();
        let room = group.max.saturating_sub(group.desired) + group.desired.div_ceil(A_TENTH).max(1);
        recommended.min(room as usize)
    }

    /// All members that serve and are to be replaced, the oldest first.
    fn to_replace(&self, name: &str) -> Vec<(String, Reason)> {
        let Some(rules) = self.groups.get(name).and_then(Rules::of) else {
            return Vec::new();
        };
        let tally = self.instances.tally(name);
        // Asked after every arrival: most of the time nobody has to be looked at.
        let unhealthy = rules.unhealthy && tally.unhealthy > 0;
        let recommended = rules.rebalance && tally.recommended > 0;
        if !unhealthy && !recommended && rules.lifetime.is_none() {
            return Vec::new();
        }
        let reason = |instance: &Instance| rules.reason(instance, self.now);
        let ids = self.members(name, |instance| reason(instance).is_some());
        ids.into_iter()
            .filter_map(|id| Some((reason(&self.instances[&id])?, id)))
            .map(|(why, id)| (id, why))
            .collect()
    }

    /// The next one that may go now.
    fn next_to_replace(&self, name: &str) -> Option<(String, Reason)> {
        let waiting = self.to_replace(name);
        if waiting.is_empty() {
            return None;
        }
        let group = self.groups.get(name)?;
        let desired = group.desired;
        let surge = self.surge(name);
        let now = self.now;
        let warmup = warmup(&group.settings);
        let in_service = |instance: &&Instance| instance.journey.serves() && instance.is_at_rest();
        let ready = self.instances.of_group(name).filter(in_service);
        if let Some(bounds) = group.maintenance() {
            let ready =
                ready.filter(|instance| ready_at(instance, warmup).is_none_or(|at| at <= now)).count();
            return waiting.into_iter().next().filter(|_| ready > bounds.needed(desired, surge));
        }
        let healthy = ready.filter(|instance| !instance.life.unhealthy).count();
        waiting.into_iter().find(|(_, reason)| match reason {
            Reason::Unhealthy => true,
            Reason::Rebalance => healthy > desired as usize,
            Reason::Lifetime => healthy > (desired - (desired / A_TENTH).max(1).min(desired)) as usize,
        })
    }

    /// When somebody's time is over, or somebody is warm for whom another waits.
    fn next_replacement_wake(&self, name: &str) -> Option<SystemTime> {
        let group = self.groups.get(name)?;
        let lifetime = Rules::of(group)?.lifetime;
        let waits = group.maintenance().is_some() && !self.to_replace(name).is_empty();
        let warmup = warmup(&group.settings);
        if lifetime.is_none() && !waits {
            return None;
        }
        let serving = self.instances.of_group(name).filter(|one| one.journey.serves() && one.is_at_rest());
        let moments = serving.flat_map(|instance| {
            let end = lifetime.filter(|_| !instance.life.protected);
            let end = end.and_then(|lifetime| Some(instance.life.serving_since? + lifetime));
            [end, ready_at(instance, warmup).filter(|_| waits)]
        });
        moments.flatten().filter(|at| *at > self.now).min()
    }

    /// Nobody waits for a prepared instance.
    fn part_with_the_unhealthy_of_the_pool(&mut self, name: &str) {
        let Some(rules) = self.groups.get(name).and_then(Rules::of) else {
            return;
        };
        if !rules.unhealthy || self.instances.tally(name).unhealthy == 0 {
            return;
        }
        let goes = |one: &Instance| one.life.unhealthy && one.is_at_rest() && one.is_pooled();
        for id in self.members(name, goes) {
            let why = if self.is_ill(&self.instances[&id]) {
                "an EC2 health check indicating it has been terminated or stopped"
            } else {
                "a user health-check"
            };
            self.next_activity(None, &format!("an instance was taken out of service in response to {why}."));
            self.begin(&id, Journey::Retire);
        }
    }
}

impl Rules {
    /// The rules of a group; none if nobody is replaced in it.
    fn of(group: &Group) -> Option<Rules> {
        let suspended = |process| group.life.suspended.contains_key(&process);
        if group.deleting || suspended(Process::Terminate) {
            return None;
        }
        let launches = !suspended(Process::Launch);
        let lifetime = group.settings.max_lifetime.filter(|seconds| *seconds > 0 && launches);
        Some(Rules {
            unhealthy: !suspended(Process::ReplaceUnhealthy),
            rebalance: launches && group.settings.capacity_rebalance == Some(true),
            lifetime: lifetime.map(|seconds| Duration::from_secs(seconds.into())),
        })
    }

    fn reason(self, instance: &Instance, now: SystemTime) -> Option<Reason> {
        if !instance.journey.serves() || !instance.is_at_rest() {
            return None;
        }
        let is_over = |lifetime| instance.life.serving_since.is_some_and(|since| since + lifetime <= now);
        if self.unhealthy && instance.life.unhealthy {
            Some(Reason::Unhealthy)
        } else if self.rebalance && instance.warnings.rebalance.is_some() {
            Some(Reason::Rebalance)
        } else if !instance.life.protected && self.lifetime.is_some_and(is_over) {
            Some(Reason::Lifetime)
        } else {
            None
        }
    }
}

/// How long an instance of this group takes to warm up once it is in service.
pub(super) fn warmup(settings: &GroupSettings) -> Duration {
    let seconds = settings.instance_warmup.flatten().or(settings.health_check_grace).unwrap_or(0);
    Duration::from_secs(seconds.into())
}

fn ready_at(instance: &Instance, warmup: Duration) -> Option<SystemTime> {
    Some(instance.life.serving_since? + warmup)
}
