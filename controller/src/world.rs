//! What is known of our groups and their instances, and what has to be asked next. Pure: time comes as an argument.
//!
//! Absence is no evidence here: an instance that a sweep does not list is *doubted* and asked for by id, and it is gone
//! only when asked by id and unlisted twice, ten seconds apart.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use lifecycle::api::{Action, InstanceDetail};
use lifecycle::{Direction, LifecycleState};
use tokio::time::Instant;

use crate::aws::HookNames;
use crate::decide::{Phase, phase};
use crate::nodes::Ready;

/// Two unlisted answers must lie at least this far apart before an instance counts as gone.
const GONE_AFTER: Duration = Duration::from_secs(10);
/// How often an instance of somebody else's group is looked up again, while its Node is here.
const FOREIGN_PACE: Duration = Duration::from_secs(300);
/// How often the direction of an instance is probed until an answer comes.
const PROBE_PACE: Duration = Duration::from_secs(2);
/// "No action of ours is open" must be heard twice, at least this far apart, to mean that an instance is entering.
const BELIEVED_AFTER: Duration = Duration::from_secs(5);

mod instance;
mod told;

pub use instance::Instance;
use instance::{direction_after, reports_count_since};
pub use told::fits;

/// A lifecycle hook of ours on a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hook {
    /// An action ends with its default result when no heartbeat comes for this long.
    pub heartbeat_timeout: Duration,
    /// An action ends after this long whatever comes.
    pub global_timeout: Duration,
}

/// One of our groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Our termination hook, if the group has it.
    pub termination: Option<Hook>,
    /// Our launch hook, if the group has it.
    pub launch: Option<Hook>,
}

/// What a sweep brought.
#[derive(Debug, Clone, Default)]
pub struct Sweep {
    /// The names of all our groups with their members read; none if a page failed: then nothing may be concluded from
    /// what is missing.
    pub scope: Option<BTreeSet<String>>,
    /// Groups whose hooks are known, by name.
    pub groups: BTreeMap<String, Group>,
    /// Every instance listed, in groups and pools.
    pub listed: Vec<InstanceDetail>,
    /// Groups whose warm pool was read.
    pub pools_read: BTreeSet<String>,
}

/// What a probe of a direction found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// Our termination hook holds the instance: it comes back from service.
    Returning,
    /// Our launch hook holds it: it comes from a launch.
    Entering,
    /// No hook of ours holds it.
    Silent,
    /// No answer.
    Failed,
}

/// An instance whose direction only a probe can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Its id.
    pub instance: String,
    /// Actions that may be holding it, the likeliest first, and what it means if one does.
    pub guesses: Vec<(Action, Probe)>,
}

/// How an instance id stands to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing<'a> {
    /// A member of one of our groups or pools.
    Ours(&'a Instance),
    /// A member of a group out of our scope.
    Foreign,
    /// Terminated long ago, or of no group: asked for twice and unlisted, since then.
    Gone(Instant),
    /// Not asked for yet, or without an answer yet.
    NotKnown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stranger {
    Foreign { asked: Instant },
    UnlistedOnce { asked: Instant },
    Gone { since: Instant },
}

/// All that is known of AWS.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// The names of all our groups, as of the last time that all pages were read.
    pub scope: BTreeSet<String>,
    /// Those of our groups whose hooks are known, by name.
    pub groups: BTreeMap<String, Group>,
    /// Our instances by id.
    pub instances: BTreeMap<String, Instance>,
    /// True once all our groups were read in this leadership.
    pub swept: bool,
    /// When all our groups were last read: what is new since then was launched since then.
    all_read: Option<Instant>,
    strangers: BTreeMap<String, Stranger>,
}

