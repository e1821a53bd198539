//! What Prometheus sees of a controller: every metric moves when its matter does, and promtool finds no fault.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use anyhow::{Context, ensure};
use aws_simulator::Fault;
use e2e::controller::Controller;
use e2e::group::Pool;
use e2e::process::command;
use e2e::story::{LONG, Story};
use e2e::tools;
use e2e::wait::eventually;
use e2e::workload::Workload;
use k8s_openapi::api::core::v1::Node;
use tokio::io::AsyncWriteExt;

use crate::drains::{HEARTBEAT, fill, gone, leads, lift_budget, open_nodes, refused_by_budget};
use crate::read::{one_is, told_state};

/// The metrics that the design promises.
const PROMISED: [&str; 17] = [
    "instances",
    "leaked_nodes",
    "unjoined_instances",
    "sweep_duration_seconds",
    "sweep_age_seconds",
    "aws_requests_total",
    "wakeups_total",
    "event_to_cordon_seconds",
    "drain_duration_seconds",
    "evictions_total",
    "pods_blocked",
    "hook_deadline_remaining_seconds",
    "heartbeats_total",
    "hook_completions_total",
    "task_panics_total",
    "leader",
    "sweeps_total",
];

/// The value now; a metric that is not there is an error.
async fn value(controller: &Controller, name: &str) -> anyhow::Result<f64> {
    controller.metric(&format!("node_gate_{name}")).await?.with_context(|| format!("{name} is not there"))
}

/// Waits until a metric has come to be so.
async fn comes(controller: &Controller, name: &str, so: impl Fn(f64) -> bool) -> anyhow::Result<()> {
    eventually(name, LONG, async || {
        let now = value(controller, name).await?;
        ensure!(so(now), "{now}");
        Ok(())
    })
    .await
}

fn is(wanted: f64) -> impl Fn(f64) -> bool {
    move |now| now.total_cmp(&wanted).is_eq() || (now - wanted).abs() < 1e-9
}

