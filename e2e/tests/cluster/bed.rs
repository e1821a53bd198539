//! The bed itself: if one of these fails, no other story means anything.

use anyhow::{Context, ensure};
use e2e::oracle::Entry;
use e2e::process::{command, output};
use e2e::story::{LONG, Story};
use e2e::tools::tool;
use e2e::wait::eventually;
use e2e::workload::{Workload, is_available};
use e2e::{control_plane, group::Pool};
use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;
use kube::api::{EvictParams, Patch, PatchParams};
use serde_json::json;

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_refuses_an_eviction_and_the_audit_log_tells() -> anyhow::Result<()> {
    let story = Story::new("budget").await?;
    let group = story.group("free").desired(1).gateless().create().await?;
    let nodes =
        story.node_watch.wait_until("its node is Ready", LONG, |nodes| nodes.values().any(is_ready)).await?;
    let (name, node) = nodes.iter().next().context("one node")?;
    let spec = node.spec.clone().context("a node has a spec")?;
    assert_eq!(spec.provider_id, Some(format!("aws:///us-east-1a/{name}")));

    // nobody lifts the startup taint here
    story.deploy(&Workload::new("web", 2).tolerates(e2e::node::STARTUP_TAINT)).await?;
    let pods = story.watch_pods("web").await?;
    story.budget("web", 0).await?;
    let running =
        pods.wait_until("its pods run", LONG, |pods| pods.values().filter(|p| is_available(p)).count() == 2);
    let pod = running.await?.into_keys().next().context("a pod")?;
    let refused = eventually("the budget refuses", LONG, async || {
        // before the controller-manager has seen the budget, the answer is another
        match story.pods().evict(&pod, &EvictParams::default()).await {
            Err(kube::Error::Api(status)) if status.message.contains("disruption budget") => Ok(status.code),
            other => anyhow::bail!("{other:?}"),
        }
    });
    assert_eq!(refused.await?, 429);

    let budgets: kube::Api<k8s_openapi::api::policy::v1::PodDisruptionBudget> =
        kube::Api::namespaced(story.client.clone(), &story.namespace);
    let patch = Patch::Merge(json!({"spec": {"maxUnavailable": 1}}));
    budgets.patch("web", &PatchParams::default(), &patch).await?;
    eventually("the budget allows one", LONG, async || {
        Ok(story.pods().evict(&pod, &EvictParams::default()).await?)
    })
    .await?;
    pods.wait_until("the pod is gone", LONG, |pods| !pods.contains_key(&pod)).await?;
    eventually("the log has both", LONG, async || {
        let attempts = story.audit.evictions(&story.namespace)?;
        ensure!(attempts.iter().any(|attempt| attempt.code == 429), "no refusal: {attempts:?}");
        ensure!(
            attempts.iter().filter(|attempt| attempt.accepted()).count() == 1,
            "not one accepted: {attempts:?}"
        );
        Ok(())
    })
    .await?;
    group.set_desired(0).await?;
    story.node_watch.wait_until("its Node is deleted", LONG, std::collections::BTreeMap::is_empty).await?;
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_power_turns_not_ready_and_comes_back() -> anyhow::Result<()> {
    let story = Story::new("power").await?;
    let group = story.group("reused").max(1).warm_pool(Pool::Stopped).reuse().gateless().create().await?;
    let id = story
        .simulator
        .wait_until("it is warm", LONG, |all| all.iter().any(|i| i.lifecycle_state == "Warmed:Stopped"));
    let id = id.await?.into_iter().next().context("an instance")?.id;
    // without a gate it joined while it was warmed
    story
        .node_watch
        .wait_until("it is NotReady", LONG, |nodes| nodes.get(&id).is_some_and(|n| !is_ready(n)))
        .await?;
    group.set_desired(1).await?;
    story
        .node_watch
        .wait_until("it is Ready again", LONG, |nodes| nodes.get(&id).is_some_and(is_ready))
        .await?;
    // registered once: the same Node all the time
    let uids: Vec<_> = story.node_watch.history().iter().filter_map(|c| c.object.as_ref()?.uid()).collect();
    assert!(uids.iter().all(|uid| *uid == uids[0]));
    let creations = eventually("the log has the registration", LONG, async || {
        let is_creation = |entry: &Entry| entry.verb == "create" && entry.uri.contains("/nodes");
        let by_us = story.audit.writes_by(control_plane::HARNESS_USER)?;
        let creations: Vec<Entry> = by_us.into_iter().filter(is_creation).filter(|e| e.name == id).collect();
        ensure!(!creations.is_empty(), "none yet");
        Ok(creations)
    });
    assert_eq!(creations.await?.len(), 1);
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chart_gives_its_service_account_rights_and_no_more() -> anyhow::Result<()> {
    let story = Story::new("chart").await?;
    let may = async |question: &[&str]| {
        let mut kubectl = command(tool("kubectl")?);
        kubectl.args(["auth", "can-i", "--kubeconfig"]).arg(story.chart().kubeconfig()).args(question);
        anyhow::Ok(kubectl.output().await?.status.success())
    };
    assert!(may(&["patch", "nodes"]).await?);
    assert!(may(&["create", "pods", "--subresource=eviction", "--namespace", "default"]).await?);
    assert!(!may(&["delete", "nodes"]).await?);
    assert!(!may(&["get", "secrets", "--namespace", &story.namespace]).await?);
    let mut helm = command(tool("helm")?);
    helm.args(["list", "--namespace", &story.namespace, "--short", "--kubeconfig"]).arg(story.kubeconfig());
    assert_eq!(output(helm).await?.trim(), "node-gate");
    story.end().await
}
