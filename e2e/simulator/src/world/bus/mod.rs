//! The event bus: what happens is told to queues, as by `EventBridge` rules with queues as targets.

mod delivery;
mod kind;
mod machines;
mod outcomes;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::World;
use super::hardware::MachineState;
use crate::account::{ACCOUNT, REGION};
use crate::times::seconds;

pub use delivery::{EventFault, EventTrouble};
pub use kind::EventKind;

pub(super) use outcomes::Outcome;

use delivery::Post;

/// Who is told what, and what is still on its way.
#[derive(Debug, Clone)]
pub(super) struct Bus {
    rules: Vec<Rule>,
    post: Post,
    /// The state of each machine as it was told last, as long as somebody wants to know.
    machines: BTreeMap<String, MachineState>,
    /// Machines that may have changed since.
    changed: BTreeSet<String>,
}

/// A rule: events of these kinds go to a queue.
#[derive(Debug, Clone)]
struct Rule {
    queue: String,
    kinds: Vec<EventKind>,
}

impl Bus {
    pub(super) fn new(seed: u64) -> Self {
        Bus { rules: Vec::new(), post: Post::new(seed), machines: BTreeMap::new(), changed: BTreeSet::new() }
    }

    /// Forgets a machine that is long gone.
    pub(super) fn forget(&mut self, id: &str) {
        self.machines.remove(id);
    }

    fn is_wanted(&self, kind: EventKind) -> bool {
        self.rules.iter().any(|rule| rule.kinds.contains(&kind))
    }
}

impl World {
    /// From now on events of these kinds are told to this queue, in the shape of `EventBridge`. What cannot be delivered
    /// is lost.
    pub fn route_events(&mut self, queue: &str, kinds: &[EventKind]) {
        self.bus.rules.push(Rule { queue: queue.to_owned(), kinds: kinds.to_vec() });
        self.watch_machines();
    }

    /// Tells an event to whoever wants it.
    pub(super) fn publish(&mut self, kind: EventKind, resources: &[String], detail: &Value) {
        let queues: Vec<_> = self
            .bus
            .rules
            .iter()
            .filter(|rule| rule.kinds.contains(&kind))
            .map(|rule| rule.queue.clone())
            .collect();
        for queue in queues {
            let body = self.event(kind, resources, detail);
            if let Err(error) = self.deliver(&queue, kind, &body) {
                tracing::warn!(queue, message = error.message, "an event was not delivered");
            }
        }
    }

    /// An event in its envelope. Its time is cut to whole seconds.
    pub(super) fn event(&mut self, kind: EventKind, resources: &[String], detail: &Value) -> Value {
        json!({
            "version": "0",
            "id": self.told_ids.uuid(),
            "detail-type": kind.detail_type(),
            "source": kind.source(),
            "account": ACCOUNT,
            "time": seconds(self.now),
            "region": REGION,
            "resources": resources,
            "detail": detail,
        })
    }
}
