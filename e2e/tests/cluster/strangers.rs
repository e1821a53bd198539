//! Groups of others and hooks of others are left alone, whatever they are called.

use std::time::Duration;

use anyhow::Context;
use aws_simulator::CompletedBy;
use e2e::group::TERMINATION_HOOK;
use e2e::node::STARTUP_TAINT;
use e2e::story::{LONG, Story};
use e2e::workload::{Workload, node_of};

use crate::drains::{HEARTBEAT, completed_once, fill, gone, open_nodes, pods_on};
use crate::read::{
    calls_naming, has_joined, has_startup_taint, history, is_cordoned, one_is, our_writes, out_of_service,
    releases, told_state,
};

/// Long enough for us to do harm, short enough to wait for its end.
const THEIRS: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn another_clusters_group_with_the_same_hook_is_never_touched() -> anyhow::Result<()> {
    let story = Story::new("stranger").await?;
    let _controller = story.controller().start().await?;
    let theirs = story.group("theirs").untagged().max(1).termination_hook(THEIRS).desired(1).create().await?;
    let ours = story.group("ours").max(1).termination_hook(HEARTBEAT).create().await?;
    let our = open_nodes(&story, &ours, 1).await?.pop().context("a node")?;
    let their = one_is(&story, &theirs, "InService").await?;
    story
        .node_watch
        .wait_until("theirs has joined", LONG, |nodes| nodes.get(&their).is_some_and(has_joined))
        .await?;
    let pods = fill(&story, "web", &Workload::new("web", 4).tolerates(STARTUP_TAINT), 4).await?;
    assert!(!pods_on(&pods, &their).is_empty() && !pods_on(&pods, &our).is_empty());
    let is_looked_up =
        || calls_naming(&story, &their).iter().any(|call| call.operation.starts_with("Describe"));
    story
        .simulator
        .wait_until("their instance was looked up, for its Node is here", LONG, |_| is_looked_up())
        .await?;

    theirs.set_desired(0).await?;
    ours.set_desired(0).await?;
    gone(&story, &our).await?;
    completed_once(&story, &our)?;
    gone(&story, &their).await?;
    assert_eq!(releases(&story, &their), [(TERMINATION_HOOK.to_owned(), CompletedBy::TimedOut)]);
    assert_eq!(calls_naming(&story, theirs.name()), []);
    assert!(calls_naming(&story, &their).iter().all(|call| call.operation.starts_with("Describe")));
    let writes = our_writes(&story, &their)?;
    assert!(writes.is_empty(), "we wrote to their Node: {writes:?}");
    assert!(history(&story.node_watch, &their).iter().all(has_startup_taint));
    let uids = |node: &str| -> Vec<String> {
        let pods = pods.history().into_iter().filter_map(|change| change.object);
        pods.filter(|pod| node_of(pod) == Some(node)).filter_map(|pod| pod.metadata.uid).collect()
    };
    let evicted = story.audit.evicted(&story.namespace)?;
    assert!(evicted.iter().any(|uid| uids(&our).contains(uid)));
    assert!(evicted.iter().all(|uid| !uids(&their).contains(uid)), "we evicted their pods");
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_held_by_a_hook_of_others_is_closed_and_left_to_them() -> anyhow::Result<()> {
    // what EKS names its own hook on managed node groups
    const EKS: &str = "Terminate-LC-Hook";
    let story = Story::new("foreign-hook").await?;
    let _controller = story.controller().start().await?;
    let group = story.group("managed").max(1).foreign_termination_hook(EKS, THEIRS).create().await?;
    let id = open_nodes(&story, &group, 1).await?.pop().context("a node")?;
    fill(&story, "web", &Workload::new("web", 2), 2).await?;

    group.set_desired(0).await?;
    let closed = story.node_watch.wait_until("it is closed", LONG, |nodes| {
        nodes.get(&id).is_some_and(|node| told_state(node) == Some("Terminating.Wait"))
    });
    let node = &closed.await?[&id];
    assert_eq!((out_of_service(node), is_cordoned(node)), (Some("leaving"), true));
    gone(&story, &id).await?;
    assert_eq!(releases(&story, &id), [(EKS.to_owned(), CompletedBy::TimedOut)]);
    assert_eq!(calls_naming(&story, EKS), []);
    assert!(calls_naming(&story, &id).iter().all(|call| call.operation.starts_with("Describe")));
    assert!(story.audit.evictions(&story.namespace)?.is_empty(), "draining is their business");
    story.end().await
}
