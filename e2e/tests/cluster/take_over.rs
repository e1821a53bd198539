//! The leader ends in the middle of a drain, and the standby finishes what it began.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::controller::Controller;
use e2e::oracle::Entry;
use e2e::story::{LONG, Story};
use e2e::workload::{Workload, fewest_available};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use crate::drains::{
    LeftAtCompletion, completed_once, evicted_once_each, fill, gone, leads, lift_budget, open_nodes, pods_on,
    refused_by_budget,
};

/// Outlives the old leader's lease by far.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Two controllers, of which the first leads.
async fn leader_and_standby(story: &Story, lease: &str) -> anyhow::Result<(Controller, Controller)> {
    let leader = story.controller().flag("--lease-duration", lease).start().await?;
    leads(&leader).await?;
    let standby = story.controller().flag("--lease-duration", lease).start().await?;
    Ok((leader, standby))
}

/// Both have evicted, the one before and the other after.
fn shared(evictions: &[Entry], handed_over: Timestamp) -> anyhow::Result<()> {
    ensure!(evictions.iter().any(|eviction| eviction.at < handed_over), "the leader evicted nothing");
    ensure!(evictions.iter().any(|eviction| eviction.at > handed_over), "the standby evicted nothing");
    Ok(())
}

/// With a budget that allows evictions this would be at the mercy of the API server: a connection that breaks in the
/// middle of an eviction may leave it in the budget for two minutes.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_finishes_the_drain_of_a_killed_leader() -> anyhow::Result<()> {
    let story = Story::new("killed-leader").await?;
    let (mut leader, standby) = leader_and_standby(&story, "4s").await?;
    let group = story.group("workers").max(1).termination_hook(HEARTBEAT).create().await?;
    let leaving = open_nodes(&story, &group, 1).await?.pop().context("a node")?;
    // some pods are still stopping when the standby comes, others have not been allowed to go before
    let web = fill(&story, "web", &Workload::new("web", 6).stops_after(10), 6).await?;
    let held = fill(&story, "held", &Workload::new("held", 4), 4).await?;
    story.budget("held", 0).await?;
    let left = LeftAtCompletion::observe(&story);
    group.terminate(&leaving).await?;
    let stopping = |pods: &BTreeMap<String, Pod>| {
        pods.values().filter(|pod| pod.metadata.deletion_timestamp.is_some()).count() == 6
    };
    web.wait_until("its pods are stopping", LONG, stopping).await?;
    refused_by_budget(&story, 1).await?;
    leader.kill_9().await?;
    let killed = Timestamp::now();
    assert_eq!(standby.metric("node_gate_leader").await?, Some(0.0));
    assert_eq!(pods_on(&held, &leaving).len(), 4);

    lift_budget(&story, "held").await?;
    gone(&story, &leaving).await?;
    left.none(1)?;
    completed_once(&story, &leaving)?;
    let history = [web.history(), held.history()].concat();
    shared(&evicted_once_each(&story, &history, &[&leaving], 10).await?, killed)?;
    leads(&standby).await?;
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_asked_to_end_hands_its_drain_over() -> anyhow::Result<()> {
    const PODS: usize = 16;
    let story = Story::new("handed-over").await?;
    // a lease that was not given away would outlive this story
    let (mut leader, standby) = leader_and_standby(&story, "1h").await?;
    let group = story.group("workers").max(2).termination_hook(HEARTBEAT).create().await?;
    let leaving = open_nodes(&story, &group, 1).await?.pop().context("a node")?;
    let pods = fill(&story, "web", &Workload::new("web", 16), PODS).await?;
    story.budget("web", 1).await?;
    open_nodes(&story, &group, 2).await?;
    let left = LeftAtCompletion::observe(&story);
    group.terminate(&leaving).await?;
    let on_it = || pods_on(&pods, &leaving).len();
    pods.wait_until("some pods have gone", LONG, |_| on_it() <= PODS - 3).await?;
    let status = leader.sigterm().await?;
    let ended = Timestamp::now();
    ensure!(status.success(), "asked to end, it ended so: {status}");
    assert_ne!(on_it(), 0);

    // nor may an eviction that was under way be left in the budget for the API server to forget it
    gone(&story, &leaving).await?;
    left.none(1)?;
    completed_once(&story, &leaving)?;
    let history = pods.history();
    shared(&evicted_once_each(&story, &history, &[&leaving], PODS).await?, ended)?;
    assert_eq!(fewest_available(&history, PODS), Some(PODS - 1));
    leads(&standby).await?;
    story.end().await
}
