//! The reconcile loop: the only place where marks are written and tasks begin and end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

use crate::aws::HookNames;
use crate::decide::jobs::{self, Memory, Patience};
use crate::decide::marks::{Keys, Wanted, patch};
use crate::decide::{Phase, destination};
use crate::heartbeat::Heartbeats;
use crate::intent::{self, Intent};
use crate::job;
use crate::marks::{Written, write};
use crate::metrics::Metrics;
use crate::nodes::{NodeView, Nodes};
use crate::tasks::Tasks;
use crate::world::{Instance, Standing, World};

/// Passes are at least this far apart, so that a storm of Node events costs little.
const PACE: Duration = Duration::from_millis(50);
/// A pass is made this often even if nothing happens, for everything that depends on time.
const TICK: Duration = Duration::from_secs(1);
/// Marks being written at once.
const AT_ONCE: usize = 32;
/// For so long a written Node may still look as before in our watch.
const ECHO: Duration = Duration::from_secs(5);

/// What reconciling needs.
#[derive(Clone)]
pub struct Reconciler {
    /// Writes through the door.
    pub kube: kube::Client,
    /// What jobs work with.
    pub tools: job::Tools,
    /// The taint keys.
    pub keys: Keys,
    /// Our hooks' names.
    pub names: HookNames,
    /// How patient we are.
    pub patience: Patience,
    /// Where open actions are kept alive.
    pub heartbeats: Heartbeats,
    /// Counters.
    pub metrics: Metrics,
    /// Decide and say, write nothing.
    pub dry_run: bool,
}

struct State {
    memory: Memory,
    tasks: Tasks,
    /// Nodes just written: the version they had before, and when.
    written: BTreeMap<String, (String, Instant)>,
    /// In a dry run: what was said already.
    said: BTreeMap<String, String>,
}

impl Reconciler {
    /// Reconciles for ever; dropped when the claim is lost, and all tasks with it.
    pub async fn run(
        self,
        mut world: watch::Receiver<World>,
        mut nodes: watch::Receiver<Nodes>,
    ) -> anyhow::Result<()> {
        let wake = Arc::new(Notify::new());
        let mut state = State {
            memory: Memory::default(),
            tasks: Tasks::new(self.tools.clone(), Arc::clone(&wake), self.metrics.clone()),
            written: BTreeMap::new(),
            said: BTreeMap::new(),
        };
        loop {
            let (seen_world, seen_nodes) =
                (world.borrow_and_update().clone(), nodes.borrow_and_update().clone());
            self.pass(&mut state, &seen_world, &seen_nodes).await;
            tokio::time::sleep(PACE).await;
            tokio::select! {
                changed = world.changed() => changed?,
                changed = nodes.changed() => changed?,
                () = wake.notified() => {}
                () = tokio::time::sleep(TICK) => {}
                (id, ended) = state.tasks.next_ended() => self.ended(&mut state, &seen_world, &id, ended),
            }
        }
    }

    fn ended(&self, state: &mut State, world: &World, id: &str, ended: job::Ended) {
        tracing::info!(instance = id, result = ended.as_str(), "done");
        if ended == job::Ended::Emptied {
            state.memory.emptied(id, world);
        } else {
            self.metrics.completions.with_label_values(&[ended.as_str()]).inc();
            state.memory.done(id, world);
        }
    }

    async fn pass(&self, state: &mut State, world: &World, nodes: &Nodes) {
        let now = Instant::now();
        state.memory.look(now, world, nodes);
        // Before anything else, and without asking for Nodes: what waits is kept alive.
        self.heartbeats.set(now, jobs::open_actions(world, nodes, &state.memory, &self.names));
        if !world.swept || !nodes.synced {
            return;
        }
        self.mark(state, world, nodes, now).await;
        let wanted = jobs::jobs(now, world, nodes, &state.memory, &self.names, &self.patience);
        if self.dry_run {
            for (id, work) in &wanted {
                say_once(&mut state.said, id, &format!("{work:?}"));
            }
            return;
        }
        let by_instance = nodes.by_instance();
        state.tasks.keep(now, &wanted, |id| {
            let instance = world.instances.get(id)?;
            let hook = world.groups.get(&instance.group)?.termination;
            let node = by_instance.get(id).copied();
            Some(context(now, Timestamp::now(), instance, hook, node))
        });
    }

    async fn mark(&self, state: &mut State, world: &World, nodes: &Nodes, now: Instant) {
        state.written.retain(|_, (_, at)| now.duration_since(*at) < ECHO);
        let at_once = Semaphore::new(AT_ONCE);
        let mut writes = FuturesUnordered::new();
        let mut planned = Vec::new();
        for node in nodes.by_name.values() {
            let before = state.written.get(&node.name);
            if before.is_some_and(|(version, _)| *version == node.resource_version) {
                continue;
            }
            let Some(first) = self.decide(state, world, node, now) else { continue };
            if self.dry_run {
                planned.push((node.name.clone(), first.to_string()));
            } else {
                writes.push(self.write(&at_once, state, world, node, now));
            }
        }
        let mut done = Vec::new();
        while let Some((node, written)) = writes.next().await {
            if written == Written::Done {
                log(world, node);
                done.push((node.name.clone(), (node.resource_version.clone(), now)));
            }
        }
        drop(writes);
        state.written.extend(done);
        for (node, patch) in planned {
            say_once(&mut state.said, &node, &patch);
        }
    }

