//! Out of service: cordoned, drained under the budgets, kept alive meanwhile, completed once nothing is left.

use std::time::SystemTime;

use anyhow::Context;
use e2e::oracle::Entry;
use e2e::story::Story;
use e2e::workload::{Workload, fewest_available, node_of};

use crate::drains::{
    HEARTBEAT, LeftAtCompletion, beats, completed_once, evicted_once_each, fill, gone, open_nodes,
};
use crate::read::our_writes;

const PODS: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn a_scale_in_drains_thirty_pods_one_at_a_time_and_completes_when_none_is_left() -> anyhow::Result<()> {
    let story = Story::new("scale-in").await?;
    let _controller = story.controller().start().await?;
    let group = story.group("workers").max(2).termination_hook(HEARTBEAT).create().await?;
    let leaving = open_nodes(&story, &group, 1).await?.pop().context("a node")?;
    let pods = fill(&story, "web", &Workload::new("web", 30), PODS).await?;
    // at least four seconds of drain however fast the machine is: enough for the heartbeats
    let slow = fill(&story, "slow", &Workload::new("slow", 1).stops_after(5), 1).await?;
    story.budget("web", 1).await?;
    open_nodes(&story, &group, 2).await?;
    let left = LeftAtCompletion::observe(&story);
    let began = SystemTime::now();
    group.terminate(&leaving).await?;
    gone(&story, &leaving).await?;

    left.none(1)?;
    completed_once(&story, &leaving)?;
    assert_eq!(fewest_available(&pods.history(), PODS), Some(PODS - 1));
    assert!(pods.now().values().all(|pod| node_of(pod) != Some(&leaving)));
    let beats = beats(&story, &leaving).into_iter().filter(|at| *at > began).count();
    assert!(beats >= 3, "{beats} heartbeats");

    let mut all = pods.history();
    all.extend(slow.history());
    let evictions = evicted_once_each(&story, &all, &[&leaving], PODS + 1).await?;
    let writes = our_writes(&story, &leaving)?;
    let cordon = writes.iter().find(|write| unschedulable(write)).context("no cordon in the log")?;
    assert!(evictions.iter().all(|eviction| eviction.at > cordon.at), "evicted before the cordon");
    // patience never ended: nothing was forced
    let ours = story.audit.writes_by(story.controller_user())?;
    assert!(ours.iter().all(|write| write.verb != "delete"), "pods were deleted past the budget");
    story.end().await
}

fn unschedulable(write: &Entry) -> bool {
    write.request.as_ref().is_some_and(|request| request.pointer("/spec/unschedulable") == Some(&true.into()))
}
