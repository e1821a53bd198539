//! Wrong input: one clear line, or a counted skip, and never a panic.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, ensure};
use aws_simulator::{ImdsFault, Simulator};
use e2e::control_plane::Endpoint;
use e2e::controller::CALLER;
use e2e::group::Pool;
use e2e::process::{Process, command};
use e2e::story::{LONG, Story, options};
use e2e::wait::eventually;
use e2e::workload::{Workload, is_available};
use e2e::{aws, http, tools};
use k8s_openapi::api::core::v1::Node;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::drains::{fill, open_nodes};
use crate::read::{is_cordoned, is_open, is_ready, one_is, out_of_service};

/// Runs a program that must refuse its arguments, and returns the line by which it does.
async fn refusal(program: &str, args: &[&str]) -> anyhow::Result<String> {
    let mut command = command(tools::built(program)?);
    // nothing of ours in the environment, and a state folder that no gate would write to
    command.args(args).env_clear().env("NODE_GATE_STATE_DIR", "/dev/null/nowhere");
    let output = command.output().await?;
    let said = String::from_utf8(output.stderr)?;
    ensure!(output.status.code() == Some(2), "{program} {args:?}: {}: {said}", output.status);
    ensure!(output.stdout.is_empty() && said.lines().count() == 1, "{program} {args:?} said: {said}");
    Ok(said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_line_is_told_in_one_line_with_exit_code_2() -> anyhow::Result<()> {
    let controller = "node-gate-controller";
    for (program, args, names) in [
        (controller, &["--group", "a", "--bogus"][..], "--bogus"),
        (controller, &[], "--cluster-name"),
        (controller, &["--cluster-name", "a", "--group", "b"], "--group"),
        (controller, &["--group-tag", "=v"], "--group-tag"),
        (controller, &["--group", "a", "--sweep-interval", "soon"], "'soon'"),
        (controller, &["--group", "a", "--lease-duration", "0s"], "--lease-duration"),
        ("node-gate", &["wait", "--bogus"], "--bogus"),
        ("node-gate", &["wait", "--poll-interval", "soon"], "'soon'"),
        ("node-gate", &["wait", "--until", "tomorrow"], "'tomorrow'"),
        ("node-gate", &["wait", "--group", ""], "--group"),
        ("node-gate", &["wait"], "--state-dir"),
    ] {
        let said = refusal(program, args).await?;
        ensure!(said.starts_with(&format!("{program}: ")), "{said}");
        ensure!(said.contains(names), "{program} {args:?} does not name {names}: {said}");
    }
    Ok(())
}

/// An API server that takes connections and cuts them, and how often it was asked.
async fn broken_api_server() -> anyhow::Result<(Endpoint, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = format!("https://{}", listener.local_addr()?);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            // closed with something unread, it would be reset now and then: another error, which is said again
            let _ = connection.read(&mut [0; 4096]).await;
        }
    });
    Ok((Endpoint { server, ca: "/dev/null".into() }, asked))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_api_server_is_told_once_and_tried_for_ever() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let (endpoint, asked) = broken_api_server().await?;
    let kubeconfig = dir.path().join("kubeconfig");
    endpoint.write_kubeconfig("nobody", "nothing", &kubeconfig)?;
    let simulator = Simulator::start(options("unreachable")).await?;
    let mut controller = command(tools::built("node-gate-controller")?);
    controller.args(["--cluster-name", "a", "--lease-namespace", "b", "--lease-duration", "2s"]);
    controller.args(["--listen", "127.0.0.1:0"]).env_clear();
    controller.envs(aws::environment(&simulator.endpoint(), CALLER)).env("KUBECONFIG", kubeconfig);
    let log = dir.path().join("controller.log");
    let mut controller = Process::spawn("node-gate-controller", controller, &log)?;
    let lines = || -> anyhow::Result<Vec<Value>> {
        fs::read_to_string(&log)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    };
    eventually("it keeps trying", LONG, async || {
        controller.still_runs()?;
        let asked = asked.load(Ordering::Relaxed);
        ensure!(asked >= 12, "asked {asked} times");
        Ok(())
    })
    .await?;

    let address = lines()?[0]["address"].as_str().context("an address")?.parse()?;
    assert_eq!(http::get(address, "/livez").await?.0, 200);
    assert_eq!(http::get(address, "/readyz").await?.0, 503);
    controller.signal("TERM").await?;
    let status = controller.wait().await?;
    ensure!(status.success(), "asked to end, it ended so: {status}");
    let text = fs::read_to_string(&log)?;
    ensure!(!text.contains("panicked"), "{text}");
    let said = |text: &str| anyhow::Ok(lines()?.iter().filter(|line| line["message"] == text).count());
    assert_eq!(said("cannot reach the API server, retrying")?, 1, "{text}");
    // each part that cannot work says so once, however often it tries
    let complaints =
        lines()?.iter().filter(|line| line["level"] == "WARN" || line["level"] == "ERROR").count();
    ensure!(complaints <= 3, "{text}");
    assert_eq!(simulator.calls(), []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_lifecycle_state_closes_the_node_and_evicts_nothing() -> anyhow::Result<()> {
    let story = Story::new("unknown-state").await?;
    let controller = story.controller().start().await?;
    let unknown = async || controller.metric(r#"node_gate_instances{state="unknown"}"#).await;
    let group = story.group("workers").max(1).termination_hook(LONG).create().await?;
    let node = open_nodes(&story, &group, 1).await?.pop().context("a node")?;
    let pods = fill(&story, "web", &Workload::new("web", 2), 2).await?;
    assert_eq!(unknown().await?, Some(0.0));

    story.simulator.force_state(&node, "InLimbo:Wait");
    let closed = |nodes: &BTreeMap<String, Node>| {
        nodes.get(&node).is_some_and(|node| is_cordoned(node) && out_of_service(node).is_some())
    };
    story.node_watch.wait_until("the node is closed", LONG, closed).await?;
    let sweeps = || {
        let calls = story.simulator.calls();
        calls.iter().filter(|call| call.operation == "DescribeAutoScalingGroups").count()
    };
    let before = sweeps();
    story.simulator.wait_until("it has looked three times more", LONG, |_| sweeps() >= before + 3).await?;
    let evictions = story.audit.evictions(&story.namespace)?;
    ensure!(evictions.is_empty(), "{evictions:#?}");
    let writes = story.simulator.calls().into_iter().filter(|call| call.caller == CALLER);
    assert_eq!(writes.filter(|call| !call.operation.starts_with("Describe")).count(), 0);
    assert_eq!(pods.now().values().filter(|pod| is_available(pod)).count(), 2);
    assert_eq!(unknown().await?, Some(1.0));

    story.simulator.force_state(&node, "InService");
    let open = |nodes: &BTreeMap<String, Node>| nodes.get(&node).is_some_and(is_open);
    story.node_watch.wait_until("the node is open again", LONG, open).await?;
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_from_the_metadata_service_holds_the_gate_until_it_is_healthy() -> anyhow::Result<()> {
    let story = Story::new("imds-garbage").await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let node = one_is(&story, &group, "Warmed:Running").await?;
    let status = async || -> anyhow::Result<Value> {
        let file = story.dir().join("nodes/run").join(&node).join("status.json");
        Ok(serde_json::from_slice(&fs::read(file)?)?)
    };
    let gate = story.nodes.gate_pid(&node).context("a gate")?;
    let large = vec![b'A'; 100_000];
    for garbage in [&b"\xff\xfe\0\x01"[..], b"<html>InService</html>", b"", &large] {
        story.simulator.imds_fault(&node, Some(ImdsFault::Garbage(garbage.to_vec())));
        let polls = story.simulator.imds_calls(&node).len();
        let asked = || story.simulator.imds_calls(&node).len() >= polls + 6;
        story.simulator.wait_until("the gate has met the garbage", LONG, |_| asked()).await?;
        if garbage.starts_with(b"\xff") {
            // from here on only the garbage holds it
            group.set_desired(1).await?;
            one_is(&story, &group, "InService").await?;
        }
        eventually("the gate says what holds it", LONG, async || {
            let status = status().await?;
            ensure!(status["state"] == "held", "{status}");
            ensure!(
                status["reason"] != "warm" && status["message"].as_str().is_some_and(|m| !m.contains('\n')),
                "{status}"
            );
            Ok(())
        })
        .await?;
        assert_eq!(story.nodes.gate_pid(&node), Some(gate), "the gate has ended");
        assert_eq!(story.node_watch.ever(), [""; 0]);
    }
    story.simulator.imds_fault(&node, None);
    let ready = |nodes: &BTreeMap<String, Node>| nodes.get(&node).is_some_and(is_ready);
    story.node_watch.wait_until("the node has joined", LONG, ready).await?;
    // one process all the way: it neither crashed nor gave up
    assert_eq!(story.nodes.unopened(), []);
    story.end().await
}
