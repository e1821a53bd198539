//! The API server is away in the middle of a drain: nothing is lost.

use std::time::SystemTime;

use anyhow::{Context, ensure};
use e2e::story::{LONG, Story};
use e2e::workload::{Workload, is_available};
use jiff::Timestamp;

use crate::drains::{
    HEARTBEAT, LeftAtCompletion, beats, completed_once, completions, evicted_once_each, fill, gone,
    lift_budget, open_nodes, refused_by_budget,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_api_server_costs_no_node_and_the_drain_goes_on() -> anyhow::Result<()> {
    let mut story = Story::with_own_control_plane("outage").await?;
    let controller = story.controller().start().await?;
    let group = story.group("workers").max(1).termination_hook(HEARTBEAT).create().await?;
    let leaving = open_nodes(&story, &group, 1).await?.pop().context("a node")?;
    let pods = fill(&story, "web", &Workload::new("web", 4), 4).await?;
    story.budget("web", 0).await?;
    let left = LeftAtCompletion::observe(&story);
    group.terminate(&leaving).await?;
    refused_by_budget(&story, 1).await?;

    let away = SystemTime::now();
    story.control_plane()?.stop_api_server().await?;
    let two_timeouts = away + HEARTBEAT * 2;
    let what = "heartbeats have gone on for longer than two timeouts";
    let go_on = || beats(&story, &leaving).into_iter().any(|at| at > two_timeouts);
    story.simulator.wait_until(what, LONG, |_| go_on()).await?;
    let (alive, _) = controller.get("/livez").await?;
    assert_eq!(alive, 200);
    story.control_plane()?.start_api_server().await?;
    let back = Timestamp::now();

    // only now may the pods go
    assert_eq!(completions(&story, &leaving), []);
    assert_eq!(pods.now().values().filter(|pod| is_available(pod)).count(), 4);
    lift_budget(&story, "web").await?;
    gone(&story, &leaving).await?;
    left.none(1)?;
    completed_once(&story, &leaving)?;
    let evictions = evicted_once_each(&story, &pods.history(), &[&leaving], 4).await?;
    ensure!(evictions.iter().all(|eviction| eviction.answered > back), "evicted while the budget forbade it");
    story.end().await
}
