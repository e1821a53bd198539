//! As fast as it gets: all evictions at once, no cordon, no second thought.

use std::time::Duration;

use anyhow::Context;
use futures::stream::{self, StreamExt, TryStreamExt};
use kube::api::EvictParams;

use super::Cluster;
use super::pods::IN_FLIGHT;
use crate::bench::machine;

/// Returns the processor time that this very program used for it.
pub(super) async fn run(cluster: &Cluster<'_>, pods: &[String]) -> anyhow::Result<Duration> {
    let me = std::process::id();
    let before = machine::cpu(me)?;
    stream::iter(pods)
        .map(|name| async move { cluster.pods.api().evict(name, &EvictParams::default()).await.map(drop) })
        .buffer_unordered(IN_FLIGHT)
        .try_collect::<Vec<()>>()
        .await
        .context("evicting")?;
    cluster.pods.gone().await?;
    Ok(machine::cpu(me)?.saturating_sub(before))
}
