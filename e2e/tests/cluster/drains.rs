//! What the stories about leaving nodes share: nodes in service with pods on them, and how it ended for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use aws_simulator::{Call, CompletedBy, Event, HookResult};
use e2e::controller::{CALLER, Controller};
use e2e::group::{Group, TERMINATION_HOOK};
use e2e::oracle::{Change, Entry, Watch};
use e2e::story::{LONG, Story};
use e2e::wait::eventually;
use e2e::workload::{Workload, is_available, node_of};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::{DeleteParams, ListParams};
use kube::{Api, ResourceExt};

use crate::read::is_open;

/// Scales a group to so many nodes and waits until pods may come to all of them.
pub(crate) async fn open_nodes(story: &Story, group: &Group, count: i32) -> anyhow::Result<Vec<String>> {
    group.set_desired(count).await?;
    let what = format!("{count} nodes of {} are open", group.name());
    let open = |nodes: &BTreeMap<String, Node>| -> Vec<String> {
        let ours = |name: &str| story.simulator.instance(name).is_some_and(|info| info.group == group.name());
        let open = nodes.iter().filter(|(name, node)| is_open(node) && ours(name));
        open.map(|(name, _)| name.clone()).collect()
    };
    let reached = |nodes: &BTreeMap<String, Node>| i32::try_from(open(nodes).len()) == Ok(count);
    Ok(open(&story.node_watch.wait_until(&what, LONG, reached).await?))
}

/// Deploys a workload and waits until all its pods serve.
pub(crate) async fn fill(
    story: &Story,
    name: &str,
    workload: &Workload,
    pods: usize,
) -> anyhow::Result<Watch<Pod>> {
    story.deploy(workload).await?;
    let watch = story.watch_pods(name).await?;
    let all = |now: &BTreeMap<String, Pod>| now.values().filter(|pod| is_available(pod)).count() == pods;
    watch.wait_until(&format!("{pods} pods of {name} serve"), LONG, all).await?;
    Ok(watch)
}

/// The names of a watch's pods that are on a node now.
pub(crate) fn pods_on(watch: &Watch<Pod>, node: &str) -> Vec<String> {
    let pods = watch.now().into_values().filter(|pod| node_of(pod) == Some(node));
    pods.map(|pod| pod.name_any()).collect()
}

/// Waits until an instance is terminated.
pub(crate) async fn gone(story: &Story, instance: &str) -> anyhow::Result<()> {
    let what = format!("{instance} is terminated");
    story.simulator.wait_until(&what, LONG, |all| all.iter().all(|info| info.id != instance)).await?;
    // the recorder of events is a task of its own
    eventually(&what, LONG, async || ends(story, instance).pop().context("no end of an action")).await?;
    Ok(())
}

/// Which hooks let an instance go, with what result and by whom.
pub(crate) fn ends(story: &Story, instance: &str) -> Vec<(String, HookResult, CompletedBy)> {
    let ends = story.events().into_iter().filter_map(|event| {
        let Event::ActionCompleted { id, hook, result, by, .. } = event else { return None };
        (id == instance).then_some((hook, result, by))
    });
    ends.collect()
}

/// Fails unless our termination hook let an instance go exactly once, by one accepted completion and not by a timeout.
pub(crate) fn completed_once(story: &Story, instance: &str) -> anyhow::Result<()> {
    let ends = ends(story, instance);
    let wanted = [(TERMINATION_HOOK.to_owned(), HookResult::Continue, CompletedBy::Completed)];
    ensure!(ends == wanted, "{instance} was let go so: {ends:?}");
    let accepted = completions(story, instance).into_iter().filter(|call| call.status == 200).count();
    ensure!(accepted == 1, "{accepted} accepted completions of {instance}");
    Ok(())
}

/// The controllers' attempts to complete an instance's action.
pub(crate) fn completions(story: &Story, instance: &str) -> Vec<Call> {
    calls(story, instance, "CompleteLifecycleAction")
}

/// When the controllers' heartbeats for an instance's action were accepted.
pub(crate) fn beats(story: &Story, instance: &str) -> Vec<SystemTime> {
    let beats = calls(story, instance, "RecordLifecycleActionHeartbeat");
    beats.into_iter().filter(|call| call.status == 200).map(|call| call.at).collect()
}

fn calls(story: &Story, instance: &str, operation: &str) -> Vec<Call> {
    let mut calls = story.simulator.calls();
    calls.retain(|call| {
        let names_it = call.params.get("InstanceId").is_some_and(|id| id == instance);
        call.caller == CALLER && call.operation == operation && names_it
    });
    calls
}

