//! From the moment the target turns `InService` until systemd has started what was held.

use anyhow::Context;
use tokio::time::sleep;

use super::super::bed::{after, turned};
use super::node::{Node, anywhere};
use crate::bench::Bench;
use crate::bench::machine::{Machine as Host, Usage};
use crate::bench::report::{Bar, Measured, Scenario};
use crate::bench::stats::Times;

use std::time::Duration;

/// The gate's own.
const POLL: Duration = Duration::from_millis(500);

/// For so long a held gate is looked at.
const HELD: Duration = Duration::from_secs(60);

pub(super) async fn run(bench: &Bench, runs: usize) -> anyhow::Result<Scenario> {
    let load = Host::now()?.load;
    let node = Node::boot(&bench.dir, "systemd-opening", false).await?;
    let (mut latencies, mut broken) = (Vec::new(), Vec::new());
    node.holds(0).await?;
    let held = held(&node).await?;
    bench.say(&format!("the gate has held under systemd for {HELD:?}"));
    for run in 1..=runs {
        match open(&node).await? {
            Some(latency) => latencies.push(latency),
            None => broken.push("kubelet was started before the target had turned".to_owned()),
        }
        if run.is_multiple_of(50) || run == runs {
            bench.say(&format!("{run} of {runs} times systemd started what the gate held"));
        }
        close(&node).await?;
    }
    let times: Times = latencies.into_iter().collect();
    let about = "under systemd, in our unit: target turns InService → kubelet's main process is started";
    let mut scenario = Scenario::new("gate-systemd", about);
    scenario.figure("runs", "openings", times.len());
    scenario.figure("open_latency_p50_seconds", "until kubelet starts, p50", times.percentile(50));
    let p99 = times.percentile(99);
    scenario.judged("open_latency_p99_seconds", "until kubelet starts, p99", p99, Bar::AtMost(1.0));
    scenario.figure("open_latency_max_seconds", "until kubelet starts, longest", times.max());
    scenario.judged("held_rss_mb", "held: RSS, at most", Measured::Bytes(held.peak), Bar::AtMost(12.0));
    let percent = Measured::Percent(100.0 * held.cpu.as_secs_f64() / HELD.as_secs_f64());
    scenario.judged("held_cpu_percent", "held: CPU, of one core", percent, Bar::AtMost(0.1));
    let calls = node.simulator.calls().iter().filter(|call| call.caller == "gate").count();
    scenario.judged("aws_calls", "AWS API calls", calls, Bar::AtMost(0.0));
    scenario.load(load);
    for promise in broken {
        scenario.broke(promise);
    }
    Ok(scenario)
}

/// Lets the instance come into service and tells how long kubelet took to start; none if it was early.
async fn open(node: &Node) -> anyhow::Result<Option<Duration>> {
    sleep(anywhere(POLL)).await;
    let mut events = node.simulator.subscribe();
    let turned = turned(&mut events, &node.machine.instance, "Pending");
    // joins the start that waits for the gate, and ends with it
    let started = node.machine.run(&["systemctl", "start", "kubelet.service"]);
    let (turned, _, ()) = tokio::try_join!(turned, started, node.group.set_desired(1))?;
    let started = node.started("kubelet.service").await?.pop().context("kubelet has not been started")?;
    Ok(after(turned, started))
}

/// Takes it back into the pool and holds it anew.
async fn close(node: &Node) -> anyhow::Result<()> {
    node.is("InService").await?;
    node.group.set_desired(0).await?;
    node.is("Warmed:Running").await?;
    let looks = node.looks();
    node.machine.run(&["systemctl", "restart", "--no-block", "node-gate.service"]).await?;
    node.holds(looks).await
}

/// What the gate's process has used, as its machine's kernel tells.
async fn usage(node: &Node) -> anyhow::Result<Usage> {
    let unit = node.machine.unit("node-gate.service").await?;
    let pid = unit.get("MainPID").context("a process of the gate")?;
    let status = node.machine.run(&["cat", &format!("/proc/{pid}/status")]).await?;
    let threads = node.machine.shell(&format!("cat /proc/{pid}/task/*/schedstat")).await?;
    Usage::read(&status, &threads)
}

async fn held(node: &Node) -> anyhow::Result<Usage> {
    sleep(Duration::from_secs(2)).await;
    let before = usage(node).await?;
    sleep(HELD).await;
    let after = usage(node).await?;
    Ok(Usage { peak: after.peak, cpu: after.cpu.saturating_sub(before.cpu) })
}
