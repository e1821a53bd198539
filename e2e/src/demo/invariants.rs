//! What must have been true all the time, judged by the oracles.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use aws_simulator::{CompletedBy, Event, HookResult};
use futures::FutureExt;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::json;

use super::stage::Stage;
use crate::oracle::Watch;
use crate::story::Story;
use crate::wait::eventually;
use crate::workload::fewest_available;

/// A label that somebody else sets on every node.
const THEIRS: (&str, &str) = ("example.com/theirs", "untouched");

/// What was seen at the moments that cannot be looked at later.
#[derive(Debug, Default)]
pub(super) struct Invariants {
    /// Each completion, at the moment it was asked for.
    completions: Arc<Mutex<Vec<Completion>>>,
}

/// The instance, and the pods that were still on its node.
type Completion = (String, Vec<String>);

impl Invariants {
    /// Looks at the cluster whenever a lifecycle action is about to be completed.
    pub(super) fn watch(story: &Story) -> Self {
        let invariants = Invariants::default();
        let seen = invariants.completions.clone();
        let pods = story.pods();
        story.simulator.before_complete(move |request| {
            let (seen, pods) = (seen.clone(), pods.clone());
            async move {
                let instance = request.instance.unwrap_or_default();
                let left = match pods_on(&pods, &instance).await {
                    Ok(left) => left,
                    Err(error) => vec![format!("(nobody knows: {error:#})")],
                };
                seen.lock().unwrap_or_else(PoisonError::into_inner).push((instance, left));
            }
            .boxed()
        });
        invariants
    }

    /// Puts a label and a taint on each node that are none of our controller's business.
    pub(super) async fn mark_as_others_do(&self, story: &Story) -> anyhow::Result<()> {
        let (key, value) = THEIRS;
        let taint = json!({"key": key, "value": value, "effect": "PreferNoSchedule"});
        for name in story.node_watch.now().keys() {
            let label = Patch::Merge(json!({"metadata": {"labels": {key: value}}}));
            story.node_api().patch(name, &PatchParams::default(), &label).await?;
            // strategic: added to the other taints, not in their place
            let taint = Patch::Strategic(json!({"spec": {"taints": [taint]}}));
            story.node_api().patch(name, &PatchParams::default(), &taint).await?;
        }
        let marked = story.node_watch.wait_until("all nodes are marked", Duration::from_secs(30), |nodes| {
            nodes.values().all(has_their_marks)
        });
        marked.await.map(drop)
    }

    /// Says a line for each invariant and returns how many are broken.
    pub(super) async fn verdict(
        &self,
        stage: &Stage,
        story: &Story,
        pods: &Watch<Pod>,
        nodes: usize,
        wanted: usize,
    ) -> anyhow::Result<usize> {
        let checks = [
            ("no instance joined while it was warmed", only_in_service_joined(story, nodes)),
            ("no gate called the Auto Scaling API", gates_were_silent(story)),
            ("one completion, with no pod left on its node", self.one_clean_completion(story)),
            ("the hook was kept alive until then", heartbeats(story)),
            ("never more than one pod was missing", one_missing_at_most(pods, wanted)),
            ("no pod was evicted twice", nothing_twice(story).await),
            ("what others marked stayed as it was", their_marks_stayed(story)),
        ];
        let mut broken = 0;
        for (what, result) in checks {
            match result {
                Ok(proof) => stage.verdict(&format!("ok      {what} ({proof})")),
                Err(error) => {
                    broken += 1;
                    stage.verdict(&format!("BROKEN  {what}: {error:#}"));
                }
            }
        }
        Ok(broken)
    }

    fn one_clean_completion(&self, story: &Story) -> anyhow::Result<String> {
        let completed: Vec<String> = story.events().into_iter().filter_map(completed).collect();
        ensure!(completed.len() == 1, "completed: {completed:?}");
        let seen = self.completions.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(
            seen.iter().any(|(instance, _)| *instance == completed[0]),
            "nobody looked when it was completed"
        );
        let left: Vec<_> = seen.iter().filter(|(_, left)| !left.is_empty()).collect();
        ensure!(left.is_empty(), "pods were left: {left:?}");
        Ok(completed[0].clone())
    }
}

