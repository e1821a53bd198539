//! `bench drain`: all nodes of a group leave at once, their pods held back by no budget.
//!
//! Rounds on the same cluster, with the same number of equal pods on as many nodes:
//!
//! ```text
//! floor      a bare loop that POSTs all evictions, 50 in flight, and waits until the pods are gone (the better of two)
//! kubectl    one `kubectl drain` a node, all at once
//! ours       a scale-in by the simulator, drained by the controller
//! ```

mod figures;
mod floor;
mod kubectl;
mod ours;
mod pods;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use k8s_openapi::api::core::v1::Node;

use super::Bench;
use super::machine::Machine;
use super::report::{Measured, Scenario};
use crate::control_plane::ControlPlane;
use crate::group::Group;
use crate::story::{Story, options};

use ours::Notice;
use pods::Pods;

/// For every wait whose length is not measured, and for every round: what takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(600);

/// How the keys of our taints begin, kubelet's startup taint included.
const OURS: &str = "node-gate.io/";

/// What `bench drain` can be told.
#[derive(Debug, clap::Args)]
pub(super) struct DrainArgs {
    /// How many nodes leave at once; several numbers are measured one after the other
    #[arg(long, default_value = "10", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=100))]
    nodes: Vec<u16>,
    /// How many pods each of them runs
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=100))]
    pods: u16,
}

/// Measures each number of nodes.
pub(super) async fn run(bench: &Bench, args: &DrainArgs) -> anyhow::Result<Vec<Scenario>> {
    bench.say("a control plane of etcd, kube-apiserver, controller-manager, scheduler and kwok starts");
    let plane = ControlPlane::start(&bench.dir.join("control-plane")).await?;
    let story = Arc::new(Story::on(plane, "bench", &bench.dir, options("bench")).await?);
    let mut scenarios = Vec::new();
    for nodes in &args.nodes {
        let size = Size { nodes: usize::from(*nodes), pods: usize::from(args.pods) };
        scenarios.extend(measure(bench, &story, size).await?);
    }
    story.conclude().await?;
    Ok(scenarios)
}

/// How much leaves at once.
#[derive(Debug, Clone, Copy)]
struct Size {
    nodes: usize,
    /// On each of them.
    pods: usize,
}

impl Size {
    fn all_pods(self) -> usize {
        self.nodes * self.pods
    }
}

/// What else drained the same pods.
#[derive(Debug, Clone, Copy)]
struct Compared {
    floor: Duration,
    /// Processor time that the harness itself used for its loop: a bare loop that was itself the limit were none.
    floor_cpu: Duration,
    kubectl: Duration,
}

async fn measure(bench: &Bench, story: &Arc<Story>, size: Size) -> anyhow::Result<Vec<Scenario>> {
    let Size { nodes, pods } = size;
    bench.say(&format!("{nodes} nodes with {pods} pods each"));
    let count = i32::try_from(nodes)?;
    // no gate: what is measured begins long after it has opened
    let group = story.group(&format!("of-{nodes}")).max(count).gateless();
    let group = group.termination_hook(Duration::from_secs(300)).create().await?;
    let cluster = Cluster { bench, story, group, size, pods: Pods::new(story) };
    cluster.join(false).await?;

    let loop_of_evictions = "a bare loop of evictions";
    let first = cluster.timed(loop_of_evictions, async |pods| floor::run(&cluster, pods).await).await?;
    let drains = "kubectl drain, all nodes at once";
    let (kubectl, ()) = cluster.timed(drains, async |_| kubectl::run(&cluster).await).await?;
    kubectl::uncordon(&cluster).await?;
    let second = cluster.timed(loop_of_evictions, async |pods| floor::run(&cluster, pods).await).await?;
    let (floor, floor_cpu) = if second.0 < first.0 { second } else { first };
    let compared = Compared { floor, floor_cpu, kubectl };

    let mut scenarios = Vec::new();
    for notice in [Notice::Sweep, Notice::Queue] {
        scenarios.push(ours::run(&cluster, notice, compared).await?);
    }
    Ok(scenarios)
}

/// The nodes of one size.
struct Cluster<'a> {
    bench: &'a Bench,
    story: &'a Arc<Story>,
    group: Group,
    size: Size,
    pods: Pods,
}

impl Cluster<'_> {
    /// Scales out and waits until all nodes are Ready, and `open` if a controller runs that opens them.
    async fn join(&self, open: bool) -> anyhow::Result<()> {
        self.group.set_desired(i32::try_from(self.size.nodes)?).await?;
        let ready = self.story.node_watch.wait_until("all nodes are Ready", PATIENCE, |nodes| {
            let good = |node: &Node| is_ready(node) && (!open || !is_closed(node));
            nodes.len() == self.size.nodes && nodes.values().all(good)
        });
        ready.await.map(drop)
    }

    /// The names of the nodes.
    fn nodes(&self) -> Vec<String> {
        self.story.node_watch.now().into_keys().collect()
    }

    /// Fills the nodes and times one way of emptying them.
    async fn timed<T>(
        &self,
        what: &str,
        round: impl AsyncFnOnce(&[String]) -> anyhow::Result<T>,
    ) -> anyhow::Result<(Duration, T)> {
        let pods = self.pods.fill(&self.nodes(), self.size.pods).await?;
        let started = Instant::now();
        let result = round(&pods).await?;
        let took = started.elapsed();
        let load = Machine::now()?.load;
        self.bench.say(&format!("{what}: {:.2} s (load average {load:.1})", took.as_secs_f64()));
        ensure!(self.pods.left().await? == 0, "{what} left pods");
        Ok((took, result))
    }
}

impl Compared {
    fn put(self, scenario: &mut Scenario) {
        scenario.figure("floor_seconds", "floor: bare loop, until the pods are gone", self.floor);
        scenario.figure("floor_cpu_seconds", "… processor time of the loop itself", self.floor_cpu);
        scenario.figure("kubectl_drain_seconds", "parallel kubectl drain, one a node", self.kubectl);
        let ratio = self.kubectl.as_secs_f64() / self.floor.as_secs_f64();
        scenario.figure("kubectl_drain_of_floor", "… in floors", Measured::Number(ratio));
    }
}

/// True if a node reports Ready.
pub(super) fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|one| one.type_ == "Ready" && one.status == "True")
}

/// True if pods are kept from a node: by the startup taint, by a taint of ours, or by a cordon.
pub(super) fn is_closed(node: &Node) -> bool {
    let Some(spec) = &node.spec else { return false };
    let mut taints = spec.taints.iter().flatten();
    spec.unschedulable == Some(true) || taints.any(|taint| taint.key.starts_with(OURS))
}