/// Waits until the log has `count` accepted evictions, and fails if a pod was evicted twice, by anybody but the
/// controller, without its UID, or from another node than `nodes`.
pub(crate) async fn evicted_once_each(
    story: &Story,
    history: &[Change<Pod>],
    nodes: &[&str],
    count: usize,
) -> anyhow::Result<Vec<Entry>> {
    let what = format!("the log has {count} evictions");
    let accepted = eventually(&what, LONG, async || {
        let mut accepted = story.audit.evictions(&story.namespace)?;
        accepted.retain(Entry::accepted);
        ensure!(accepted.len() >= count, "{} so far", accepted.len());
        Ok(accepted)
    });
    let accepted = accepted.await?;
    ensure!(accepted.len() == count, "{} evictions of {count} pods", accepted.len());
    let on_them = |pod: &Pod| node_of(pod).is_some_and(|node| nodes.contains(&node));
    let history = history.iter().filter_map(|change| change.object.as_ref());
    let mut there: BTreeSet<String> =
        history.filter(|pod| on_them(pod)).filter_map(ResourceExt::uid).collect();
    for entry in &accepted {
        ensure!(entry.user == story.controller_user(), "evicted by a stranger: {entry:?}");
        let uid = entry.pod_uid().with_context(|| format!("evicted without a UID: {entry:?}"))?;
        ensure!(there.remove(uid), "evicted twice, or from another node: {entry:?}");
    }
    Ok(accepted)
}

/// The pods that were on an instance's node at the moments when its action was to be completed.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeftAtCompletion(Arc<Mutex<Vec<anyhow::Result<Vec<String>>>>>);

impl LeftAtCompletion {
    /// Looks, with a client that may see everything, before each completion is handled.
    pub(crate) fn observe(story: &Story) -> Self {
        let (seen, client) = (LeftAtCompletion::default(), story.client.clone());
        let record = seen.clone();
        story.simulator.before_complete(move |request| {
            let (record, pods) = (record.clone(), Api::<Pod>::all(client.clone()));
            Box::pin(async move {
                // a simulated node has its instance's name
                let node = request.instance.unwrap_or_default();
                let left = pods.list(&ListParams::default().fields(&format!("spec.nodeName={node}"))).await;
                let names = left.map(|left| left.iter().map(ResourceExt::name_any).collect());
                record.0.lock().unwrap_or_else(PoisonError::into_inner).push(names.map_err(Into::into));
            })
        });
        seen
    }

    /// Fails unless it was looked `times` times, and no pod was left at any of them.
    pub(crate) fn none(&self, times: usize) -> anyhow::Result<()> {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(looks.len() == times, "{} completions, not {times}: {looks:?}", looks.len());
        let empty = |look: &anyhow::Result<Vec<String>>| look.as_ref().is_ok_and(Vec::is_empty);
        ensure!(looks.iter().all(empty), "completed with pods left: {looks:?}");
        Ok(())
    }
}

/// Waits until the controllers keep an instance's action alive, `times` times after `since`.
pub(crate) async fn beats_after(
    story: &Story,
    instance: &str,
    since: SystemTime,
    times: usize,
) -> anyhow::Result<()> {
    let count = || beats(story, instance).into_iter().filter(|at| *at > since).count();
    let what = format!("{times} heartbeats for {instance}");
    story.simulator.wait_until(&what, LONG, |_| count() >= times).await.map(drop)
}

/// Two seconds: the shortest heartbeat timeout that a busy machine keeps.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(2);

/// Waits until a controller leads.
pub(crate) async fn leads(controller: &Controller) -> anyhow::Result<()> {
    eventually(&format!("{} leads", controller.name()), LONG, async || {
        let leads = controller.metric("node_gate_leader").await?;
        ensure!(leads == Some(1.0), "leader: {leads:?}");
        Ok(())
    })
    .await
}

/// Waits until a budget has refused the evictions of so many pods.
pub(crate) async fn refused_by_budget(story: &Story, pods: usize) -> anyhow::Result<()> {
    eventually(&format!("budgets hold up {pods} pods"), LONG, async || {
        let refused = story.audit.evictions(&story.namespace)?.into_iter().filter(|entry| entry.code == 429);
        let pods_refused: BTreeSet<String> = refused.map(|entry| entry.name).collect();
        ensure!(pods_refused.len() >= pods, "{pods_refused:?}");
        Ok(())
    })
    .await
}

/// Deletes a budget: from now on every pod of its workload may go.
pub(crate) async fn lift_budget(story: &Story, workload: &str) -> anyhow::Result<()> {
    let budgets: Api<PodDisruptionBudget> = Api::namespaced(story.client.clone(), &story.namespace);
    budgets.delete(workload, &DeleteParams::default()).await.map(drop).context("deleting the budget")
}