impl World {
    /// Takes in a sweep that began at `began`; what was learned of an instance since then is newer.
    pub fn apply_sweep(&mut self, began: Instant, now: Instant, wall: Timestamp, sweep: Sweep) {
        self.groups.extend(sweep.groups);
        if let Some(scope) = &sweep.scope {
            self.scope.clone_from(scope);
            self.groups.retain(|name, _| scope.contains(name));
            self.swept = true;
        }
        let mut listed: BTreeMap<&str, Vec<&InstanceDetail>> = BTreeMap::new();
        for detail in &sweep.listed {
            listed.entry(&detail.id).or_default().push(detail);
        }
        for (id, details) in &listed {
            let agree = details.windows(2).all(|pair| pair[0].state == pair[1].state);
            if agree {
                self.see(began, now, wall, details[0]);
            } else if let Some(instance) = self.instances.get_mut(*id) {
                instance.doubted = true;
            } else {
                self.see(began, now, wall, details[0]);
                self.instances.entry((*id).to_owned()).and_modify(|instance| instance.doubted = true);
            }
        }
        for (id, instance) in self.instances.iter_mut().filter(|(_, instance)| instance.asked <= began) {
            let should_be_listed = if instance.state.is_warmed() {
                sweep.pools_read.contains(&instance.group)
            } else {
                sweep.scope.is_some()
            };
            let group_left = sweep.scope.as_ref().is_some_and(|scope| !scope.contains(&instance.group));
            if (should_be_listed || group_left) && !listed.contains_key(id.as_str()) {
                instance.doubted = true;
            }
        }
        if sweep.scope.is_some() {
            self.all_read = Some(now);
        }
    }

    /// Takes in the answers of a look-up of `asked` that began at `began`.
    pub fn apply_lookup(
        &mut self,
        began: Instant,
        now: Instant,
        wall: Timestamp,
        asked: &[String],
        answers: &[InstanceDetail],
    ) {
        for detail in answers {
            if self.scope.contains(&detail.group) {
                self.see(began, now, wall, detail);
            } else {
                self.instances.remove(&detail.id);
                self.strangers.insert(detail.id.clone(), Stranger::Foreign { asked: now });
            }
        }
        for id in asked.iter().filter(|id| answers.iter().all(|detail| detail.id != **id)) {
            if self.instances.get(id).is_none_or(|instance| instance.asked <= began) {
                self.unlisted(began, now, id);
            }
        }
    }

