//! What has to be remembered between two looks at the same instance.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::decide::Phase;
use crate::decide::jobs::Job;
use crate::job::Ended;
use crate::nodes::Nodes;
use crate::world::{Instance, World};

/// What has to be remembered between two looks; a restart forgets it without harm.
#[derive(Debug, Default)]
pub struct Memory {
    nodeless_since: BTreeMap<String, Instant>,
    unjoined_since: BTreeMap<String, Instant>,
    node_names: BTreeMap<String, Vec<String>>,
    /// By instance: the sight and the hook of the action that is completed, and how.
    completed: BTreeMap<String, (Instant, String, Ended)>,
    /// By instance: the sight in which its leaked node was emptied.
    emptied: BTreeMap<String, Instant>,
}

impl Memory {
    /// Takes in how things stand.
    pub fn look(&mut self, now: Instant, world: &World, nodes: &Nodes) {
        if !nodes.synced {
            return;
        }
        let by_instance = nodes.by_instance();
        for (id, nodes) in &by_instance {
            let names = nodes.iter().map(|node| node.name.clone()).collect();
            self.node_names.insert((*id).to_owned(), names);
        }
        let anybodys = nodes.by_name.values().any(|node| node.lacks_provider_id && !node.is_off_limits());
        for (id, instance) in &world.instances {
            if !anybodys && !by_instance.contains_key(id.as_str()) && instance.state.is_waiting() {
                self.nodeless_since.entry(id.clone()).or_insert(now);
            } else {
                self.nodeless_since.remove(id);
            }
            if !by_instance.contains_key(id.as_str()) && instance.phase() == Phase::InService {
                self.unjoined_since.entry(id.clone()).or_insert(now);
            } else {
                self.unjoined_since.remove(id);
            }
        }
        let sights = |id: &str| world.instances.get(id).map(|instance| instance.since);
        self.nodeless_since.retain(|id, _| sights(id).is_some());
        self.unjoined_since.retain(|id, _| sights(id).is_some());
        self.node_names.retain(|id, _| sights(id).is_some());
        self.completed.retain(|id, (since, ..)| sights(id) == Some(*since));
        self.emptied.retain(|id, since| sights(id) == Some(*since));
    }

    /// Remembers that a job is done, for as long as the instance stays in the state that the job was decided for.
    pub fn done(&mut self, id: &str, job: &Job, ended: Ended) {
        match job.work.action() {
            Some(action) => {
                self.completed.insert(id.to_owned(), (job.since, action.hook.clone(), ended));
            }
            None => {
                self.emptied.insert(id.to_owned(), job.since);
            }
        }
    }

    /// True if we completed, or found completed, this hook's action on an instance in its present state.
    pub fn is_completed(&self, id: &str, instance: &Instance, hook: &str) -> bool {
        self.ended(id, instance, hook).is_some()
    }

    /// How this hook's action on an instance in its present state ended, if we were there.
    pub fn ended(&self, id: &str, instance: &Instance, hook: &str) -> Option<Ended> {
        let (since, name, ended) = self.completed.get(id)?;
        (*since == instance.since && name == hook).then_some(*ended)
    }

    /// True if its leaked node was emptied in its present state.
    pub fn is_emptied(&self, id: &str, instance: &Instance) -> bool {
        self.emptied.get(id) == Some(&instance.since)
    }

    /// Since when it has waited without any Node that is, or may turn out to be, its own.
    pub fn nodeless_since(&self, id: &str) -> Option<Instant> {
        self.nodeless_since.get(id).copied()
    }

    /// Since when it has been in service without a Node.
    pub fn unjoined_since(&self, id: &str) -> Option<Instant> {
        self.unjoined_since.get(id).copied()
    }

    /// The Nodes that it had when it last had one.
    pub fn node_names(&self, id: &str) -> Option<&Vec<String>> {
        self.node_names.get(id)
    }
}
