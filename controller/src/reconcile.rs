//! The reconcile loop: the only place where marks are written and tasks begin and end.
//!
//! A pass never waits: writes run beside it, one at a time for each Node, and what became of them is one more thing that
//! the loop waits for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinError;
use tokio::time::Instant;
use tokio_util::task::JoinMap;

use crate::decide::jobs::{self, Job, Rules};
use crate::decide::marks::{Keys, Wanted, patch};
use crate::decide::memory::Memory;
use crate::decide::situation::situation;
use crate::decide::snapshot::snapshot;
use crate::decide::{Phase, destination};
use crate::heartbeat::Heartbeats;
use crate::intent::{self, Intent};
use crate::job;
use crate::marks::{Written, write};
use crate::metrics::Metrics;
use crate::nodes::{NodeView, Nodes};
use crate::status::Status;
use crate::tasks::Tasks;
use crate::world::{Instance, Standing, World, fits};

/// Passes are at least this far apart, so that a storm of Node events costs little.
const PACE: Duration = Duration::from_millis(50);
/// A pass is made this often even if nothing happens, for everything that depends on time.
const TICK: Duration = Duration::from_secs(1);
/// Marks being written at once.
const AT_ONCE: usize = 32;
/// For so long a Node that was written may still look as before in our watch.
const ECHO: Duration = Duration::from_secs(5);
/// How long a Node that just came or changed its readiness is left as it is, although its instance was warm when we last looked.
const OUTDATED_FOR: Duration = Duration::from_secs(5);
/// The pause after a write that did not succeed.
const NOT_NOW: Duration = Duration::from_secs(1);

/// What reconciling needs.
#[derive(Clone)]
pub struct Reconciler {
    /// Writes through the door.
    pub kube: kube::Client,
    /// What jobs work with.
    pub tools: job::Tools,
    /// The taint keys.
    pub keys: Keys,
    /// The rules of the house.
    pub rules: Rules,
    /// Where open actions are kept alive.
    pub heartbeats: Heartbeats,
    /// Counters.
    pub metrics: Metrics,
    /// Where others see how things stand.
    pub status: watch::Sender<Status>,
}

struct State {
    memory: Memory,
    tasks: Tasks,
    /// The writes under way, by Node.
    writes: JoinMap<String, Written>,
    at_once: Arc<Semaphore>,
    /// Nodes not to be written again while they have this version, or before that moment.
    rested: BTreeMap<String, Rest>,
    /// In a dry run: what was said already.
    said: BTreeMap<String, String>,
}

struct Rest {
    version: Option<String>,
    until: Instant,
}

impl Reconciler {
    /// Reconciles for ever; dropped when the claim is lost, and all tasks and writes with it.
    pub async fn run(
        self,
        mut world: watch::Receiver<World>,
        mut nodes: watch::Receiver<Nodes>,
    ) -> anyhow::Result<()> {
        let wake = Arc::new(Notify::new());
        let mut state = State {
            memory: Memory::default(),
            tasks: Tasks::new(self.tools.clone(), Arc::clone(&wake), self.metrics.clone()),
            writes: JoinMap::new(),
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            rested: BTreeMap::new(),
            said: BTreeMap::new(),
        };
        loop {
            let (seen_world, seen_nodes) =
                (world.borrow_and_update().clone(), nodes.borrow_and_update().clone());
            self.pass(&mut state, &seen_world, &seen_nodes);
            self.publish(&state, &seen_world, &seen_nodes);
            tokio::time::sleep(PACE).await;
            tokio::select! {
                changed = world.changed() => changed?,
                changed = nodes.changed() => changed?,
                () = wake.notified() => {}
                () = tokio::time::sleep(TICK) => {}
                (id, job, ended) = state.tasks.next_ended() => self.ended(&mut state, &id, &job, ended),
                Some((node, written)) = state.writes.join_next() => settle(&mut state, node, &written),
            }
        }
    }