/// What promtool has to say against a page.
async fn complaints(page: &str) -> anyhow::Result<String> {
    let mut promtool = command(tools::promtool()?);
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = promtool.spawn().context("starting promtool")?;
    let mut stdin = promtool.stdin.take().context("promtool's input")?;
    stdin.write_all(page.as_bytes()).await?;
    drop(stdin);
    let output = promtool.wait_with_output().await?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Ok(if output.status.success() { said } else { format!("{said}{}", output.status) })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_of_a_drain_move_with_it_and_promtool_finds_no_fault() -> anyhow::Result<()> {
    let story = Story::new("metrics-drain").await?;
    let controller = story.controller().flag("--drain-deadline", "10s").start().await?;
    leads(&controller).await?;
    let group = story.group("workers").max(2).termination_hook(HEARTBEAT).create().await?;
    assert!(
        is(f64::INFINITY)(value(&controller, "hook_deadline_remaining_seconds").await?),
        "nothing is open"
    );
    let nodes = open_nodes(&story, &group, 2).await?;
    comes(&controller, r#"instances{state="InService"}"#, is(2.0)).await?;
    let held = fill(&story, "held", &Workload::new("held", 6), 6).await?;
    story.budget("held", 0).await?;
    let blocked = r#"pods_blocked{reason="budget"}"#;
    assert!(is(0.0)(value(&controller, blocked).await?), "nothing drains");

    // one node's drain ends because its pods are allowed to go, the other's at the deadline
    group.terminate(&nodes[0]).await?;
    refused_by_budget(&story, 1).await?;
    let there = crate::drains::pods_on(&held, &nodes[0]).len();
    comes(&controller, blocked, is(f64::from(u32::try_from(there)?))).await?;
    comes(&controller, r#"instances{state="Terminating.Wait"}"#, is(1.0)).await?;
    comes(&controller, "hook_deadline_remaining_seconds", |left| left > 0.0 && left <= 200.0).await?;
    comes(&controller, r#"heartbeats_total{result="accepted"}"#, |beats| beats >= 1.0).await?;
    comes(&controller, r#"evictions_total{result="budget"}"#, |refused| refused >= 1.0).await?;
    assert!(is(0.0)(value(&controller, r#"evictions_total{result="accepted"}"#).await?), "none may go yet");
    let page = controller.get("/metrics").await?.1;
    let said = complaints(&page).await?;
    ensure!(said.is_empty(), "promtool complains:\n{said}");
    lift_budget(&story, "held").await?;
    gone(&story, &nodes[0]).await?;
    comes(&controller, r#"drain_duration_seconds_count{result="drained"}"#, is(1.0)).await?;
    comes(&controller, r#"hook_completions_total{result="completed"}"#, is(1.0)).await?;
    comes(&controller, r#"evictions_total{result="accepted"}"#, is(f64::from(u32::try_from(there)?))).await?;
    comes(&controller, blocked, is(0.0)).await?;
    comes(&controller, "hook_deadline_remaining_seconds", is(f64::INFINITY)).await?;

    story.budget("held", 0).await?;
    group.terminate(&nodes[1]).await?;
    gone(&story, &nodes[1]).await?;
    comes(&controller, r#"evictions_total{result="forced"}"#, |forced| forced >= 1.0).await?;
    comes(&controller, r#"drain_duration_seconds_count{result="forced"}"#, is(1.0)).await?;
    ensure!(value(&controller, r#"drain_duration_seconds_sum{result="forced"}"#).await? >= 5.0, "too short");
    comes(&controller, r#"hook_completions_total{result="completed"}"#, is(2.0)).await?;
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn leaks_missing_nodes_failing_sweeps_and_what_aws_answers_show_and_pass() -> anyhow::Result<()> {
    let story = Story::new("metrics-sweep").await?;
    let controller = story.controller().start().await?;
    leads(&controller).await?;

    let leaky = story.group("leaky").gateless().max(1).warm_pool(Pool::Running).reuse().create().await?;
    let leak = one_is(&story, &leaky, "Warmed:Running").await?;
    comes(&controller, "leaked_nodes", is(1.0)).await?;
    comes(&controller, r#"instances{state="Warmed.Running"}"#, is(1.0)).await?;
    leaky.set_desired(1).await?;
    comes(&controller, "leaked_nodes", is(0.0)).await?;
    // what comes back into the pool is there by right
    let served = |nodes: &BTreeMap<String, Node>| nodes.get(&leak).and_then(told_state) == Some("InService");
    story.node_watch.wait_until("it serves", LONG, served).await?;
    leaky.set_desired(0).await?;
    let back =
        |nodes: &BTreeMap<String, Node>| nodes.get(&leak).and_then(told_state) == Some("Warmed.Running");
    story.node_watch.wait_until("it is back", LONG, back).await?;
    comes(&controller, r#"instances{state="Warmed.Running"}"#, is(1.0)).await?;
    assert!(is(0.0)(value(&controller, "leaked_nodes").await?), "a Node that came back is no leak");

    let dumb = story.group("dumb").max(1).gate_env("NODE_GATE_GROUP", "another-group").create().await?;
    dumb.set_desired(1).await?;
    let mute = one_is(&story, &dumb, "InService").await?;
    comes(&controller, "unjoined_instances", is(1.0)).await?;
    assert!(!story.node_watch.now().contains_key(&mute));
    story.simulator.force_state(&mute, "Warmed:Dreaming");
    comes(&controller, r#"instances{state="unknown"}"#, is(1.0)).await?;
    comes(&controller, "unjoined_instances", is(0.0)).await?;

    let describe = "DescribeAutoScalingGroups";
    let requests =
        |result: &str| format!(r#"aws_requests_total{{operation="{describe}",result="{result}"}}"#);
    comes(&controller, &requests("ok"), |ok| ok >= 1.0).await?;
    comes(&controller, "sweep_duration_seconds_count", |sweeps| sweeps >= 2.0).await?;
    for (fault, result) in [
        (Fault::Throttle { share: 1.0 }, "throttled"),
        (Fault::Deny, "denied"),
        (Fault::Fail { status: 400, code: "ValidationError".into() }, "rejected"),
        (Fault::Fail { status: 503, code: "ServiceUnavailable".into() }, "failed"),
        (Fault::Reset, "no_answer"),
    ] {
        assert!(is(0.0)(value(&controller, &requests(result)).await?), "{result} before it was so");
        story.simulator.fault(describe, fault);
        comes(&controller, &requests(result), |count| count >= 1.0).await?;
        story.simulator.clear_faults();
    }
    story.simulator.fault(describe, Fault::Deny);
    comes(&controller, "sweep_age_seconds", |age| age >= 5.0).await?;
    comes(&controller, r#"sweeps_total{result="failed"}"#, |failed| failed >= 1.0).await?;
    story.simulator.clear_faults();
    comes(&controller, "sweep_age_seconds", |age| age < 5.0).await?;

    // as many calls as the simulator saw, to the one
    eventually("both have counted the same", LONG, async || {
        let saw =
            story.simulator.calls().into_iter().filter(|call| call.operation == "DescribeWarmPool").count();
        let told =
            value(&controller, r#"aws_requests_total{operation="DescribeWarmPool",result="ok"}"#).await?;
        ensure!(is(f64::from(u32::try_from(saw)?))(told), "{told} of {saw}");
        Ok(())
    })
    .await?;
    all_are_there(&controller).await?;
    story.end().await
}

/// Every promised metric is on the page, and nothing that is not of ours.
async fn all_are_there(controller: &Controller) -> anyhow::Result<()> {
    let page = controller.get("/metrics").await?.1;
    let names: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE node_gate_")?.split(' ').next()).collect();
    for name in PROMISED {
        ensure!(names.contains(name), "{name} is not in {names:?}");
    }
    Ok(())
}
