//! Back into the pool on scale-in: `Warmed:Pending:Wait` does not tell the direction, so it has to be found.

use std::time::Duration;

use aws_simulator::CompletedBy;
use e2e::group::{LAUNCH_HOOK, Pool};
use e2e::story::{LONG, Story};
use e2e::workload::{Workload, is_available, node_of};
use k8s_openapi::api::core::v1::Pod;

use crate::drains::{HEARTBEAT, LeftAtCompletion, completed_once, evicted_once_each, fill, open_nodes};
use crate::read::{
    history, is_cordoned, is_open, is_ready, launched, one_is, out_of_service, releases, told_state,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_returning_node_is_drained_and_marked_and_freed_the_next_time() -> anyhow::Result<()> {
    let story = Story::new("reuse").await?;
    let _controller = story.controller().start().await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Stopped).reuse().termination_hook(HEARTBEAT);
    let group = group.create().await?;
    let id = one_is(&story, &group, "Warmed:Stopped").await?;
    open_nodes(&story, &group, 1).await?;
    // slower than the heartbeat timeout: without heartbeats it would not be drained in time
    let pods = fill(&story, "web", &Workload::new("web", 3).stops_after(4), 3).await?;
    let left = LeftAtCompletion::observe(&story);

    group.set_desired(0).await?;
    one_is(&story, &group, "Warmed:Stopped").await?;
    left.none(1)?;
    completed_once(&story, &id)?;
    evicted_once_each(&story, &pods.history(), &[&id], 3).await?;
    let marked = story.node_watch.wait_until("it is marked as warm", LONG, |nodes| {
        nodes.get(&id).is_some_and(|node| told_state(node) == Some("Warmed.Stopped"))
    });
    let node = &marked.await?[&id];
    assert_eq!((out_of_service(node), is_cordoned(node)), (Some("warm"), true));
    // it was closed before its pods went, and stayed closed
    let mut ever =
        history(&story.node_watch, &id).into_iter().skip_while(|node| !is_open(node)).skip_while(is_open);
    assert_eq!(ever.next().as_ref().and_then(out_of_service), Some("leaving"));
    assert!(ever.all(|node| out_of_service(&node).is_some() && is_cordoned(&node)));

    group.set_desired(1).await?;
    story.node_watch.wait_until("it is free", LONG, |nodes| nodes.get(&id).is_some_and(is_open)).await?;
    let on_it = |pod: &Pod| is_available(pod) && node_of(pod) == Some(&id);
    pods.wait_until("its pods are back", LONG, |pods| pods.values().filter(|pod| on_it(pod)).count() == 3)
        .await?;
    assert_eq!((launched(&story), story.node_watch.ever()), (1, vec![id]));
    story.end().await
}

/// Nothing is let go by a timeout while we look.
const HELD: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_comes_late_asks_for_the_direction() -> anyhow::Result<()> {
    let story = Story::new("direction").await?;
    let mut before = story.controller().start().await?;
    let group = story.group("returning").max(1).warm_pool(Pool::Stopped).reuse().termination_hook(HELD);
    let group = group.create().await?;
    one_is(&story, &group, "Warmed:Stopped").await?;
    let returning = open_nodes(&story, &group, 1).await?.concat();
    let pods = fill(&story, "web", &Workload::new("web", 3), 3).await?;
    before.sigterm().await?;
    group.set_desired(0).await?;
    one_is(&story, &group, "Warmed:Pending:Wait").await?;
    // in the same state, but from the other side; and its Node is there, because it has no gate
    let pool = story.group("entering").gateless().max(1).warm_pool(Pool::Stopped);
    let pool = pool.launch_hook(HELD).termination_hook(HELD).create().await?;
    let entering = one_is(&story, &pool, "Warmed:Pending:Wait").await?;
    let is_there = |node: &str| story.node_watch.now().get(node).is_some_and(is_ready);
    story.node_watch.wait_until("it joined", LONG, |_| is_there(&entering)).await?;

    let left = LeftAtCompletion::observe(&story);
    let _controller = story.controller().start().await?;
    one_is(&story, &group, "Warmed:Stopped").await?;
    one_is(&story, &pool, "Warmed:Stopped").await?;
    left.none(2)?;
    completed_once(&story, &returning)?;
    evicted_once_each(&story, &pods.history(), &[&returning], 3).await?;
    assert_eq!(releases(&story, &entering), [(LAUNCH_HOOK.to_owned(), CompletedBy::Completed)]);
    let was = |node: &str, value| {
        history(&story.node_watch, node).iter().any(|node| out_of_service(node) == Some(value))
    };
    assert!(was(&returning, "leaving"));
    assert!(was(&entering, "warm") && !was(&entering, "leaving"), "taken for a returning one");
    story.end().await
}
