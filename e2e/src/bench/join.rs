//! `bench join`: how soon a node that may serve does serve, with no queue.
//!
//! Instances come out of a warm pool in waves, at any phase of the controller's sweep. Each boots, its gate opens, its Node
//! registers with the startup taint and turns Ready, the instance goes into service; some get there in one order and some
//! in the other. From the later of the two until the taint is gone, pods wait for nothing but the controller.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use aws_simulator::Event;
use k8s_openapi::api::core::v1::Node;
use tokio::time::sleep;

use super::Bench;
use super::drain::{is_closed, is_ready};
use super::machine::Machine;
use super::report::{Bar, Measured, Scenario};
use super::stats::Times;
use crate::control_plane::ControlPlane;
use crate::controller::CALLER;
use crate::group::Pool;
use crate::oracle::Change;
use crate::story::{Story, options};

/// For every wait whose length is not measured.
const PATIENCE: Duration = Duration::from_secs(120);

/// Instances that are called together.
const WAVE: u16 = 10;

/// The longest pause between two waves; less than a sweep's interval, and no divisor of it.
const PAUSE: Duration = Duration::from_secs(7);

/// What `bench join` can be told.
#[derive(Debug, clap::Args)]
pub(super) struct JoinArgs {
    /// How many nodes join
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=200))]
    runs: u16,
}

/// Measures it.
pub(super) async fn run(bench: &Bench, args: &JoinArgs) -> anyhow::Result<Vec<Scenario>> {
    bench.say("a control plane of etcd, kube-apiserver, controller-manager, scheduler and kwok starts");
    let plane = ControlPlane::start(&bench.dir.join("control-plane")).await?;
    // a boot takes as long as a Node needs to turn Ready, so that either may come first
    let simulator = aws_simulator::Options { boot_time: Duration::from_secs(1), ..options("join") };
    let story = Story::on(plane, "join", &bench.dir, simulator).await?;
    let runs = usize::from(args.runs);
    let group = story.group("pool").max(i32::from(args.runs)).warm_pool(Pool::Stopped).create().await?;
    let warm = story.simulator.wait_until("the pool is warm", PATIENCE, |instances| {
        instances.iter().filter(|one| one.lifecycle_state == "Warmed:Stopped").count() == runs
    });
    warm.await?;
    bench.say(&format!("{runs} instances are warm and stopped"));
    let controller = story.controller().env("RUST_LOG", "info").flag("--sweep-interval", "15s");
    let _controller = controller.flag("--lease-duration", "15s").start().await?;
    let load = Machine::now()?.load;
    let mut called = 0;
    while called < args.runs {
        sleep(PAUSE.mul_f64(fastrand::f64())).await;
        called = (called + WAVE).min(args.runs);
        group.set_desired(i32::from(called)).await?;
        bench.say(&format!("{called} of {runs} nodes are called"));
    }
    let open = story.node_watch.wait_until("all nodes are open", PATIENCE, |nodes| {
        nodes.len() == runs && nodes.values().all(|node| is_ready(node) && !is_closed(node))
    });
    open.await?;
    let joins = joins(&story.events(), &story.node_watch.history());
    let scenario = scenario(&story, &joins, runs, load)?;
    story.conclude().await?;
    Ok(vec![scenario])
}

/// One node's way into service.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Join {
    in_service: Option<SystemTime>,
    ready: Option<SystemTime>,
    open: Option<SystemTime>,
}

impl Join {
    /// From when the node might serve until it did. Zero if the taint went first: then it went too early.
    fn latency(self) -> Option<Duration> {
        let may_serve = self.in_service?.max(self.ready?);
        Some(self.open?.duration_since(may_serve).unwrap_or_default())
    }

    fn is_early(self) -> bool {
        self.open.is_some_and(|open| self.in_service.is_none_or(|since| open < since))
    }
}

