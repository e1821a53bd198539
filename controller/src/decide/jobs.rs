//! Which instance needs a task of its own now, and what that task has to do.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use lifecycle::api::Action;
use lifecycle::{Direction, LifecycleState};
use tokio::time::Instant;

use crate::aws::HookNames;
use crate::decide::memory::Memory;
use crate::decide::{Phase, destination};
use crate::heartbeat::Open;
use crate::intent::{self, Intent};
use crate::nodes::{NodeView, Nodes};
use crate::world::{Group, Hook, Instance, World, fits};

/// A Node still Ready this long after we first saw its instance on the way in is believed, although no fresh report came:
/// a dead kubelet would be marked Unknown by now (default 50 s).
const READY_IS_FRESH_AFTER: Duration = Duration::from_secs(60);

/// By how much an intent may be older than the moment at which we saw its action begin: another replica may have seen it
/// earlier than we did.
const WITNESS_LAG: Duration = Duration::from_secs(60);

/// What one task has to do, and the sight of the instance that it was decided for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// When the instance was first seen in the state that calls for the work; another state is other work.
    pub since: Instant,
    /// The work.
    pub work: Work,
}

/// What one task has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Drain the instance's nodes, then complete the action.
    Terminate {
        /// The nodes' names, mostly one; one may have vanished, then the pods that still name it are waited for.
        nodes: Vec<String>,
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
    /// No Node was seen for long: make sure among *all* Nodes that there is none, then complete the action.
    CompleteNodeless {
        /// The action to complete.
        action: Action,
    },
    /// A node that should not be there: move its pods away, complete nothing.
    EmptyLeak {
        /// The node's name.
        node: String,
    },
}

impl Job {
    /// True if a task that does `other` does this, too. What is only remembered of earlier runs makes no difference.
    pub fn is_same_as(&self, other: &Job) -> bool {
        let same_work = match (&self.work, &other.work) {
            (Work::Terminate { nodes, action, .. }, Work::Terminate { nodes: n, action: a, .. }) => {
                nodes == n && action == a
            }
            (one, other) => one == other,
        };
        self.since == other.since && same_work
    }
}

impl Work {
    /// The action that the work completes, if any.
    pub fn action(&self) -> Option<&Action> {
        match self {
            Work::Terminate { action, .. }
            | Work::Complete { action, .. }
            | Work::CompleteNodeless { action } => Some(action),
            Work::EmptyLeak { .. } => None,
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
    /// How long a leaked node may keep the launch hook from being completed.
    pub leak: Duration,
}

/// The rules of the house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Our hooks' names.
    pub names: HookNames,
    /// How patient we are.
    pub patience: Patience,
    /// Nothing is ever written, so nothing can be waited for to be durable.
    pub dry_run: bool,
}

/// The hook of ours that may be holding an instance now.
pub fn holding_hook<'a>(instance: &Instance, group: &Group, names: &'a HookNames) -> Option<(&'a str, Hook)> {
    use LifecycleState as S;
    if destination(&instance.state, instance.direction).is_some() {
        return Some((&names.termination, group.termination?));
    }
    // While the direction is unknown, it may be the termination hook that holds; a probe is under way.
    let entering = instance.state == S::WarmedPendingWait
        && (instance.direction == Some(Direction::Entering) || group.termination.is_none());
    if instance.state == S::PendingWait || entering {
        return Some((&names.launch, group.launch?));
    }
    None
}