/// Fails at once if a warmed instance became a Node.
pub(super) fn no_node_so_far(story: &Story) -> anyhow::Result<()> {
    let nodes = story.node_watch.ever();
    ensure!(nodes.is_empty(), "Nodes joined while their instances were only being warmed: {nodes:?}");
    Ok(())
}

/// The instance of an action that was answered with CONTINUE; an action that ran out is none.
fn completed(event: Event) -> Option<String> {
    match event {
        Event::ActionCompleted { id, result: HookResult::Continue, by: CompletedBy::Completed, .. } => {
            Some(id)
        }
        Event::ActionCompleted { id, result, by, .. } => Some(format!("{id}, but {by:?} with {result}")),
        Event::LifecycleChanged { .. }
        | Event::PowerChanged { .. }
        | Event::ActionOpened { .. }
        | Event::Heartbeat { .. } => None,
    }
}

async fn pods_on(pods: &Api<Pod>, node: &str) -> anyhow::Result<Vec<String>> {
    let there = ListParams::default().fields(&format!("spec.nodeName={node}"));
    let list = pods.list(&there).await.context("listing its pods")?;
    Ok(list.items.into_iter().filter_map(|pod| pod.metadata.name).collect())
}

fn only_in_service_joined(story: &Story, nodes: usize) -> anyhow::Result<String> {
    let ever = story.node_watch.ever();
    // the instance that refilled the pool is warm now, and must not be among them
    for instance in story.simulator.instances() {
        let warm = instance.lifecycle_state.starts_with("Warmed:");
        ensure!(!(warm && ever.contains(&instance.id)), "{} is {}", instance.id, instance.lifecycle_state);
    }
    ensure!(ever.len() == nodes, "{} Nodes have existed, wanted {nodes}: {ever:?}", ever.len());
    Ok(format!("{} Nodes ever", ever.len()))
}

fn gates_were_silent(story: &Story) -> anyhow::Result<String> {
    let calls = story.simulator.calls();
    let by_gates: Vec<_> = calls.iter().filter(|call| call.caller == "gate").collect();
    ensure!(by_gates.is_empty(), "{by_gates:?}");
    Ok(format!("0 of {} calls", calls.len()))
}

fn heartbeats(story: &Story) -> anyhow::Result<String> {
    let beats = story.events().iter().filter(|event| matches!(event, Event::Heartbeat { .. })).count();
    ensure!(beats > 0, "there was no heartbeat");
    Ok(format!("{beats} heartbeats"))
}

fn one_missing_at_most(pods: &Watch<Pod>, wanted: usize) -> anyhow::Result<String> {
    let fewest = fewest_available(&pods.history(), wanted).context("they never all ran")?;
    ensure!(fewest + 1 >= wanted, "only {fewest} of {wanted} were available");
    Ok(format!("at least {fewest} of {wanted} at any moment"))
}

async fn nothing_twice(story: &Story) -> anyhow::Result<String> {
    let evicted = eventually("the audit log has the evictions", Duration::from_secs(10), async || {
        let evicted = story.audit.evicted(&story.namespace)?;
        ensure!(!evicted.is_empty(), "none");
        Ok(evicted)
    });
    let mut pods = evicted.await?;
    let accepted = pods.len();
    pods.sort();
    pods.dedup();
    ensure!(pods.len() == accepted, "{accepted} accepted evictions of {} pods", pods.len());
    Ok(format!("{accepted} accepted evictions"))
}

fn their_marks_stayed(story: &Story) -> anyhow::Result<String> {
    let mut marked = std::collections::BTreeSet::new();
    for change in story.node_watch.history() {
        let Some(node) = change.object else { continue };
        if has_their_marks(&node) {
            marked.insert(change.name);
        } else {
            ensure!(!marked.contains(&change.name), "{} has lost a mark", change.name);
        }
    }
    Ok(format!("on {} nodes", marked.len()))
}

fn has_their_marks(node: &k8s_openapi::api::core::v1::Node) -> bool {
    let (key, value) = THEIRS;
    let labels = node.metadata.labels.as_ref();
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    labels.and_then(|labels| labels.get(key)).is_some_and(|label| label == value)
        && taints.into_iter().flatten().any(|taint| taint.key == key)
}
