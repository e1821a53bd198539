//! The observing loop: sweeps, look-ups by id and direction probes, all into one [`World`].
//!
//! What is asked of AWS runs beside the loop, so that a slow sweep of many groups delays neither a look-up nor a wake-up.
//! An answer counts only as far as no later question was answered before it.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_autoscaling::Client;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use lifecycle::api::ApiError;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

use crate::aws::{Backoff, HookNames, Reader};
use crate::metrics::Metrics;
use crate::nodes::Nodes;
use crate::queue::poll::{LookedUp, Wake};
use crate::trouble::Trouble;
use crate::world::World;

mod ask;

use ask::{Answer, Lookups};

/// Look-ups are collected for this long, so that fifty new Nodes cost one call.
const COALESCE: Duration = Duration::from_millis(500);

/// What the loop needs.
pub struct Observer {
    /// Reads groups and pools.
    pub reader: Reader,
    /// Looks up and probes.
    pub client: Client,
    /// Time between sweeps; jittered by a tenth.
    pub sweep_interval: Duration,
    /// Our hooks' names, for probes.
    pub names: HookNames,
    /// Probes are heartbeats; a dry run sends none.
    pub dry_run: bool,
    /// The Nodes, whose instances want to be known.
    pub nodes: watch::Receiver<Nodes>,
    /// What the queue wants to be looked up now.
    pub wakes: mpsc::Receiver<Wake>,
    /// Counts sweeps.
    pub metrics: Metrics,
}

struct State {
    world: World,
    /// What is being asked.
    asking: FuturesUnordered<BoxFuture<'static, Answer>>,
    /// Back from its sweep once that is done.
    reader: Option<Reader>,
    next_sweep: Instant,
    sweep_backoff: Backoff,
    /// True while the look-ups that are due are under way.
    looking_up: bool,
    next_lookup: Instant,
    lookup_backoff: Backoff,
    probing: bool,
    trouble: Trouble,
    in_scope: Option<usize>,
}

impl Observer {
    /// Observes for ever.
    pub async fn run(self, out: watch::Sender<World>) -> anyhow::Result<()> {
        let Observer { reader, client, sweep_interval, names, dry_run, nodes, mut wakes, metrics } = self;
        let asker = Asker { client, sweep_interval, names, dry_run, nodes, metrics };
        let now = Instant::now();
        let mut state = State {
            world: World::default(),
            asking: FuturesUnordered::new(),
            reader: Some(reader),
            next_sweep: now,
            sweep_backoff: Backoff::default(),
            looking_up: false,
            next_lookup: now,
            lookup_backoff: Backoff::default(),
            probing: false,
            trouble: Trouble::default(),
            in_scope: None,
        };
        let mut turns = tokio::time::interval(COALESCE);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = turns.tick() => asker.turn(&mut state),
                Some(wake) = wakes.recv() => state.asking.push(Box::pin(ask::wake(asker.client.clone(), wake))),
                Some(answer) = state.asking.next() => {
                    asker.take_in(&mut state, answer);
                    // What was learned may call for more, such as a probe, and that need not wait for the next turn.
                    asker.turn(&mut state);
                    out.send_replace(state.world.clone());
                }
            }
        }
    }
}

/// Knows what has to be asked, and what an answer means.
struct Asker {
    client: Client,
    sweep_interval: Duration,
    names: HookNames,
    dry_run: bool,
    nodes: watch::Receiver<Nodes>,
    metrics: Metrics,
}

impl Asker {
    /// Asks what is due and not being asked already.
    fn turn(&self, state: &mut State) {
        let now = Instant::now();
        if now >= state.next_sweep
            && let Some(reader) = state.reader.take()
        {
            state.asking.push(Box::pin(ask::sweep(reader)));
        }
        if !state.world.swept {
            return;
        }
        if !state.looking_up && now >= state.next_lookup {
            let nodes = self.nodes.borrow();
            // Off-limits Nodes are nobody's instances to us.
            let ours = nodes.by_name.values().filter(|node| !node.is_off_limits());
            let ids = ours.filter_map(|node| Some((node.instance.as_deref()?, &node.ready)));
            let ids = state.world.due_lookups(now, self.sweep_interval, ids);
            if !ids.is_empty() {
                state.looking_up = true;
                state.next_lookup = now + COALESCE;
                state.asking.push(Box::pin(ask::due(self.client.clone(), ids)));
            }
        }
        if !state.probing && !self.dry_run {
            let due = state.world.due_probes(now, &self.names);
            if !due.is_empty() {
                state.probing = true;
                state.asking.push(Box::pin(ask::probe(self.client.clone(), due)));
            }
        }
    }