/// All actions that have to be kept alive.
pub fn open_actions(world: &World, nodes: &Nodes, memory: &Memory, rules: &Rules) -> Vec<Open> {
    let by_instance = nodes.by_instance();
    let open = world.instances.iter().filter_map(|(id, instance)| {
        let group = world.groups.get(&instance.group)?;
        let (name, hook) = holding_hook(instance, group, &rules.names)?;
        let ignored = by_instance.get(id.as_str()).is_some_and(|nodes| are_off_limits(nodes));
        // An action that we were told to leave alone must be able to time out.
        if ignored || memory.is_completed(id, instance, name) {
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

/// True if enough is known to say that an action which is not open has ended.
pub fn has_ended(world: &World, action: &Action) -> bool {
    world.swept && (world.groups.contains_key(&action.group) || !world.scope.contains(&action.group))
}

/// The jobs that should be running, by instance.
pub fn jobs(
    now: Instant,
    world: &World,
    nodes: &Nodes,
    memory: &Memory,
    rules: &Rules,
) -> BTreeMap<String, Job> {
    let by_instance = nodes.by_instance();
    let jobs = world.instances.iter().filter_map(|(id, instance)| {
        let group = world.groups.get(&instance.group)?;
        let nodes = by_instance.get(id.as_str()).map_or(&[][..], Vec::as_slice);
        if are_off_limits(nodes) {
            return None;
        }
        let case = Case { now, id, instance, group, nodes, memory, rules };
        Some((id.clone(), Job { since: instance.since, work: case.work()? }))
    });
    jobs.collect()
}

fn are_off_limits(nodes: &[&NodeView]) -> bool {
    nodes.iter().any(|node| node.is_off_limits())
}

/// One instance, with all that decides about its work.
struct Case<'a> {
    now: Instant,
    id: &'a str,
    instance: &'a Instance,
    group: &'a Group,
    nodes: &'a [&'a NodeView],
    memory: &'a Memory,
    rules: &'a Rules,
}

impl Case<'_> {
    fn work(&self) -> Option<Work> {
        let names = &self.rules.names;
        let Some((hook, _)) = holding_hook(self.instance, self.group, names) else { return self.leak() };
        if self.memory.is_completed(self.id, self.instance, hook) {
            return None;
        }
        let action = action(self.id, self.instance, hook);
        if hook == names.termination { self.termination(action) } else { self.launch(action) }
    }

    fn termination(&self, action: Action) -> Option<Work> {
        if let [node, ..] = self.nodes {
            let nodes = self.nodes.iter().map(|node| node.name.clone()).collect();
            // Drained only once the intent is durable: whoever takes over then knows what was begun.
            let intent = current_intent(node, self.instance, self.group, &self.rules.names);
            if intent.is_none() && !self.rules.dry_run {
                return None;
            }
            let first_eviction = intent.and_then(|intent| intent.first_eviction);
            return Some(Work::Terminate { nodes, action, first_eviction });
        }
        if self.instance.state == LifecycleState::WarmedTerminatingWait {
            return Some(Work::Complete { action, why: "a pool member without a Node has nothing to drain" });
        }
        if let Some(nodes) = self.memory.node_names(self.id) {
            return Some(Work::Terminate { nodes: nodes.clone(), action, first_eviction: None });
        }
        let nodeless_since = self.memory.nodeless_since(self.id)?;
        let waited = self.now.duration_since(nodeless_since) >= self.rules.patience.node;
        waited.then_some(Work::CompleteNodeless { action })
    }

    fn launch(&self, action: Action) -> Option<Work> {
        let patience = &self.rules.patience;
        if self.instance.state == LifecycleState::WarmedPendingWait {
            let waited = self.now.duration_since(self.instance.since);
            let leak = self.leak().filter(|_| waited < patience.warm_up + patience.leak);
            let warmed_up = waited >= patience.warm_up;
            return leak.or_else(|| warmed_up.then_some(Work::Complete { action, why: "it is warmed up" }));
        }
        let since = self.instance.joining_since?;
        let patience_ended = self.now.duration_since(since) >= READY_IS_FRESH_AFTER;
        let is_ready = |node: &&NodeView| {
            let counts = self.instance.reports_count_since.is_none_or(|since| node.ready.told > since);
            node.ready.is && (counts || patience_ended)
        };
        let ready = self.nodes.iter().any(is_ready);
        ready.then_some(Work::Complete { action, why: "the Node is Ready" })
    }

    /// A Node of a machine that is about to be stopped; on one that is off there is nobody to end a pod.
    fn leak(&self) -> Option<Work> {
        let off = [LifecycleState::WarmedStopped, LifecycleState::WarmedHibernated];
        let node = self.nodes.first()?;
        // A Node that turned Ready after we last looked may be in service by now.
        let sure = self.instance.phase() == Phase::Warm
            && !off.contains(&self.instance.state)
            && !self.instance.is_outdated(&node.ready)
            && !self.memory.is_emptied(self.id, self.instance);
        sure.then(|| Work::EmptyLeak { node: node.name.clone() })
    }
}

/// The token that a message brought for the action that holds an instance now, if the message agrees with the state.
pub fn token(instance: &Instance) -> Option<String> {
    instance.told.as_ref().filter(|told| fits(told, instance))?.token.clone()
}

/// The action by which a hook holds an instance.
pub(crate) fn action(id: &str, instance: &Instance, hook: &str) -> Action {
    Action { group: instance.group.clone(), hook: hook.to_owned(), instance: id.to_owned(), token: None }
}

/// The intent on a Node, if there is one that we can read.
pub fn intent_of(node: &NodeView) -> Option<Intent> {
    Intent::from_text(node.annotations.get(intent::ANNOTATION)?)
}

/// The intent on a Node, if it is about the action that our termination hook holds now, and not about an earlier one.
pub fn current_intent(
    node: &NodeView,
    instance: &Instance,
    group: &Group,
    names: &HookNames,
) -> Option<Intent> {
    let hook = group.termination?;
    let destination = destination(&instance.state, instance.direction)?;
    let intent = intent_of(node)?;
    let age = instance.since_wall.duration_since(intent.since);
    let age = Duration::try_from(age).unwrap_or_default();
    // An action that we saw begin has no record that is older; one that we did not cannot outlive its global timeout.
    let limit = if instance.witnessed { WITNESS_LAG } else { hook.global_timeout };
    let about_this = intent.hook == names.termination
        && intent.group == instance.group
        && intent.destination == destination
        && age < limit;
    about_this.then_some(intent)
}

#[cfg(test)]
mod tests;
