//! The pods that have to leave: bare ones, bound to their nodes by name, run by kwok.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use futures::stream::{self, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt};
use tokio::time::{Instant, sleep};

use super::PATIENCE;
use crate::story::Story;
use crate::workload::is_available;

/// Requests of the harness on their way at a time.
pub(super) const IN_FLIGHT: usize = 50;

/// How often the pods that are left are counted.
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct Pods {
    api: Api<Pod>,
    rounds: AtomicU32,
}

impl Pods {
    pub(super) fn new(story: &Story) -> Self {
        Pods { api: story.pods(), rounds: AtomicU32::new(0) }
    }

    pub(super) fn api(&self) -> &Api<Pod> {
        &self.api
    }

    /// Puts so many new pods on each node, waits until all of them run, and returns their names.
    pub(super) async fn fill(&self, nodes: &[String], each: usize) -> anyhow::Result<Vec<String>> {
        let round = self.rounds.fetch_add(1, Ordering::Relaxed);
        let wanted = nodes.iter().flat_map(|node| (0..each).map(move |number| pod(node, round, number)));
        stream::iter(wanted)
            .map(|pod| async move { self.api.create(&PostParams::default(), &pod).await.map(drop) })
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<Vec<()>>()
            .await
            .context("creating the pods")?;
        let end = Instant::now() + PATIENCE;
        loop {
            let all = self.api.list(&ListParams::default()).await?;
            let run = all.iter().filter(|pod| is_available(pod)).count();
            if run == nodes.len() * each {
                return Ok(all.iter().map(ResourceExt::name_any).collect());
            }
            ensure!(Instant::now() < end, "only {run} of {} pods run", nodes.len() * each);
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// How many there are. One short answer: whoever measures must not keep the API server busy.
    pub(super) async fn left(&self) -> anyhow::Result<usize> {
        let one = self.api.list(&ListParams::default().limit(1)).await?;
        let others = one.metadata.remaining_item_count.unwrap_or(0);
        Ok(one.items.len() + usize::try_from(others)?)
    }

    /// Waits until there is none.
    pub(super) async fn gone(&self) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = self.left().await?;
            if left == 0 {
                return Ok(());
            }
            ensure!(Instant::now() < end, "{left} pods do not go");
            sleep(LOOK).await;
        }
    }
}

fn pod(node: &str, round: u32, number: usize) -> Pod {
    let container = Container { name: "main".into(), image: Some("none".into()), ..Container::default() };
    Pod {
        metadata: ObjectMeta { name: Some(format!("{node}-{round}-{number}")), ..ObjectMeta::default() },
        spec: Some(PodSpec {
            containers: vec![container],
            node_name: Some(node.to_owned()),
            automount_service_account_token: Some(false),
            ..PodSpec::default()
        }),
        status: None,
    }
}
