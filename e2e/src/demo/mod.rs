//! The main job, shown as it happens, as lines or on a terminal as a live view: a warm pool fills without a single Node, a scale-out opens the gates, a scale-in
//! drains under a budget before the instance may go. Afterwards the oracles are asked whether all of it was true.

mod invariants;
mod model;
mod news;
mod stage;
mod teller;
mod view;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Parser;
use k8s_openapi::api::core::v1::{Node, Pod};
use tokio::signal::unix::{SignalKind, signal};

use crate::aws;
use crate::control_plane::ControlPlane;
use crate::group::{Group, Pool};
use crate::node::STARTUP_TAINT;
use crate::oracle::Watch;
use crate::story::{Story, options};
use crate::workload::{Workload, is_available, node_of};

use invariants::{Invariants, no_node_so_far};
use stage::Stage;
use view::record::Recorder;

/// For a wait that ends the demo if nothing comes of it.
const PATIENCE: Duration = Duration::from_secs(300);

/// A termination hook that wants a heartbeat every so often; short, so that heartbeats are seen.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(4);

/// What the demo can be told.
#[derive(Debug, Parser)]
#[command(name = "demo")]
pub struct Args {
    /// How many instances the warm pool holds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(2..=50))]
    nodes: u16,
    /// How many pods run on them
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=500))]
    pods: u16,
    /// An empty folder for data and logs
    #[arg(long)]
    dir: PathBuf,
    /// Keeps everything running afterwards, with a kubeconfig in this file
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    /// Records the live view as an SVG in this file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The story was told to its end, and all of it was true.
    Told,
    /// The user ended it.
    ByUser,
    /// SIGTERM ended it.
    Terminated,
}

/// Shows it, and fails if it was not as it should be. What is left running at another ending than the story's own dies
/// with the process.
pub async fn run(args: Args) -> anyhow::Result<Ending> {
    // kubelet's usual limit, on one node less than there are
    ensure!(
        args.pods <= (args.nodes - 1) * 100,
        "{} pods do not fit on the {} nodes left by a scale-in",
        args.pods,
        args.nodes - 1
    );
    let mut terminate = signal(SignalKind::terminate())?;
    let (stage, mut quit) = Stage::open();
    // boxed, to be forgotten: a story cut short must not say that it failed
    let mut told = Box::pin(tell(&stage, &args));
    let ending = tokio::select! {
        result = &mut told => {
            // where it failed before there was a story
            stage.leave();
            return result.map(|()| Ending::Told);
        }
        Some(()) = quit.recv() => Ending::ByUser,
        Some(()) = terminate.recv() => Ending::Terminated,
    };
    std::mem::forget(told);
    stage.leave();
    let by = if ending == Ending::ByUser { "you" } else { "SIGTERM" };
    println!("The demo was ended by {by}; nothing of it is left running.");
    Ok(ending)
}

async fn tell(stage: &Stage, args: &Args) -> anyhow::Result<()> {
    let recorder = args.record.is_some().then(|| Recorder::start(stage));
    stage.chapter("A control plane of etcd, kube-apiserver, controller-manager, scheduler and kwok starts.");
    let plane = ControlPlane::start(&args.dir.join("control-plane")).await?;
    let simulator = aws_simulator::Options { boot_time: Duration::from_secs(1), ..options("demo") };
    let story = Arc::new(Story::on(plane, "demo", &args.dir, simulator).await?);
    let invariants = Invariants::watch(&story);
    let controller = Arc::new(story.controller().start().await?);
    stage.line("the chart is installed, node-gate-controller runs with its ServiceAccount's rights");
    let pods = Arc::new(story.watch_pods("web").await?);
    let sources = stage.follow(&story, &pods, &controller);
    let played = play(stage, &story, &invariants, &pods, args).await;
    // before the story says anything of its own
    match &played {
        Ok(()) => stage.leave(),
        Err(_) => stage.leave_and_print(),
    }
    played?;

    stage.chapter("Was all of it true? The audit log, the Node watch and the simulator's records say:");
    let broken =
        invariants.verdict(stage, &story, &pods, usize::from(args.nodes), usize::from(args.pods)).await?;
    ensure!(broken == 0, "{broken} invariants are broken");
    if let (Some(recorder), Some(file)) = (recorder, &args.record) {
        recorder.write(stage, file)?;
        println!("recorded in {}", file.display());
    }
    if let Some(file) = &args.keep {
        stay(&story, stage, file, args.nodes).await?;
    }
    // what follows is only cleaning up
    drop(sources);
    story.conclude().await
}

