//! Copies of the world that only answer questions.

use std::time::SystemTime;

use super::{Instance, World};
use crate::sqs::Queues;

impl World {
    /// A copy without queues, to be read from.
    pub(crate) fn copy(&mut self) -> World {
        // Messages are many and long, and nobody looks at those of a copy.
        let queues = std::mem::replace(&mut self.queues, Queues::new(0));
        let outbox = std::mem::take(&mut self.outbox);
        let copy = self.clone();
        self.queues = queues;
        self.outbox = outbox;
        copy
    }

    /// When it stands.
    pub(crate) fn moment(&self) -> SystemTime {
        self.now
    }

    /// Leaves out instances, by id, group and time of launch: for a copy only.
    pub(crate) fn hide(&mut self, is_hidden: impl Fn(&str, &str, SystemTime) -> bool) {
        let hidden = |instance: &Instance| is_hidden(&instance.id, &instance.group, instance.launched);
        for fleet in [&mut self.instances, &mut self.loose] {
            let ids: Vec<_> = fleet.values().filter(|one| hidden(one)).map(|one| one.id.clone()).collect();
            for id in ids {
                fleet.remove(&id);
            }
        }
    }
}
