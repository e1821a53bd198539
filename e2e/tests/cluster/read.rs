//! What stories read off Nodes and the simulator's records.

use std::time::SystemTime;

use anyhow::Context;
use aws_simulator::{Call, CompletedBy, Event, InstanceInfo};
use e2e::group::Group;
use e2e::node::STARTUP_TAINT;
use e2e::oracle::{Entry, Watch};
use e2e::story::{LONG, Story};
use k8s_openapi::api::core::v1::{Node, NodeSpec, Taint};

/// Our taint on nodes out of service.
pub(crate) const OUT_OF_SERVICE: &str = "node-gate.io/out-of-service";

pub(crate) fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

pub(crate) fn taint<'a>(node: &'a Node, key: &str) -> Option<&'a Taint> {
    node.spec.as_ref()?.taints.as_ref()?.iter().find(|taint| taint.key == key)
}

/// The value of our taint: `warm` or `leaving`.
pub(crate) fn out_of_service(node: &Node) -> Option<&str> {
    taint(node, OUT_OF_SERVICE)?.value.as_deref()
}

pub(crate) fn is_cordoned(node: &Node) -> bool {
    node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true)
}

/// The lifecycle state that our label tells.
pub(crate) fn told_state(node: &Node) -> Option<&str> {
    node.metadata.labels.as_ref()?.get("node-gate.io/lifecycle-state").map(String::as_str)
}

/// True if pods may come: Ready, not cordoned, and no taint at all.
pub(crate) fn is_open(node: &Node) -> bool {
    let tainted = |spec: &NodeSpec| spec.taints.as_ref().is_some_and(|taints| !taints.is_empty());
    is_ready(node) && !is_cordoned(node) && !node.spec.as_ref().is_some_and(tainted)
}

/// True if it is Ready and nothing but the startup taint keeps pods away: those that tolerate it may come.
pub(crate) fn has_joined(node: &Node) -> bool {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    is_ready(node) && matches!(taints, [taint] if taint.key == STARTUP_TAINT)
}

pub(crate) fn has_startup_taint(node: &Node) -> bool {
    taint(node, STARTUP_TAINT).is_some()
}

/// True if a taint or a cordon of ours keeps pods away.
pub(crate) fn is_closed_by_us(node: &Node) -> bool {
    has_startup_taint(node) || out_of_service(node).is_some() || has_our_cordon(node)
}

/// True if the Node says that the cordon is ours.
pub(crate) fn has_our_cordon(node: &Node) -> bool {
    node.metadata.annotations.as_ref().is_some_and(|all| all.contains_key("node-gate.io/cordoned"))
}

/// All that a Node ever was, oldest first.
pub(crate) fn history(watch: &Watch<Node>, name: &str) -> Vec<Node> {
    let changes = watch.history().into_iter().filter(|change| change.name == name);
    changes.filter_map(|change| change.object).collect()
}

/// Waits until a group has exactly so many instances, its pool included, all of them in this state.
pub(crate) async fn all_are(
    story: &Story,
    group: &Group,
    count: usize,
    state: &str,
) -> anyhow::Result<Vec<String>> {
    let members = |all: &[InstanceInfo]| -> Vec<InstanceInfo> {
        all.iter().filter(|instance| instance.group == group.name()).cloned().collect()
    };
    let what = format!("{count} of {} are {state}", group.name());
    let reached = story.simulator.wait_until(&what, LONG, |all| {
        let members = members(all);
        members.len() == count && members.iter().all(|instance| instance.lifecycle_state == state)
    });
    Ok(members(&reached.await?).into_iter().map(|instance| instance.id).collect())
}

/// The same for a group with one instance.
pub(crate) async fn one_is(story: &Story, group: &Group, state: &str) -> anyhow::Result<String> {
    all_are(story, group, 1, state).await?.pop().context("one instance")
}

/// When an instance last came into a state.
pub(crate) fn came_into(story: &Story, instance: &str, state: &str) -> anyhow::Result<SystemTime> {
    let arrival = |event: &Event| match event {
        Event::LifecycleChanged { at, id, to, .. } => (id == instance && to == state).then_some(*at),
        Event::PowerChanged { .. }
        | Event::ActionOpened { .. }
        | Event::Heartbeat { .. }
        | Event::ActionCompleted { .. } => None,
    };
    let arrival = story.events().iter().rev().find_map(arrival);
    arrival.with_context(|| format!("{instance} was never {state}"))
}

/// One lifecycle action, from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Hold {
    pub(crate) hook: String,
    pub(crate) opened: SystemTime,
    pub(crate) heartbeats: usize,
    pub(crate) ended: Option<(CompletedBy, SystemTime)>,
}

/// All actions that ever held an instance, oldest first.
pub(crate) fn holds(story: &Story, instance: &str) -> Vec<Hold> {
    let mut holds: Vec<(String, Hold)> = Vec::new();
    for event in story.events() {
        match event {
            Event::ActionOpened { at, id, hook, token, .. } if id == instance => {
                holds.push((token, Hold { hook, opened: at, heartbeats: 0, ended: None }));
            }
            Event::Heartbeat { token, .. } => {
                holds.iter_mut().filter(|(of, _)| *of == token).for_each(|(_, hold)| hold.heartbeats += 1);
            }
            Event::ActionCompleted { at, token, by, .. } => {
                holds
                    .iter_mut()
                    .filter(|(of, _)| *of == token)
                    .for_each(|(_, hold)| hold.ended = Some((by, at)));
            }
            Event::ActionOpened { .. } | Event::LifecycleChanged { .. } | Event::PowerChanged { .. } => {}
        }
    }
    holds.into_iter().map(|(_, hold)| hold).collect()
}

/// Which hooks let an instance go, and how, oldest first.
pub(crate) fn releases(story: &Story, instance: &str) -> Vec<(String, CompletedBy)> {
    holds(story, instance).into_iter().filter_map(|hold| Some((hold.hook, hold.ended?.0))).collect()
}

/// How many instances were ever launched.
pub(crate) fn launched(story: &Story) -> usize {
    story.events().iter().filter(|event| matches!(event, Event::LifecycleChanged { from: None, .. })).count()
}

/// The controller's calls that name this anywhere.
pub(crate) fn calls_naming(story: &Story, text: &str) -> Vec<Call> {
    let ours = story.simulator.calls().into_iter().filter(|call| call.caller == e2e::controller::CALLER);
    ours.filter(|call| call.params.values().any(|value| value == text)).collect()
}

/// Waits until the controller knows that an instance is in this state: it has asked since.
pub(crate) async fn is_known_as(
    story: &Story,
    group: &Group,
    instance: &str,
    state: &str,
) -> anyhow::Result<()> {
    let since = came_into(story, instance, state)?;
    let what = format!("the controller knows {instance} as {state}");
    let asked = |call: Call, operation| call.at > since && call.operation == operation;
    let is_known = || {
        let mut by_id = calls_naming(story, instance).into_iter();
        let mut by_pool = calls_naming(story, group.name()).into_iter();
        by_id.any(|call| asked(call, "DescribeAutoScalingInstances"))
            || by_pool.any(|call| asked(call, "DescribeWarmPool"))
    };
    story.simulator.wait_until(&what, LONG, |_| is_known()).await.map(drop)
}

/// The controller's writes of a Node.
pub(crate) fn our_writes(story: &Story, node: &str) -> anyhow::Result<Vec<Entry>> {
    let mut writes = story.audit.node_writes(node)?;
    writes.retain(|entry| entry.user == story.controller_user());
    Ok(writes)
}
