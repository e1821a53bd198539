//! How things stand, for others to see.

use tokio::time::Instant;

use crate::decide::Phase;
use crate::decide::jobs::{self, Rules};
use crate::decide::marks::has_served;
use crate::decide::memory::Memory;
use crate::drain::Progress;
use crate::job::Ended;
use crate::nodes::{NodeView, Nodes};
use crate::status::{ActionStatus, BlockerStatus, DrainStatus, InstanceStatus, Status};
use crate::world::{Group, Instance, World};

/// The snapshot after a pass; `drain` tells how far an instance's drain is, if one runs.
///
/// Equal situations give equal snapshots, whatever the time is.
pub fn snapshot(
    world: &World,
    nodes: &Nodes,
    memory: &Memory,
    rules: &Rules,
    drain: impl Fn(&str) -> Option<Progress>,
) -> Status {
    let by_instance = nodes.by_instance();
    let instances = world.instances.iter().map(|(id, instance)| {
        let nodes = by_instance.get(id.as_str()).map_or(&[][..], Vec::as_slice);
        let node = nodes.first().copied();
        let group = world.groups.get(&instance.group);
        let status = InstanceStatus {
            group: instance.group.clone(),
            state: instance.state.as_str().to_owned(),
            phase: instance.phase().as_str(),
            since: instance.since_wall,
            node: node.map(|node| node.name.clone()),
            ignored: nodes.iter().any(|node| node.is_off_limits()),
            leaked: instance.phase() == Phase::Warm && node.is_some_and(is_leaked),
            unjoined_since: memory.unjoined_since(id).and_then(|since| on_the_wall(instance, since)),
            action: group.and_then(|group| action(id, instance, group, node, memory, rules)),
            drain: drain(id).map(told),
        };
        (id.clone(), status)
    });
    Status { leading: !rules.dry_run, swept: world.swept, instances: instances.collect() }
}

fn is_leaked(node: &NodeView) -> bool {
    !node.is_off_limits() && !has_served(node)
}

fn action(
    id: &str,
    instance: &Instance,
    group: &Group,
    node: Option<&NodeView>,
    memory: &Memory,
    rules: &Rules,
) -> Option<ActionStatus> {
    let (name, hook) = jobs::holding_hook(instance, group, &rules.names)?;
    // Another leader may have seen it begin, long before we did.
    let intent = node
        .filter(|_| name == rules.names.termination)
        .and_then(|node| jobs::current_intent(node, instance, group, &rules.names));
    let began = intent.as_ref().map_or(instance.since_wall, |intent| intent.since.min(instance.since_wall));
    let was_completed = intent.is_some_and(|intent| intent.completed.is_some());
    Some(ActionStatus {
        hook: name.to_owned(),
        ends: began.checked_add(hook.global_timeout).unwrap_or(began),
        completed: was_completed || memory.is_completed(id, instance, name),
        result: memory.ended(id, instance, name).map(Ended::as_str),
    })
}

fn told(progress: Progress) -> DrainStatus {
    let blockers = progress.blockers.into_iter().map(|blocker| BlockerStatus {
        kind: blocker.reason.label(),
        reason: blocker.reason.to_string(),
        pod: blocker.pod,
    });
    DrainStatus {
        first_eviction: progress.first_eviction,
        deadline: progress.deadline,
        forced: progress.forced,
        pods_left: progress.pods_left,
        drained: progress.drained,
        blockers: blockers.collect(),
    }
}

/// A moment of our monotonic clock that lies in the instance's present state.
fn on_the_wall(instance: &Instance, moment: Instant) -> Option<jiff::Timestamp> {
    instance.since_wall.checked_add(moment.saturating_duration_since(instance.since)).ok()
}

#[cfg(test)]
mod tests;
