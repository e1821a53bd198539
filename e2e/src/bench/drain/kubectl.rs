//! What people do today: one `kubectl drain` a node.

use anyhow::ensure;
use futures::future::try_join_all;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::Cluster;
use crate::process::{Process, command, tail};
use crate::tools::tool;

pub(super) async fn run(cluster: &Cluster<'_>) -> anyhow::Result<()> {
    let nodes = cluster.nodes();
    let dir = cluster.story.dir();
    let drains = nodes.iter().map(|node| async move {
        let mut kubectl = command(tool("kubectl")?);
        kubectl.args(["drain", node, "--force", "--ignore-daemonsets", "--delete-emptydir-data"]);
        kubectl.arg("--kubeconfig").arg(cluster.story.kubeconfig()).env_clear().env("HOME", dir);
        let log = dir.join(format!("kubectl-{node}.log"));
        let status = Process::spawn("kubectl drain", kubectl, &log)?.wait().await?;
        ensure!(status.success(), "kubectl drain {node}: {status}; {}", tail(&log));
        Ok(())
    });
    try_join_all(drains).await?;
    cluster.pods.gone().await
}

/// Takes back the cordon that `kubectl drain` leaves: the controller would respect it as a human's.
pub(super) async fn uncordon(cluster: &Cluster<'_>) -> anyhow::Result<()> {
    for node in cluster.nodes() {
        let open = Patch::Merge(json!({"spec": {"unschedulable": null}}));
        cluster.story.node_api().patch(&node, &PatchParams::default(), &open).await?;
    }
    Ok(())
}
