//! A task that panics harms nothing but itself.

use std::collections::BTreeMap;
use std::time::SystemTime;

use anyhow::{Context, ensure};
use e2e::story::{LONG, Story};
use e2e::wait::eventually;
use e2e::workload::Workload;
use k8s_openapi::api::core::v1::Node;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::drains::{
    HEARTBEAT, LeftAtCompletion, beats_after, completed_once, completions, evicted_once_each, fill, gone,
    leads, open_nodes, pods_on,
};
use crate::read::is_cordoned;

#[tokio::test(flavor = "multi_thread")]
async fn a_panicking_task_is_counted_and_restarted_while_others_are_kept_alive() -> anyhow::Result<()> {
    let story = Story::new("task-panic").await?;
    story.expect_panics();
    let controller = story.controller().start().await?;
    let panics = async || controller.metric("node_gate_task_panics_total").await;
    let group = story.group("workers").max(2).termination_hook(HEARTBEAT).create().await?;
    let other = open_nodes(&story, &group, 1).await?.pop().context("a node")?;
    let held = fill(&story, "held", &Workload::new("held", 1), 1).await?;
    story.budget("held", 0).await?;
    let left = LeftAtCompletion::observe(&story);
    group.terminate(&other).await?;
    let closed = |nodes: &BTreeMap<String, Node>| nodes.get(&other).is_some_and(is_cordoned);
    story.node_watch.wait_until("the other node is cordoned", LONG, closed).await?;

    let leaving = open_nodes(&story, &group, 1).await?.pop().context("a second node")?;
    let web = fill(&story, "web", &Workload::new("web", 4), 4).await?;
    let bomb = pods_on(&web, &leaving).pop().context("no pod came to the second node")?;
    let fuse = Patch::Merge(json!({"metadata": {"annotations": {"node-gate.io/test-panic": "once"}}}));
    story.pods().patch(&bomb, &PatchParams::default(), &fuse).await?;
    assert_eq!(panics().await?, Some(0.0));
    group.terminate(&leaving).await?;
    eventually("the panic is counted", LONG, async || {
        let panics = panics().await?;
        ensure!(panics == Some(1.0), "{panics:?} panics");
        Ok(())
    })
    .await?;
    let panicked = SystemTime::now();
    gone(&story, &leaving).await?;
    left.none(1)?;
    completed_once(&story, &leaving)?;

    // the other one was kept alive all the time, and is still held up by its budget
    beats_after(&story, &other, panicked, 3).await?;
    let state = story.simulator.instance(&other).map(|info| info.lifecycle_state);
    assert_eq!(state.as_deref(), Some("Terminating:Wait"));
    assert_eq!(completions(&story, &other), []);
    assert_eq!(pods_on(&held, &other).len(), 1);
    // one panic, one process, one leadership
    assert_eq!(panics().await?, Some(1.0));
    leads(&controller).await?;
    let log = controller.log()?;
    assert_eq!(log.matches("panicked at").count(), 1);
    assert_eq!(log.matches(r#""message":"leading""#).count(), 1);
    evicted_once_each(&story, &web.history(), &[&leaving], 4).await?;
    story.end().await
}
