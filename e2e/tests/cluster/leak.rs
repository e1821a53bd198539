//! A node without a gate joins the cluster out of the warm pool: it is closed and emptied until it is in service.

use std::collections::BTreeMap;

use anyhow::ensure;
use e2e::group::Pool;
use e2e::node::STARTUP_TAINT;
use e2e::story::{LONG, Story};
use e2e::workload::{Workload, fewest_available, is_available, node_of};
use k8s_openapi::api::core::v1::Node;

use crate::read::{
    all_are, has_joined, has_our_cordon, history, is_cordoned, is_open, out_of_service, told_state,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_gate_is_closed_and_emptied_while_it_is_warm() -> anyhow::Result<()> {
    let story = Story::new("leak").await?;
    let group = story.group("gateless").gateless().max(2).warm_pool(Pool::Running).create().await?;
    let pool = all_are(&story, &group, 2, "Warmed:Running").await?;
    group.set_desired(1).await?;
    let state = |id: &String| story.simulator.instance(id).map(|info| info.lifecycle_state);
    let serves = |id: &&String| state(id).as_deref() == Some("InService");
    story.simulator.wait_until("one is in service", LONG, |_| pool.iter().any(|id| serves(&id))).await?;
    let (serving, warm): (Vec<_>, Vec<_>) = pool.iter().cloned().partition(|id| serves(&id));
    let (serving, warm) = (serving.concat(), warm.concat());
    let joined = |nodes: &BTreeMap<String, Node>| nodes.values().filter(|node| has_joined(node)).count() == 2;
    story.node_watch.wait_until("both have joined", LONG, joined).await?;

    // nobody has been looking: pods are on both
    story.deploy(&Workload::new("web", 6).tolerates(STARTUP_TAINT)).await?;
    story.budget("web", 2).await?;
    let pods = story.watch_pods("web").await?;
    let on = |node: &str| {
        pods.now().values().filter(|pod| is_available(pod) && node_of(pod) == Some(node)).count()
    };
    pods.wait_until("pods run on both", LONG, |_| on(&serving) + on(&warm) == 6 && on(&warm) > 0).await?;

    let _controller = story.controller().start().await?;
    pods.wait_until("all pods run on the one in service", LONG, |_| on(&serving) == 6).await?;
    let closed = story.node_watch.wait_until("the warm one is marked", LONG, |nodes| {
        nodes.get(&warm).is_some_and(|node| told_state(node) == Some("Warmed.Running"))
    });
    let node = &closed.await?[&warm];
    assert_eq!(out_of_service(node), Some("warm"));
    assert!(is_cordoned(node) && has_our_cordon(node));
    ensure!(fewest_available(&pods.history(), 6) >= Some(4), "the budget was broken");

    group.set_desired(2).await?;
    story.node_watch.wait_until("it is free", LONG, |nodes| nodes.get(&warm).is_some_and(is_open)).await?;
    assert_eq!(told_state(&story.node_watch.now()[&warm]), Some("InService"));
    let ever = history(&story.node_watch, &serving);
    assert!(
        ever.iter().all(|node| !is_cordoned(node) && out_of_service(node).is_none()),
        "the wrong one was closed"
    );
    let ever = history(&story.node_watch, &warm);
    assert!(ever.iter().all(|node| out_of_service(node) != Some("leaving")));
    story.end().await
}
