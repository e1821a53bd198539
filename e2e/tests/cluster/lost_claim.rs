//! A leader that lost its claim to the lease writes nothing any more.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use aws_simulator::Fault;
use e2e::story::{LONG, Story};
use e2e::wait::eventually;
use e2e::workload::Workload;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;

use crate::drains::{completions, fill, leads, lift_budget, open_nodes, refused_by_budget};
use crate::read::is_cordoned;

/// Nothing times out in these stories.
const HEARTBEAT: Duration = Duration::from_secs(60);
const LEASE: &str = "node-gate-controller";

fn leases(story: &Story) -> Api<Lease> {
    Api::namespaced(story.client.clone(), &story.namespace)
}

/// Waits until nobody holds the lease any more by its own times, then takes it for somebody else.
async fn take_lapsed_lease(story: &Story) -> anyhow::Result<()> {
    eventually("the lease has lapsed", LONG, async || {
        let spec = leases(story).get(LEASE).await?.spec.context("a lease has a spec")?;
        let renewed = spec.renew_time.context("it was renewed")?.0;
        let seconds = spec.lease_duration_seconds.context("it has a duration")?;
        ensure!(
            Timestamp::now().duration_since(renewed).as_secs() >= i64::from(seconds),
            "renewed {renewed}"
        );
        Ok(())
    })
    .await?;
    let now = Timestamp::now().to_string();
    let spec = json!({"holderIdentity": "somebody-else", "leaseDurationSeconds": 3600, "renewTime": format!("{:.26}Z", now.trim_end_matches('Z'))});
    leases(story).patch(LEASE, &PatchParams::default(), &Patch::Merge(json!({"spec": spec}))).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_hung_past_its_lease_writes_nothing_once_it_wakes() -> anyhow::Result<()> {
    let story = Story::new("hung-leader").await?;
    let controller = story.controller().start().await?;
    leads(&controller).await?;
    // three nodes held up by their pods' budget, and an empty one by Auto Scaling
    let full = story.group("full").max(3).termination_hook(HEARTBEAT).create().await?;
    let nodes = open_nodes(&story, &full, 3).await?;
    let pods = fill(&story, "web", &Workload::new("web", 12), 12).await?;
    story.budget("web", 0).await?;
    let empty = story.group("empty").max(1).termination_hook(HEARTBEAT).create().await?;
    let drained = open_nodes(&story, &empty, 1).await?.pop().context("a node")?;
    story.simulator.fault("CompleteLifecycleAction", Fault::Throttle { share: 1.0 });
    for node in &nodes {
        full.terminate(node).await?;
    }
    empty.terminate(&drained).await?;
    let tried = || completions(&story, &drained).len() >= 2;
    story.simulator.wait_until("the empty one's completion is refused", LONG, |_| tried()).await?;
    refused_by_budget(&story, 3).await?;

    controller.signal("STOP").await?;
    take_lapsed_lease(&story).await?;
    let taken = Timestamp::now();
    // now everything would be allowed, and there is more to do than before
    story.simulator.clear_faults();
    lift_budget(&story, "web").await?;
    for node in &nodes {
        uncordon(&story, node).await?;
    }
    controller.signal("CONT").await?;
    let told = async || {
        let leader = controller.metric("node_gate_leader").await?;
        ensure!(leader == Some(0.0), "leader: {leader:?}");
        let reads = story.audit.by(story.controller_user())?;
        let looked = reads.iter().filter(|read| read.resource == "leases" && read.at > taken).count();
        ensure!(looked >= 3, "it looked at the lease {looked} times");
        Ok(())
    };
    eventually("it knows that it does not lead", LONG, told).await?;

    let mut writes = story.audit.writes_by(story.controller_user())?;
    writes.retain(|write| write.at > taken);
    ensure!(writes.is_empty(), "written without the lease: {writes:#?}");
    let taken = SystemTime::from(taken);
    assert_eq!(completions(&story, &drained).into_iter().filter(|call| call.at > taken).count(), 0);
    assert_eq!(pods.now().len(), 12);
    for node in nodes.iter().chain([&drained]) {
        let state = story.simulator.instance(node).map(|info| info.lifecycle_state);
        assert_eq!(state.as_deref(), Some("Terminating:Wait"));
    }
    story.end().await
}

async fn uncordon(story: &Story, node: &str) -> anyhow::Result<()> {
    let open = Patch::Merge(json!({"spec": {"unschedulable": null}}));
    story.node_api().patch(node, &PatchParams::default(), &open).await?;
    Ok(())
}

/// The door closes before the claim ends: a write that left at the last moment would still be under way when another
/// leads.
#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_cannot_renew_its_lease_is_stopped_at_its_own_door() -> anyhow::Result<()> {
    let story = Story::new("no-renewal").await?;
    // long enough for this story to see the time between the door's closing and the claim's end
    let controller = story.controller().flag("--lease-duration", "20s").start().await?;
    leads(&controller).await?;
    let group = story.group("workers").max(1).termination_hook(HEARTBEAT).create().await?;
    let node = open_nodes(&story, &group, 1).await?.pop().context("a node")?;
    fill(&story, "web", &Workload::new("web", 2), 2).await?;
    story.budget("web", 0).await?;
    group.terminate(&node).await?;
    refused_by_budget(&story, 1).await?;

    // it loses the right to the lease and no other
    let roles: Api<RoleBinding> = Api::namespaced(story.client.clone(), &story.namespace);
    roles.delete("node-gate", &DeleteParams::default()).await?;
    let closed = |nodes: &BTreeMap<String, Node>| nodes.get(&node).is_some_and(is_cordoned);
    story.node_watch.wait_until("the node is cordoned", LONG, closed).await?;
    eventually("the door refuses to close the node again", LONG, async || {
        uncordon(&story, &node).await?;
        let refused = controller.metric("node_gate_writes_refused_total").await?;
        ensure!(refused > Some(0.0), "{refused:?}");
        Ok(())
    })
    .await?;
    let shut = Timestamp::now();
    assert_eq!(
        controller.metric("node_gate_leader").await?,
        Some(1.0),
        "refused by the end of its claim alone"
    );
    eventually("its claim ends", LONG, async || {
        let leader = controller.metric("node_gate_leader").await?;
        ensure!(leader == Some(0.0), "leader: {leader:?}");
        Ok(())
    })
    .await?;
    take_lapsed_lease(&story).await?;
    uncordon(&story, &node).await?;
    let mut writes = story.audit.writes_by(story.controller_user())?;
    // what it may still ask for is refused by the API server
    writes.retain(|write| write.at > shut && write.resource != "leases");
    ensure!(writes.is_empty(), "written after the door had closed: {writes:#?}");
    story.end().await
}