    fn ended(&self, state: &mut State, id: &str, job: &Job, ended: job::Ended) {
        tracing::info!(instance = id, result = ended.as_str(), "done");
        if ended != job::Ended::Emptied {
            self.metrics.completions.with_label_values(&[ended.as_str()]).inc();
        }
        state.memory.done(id, job, ended);
    }

    fn pass(&self, state: &mut State, world: &World, nodes: &Nodes) {
        let now = Instant::now();
        state.memory.look(now, world, nodes);
        // Before anything else, and without asking for Nodes: what waits is kept alive.
        let open = jobs::open_actions(world, nodes, &state.memory, &self.rules);
        self.heartbeats.set(now, open, |action| jobs::has_ended(world, action));
        if !world.swept || !nodes.synced {
            return;
        }
        self.mark(state, world, nodes, now);
        let wanted = jobs::jobs(now, world, nodes, &state.memory, &self.rules);
        if self.rules.dry_run {
            for (id, job) in &wanted {
                say_once(&mut state.said, id, &format!("{:?}", job.work));
            }
            return;
        }
        let by_instance = nodes.by_instance();
        state.tasks.keep(now, &wanted, |id| {
            let instance = world.instances.get(id)?;
            let node = by_instance.get(id).and_then(|nodes| nodes.first()).copied();
            let group = world.groups.get(&instance.group);
            Some(situation(now, instance, group, node, &self.rules.names))
        });
    }

    /// Shows others how things stand, if that changed.
    fn publish(&self, state: &State, world: &World, nodes: &Nodes) {
        let new = snapshot(world, nodes, &state.memory, &self.rules, |id| state.tasks.drain(id));
        self.status.send_if_modified(|old| {
            let changed = *old != new;
            if changed {
                *old = new;
            }
            changed
        });
    }

    fn mark(&self, state: &mut State, world: &World, nodes: &Nodes, now: Instant) {
        state.rested.retain(|_, rest| now < rest.until);
        for node in nodes.by_name.values().filter(|node| !node.is_off_limits()) {
            let rests = state.rested.get(&node.name).is_some_and(|rest| {
                rest.version.as_ref().is_none_or(|version| *version == node.resource_version)
            });
            if rests || state.writes.contains_key(&node.name) {
                continue;
            }
            let Some(wanted) = self.wanted(state, world, node, now) else { continue };
            let Some(patch) = patch(node, &wanted, &self.keys) else { continue };
            if self.rules.dry_run {
                let said = patch.to_string().replace(&node.resource_version, "");
                say_once(&mut state.said, &node.name, &said);
                continue;
            }
            state.rested.insert(
                node.name.clone(),
                Rest { version: Some(node.resource_version.clone()), until: now + ECHO },
            );
            let (client, keys, view) = (self.kube.clone(), self.keys.clone(), node.clone());
            let at_once = Arc::clone(&state.at_once);
            let (event, metrics) = (event_behind_cordon(world, node, &wanted), self.metrics.clone());
            state.writes.spawn(node.name.clone(), async move {
                let _permit = at_once.acquire().await;
                let line = view.clone();
                let written = write(client, view, wanted.clone(), keys).await;
                if written == Written::Done {
                    log(&line, &wanted);
                    if let Some(at) = event {
                        metrics
                            .event_to_cordon
                            .observe(Timestamp::now().duration_since(at).as_secs_f64().max(0.0));
                    }
                }
                written
            });
        }
    }

