//! Which instance needs a task of its own now, and what that task has to do.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use lifecycle::api::Action;
use lifecycle::{Direction, LifecycleState};
use tokio::time::Instant;

use crate::aws::HookNames;
use crate::decide::{Phase, destination};
use crate::heartbeat::Open;
use crate::intent::{self, Intent};
use crate::nodes::{NodeView, Nodes};
use crate::world::{Group, Hook, Instance, World};

/// A Node still Ready this long after we first saw its instance on the way in is believed, although no fresh report came:
/// a dead kubelet would be marked Unknown by now (default 50 s).
const READY_IS_FRESH_AFTER: Duration = Duration::from_secs(60);

/// What one task has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Drain the node, then complete the action.
    Terminate {
        /// The node's name; it may have vanished, then only pods that still name it are waited for.
        node: String,
        /// The action to complete.
        action: Action,
        /// When an earlier leader began to evict.
        first_eviction: Option<Timestamp>,
    },
    /// Nothing to drain: complete the action.
    Complete {
        /// The action to complete.
        action: Action,
        /// Why it is time, in a few words.
        why: &'static str,
    },
    /// A node that should not be there: move its pods away, complete nothing.
    EmptyLeak {
        /// The node's name.
        node: String,
    },
}

impl Work {
    /// True if a task that does `other` does this, too.
    pub fn is_same_as(&self, other: &Work) -> bool {
        match (self, other) {
            (Work::Terminate { node, action, .. }, Work::Terminate { node: n, action: a, .. }) => {
                node == n && action == a
            }
            (Work::Complete { action, .. }, Work::Complete { action: a, .. }) => action == a,
            (Work::EmptyLeak { node }, Work::EmptyLeak { node: n }) => node == n,
            (Work::Terminate { .. } | Work::Complete { .. } | Work::EmptyLeak { .. }, _) => false,
        }
    }
}

/// How patient we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// How long an instance is warmed up before our launch hook lets it into the pool.
    pub warm_up: Duration,
    /// How long no Node may have been there before a termination is completed without one.
    pub node: Duration,
}

/// What has to be remembered between two looks; a restart forgets it without harm.
#[derive(Debug, Default)]
pub struct Memory {
    nodeless_since: BTreeMap<String, Instant>,
    node_names: BTreeMap<String, String>,
    done: BTreeMap<String, Instant>,
    emptied: BTreeMap<String, Instant>,
}

impl Memory {
    /// Takes in how things stand.
    pub fn look(&mut self, now: Instant, world: &World, nodes: &Nodes) {
        let by_instance = nodes.by_instance();
        for (id, node) in &by_instance {
            self.node_names.insert((*id).to_owned(), node.name.clone());
        }
        let anybodys = nodes.by_name.values().any(|node| node.lacks_provider_id);
        self.nodeless_since.retain(|id, _| world.instances.contains_key(id));
        for (id, instance) in &world.instances {
            let nodeless = nodes.synced
                && !anybodys
                && !by_instance.contains_key(id.as_str())
                && instance.state.is_waiting();
            if nodeless {
                self.nodeless_since.entry(id.clone()).or_insert(now);
            } else {
                self.nodeless_since.remove(id);
            }
        }
        self.node_names.retain(|id, _| world.instances.contains_key(id));
        for past in [&mut self.done, &mut self.emptied] {
            past.retain(|id, since| world.instances.get(id).is_some_and(|i| i.since == *since));
        }
    }

    /// Remembers that a leaked node is empty for as long as its instance stays in its state.
    pub fn emptied(&mut self, id: &str, world: &World) {
        if let Some(instance) = world.instances.get(id) {
            self.emptied.insert(id.to_owned(), instance.since);
        }
    }

    /// Remembers that an instance's action is completed for as long as it stays in its state.
    pub fn done(&mut self, id: &str, world: &World) {
        if let Some(instance) = world.instances.get(id) {
            self.done.insert(id.to_owned(), instance.since);
        }
    }

    /// True if an instance's action is completed in its present state.
    pub fn is_done(&self, id: &str, instance: &Instance) -> bool {
        self.done.get(id) == Some(&instance.since)
    }
}

/// The hook of ours that may be holding an instance now.
pub fn holding_hook<'a>(instance: &Instance, group: &Group, names: &'a HookNames) -> Option<(&'a str, Hook)> {
    use LifecycleState as S;
    if destination(&instance.state, instance.direction).is_some() {
        return Some((&names.termination, group.termination?));
    }
    let entering = instance.state == S::WarmedPendingWait && instance.direction != Some(Direction::Returning);
    if instance.state == S::PendingWait || entering {
        return Some((&names.launch, group.launch?));
    }
    None
}

