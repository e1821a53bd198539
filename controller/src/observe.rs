//! The observing loop: sweeps, look-ups by id and direction probes, all into one [`World`].

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_autoscaling::Client;
use jiff::Timestamp;
use lifecycle::api::{self, Action, ApiError};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::aws::{Backoff, Reader};
use crate::metrics::Metrics;
use crate::nodes::Nodes;
use crate::world::World;

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
    /// The name of our termination hook, for probes.
    pub termination_hook: String,
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
            }
            let failed = self.look_up(&mut world).await;
            trouble.say("look-up", failed.as_ref());
            self.probe(&mut world).await;
            self.count(&world);
            out.send_replace(world.clone());
            let pause = if failed.is_some() { backoff.failed().max(COALESCE) } else { COALESCE };
            tokio::time::sleep_until(next_sweep.min(Instant::now() + pause)).await;
        }
    }

    async fn sweep(&mut self, world: &mut World) -> Vec<ApiError> {
        let (sweep, errors) = self.reader.sweep().await;
        let result = if errors.is_empty() { "complete" } else { "failed" };
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
            let ids = ours.filter_map(|node| node.instance.as_deref());
            if world.swept { world.due_lookups(now, self.sweep_interval, ids) } else { Vec::new() }
        };
        for asked in ids.chunks(api::MAX_IDS) {
            match api::describe_instances(&self.client, asked).await {
                Ok(answers) => world.apply_lookup(Instant::now(), Timestamp::now(), asked, &answers),
                Err(err) => return Some(err),
            }
        }
        None
    }

    async fn probe(&self, world: &mut World) {
        for (instance, group) in world.due_probes(Instant::now()) {
            let hook = self.termination_hook.clone();
            let action = Action { group, hook, instance: instance.clone(), token: None };
            let reply = api::heartbeat(&self.client, &action).await;
            match &reply {
                Ok(reply) => tracing::info!(instance, ?reply, "probed the direction into the pool"),
                Err(err) => tracing::warn!(instance, %err, "probing the direction failed, retrying"),
            }
            world.apply_probe(Instant::now(), &instance, reply.ok());
        }
    }

    fn count(&self, world: &World) {
        use crate::decide::Phase;
        let phases = [
            (Phase::Warm, "warm"),
            (Phase::Joining, "joining"),
            (Phase::InService, "in_service"),
            (Phase::Leaving, "leaving"),
            (Phase::Released, "released"),
            (Phase::Unknown, "unknown"),
        ];
        for (phase, name) in phases {
            let count = world.instances.values().filter(|instance| instance.phase() == phase).count();
            self.metrics.instances.with_label_values(&[name]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

/// Says once that something fails, and once that it works again.
#[derive(Default)]
struct Trouble {
    known: BTreeSet<&'static str>,
}

impl Trouble {
    fn say(&mut self, what: &'static str, err: Option<&ApiError>) {
        match err {
            Some(err) if self.known.insert(what) => {
                tracing::warn!(%err, "{what} of the Auto Scaling groups fails, retrying");
            }
            None if self.known.remove(what) => {
                tracing::info!("{what} of the Auto Scaling groups works again");
            }
            Some(_) | None => {}
        }
    }
}
