//! The instances, found by id, by group, and by who is due next, without looking at all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Index;
use std::time::SystemTime;

use super::instance::Instance;
use super::spread::Spread;
use super::tally::Tally;

/// Instances by id, with an index of their groups and one of when they are due.
///
/// Whoever gets an instance to change may change what the indexes go by. So it is taken out of them when it is handed
/// out, and put back before the next change; until then readers look at it itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Fleet {
    by_id: BTreeMap<String, Instance>,
    groups: BTreeMap<String, Members>,
    due: BTreeSet<(SystemTime, String)>,
    /// The id of the one that was handed out last, and is in no index.
    out: Option<String>,
    /// How often somebody went through a whole group.
    #[cfg(test)]
    pub(super) looks: std::cell::Cell<usize>,
}

/// Those of one group, by id, how many there are of each kind, and where.
#[derive(Debug, Clone, Default)]
struct Members {
    ids: BTreeSet<String>,
    tally: Tally,
    spread: Spread,
}

impl Fleet {
    pub(super) fn get(&self, id: &str) -> Option<&Instance> {
        self.by_id.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Instance> {
        self.put_back();
        self.take_out(id);
        self.by_id.get_mut(id)
    }

    pub(super) fn insert(&mut self, id: String, instance: Instance) {
        self.put_back();
        self.take_out(&id);
        self.out = Some(id.clone());
        self.by_id.insert(id, instance);
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Instance> {
        self.put_back();
        self.take_out(id);
        self.out = None;
        self.by_id.remove(id)
    }

    /// All of them, by id.
    pub(super) fn values(&self) -> impl Iterator<Item = &Instance> {
        self.by_id.values()
    }

    /// Those of one group, by id.
    pub(super) fn of_group<'a>(&'a self, group: &str) -> impl Iterator<Item = &'a Instance> + use<'a> {
        #[cfg(test)]
        self.looks.set(self.looks.get() + 1);
        let out = self.handed_out().filter(|instance| instance.group == group);
        let ids = self.groups.get(group).into_iter().flat_map(|members| &members.ids);
        let indexed = ids.filter_map(|id| self.by_id.get(id));
        let mut found: Vec<_> = indexed.chain(out).collect();
        // All but the last are in order.
        found.sort_by(|one, other| one.id.cmp(&other.id));
        found.into_iter()
    }

    /// How many of one group there are of each kind, without looking at them.
    pub(super) fn tally(&self, group: &str) -> Tally {
        let indexed = self.groups.get(group).map(|members| members.tally).unwrap_or_default();
        let out = self.handed_out().filter(|instance| instance.group == group);
        indexed.plus(out.map(Tally::of).unwrap_or_default())
    }

    /// Where those of one group are, without looking at them.
    pub(super) fn spread(&self, group: &str) -> Spread {
        let mut spread = self.groups.get(group).map(|members| members.spread.clone()).unwrap_or_default();
        if let Some(out) = self.handed_out().filter(|instance| instance.group == group) {
            spread.add(out);
        }
        spread
    }

    /// Who is due next, and when; of several at once the first by id.
    pub(super) fn next_due(&self) -> Option<(SystemTime, &str)> {
        let indexed = self.due.first().map(|(due, id)| (*due, id.as_str()));
        let out = self.handed_out().and_then(|instance| Some((instance.due()?, instance.id.as_str())));
        indexed.into_iter().chain(out).min()
    }

    fn handed_out(&self) -> Option<&Instance> {
        self.by_id.get(self.out.as_ref()?)
    }

    fn put_back(&mut self) {
        let Some(instance) = self.out.take().and_then(|id| self.by_id.get(&id)) else { return };
        let members = self.groups.entry(instance.group.clone()).or_default();
        members.ids.insert(instance.id.clone());
        members.tally = members.tally.plus(Tally::of(instance));
        members.spread.add(instance);
        if let Some(due) = instance.due() {
            self.due.insert((due, instance.id.clone()));
        }
    }

    fn take_out(&mut self, id: &str) {
        let Some(instance) = self.by_id.get(id) else { return };
        if let Some(members) = self.groups.get_mut(&instance.group)
            && members.ids.remove(id)
        {
            members.tally = members.tally.minus(Tally::of(instance));
            members.spread.take(instance);
            if members.ids.is_empty() {
                self.groups.remove(&instance.group);
            }
        }
        if let Some(due) = instance.due() {
            self.due.remove(&(due, id.to_owned()));
        }
        self.out = Some(id.to_owned());
    }
}

impl<T: AsRef<str> + ?Sized> Index<&T> for Fleet {
    type Output = Instance;

    fn index(&self, id: &T) -> &Instance {
        &self.by_id[id.as_ref()]
    }
}

#[cfg(test)]
mod tests;