fn joins(events: &[Event], history: &[Change<Node>]) -> HashMap<String, Join> {
    let mut joins: HashMap<String, Join> = HashMap::new();
    for event in events {
        if let Event::LifecycleChanged { at, id, to, .. } = event
            && to == "InService"
        {
            joins.entry(id.clone()).or_default().in_service.get_or_insert(*at);
        }
    }
    for Change { at, name, object } in history {
        let Some(node) = object else { continue };
        let join = joins.entry(name.clone()).or_default();
        if is_ready(node) {
            join.ready.get_or_insert(*at);
        }
        if !is_closed(node) {
            join.open.get_or_insert(*at);
        }
    }
    joins
}

fn scenario(
    story: &Story,
    joins: &HashMap<String, Join>,
    runs: usize,
    load: f64,
) -> anyhow::Result<Scenario> {
    let times: Times = joins.values().filter_map(|join| join.latency()).collect();
    let about = "no queue, a sweep every 15 s: InService and Ready → startup taint gone";
    let mut scenario = Scenario::new("join", about);
    scenario.figure("runs", "joins", times.len());
    scenario.figure("join_latency_p50_seconds", "until open, p50", times.percentile(50));
    scenario.judged("join_latency_p99_seconds", "until open, p99", times.percentile(99), Bar::AtMost(3.0));
    scenario.figure("join_latency_max_seconds", "until open, longest", times.max());
    let first = joins.values().filter_map(|join| join.in_service).min().context("none went into service")?;
    let last = joins.values().filter_map(|join| join.open).max().context("none opened")?;
    let calls = story.simulator.calls();
    let ours = calls.iter().filter(|call| call.caller == CALLER && call.at >= first && call.at <= last);
    let count = ours.count();
    scenario.figure("aws_calls", "AWS calls of the controller meanwhile", count);
    #[expect(clippy::cast_precision_loss, reason = "hundreds")]
    let rate = count as f64 / last.duration_since(first)?.as_secs_f64().max(1.0);
    scenario.figure("aws_calls_per_second", "… a second", Measured::Number(rate));
    scenario.load(load);
    if times.len() != runs {
        scenario.broke(format!("only {} of {runs} nodes opened", times.len()));
    }
    for (node, _) in joins.iter().filter(|(_, join)| join.is_early()) {
        scenario.broke(format!("{node} was opened before it was in service"));
    }
    Ok(scenario)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn change(seconds: u64, ready: &str, closed: bool) -> Change<Node> {
        let taints = if closed {
            json!([{"key": "node-gate.io/starting", "effect": "NoSchedule"}])
        } else {
            json!([])
        };
        let node = json!({"metadata": {"name": "i-1"}, "spec": {"taints": taints},
            "status": {"conditions": [{"type": "Ready", "status": ready}]}});
        Change { at: at(seconds), name: "i-1".into(), object: serde_json::from_value(node).unwrap() }
    }

    fn in_service(seconds: u64) -> Event {
        let (id, group) = ("i-1".into(), "g".into());
        Event::LifecycleChanged { at: at(seconds), id, group, from: None, to: "InService".into() }
    }

    #[test]
    fn the_time_counts_from_the_later_of_the_two() {
        let history = [change(1, "False", true), change(3, "True", true), change(7, "True", false)];
        let latency = |since| joins(&[in_service(since)], &history)["i-1"].latency();
        assert_eq!(latency(2), Some(Duration::from_secs(4)));
        assert_eq!(latency(5), Some(Duration::from_secs(2)));
    }

    #[test]
    fn a_taint_that_goes_before_the_instance_is_in_service_goes_too_early() {
        let history = [change(1, "True", true), change(3, "True", false)];
        assert!(!joins(&[in_service(2)], &history)["i-1"].is_early());
        assert!(joins(&[in_service(4)], &history)["i-1"].is_early());
        assert!(joins(&[], &history)["i-1"].is_early());
        assert!(!joins(&[in_service(2)], &history[..1])["i-1"].is_early());
    }
}
