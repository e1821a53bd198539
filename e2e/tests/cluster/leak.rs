//! A node without a gate joins the cluster out of the warm pool: it is closed and emptied until it is in service.

use anyhow::ensure;
use e2e::group::Pool;
use e2e::node::STARTUP_TAINT;
use e2e::story::{LONG, Story};
use e2e::workload::{Workload, fewest_available, is_available, node_of};

use crate::read::{has_our_cordon, history, is_cordoned, is_open, is_ready, out_of_service, told_state};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_gate_is_closed_and_emptied_while_it_is_warm() -> anyhow::Result<()> {
    let story = Story::new("leak").await?;
    let group = story.group("gateless").gateless().max(2).desired(1).warm_pool(Pool::Running);
    let group = group.create().await?;
    let both = story.simulator.wait_until("one serves, one is warm", LONG, |all| {
        ["InService", "Warmed:Running"].iter().all(|state| all.iter().any(|i| i.lifecycle_state == *state))
    });
    let both = both.await?;
    let id_of =
        |state| both.iter().find(|i| i.lifecycle_state == state).map(|i| i.id.clone()).unwrap_or_default();
    let (serving, warm) = (id_of("InService"), id_of("Warmed:Running"));
    story
        .node_watch
        .wait_until("both joined", LONG, |nodes| nodes.values().filter(|n| is_ready(n)).count() == 2)
        .await?;

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