    async fn write<'a>(
        &self,
        at_once: &Semaphore,
        state: &State,
        world: &World,
        node: &'a NodeView,
        now: Instant,
    ) -> (&'a NodeView, Written) {
        let _permit = at_once.acquire().await;
        let decide = |view: &NodeView| self.decide(state, world, view, now);
        (node, write(self.kube.clone(), node.clone(), decide).await)
    }

    /// The patch that a Node needs now, if any.
    fn decide(
        &self,
        state: &State,
        world: &World,
        node: &NodeView,
        now: Instant,
    ) -> Option<serde_json::Value> {
        let id = node.instance.as_deref()?;
        if node.is_off_limits() {
            return None;
        }
        let wanted = match world.standing(id) {
            Standing::Ours(instance) => Wanted::Marked {
                phase: instance.phase(),
                state: &instance.state,
                intent: self.intent(state, world, node, id, instance),
            },
            Standing::Foreign => Wanted::Bare,
            // A machine just terminated looks alive for a while; only one that goes on living has left our care.
            Standing::Gone(since) if node.ready.is && now.duration_since(since) >= self.patience.node => {
                Wanted::Bare
            }
            Standing::Gone(_) | Standing::NotKnown => return None,
        };
        patch(node, &wanted, &self.keys)
    }

    /// The durable intent that belongs on a leaving Node.
    fn intent(
        &self,
        state: &State,
        world: &World,
        node: &NodeView,
        id: &str,
        instance: &Instance,
    ) -> Option<Intent> {
        let before = jobs::intent_of(node);
        if before.is_none() && node.annotations.contains_key(intent::ANNOTATION) {
            self.metrics.unreadable_intents.inc();
        }
        let hook = world.groups.get(&instance.group).and_then(|group| group.termination);
        let Some(destination) = destination(&instance.state, instance.direction).filter(|_| hook.is_some())
        else {
            return before.filter(|_| instance.phase() == Phase::Leaving);
        };
        let name = &self.names.termination;
        let same = before.filter(|intent| {
            intent.hook == *name && intent.group == instance.group && intent.destination == destination
        });
        let mut intent =
            same.unwrap_or_else(|| Intent::new(&instance.group, name, destination, instance.since_wall));
        if intent.first_eviction.is_none() {
            intent.first_eviction = state.tasks.first_eviction(id);
        }
        if intent.completed.is_none() && state.memory.is_done(id, instance) {
            intent.completed = Some(Timestamp::now());
        }
        Some(intent)
    }
}

fn log(world: &World, node: &NodeView) {
    let instance = node.instance.as_deref().unwrap_or("");
    let (state, phase) = match world.standing(instance) {
        Standing::Ours(instance) => (instance.state.to_string(), format!("{:?}", instance.phase())),
        Standing::Foreign => ("foreign".to_owned(), "Released".to_owned()),
        Standing::Gone(_) | Standing::NotKnown => ("gone".to_owned(), "Released".to_owned()),
    };
    tracing::info!(node = node.name, instance, state, phase, "marked");
}

/// What a drain has to know of its node's situation now.
fn context(
    now: Instant,
    wall: Timestamp,
    instance: &Instance,
    hook: Option<crate::world::Hook>,
    node: Option<&NodeView>,
) -> crate::drain::Context {
    let since = node.and_then(jobs::intent_of).map_or(instance.since_wall, |intent| intent.since);
    let spent = Duration::try_from(wall.duration_since(since)).unwrap_or_default();
    let expires = hook.map(|hook| {
        // the margin covers the shutdown of what forced pods leave behind
        let margin = (hook.global_timeout / 10).min(Duration::from_secs(60));
        now + hook.global_timeout.saturating_sub(spent + margin)
    });
    crate::drain::Context {
        hook_expires: expires.map(Instant::into_std),
        node_unready_for: node.filter(|node| !node.ready.is).map(|node| now.duration_since(node.ready.told)),
        instance_will_terminate: destination(&instance.state, instance.direction)
            == Some(intent::Destination::Terminated),
        deadline_now: node
            .and_then(|node| node.annotations.get("node-gate.io/deadline"))
            .is_some_and(|value| value == "now"),
    }
}

fn say_once(said: &mut BTreeMap<String, String>, what: &str, text: &str) {
    if said.get(what).is_none_or(|before| before != text) {
        tracing::info!(what, would = text, "dry run");
        said.insert(what.to_owned(), text.to_owned());
    }
}