    fn take_in(&self, state: &mut State, answer: Answer) {
        match answer {
            Answer::Swept { began, reader, sweep, errors } => {
                state.reader = Some(*reader);
                state.world.apply_sweep(began, Instant::now(), Timestamp::now(), sweep);
                self.forget_strangers(&mut state.world);
                self.swept(state, began, &errors);
            }
            Answer::LookedUp(lookups) => {
                state.looking_up = false;
                apply(&mut state.world, &lookups);
                let failed = lookups.error();
                if failed.is_some() {
                    state.next_lookup = Instant::now() + state.lookup_backoff.failed().max(COALESCE);
                } else {
                    state.lookup_backoff.succeeded();
                }
                state.trouble.say("looking up instances", failed);
            }
            Answer::Woken(lookups, wake) => {
                apply(&mut state.world, &lookups);
                let failed = lookups.failed();
                for (id, told) in wake.told.into_iter().filter(|(id, _)| !failed.contains(id)) {
                    state.world.tell(Instant::now(), &id, told, &self.names);
                }
                // What could not be looked up is asked for again as if a sweep had left it in doubt.
                for id in &failed {
                    state.world.doubt(id);
                }
                let is_ours = |id: &String| state.world.instances.contains_key(id) && !failed.contains(id);
                let ours = wake.instances.into_iter().filter(is_ours).collect();
                state.trouble.say("looking up what the queue names", lookups.error());
                self.forget_strangers(&mut state.world);
                // Nobody waits for it any more if the queue's loop has ended, and so do we then.
                wake.looked_up.send(LookedUp { ours, failed }).ok();
            }
            Answer::Probed(found) => {
                state.probing = false;
                for (instance, found) in found {
                    state.world.apply_probe(Instant::now(), &instance, found);
                }
            }
        }
    }

    fn swept(&self, state: &mut State, began: Instant, errors: &[ApiError]) {
        self.metrics.sweep_duration.observe(began.elapsed().as_secs_f64());
        let result = if errors.is_empty() { "complete" } else { "failed" };
        if errors.is_empty() {
            self.metrics.sweep_clock.set(Some(began));
        }
        self.metrics.sweeps.with_label_values(&[result]).inc();
        let now = Instant::now();
        state.next_sweep = if errors.is_empty() {
            state.sweep_backoff.succeeded();
            now + self.sweep_interval.mul_f64(0.9 + 0.2 * fastrand::f64())
        } else {
            state.sweep_backoff.next(now).min(now + self.sweep_interval)
        };
        state.trouble.say("sweep of the Auto Scaling groups", errors.first());
        if state.world.swept && state.in_scope != Some(state.world.scope.len()) {
            state.in_scope = Some(state.world.scope.len());
            say_scope(&state.world);
        }
    }

    fn forget_strangers(&self, world: &mut World) {
        let nodes = self.nodes.borrow();
        let instances: BTreeSet<&str> = nodes.instances().collect();
        world.forget_strangers_except(&instances);
    }
}

fn apply(world: &mut World, lookups: &Lookups) {
    for (ids, answer) in &lookups.answers {
        if let Ok(answers) = answer {
            world.apply_lookup(lookups.began, Instant::now(), Timestamp::now(), ids, answers);
        }
    }
}

/// A scope that matches nothing looks like peace; so its size is told whenever it changes.
fn say_scope(world: &World) {
    if world.scope.is_empty() {
        tracing::warn!("no Auto Scaling group is in scope, check --cluster-name, --group-tag or --group");
    } else {
        let names: Vec<&str> = world.scope.iter().take(20).map(String::as_str).collect();
        tracing::info!(groups = world.scope.len(), names = names.join(","), "Auto Scaling groups in scope");
    }
}
