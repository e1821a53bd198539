//! Everything that a leader runs, in one future: dropping it ends all of it.

use std::time::Duration;

use aws_sdk_autoscaling::Client;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::aws::Reader;
use crate::metrics::Metrics;
use crate::nodes::Nodes;
use crate::observe::Observer;
use crate::queue::poll;
use crate::queue::sqs::Queue;
use crate::reconcile::Reconciler;
use crate::scope::Scope;
use crate::telling::Telling;
use crate::world::World;

/// What leading needs.
#[derive(Clone)]
pub struct Leader {
    /// Which groups are ours.
    pub scope: Scope,
    /// The Auto Scaling client for reads and heartbeats.
    pub client: Client,
    /// Time between sweeps.
    pub sweep_interval: Duration,
    /// Decides and acts.
    pub reconciler: Reconciler,
    /// The Node watch, which goes on without us.
    pub nodes: watch::Receiver<Nodes>,
    /// The queue that wakes us; none in a dry run.
    pub queue: Option<Queue>,
    /// Counters.
    pub metrics: Metrics,
}

impl Leader {
    /// Leads until dropped; returns only if a loop broke.
    pub async fn lead(self) -> anyhow::Result<()> {
        self.metrics.sweep_clock.set(Some(Instant::now()));
        let rules = self.reconciler.rules.clone();
        let (world, seen_world) = watch::channel(World::default());
        // One receive at a time: there is never more than one wake-up to be taken in.
        let (wakes, seen_wakes) = mpsc::channel(1);
        let observer = Observer {
            reader: Reader::new(self.client.clone(), self.scope, rules.names.clone(), self.sweep_interval),
            client: self.client,
            sweep_interval: self.sweep_interval,
            names: rules.names,
            dry_run: rules.dry_run,
            nodes: self.nodes.clone(),
            wakes: seen_wakes,
            metrics: self.metrics.clone(),
        };
        let wake_ups = async {
            match self.queue {
                Some(queue) => poll::run(queue, wakes, seen_world.clone(), self.metrics).await,
                None => std::future::pending().await,
            }
        };
        let telling = Telling {
            kube: self.reconciler.kube.clone(),
            keys: self.reconciler.keys.clone(),
            on_deadline: self.reconciler.tools.policy.on_deadline,
        };
        let (status, nodes) = (self.reconciler.status.subscribe(), self.nodes.clone());
        // A task of its own, so that nothing in it can hold up or end the others. It ends with us.
        let telling = (!rules.dry_run).then(|| tokio::spawn(telling.run(status, nodes)));
        let _telling = telling.map(AbortOnDropHandle::new);
        tokio::select! {
            ended = observer.run(world) => ended,
            ended = self.reconciler.run(seen_world.clone(), self.nodes) => ended,
            ended = wake_ups => ended,
        }
    }
}