    /// Takes in what a probe of an instance's direction found.
    pub fn apply_probe(&mut self, now: Instant, id: &str, found: Probe) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.probed = Some(now);
        instance.direction = match found {
            Probe::Returning => Some(Direction::Returning),
            Probe::Entering => Some(Direction::Entering),
            Probe::Silent => {
                let first = *instance.silent_since.get_or_insert(now);
                (now.duration_since(first) >= BELIEVED_AFTER).then_some(Direction::Entering)
            }
            Probe::Failed => None,
        };
    }

    /// How an id stands to us.
    pub fn standing(&self, id: &str) -> Standing<'_> {
        if let Some(instance) = self.instances.get(id) {
            return Standing::Ours(instance);
        }
        match self.strangers.get(id) {
            Some(Stranger::Foreign { .. }) => Standing::Foreign,
            Some(Stranger::Gone { since }) => Standing::Gone(*since),
            Some(Stranger::UnlistedOnce { .. }) | None => Standing::NotKnown,
        }
    }

    /// The ids that should be looked up now: doubted ones, those in motion, those whose Node is Ready although they
    /// should be warm, and Nodes' instances that we know nothing of. `nodes` are their ids with their Ready condition.
    pub fn due_lookups<'a>(
        &self,
        now: Instant,
        sweep_interval: Duration,
        nodes: impl Iterator<Item = (&'a str, &'a Ready)>,
    ) -> Vec<String> {
        let ours = self.instances.iter().filter(|(_, instance)| instance.is_due(now, sweep_interval));
        let mut due: BTreeSet<String> = ours.map(|(id, _)| id.clone()).collect();
        for (id, ready) in nodes {
            let ask = match (self.instances.get(id), self.strangers.get(id)) {
                (Some(instance), _) => instance.may_serve(now, ready, sweep_interval),
                (None, None) => true,
                (None, Some(Stranger::UnlistedOnce { asked })) => now.duration_since(*asked) >= GONE_AFTER,
                (None, Some(Stranger::Foreign { asked })) => now.duration_since(*asked) >= FOREIGN_PACE,
                (None, Some(Stranger::Gone { .. })) => false,
            };
            if ask {
                due.insert(id.to_owned());
            }
        }
        due.into_iter().collect()
    }

    /// Has one of our instances looked up soon.
    pub fn doubt(&mut self, id: &str) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.doubted = true;
        }
    }

    /// The instances whose direction only a probe can tell.
    pub fn due_probes(&self, now: Instant, names: &HookNames) -> Vec<Doubt> {
        self.instances
            .iter()
            .filter(|(_, instance)| {
                instance.state == LifecycleState::WarmedPendingWait
                    && instance.direction.is_none()
                    && instance.probed.is_none_or(|at| now.duration_since(at) >= PROBE_PACE)
                    && self.groups.get(&instance.group).is_some_and(|group| group.termination.is_some())
            })
            .map(|(id, instance)| {
                let has_launch_hook =
                    self.groups.get(&instance.group).is_some_and(|group| group.launch.is_some());
                Doubt { instance: id.clone(), guesses: told::guesses(id, instance, has_launch_hook, names) }
            })
            .collect()
    }

    /// Forgets strangers whose Node is not here any more.
    pub fn forget_strangers_except(&mut self, nodes: &BTreeSet<&str>) {
        self.strangers.retain(|id, _| nodes.contains(id.as_str()));
    }

    fn see(&mut self, began: Instant, now: Instant, wall: Timestamp, detail: &InstanceDetail) {
        self.strangers.remove(&detail.id);
        if let Some(known) = self.instances.get_mut(&detail.id)
            && known.asked > began
        {
            // An answer to a later question came before this one. If they differ, only a third can tell.
            known.doubted |= known.state != detail.state;
            return;
        }
        let fresh = Instance {
            group: detail.group.clone(),
            state: detail.state.clone(),
            since: now,
            since_wall: wall,
            joining_since: (phase(&detail.state, None) == Phase::Joining).then_some(now),
            reports_count_since: Some(self.all_read.unwrap_or(now)),
            direction: None,
            witnessed: false,
            told: None,
            told_at: None,
            seen: now,
            asked: began,
            doubted: false,
            unlisted_since: None,
            probed: None,
            silent_since: None,
        };
        match self.instances.get_mut(&detail.id) {
            Some(known) if known.state == detail.state && known.group == detail.group => {
                known.seen = now;
                known.asked = began;
                known.doubted = false;
                known.unlisted_since = None;
            }
            Some(known) => {
                let joining_since = fresh.joining_since.map(|now| known.joining_since.unwrap_or(now));
                let direction = direction_after(known, &detail.state);
                let reports_count_since = reports_count_since(known, now);
                let told = known.told.take().filter(|_| !instance::is_at_rest(&detail.state));
                let told_at = known.told_at.filter(|_| told.is_some());
                *known = Instance {
                    joining_since,
                    reports_count_since,
                    direction,
                    witnessed: true,
                    told,
                    told_at,
                    ..fresh
                };
            }
            None => {
                self.instances.insert(detail.id.clone(), fresh);
            }
        }
    }

    fn unlisted(&mut self, began: Instant, now: Instant, id: &str) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.seen = now;
            instance.asked = began;
            instance.doubted = true;
            let first = *instance.unlisted_since.get_or_insert(now);
            if now.duration_since(first) >= GONE_AFTER {
                self.instances.remove(id);
                self.strangers.insert(id.to_owned(), Stranger::Gone { since: now });
            }
            return;
        }
        let next = match self.strangers.get(id) {
            Some(Stranger::UnlistedOnce { asked }) if now.duration_since(*asked) >= GONE_AFTER => {
                Stranger::Gone { since: now }
            }
            Some(Stranger::UnlistedOnce { asked }) => Stranger::UnlistedOnce { asked: *asked },
            Some(Stranger::Gone { since }) => Stranger::Gone { since: *since },
            Some(Stranger::Foreign { .. }) | None => Stranger::UnlistedOnce { asked: now },
        };
        self.strangers.insert(id.to_owned(), next);
    }
}

#[cfg(test)]
mod tests;
