//! What a drain has to know of its node's situation.

use std::time::Duration;

use tokio::time::Instant;

use crate::aws::HookNames;
use crate::decide::{destination, jobs};
use crate::drain::Context;
use crate::intent::Destination;
use crate::nodes::NodeView;
use crate::world::{Group, Instance};

/// The situation now of an instance's node.
pub fn situation(
    now: Instant,
    instance: &Instance,
    group: Option<&Group>,
    node: Option<&NodeView>,
    names: &HookNames,
) -> Context {
    let intent = node.zip(group).and_then(|(node, group)| jobs::current_intent(node, instance, group, names));
    let token = jobs::token(instance).or_else(|| intent.as_ref()?.token.clone());
    let began_before = intent.map_or(Duration::ZERO, |intent| {
        Duration::try_from(instance.since_wall.duration_since(intent.since)).unwrap_or_default()
    });
    let expires = group.and_then(|group| group.termination).map(|hook| {
        // the margin covers the shutdown of what forced pods leave behind
        let margin = (hook.global_timeout / 10).min(Duration::from_secs(60));
        instance.since + hook.global_timeout.saturating_sub(began_before + margin)
    });
    Context {
        hook_expires: expires.map(Instant::into_std),
        node_unready_for: node
            .filter(|node| !node.ready.is)
            .map(|node| Duration::from_secs(now.duration_since(node.ready.told).as_secs())),
        instance_will_terminate: destination(&instance.state, instance.direction)
            == Some(Destination::Terminated),
        deadline_now: node
            .and_then(|node| node.annotations.get("node-gate.io/deadline"))
            .is_some_and(|value| value == "now"),
        token,
    }
}
