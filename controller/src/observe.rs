//! The observing loop: sweeps, look-ups by id and direction probes, all into one [`World`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_autoscaling::Client;
use futures::future::join_all;
use jiff::Timestamp;
use lifecycle::api::{self, Action, ApiError, Reply};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::aws::{Backoff, HookNames, Reader};
use crate::metrics::Metrics;
use crate::nodes::Nodes;
use crate::world::{Probe, World};

/// Look-ups are collected for this long, so that fifty new Nodes cost one call.
const COALESCE: Duration = Duration::from_millis(500);
/// How many directions are probed at once.
const PROBES_AT_ONCE: usize = 8;

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
    /// Counts sweeps.
    pub metrics: Metrics,
}

impl Observer {
    /// Observes for ever.
    pub async fn run(mut self, out: watch::Sender<World>) -> anyhow::Result<()> {
        let mut world = World::default();
        let mut next_sweep = Instant::now();
        let mut backoff = Backoff::default();
        let mut trouble = Trouble::default();
        let mut in_scope = None;
        loop {
            if Instant::now() >= next_sweep {
                let errors = self.sweep(&mut world).await;
                next_sweep = if errors.is_empty() {
                    backoff.succeeded();
                    Instant::now() + self.sweep_interval.mul_f64(0.9 + 0.2 * fastrand::f64())
                } else {
                    backoff.next(Instant::now()).min(Instant::now() + self.sweep_interval)
                };
                trouble.say("sweep", errors.first());
                if world.swept && in_scope != Some(world.scope.len()) {
                    in_scope = Some(world.scope.len());
                    say_scope(&world);
                }
            }
            let failed = self.look_up(&mut world).await;
            trouble.say("look-up", failed.as_ref());
            self.probe(&mut world).await;
            out.send_replace(world.clone());
            let pause = if failed.is_some() { backoff.failed().max(COALESCE) } else { COALESCE };
            tokio::time::sleep_until(next_sweep.min(Instant::now() + pause)).await;
        }
    }

    async fn sweep(&mut self, world: &mut World) -> Vec<ApiError> {
        let began = Instant::now();
        let (sweep, errors) = self.reader.sweep().await;
        self.metrics.sweep_duration.observe(began.elapsed().as_secs_f64());
        let result = if errors.is_empty() { "complete" } else { "failed" };
        if errors.is_empty() {
            self.metrics.sweep_clock.set(Some(began));
        }
        self.metrics.sweeps.with_label_values(&[result]).inc();
        world.apply_sweep(Instant::now(), Timestamp::now(), sweep);
        let nodes = self.nodes.borrow();
        let instances: BTreeSet<&str> = nodes.instances().collect();
        world.forget_strangers_except(&instances);
        errors
    }

    async fn look_up(&self, world: &mut World) -> Option<ApiError> {
        let now = Instant::now();
        let ids = {
            let nodes = self.nodes.borrow();
            // Off-limits Nodes are nobody's instances to us.
            let ours = nodes.by_name.values().filter(|node| !node.is_off_limits());
            let ids = ours.filter_map(|node| Some((node.instance.as_deref()?, &node.ready)));
            if world.swept { world.due_lookups(now, self.sweep_interval, ids) } else { Vec::new() }
        };
        let mut failed = None;
        for asked in ids.chunks(api::MAX_IDS) {
            match api::describe_instances(&self.client, asked).await {
                Ok(answers) => world.apply_lookup(Instant::now(), Timestamp::now(), asked, &answers),
                Err(err) => failed = Some(err),
            }
        }
        failed
    }

    async fn probe(&self, world: &mut World) {
        if self.dry_run {
            return;
        }
        let due = world.due_probes(Instant::now());
        for some in due.chunks(PROBES_AT_ONCE) {
            let probes = some.iter().map(|(instance, group)| self.probe_one(world, instance, group));
            for ((instance, _), found) in some.iter().zip(join_all(probes).await) {
                world.apply_probe(Instant::now(), instance, found);
            }
        }
    }

    /// A heartbeat that is accepted tells which of our hooks holds the instance; it does no harm.
    async fn probe_one(&self, world: &World, instance: &str, group: &str) -> Probe {
        let has_launch_hook = world.groups.get(group).is_some_and(|group| group.launch.is_some());
        let launch = has_launch_hook.then_some((&self.names.launch, Probe::Entering));
        let hooks = [Some((&self.names.termination, Probe::Returning)), launch];
        for (hook, meaning) in hooks.into_iter().flatten() {
            let action = Action {
                group: group.to_owned(),
                hook: hook.clone(),
                instance: instance.to_owned(),
                token: None,
            };
            match api::heartbeat(&self.client, &action).await {
                Ok(Reply::Accepted) => {
                    tracing::info!(instance, direction = ?meaning, "probed the direction into the pool");
                    return meaning;
                }
                Ok(Reply::NoActiveAction) => {}
                Err(err) => {
                    tracing::warn!(instance, %err, "probing the direction failed, retrying");
                    return Probe::Failed;
                }
            }
        }
        Probe::Silent
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

/// Says that something fails, once for each reason, and once that it works again.
#[derive(Default)]
struct Trouble {
    known: BTreeMap<&'static str, String>,
}

impl Trouble {
    fn say(&mut self, what: &'static str, err: Option<&ApiError>) {
        match err {
            Some(err) if self.known.get(what) != Some(&err.message) => {
                tracing::warn!(%err, "{what} of the Auto Scaling groups fails, retrying");
                self.known.insert(what, err.message.clone());
            }
            None if self.known.remove(what).is_some() => {
                tracing::info!("{what} of the Auto Scaling groups works again");
            }
            Some(_) | None => {}
        }
    }
}