/// The story itself.
async fn play(
    stage: &Stage,
    story: &Story,
    invariants: &Invariants,
    pods_seen: &Watch<Pod>,
    &Args { nodes, pods, .. }: &Args,
) -> anyhow::Result<()> {
    // as real pods do, they take their time: the budget has something to wait for
    let web = Workload::new("web", i32::from(pods)).grace(5).stops_after(1).ready_after(1);
    story.deploy(&web).await?;
    story.budget("web", 1).await?;
    stage.line(&format!("{pods} pods wait for nodes; a budget lets one of them be missing at a time"));

    stage.pause().await;
    stage.chapter(&format!("The warm pool fills: {nodes} instances boot, and none of them may join."));
    let group = warm_up(story, nodes).await?;
    no_node_so_far(story)?;
    stage.line(&format!("{nodes} instances are warm and stopped; not one Node has ever existed"));

    stage.pause().await;
    stage.chapter(&format!("Scale-out to {nodes}: the gates open, the nodes join."));
    group.set_desired(i32::from(nodes)).await?;
    scaled_out(story, usize::from(nodes)).await?;
    invariants.mark_as_others_do(story).await?;
    let all = usize::from(pods);
    let running = pods_seen.wait_until("all pods run", PATIENCE, |pods| {
        pods.values().filter(|pod| is_available(pod)).count() == all
    });
    running.await?;
    stage.line(&format!("all {pods} pods run"));

    stage.pause().await;
    stage.chapter("Scale-in by one: its node is drained under the budget, only then may the instance go.");
    // not just any: the scheduler may have put all pods on the node that was free first
    let leaving = fullest(pods_seen).context("no pod runs anywhere")?;
    group.terminate(&leaving).await?;
    scaled_in(story, usize::from(nodes) - 1).await?;
    stage.pause().await;
    Ok(())
}

async fn warm_up(story: &Story, nodes: u16) -> anyhow::Result<Group> {
    let group = story.group("workers").max(i32::from(nodes)).warm_pool(Pool::Stopped);
    let group = group.termination_hook(HEARTBEAT_TIMEOUT).create().await?;
    let warm = story.simulator.wait_until("the pool is warm", PATIENCE, |instances| {
        let stopped = instances.iter().filter(|instance| instance.lifecycle_state == "Warmed:Stopped");
        stopped.count() == usize::from(nodes)
    });
    warm.await?;
    Ok(group)
}

async fn scaled_out(story: &Story, nodes: usize) -> anyhow::Result<()> {
    let joined = story.node_watch.wait_until("all nodes are free of the startup taint", PATIENCE, |all| {
        all.len() == nodes && all.values().all(|node| !is_tainted(node))
    });
    joined.await.map(drop)
}

fn is_tainted(node: &Node) -> bool {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    taints.into_iter().flatten().any(|taint| taint.key == STARTUP_TAINT)
}

async fn scaled_in(story: &Story, nodes: usize) -> anyhow::Result<()> {
    let gone = story.node_watch.wait_until("one node has left", PATIENCE, |all| all.len() == nodes);
    gone.await?;
    // the instance that takes its place in the pool has to be held as well
    let refilled = story.simulator.wait_until("the pool is warm again", PATIENCE, |instances| {
        instances.iter().any(|instance| instance.lifecycle_state == "Warmed:Stopped")
    });
    refilled.await.map(drop)
}

/// The node with the most pods.
fn fullest(pods: &Watch<Pod>) -> Option<String> {
    let mut nodes: BTreeMap<String, usize> = BTreeMap::new();
    for node in pods.now().values().filter_map(node_of) {
        *nodes.entry(node.to_owned()).or_default() += 1;
    }
    nodes.into_iter().max_by_key(|(_, pods)| *pods).map(|(node, _)| node)
}

/// Stays for kubectl and the AWS CLI, until Ctrl-C ends the whole run.
async fn stay(story: &Story, stage: &Stage, kubeconfig: &Path, nodes: u16) -> anyhow::Result<()> {
    // the bed's own file lies in a folder that nobody else sees
    fs::write(kubeconfig, story.portable_kubeconfig()?)
        .with_context(|| format!("writing {}", kubeconfig.display()))?;
    stage.chapter("It keeps running; Ctrl-C ends it. In another terminal:");
    println!("export KUBECONFIG={}", kubeconfig.display());
    for (name, value) in aws::environment(&story.simulator.endpoint(), "you") {
        println!("export {name}={value}");
    }
    println!("kubectl get nodes -L node-gate.io/lifecycle-state");
    println!(
        "aws autoscaling set-desired-capacity --auto-scaling-group-name demo-workers --desired-capacity {nodes}"
    );
    println!("curl {}/_simulator/instances", story.simulator.endpoint());
    std::future::pending().await
}
