//! Out of the pool into service: a warmed instance joins closed, and opens only once it is in service.

use anyhow::Context;
use e2e::group::Pool;
use e2e::node::STARTUP_TAINT;
use e2e::oracle::Entry;
use e2e::story::{LONG, Story};
use e2e::wait::eventually;
use e2e::workload::{Workload, is_available, node_of};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;

use crate::read::{
    all_are, calls_naming, came_into, history, is_cordoned, is_open, is_ready, our_writes, out_of_service,
    taint, told_state,
};

/// A launch hook of the user's own: it keeps a node that has joined out of service for as long as the story likes.
const USERS_HOOK: &str = "users-own-launch";

#[tokio::test(flavor = "multi_thread")]
async fn a_scaled_out_node_joins_with_the_startup_taint_and_loses_it_in_service() -> anyhow::Result<()> {
    let story = Story::new("scale-out").await?;
    let group = story.group("workers").max(2).warm_pool(Pool::Stopped).foreign_launch_hook(USERS_HOOK, LONG);
    let group = group.create().await?;
    let _controller = story.controller().start().await?;
    for instance in all_are(&story, &group, 2, "Warmed:Pending:Wait").await? {
        group.complete(USERS_HOOK, &instance).await?;
    }
    all_are(&story, &group, 2, "Warmed:Stopped").await?;
    assert_eq!(story.node_watch.ever(), [""; 0]);
    story.deploy(&Workload::new("web", 2)).await?;
    let pods = story.watch_pods("web").await?;
    pods.wait_until("its pods wait for a node", LONG, |pods| pods.len() == 2).await?;

    group.set_desired(1).await?;
    let nodes = story.node_watch.wait_until("a node is Ready and known as Pending", LONG, |nodes| {
        nodes.values().any(|node| is_ready(node) && told_state(node) == Some("Pending.Wait"))
    });
    let id = nodes.await?.into_keys().next().context("a node")?;
    let first = history(&story.node_watch, &id).into_iter().next().context("a node has a beginning")?;
    assert_eq!(taint(&first, STARTUP_TAINT).map(|taint| taint.effect.as_str()), Some("NoSchedule"));
    assert!(
        pods.now().values().all(|pod| node_of(pod).is_none()),
        "a pod came before the node was in service"
    );

    group.complete(USERS_HOOK, &id).await?;
    story
        .node_watch
        .wait_until("the node is open", LONG, |nodes| nodes.get(&id).is_some_and(is_open))
        .await?;
    pods.wait_until("its pods run there", LONG, |pods| {
        pods.values().filter(|pod| is_available(pod) && node_of(pod) == Some(&id)).count() == 2
    })
    .await?;

    let in_service = came_into(&story, &id, "InService")?;
    let opened = eventually("the log has the write that opened the node", LONG, async || {
        let mut writes = our_writes(&story, &id)?.into_iter();
        writes.find(takes_the_startup_taint_away).context("no such write")
    });
    let opened = opened.await?;
    assert!(
        opened.at > Timestamp::try_from(in_service)?,
        "in service at {in_service:?}, opened by {opened:?}"
    );
    let never_marked = |node: &Node| out_of_service(node).is_none() && !is_cordoned(node);
    assert!(
        history(&story.node_watch, &id).iter().all(never_marked),
        "it was taken for a leaving or a leaked one"
    );
    // the other one is warm to this day, and a hook that is not ours is not ours
    assert_eq!(story.node_watch.ever(), [first.name_any()]);
    assert_eq!(calls_naming(&story, USERS_HOOK), []);
    story.end().await
}

fn takes_the_startup_taint_away(write: &Entry) -> bool {
    let taints = write.request.as_ref().and_then(|request| request.pointer("/spec/taints")?.as_array());
    taints.is_some_and(|taints| taints.iter().all(|taint| taint["key"] != STARTUP_TAINT))
}
