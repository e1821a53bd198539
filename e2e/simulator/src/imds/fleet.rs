//! The metadata services of all instances.

use std::collections::{BTreeMap, VecDeque};

use super::Imds;
use super::port::Port;

/// The ports of so many of the last terminated instances are not given to new ones yet: whoever still asks there meets
/// nobody, rather than another instance.
const PORTS_RESTING: usize = 64;

/// Metadata services by instance. Those of terminated instances have no port, and are there for their records.
#[derive(Debug, Default)]
pub(crate) struct ImdsFleet {
    by_id: BTreeMap<String, Imds>,
    resting: VecDeque<Port>,
}

impl ImdsFleet {
    pub(crate) fn get(&self, id: &str) -> Option<&Imds> {
        self.by_id.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Imds> {
        self.by_id.get_mut(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// The service of an instance, new if it has none yet.
    pub(crate) fn of(&mut self, id: &str) -> std::io::Result<&mut Imds> {
        use std::collections::btree_map::Entry;
        Ok(match self.by_id.entry(id.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Imds::new()?),
        })
    }

    /// Ends the service of a terminated instance: it refuses at once, and its port is free before long.
    pub(crate) fn end(&mut self, id: &str) {
        self.resting.extend(self.by_id.get_mut(id).and_then(Imds::end));
        if self.resting.len() > PORTS_RESTING {
            self.resting.pop_front();
        }
    }

    pub(crate) fn forget(&mut self, id: &str) {
        self.by_id.remove(id);
    }

    pub(crate) fn clear(&mut self) {
        *self = ImdsFleet::default();
    }
}
