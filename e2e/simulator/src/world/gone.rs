//! Terminated instances, for those who ask what became of them: as long as EC2 tells of them.
//!
//! A simulator that runs for weeks launches and terminates without end, so what is over must be forgotten. That EC2 tells of
//! a terminated machine for "about an hour" is documented; that only so many are told of is a judgement.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::World;
use super::instance::Instance;

/// How long EC2 tells of a terminated machine: "about an hour".
const REMEMBERED: Duration = Duration::from_hours(1);
/// Of so many at most: an hour of simulated time can be short, and a load test is not.
const MOST: usize = 10_000;

/// The terminated instances that are remembered.
#[derive(Debug, Clone, Default)]
pub(super) struct Gone {
    by_id: BTreeMap<String, Instance>,
    /// Since when each is terminated, the first first.
    order: BTreeSet<(SystemTime, String)>,
}

/// Which machines came to their end, and which are not even remembered any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Departed {
    pub(crate) ended: Vec<String>,
    pub(crate) forgotten: Vec<String>,
}

impl Gone {
    pub(super) fn get(&self, id: &str) -> Option<&Instance> {
        self.by_id.get(id)
    }

    pub(super) fn tags_mut(&mut self, id: &str) -> Option<&mut BTreeMap<String, String>> {
        self.by_id.get_mut(id).map(|instance| &mut instance.tags)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Instance> {
        self.by_id.values()
    }

    fn insert(&mut self, instance: Instance, now: SystemTime) {
        self.order.insert((instance.hardware.ended.unwrap_or(now), instance.id.clone()));
        self.by_id.insert(instance.id.clone(), instance);
    }

    /// Takes out the first of those that nobody is told of any more.
    fn forget_one(&mut self, now: SystemTime) -> Option<String> {
        let (ended, _) = self.order.first()?;
        if *ended + REMEMBERED > now && self.by_id.len() <= MOST {
            return None;
        }
        let (_, id) = self.order.pop_first()?;
        self.by_id.remove(&id);
        Some(id)
    }
}

impl World {
    /// How many terminated instances are still remembered.
    pub fn remembered(&self) -> usize {
        self.gone.by_id.len()
    }

    /// Keeps a terminated instance as long as EC2 tells of it.
    pub(super) fn remember(&mut self, instance: Instance) {
        self.gone.insert(instance, self.now);
    }

    /// Forgets the instances that EC2 tells nobody of any more.
    pub(super) fn forget(&mut self) {
        while let Some(id) = self.gone.forget_one(self.now) {
            self.bus.forget(&id);
            self.departing.forgotten.push(id);
        }
    }

    /// Who ended and who was forgotten between the last call of `advance` and the one before.
    pub(crate) fn departed(&self) -> &Departed {
        &self.departed
    }
}