    /// What is wanted on a Node now; none if nothing is known of it.
    fn wanted(&self, state: &State, world: &World, node: &NodeView, now: Instant) -> Option<Wanted> {
        let id = node.instance.as_deref()?;
        match world.standing(id) {
            // A look-up is under way; if none succeeds, the node is closed as what it was.
            Standing::Ours(instance)
                if instance.is_outdated(&node.ready)
                    && now.duration_since(node.ready.told) < OUTDATED_FOR =>
            {
                None
            }
            Standing::Ours(instance) => Some(Wanted::Marked {
                phase: instance.phase(),
                state: instance.state.clone(),
                intent: self.intent(state, world, node, id, instance),
            }),
            Standing::Foreign => Some(Wanted::Bare),
            // A machine just terminated looks alive for a while; only one that goes on living has left our care.
            Standing::Gone(since) => {
                let lives = node.ready.is && now.duration_since(since) >= self.rules.patience.node;
                lives.then_some(Wanted::Bare)
            }
            Standing::NotKnown => None,
        }
    }

    /// The durable intent that belongs on a Node now.
    fn intent(
        &self,
        state: &State,
        world: &World,
        node: &NodeView,
        id: &str,
        instance: &Instance,
    ) -> Option<Intent> {
        use lifecycle::LifecycleState as S;
        let before = jobs::intent_of(node);
        if before.is_none() && node.annotations.contains_key(intent::ANNOTATION) {
            self.metrics.unreadable_intents.inc();
        }
        let into_the_pool =
            [S::WarmedPending, S::WarmedPendingWait, S::WarmedPendingProceed].contains(&instance.state);
        if into_the_pool && instance.direction.is_none() {
            // Not to know the direction yet is no reason to forget what was begun.
            return before;
        }
        let names = &self.rules.names;
        let group = world.groups.get(&instance.group);
        let held = group
            .filter(|group| group.termination.is_some())
            .zip(destination(&instance.state, instance.direction));
        let Some((group, destination)) = held else {
            // On its way out the record stays; a retained instance begins anew.
            let retained = [S::TerminatingRetained, S::WarmedPendingRetained, S::WarmedTerminatingRetained];
            return before
                .filter(|_| instance.phase() == Phase::Leaving && !retained.contains(&instance.state));
        };
        let fresh = || Intent::new(&instance.group, &names.termination, destination, instance.since_wall);
        let mut intent = jobs::current_intent(node, instance, group, names).unwrap_or_else(fresh);
        intent.token = jobs::token(instance).or(intent.token);
        if intent.first_eviction.is_none() {
            intent.first_eviction = state.tasks.first_eviction(id);
        }
        if intent.completed.is_none() && state.memory.is_completed(id, instance, &names.termination) {
            intent.completed = Some(Timestamp::now());
        }
        Some(intent)
    }
}

/// Books what became of a write.
fn settle(state: &mut State, node: String, written: &Result<Written, JoinError>) {
    match written {
        Ok(Written::Done | Written::Needless) => {}
        Ok(Written::NotNow) | Err(_) => {
            state.rested.insert(node, Rest { version: None, until: Instant::now() + NOT_NOW });
        }
    }
}

fn log(node: &NodeView, wanted: &Wanted) {
    let (state, phase) = match wanted {
        Wanted::Marked { phase, state, .. } => (state.as_str(), *phase),
        Wanted::Bare => ("not ours", Phase::Released),
    };
    tracing::info!(node = node.name, instance = node.instance, state, ?phase, "marked");
}

/// The time in the message of the action because of which a Node is about to get its cordon; none if no message told.
fn event_behind_cordon(world: &World, node: &NodeView, wanted: &Wanted) -> Option<Timestamp> {
    let leaves = matches!(wanted, Wanted::Marked { phase: Phase::Leaving, .. });
    let instance = world.instances.get(node.instance.as_deref()?)?;
    let told = instance.told.as_ref().filter(|told| fits(told, instance))?;
    told.at.filter(|_| leaves && !node.unschedulable)
}

fn say_once(said: &mut BTreeMap<String, String>, what: &str, text: &str) {
    if said.get(what).is_none_or(|before| before != text) {
        tracing::info!(what, would = text, "dry run");
        said.insert(what.to_owned(), text.to_owned());
    }
}