/// All actions that have to be kept alive.
pub fn open_actions(world: &World, nodes: &Nodes, memory: &Memory, names: &HookNames) -> Vec<Open> {
    let by_instance = nodes.by_instance();
    let open = world.instances.iter().filter_map(|(id, instance)| {
        let group = world.groups.get(&instance.group)?;
        let (name, hook) = holding_hook(instance, group, names)?;
        let node = by_instance.get(id.as_str()).copied();
        let completed = node.and_then(intent_of).is_some_and(|intent| intent.completed.is_some());
        // An action that we were told to leave alone must be able to time out.
        if completed || memory.is_done(id, instance) || node.is_some_and(NodeView::is_off_limits) {
            return None;
        }
        Some(Open {
            action: action(id, instance, name),
            timeout: hook.heartbeat_timeout,
            ends: instance.since + hook.global_timeout,
        })
    });
    open.collect()
}

/// The tasks that should be running, by instance.
pub fn jobs(
    now: Instant,
    world: &World,
    nodes: &Nodes,
    memory: &Memory,
    names: &HookNames,
    patience: &Patience,
) -> BTreeMap<String, Work> {
    let by_instance = nodes.by_instance();
    let work = world.instances.iter().filter_map(|(id, instance)| {
        let group = world.groups.get(&instance.group)?;
        let node = by_instance.get(id.as_str()).copied();
        if memory.is_done(id, instance) || node.is_some_and(NodeView::is_off_limits) {
            return None;
        }
        let work = if destination(&instance.state, instance.direction).is_some() {
            group.termination?;
            termination(now, id, instance, node, memory, names, patience)
        } else {
            let holds = holding_hook(instance, group, names).is_some();
            let launch = if holds { launch(now, id, instance, node, names, patience) } else { None };
            launch.or_else(|| leak(id, instance, node, memory))
        };
        Some((id.clone(), work?))
    });
    work.collect()
}

fn termination(
    now: Instant,
    id: &str,
    instance: &Instance,
    node: Option<&NodeView>,
    memory: &Memory,
    names: &HookNames,
    patience: &Patience,
) -> Option<Work> {
    let action = action(id, instance, &names.termination);
    if instance.state == LifecycleState::WarmedTerminatingWait {
        return Some(Work::Complete { action, why: "a pool member has nothing to drain" });
    }
    if let Some(node) = node {
        // Drained only once the intent is durable: whoever takes over then knows what was begun.
        let intent = intent_of(node)?;
        let name = node.name.clone();
        return intent.completed.is_none().then_some(Work::Terminate {
            node: name,
            action,
            first_eviction: intent.first_eviction,
        });
    }
    let nodeless_since = *memory.nodeless_since.get(id)?;
    if let Some(name) = memory.node_names.get(id) {
        return Some(Work::Terminate { node: name.clone(), action, first_eviction: None });
    }
    let waited = now.duration_since(nodeless_since) >= patience.node;
    waited.then_some(Work::Complete { action, why: "no Node ever appeared" })
}

fn launch(
    now: Instant,
    id: &str,
    instance: &Instance,
    node: Option<&NodeView>,
    names: &HookNames,
    patience: &Patience,
) -> Option<Work> {
    let action = action(id, instance, &names.launch);
    if instance.state == LifecycleState::WarmedPendingWait {
        let warmed_up = now.duration_since(instance.since) >= patience.warm_up;
        return warmed_up.then_some(Work::Complete { action, why: "it is warmed up" });
    }
    let since = instance.joining_since?;
    let ready = &node?.ready;
    let fresh = ready.told > since || now.duration_since(since) >= READY_IS_FRESH_AFTER;
    (ready.is && fresh).then_some(Work::Complete { action, why: "the Node is Ready" })
}

/// A Node of a machine that is about to be stopped; on one that is off there is nobody to end a pod.
fn leak(id: &str, instance: &Instance, node: Option<&NodeView>, memory: &Memory) -> Option<Work> {
    if memory.emptied.get(id) == Some(&instance.since) {
        return None;
    }
    let off = [LifecycleState::WarmedStopped, LifecycleState::WarmedHibernated].contains(&instance.state);
    let node = node.filter(|_| instance.phase() == Phase::Warm && !off)?;
    Some(Work::EmptyLeak { node: node.name.clone() })
}

fn action(id: &str, instance: &Instance, hook: &str) -> Action {
    Action { group: instance.group.clone(), hook: hook.to_owned(), instance: id.to_owned(), token: None }
}

/// The intent on a Node, if there is one that we can read.
pub fn intent_of(node: &NodeView) -> Option<Intent> {
    Intent::from_text(node.annotations.get(intent::ANNOTATION)?)
}

#[cfg(test)]
mod tests;
