//! What a user wants to start with, from a JSON file.

mod group;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::admin;
use crate::shared::{Inner, Shared};
use crate::sqs;
use crate::world::{Envelope, EventKind, World};
use group::Group;

/// What a seed file says. What it leaves out has the default of the operation that would make it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedFile {
    #[serde(default)]
    queues: Vec<Queue>,
    #[serde(default)]
    subscriptions: Vec<Subscription>,
    #[serde(default)]
    routes: Vec<Route>,
    #[serde(default)]
    rules: Vec<Rule>,
    /// As `POST /_simulator/event-faults` takes them.
    #[serde(default)]
    event_faults: Vec<Map<String, Value>>,
    #[serde(default)]
    groups: Vec<Group>,
    /// As `POST /_simulator/faults` takes them.
    #[serde(default)]
    faults: Vec<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Queue {
    name: String,
    /// As `CreateQueue` takes them, `{"VisibilityTimeout": "30"}`.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// A queue that gets what a topic is told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subscription {
    topic: String,
    queue: String,
}

/// A queue that is told of every lifecycle action.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Route {
    queue: String,
    envelope: Shape,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Shape {
    EventBridge,
    Sns,
    Direct,
}

/// A rule of the event bus.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    queue: String,
    /// All kinds if it names none.
    detail_types: Option<Vec<String>>,
}

impl SeedFile {
    /// Reads a file. The error names it, and the line where it is wrong.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
            anyhow::anyhow!("{error}: {}", line.trim())
        })
    }

    /// Makes everything that it names, and refuses what the API would refuse. Who is told comes before what there is to
    /// tell; faults of operations come last, for they are the clients'.
    pub(crate) fn sow(self, shared: &Shared) -> anyhow::Result<()> {
        let mut inner = shared.lock();
        let now = shared.now();
        self.plant(&mut inner, now)?;
        shared.settle(&mut inner);
        Ok(())
    }

    fn plant(self, inner: &mut Inner, now: SystemTime) -> anyhow::Result<()> {
        for Queue { name, attributes, tags } in self.queues {
            let command = sqs::Command::Create { queue: name.clone(), attributes, tags };
            let done = inner.world.handle_queue(now, command);
            done.map_err(|error| anyhow::anyhow!("queue {name}: {}", error.message))?;
        }
        for Subscription { topic, queue } in self.subscriptions {
            known(&inner.world, &queue).with_context(|| format!("subscription of {queue}"))?;
            inner.world.subscribe_queue(&topic, &queue);
        }
        for Route { queue, envelope } in self.routes {
            known(&inner.world, &queue).with_context(|| format!("route to {queue}"))?;
            inner.world.route(&queue, envelope.into());
        }
        for Rule { queue, detail_types } in self.rules {
            let kinds = detail_types.map_or_else(|| Ok(EventKind::ALL.to_vec()), |names| kinds(&names));
            let kinds = kinds.and_then(|kinds| known(&inner.world, &queue).map(|()| kinds));
            inner.world.route_events(&queue, &kinds.with_context(|| format!("rule for {queue}"))?);
        }
        for (index, fields) in self.event_faults.into_iter().enumerate() {
            let fault = admin::read_event_fault(fields);
            inner.world.event_fault(fault.map_err(|line| anyhow::anyhow!("event_faults[{index}]: {line}"))?);
        }
        for group in self.groups {
            let name = group.name.clone();
            for (part, command) in group.commands().with_context(|| format!("group {name}"))? {
                let part = if part.is_empty() { part } else { format!(", {part}") };
                let done = inner.world.handle(now, command);
                done.map_err(|error| anyhow::anyhow!("group {name}{part}: {}", error.message))?;
            }
        }
        for (index, fields) in self.faults.into_iter().enumerate() {
            let fault = admin::read_fault(fields);
            let (operation, fault, only) =
                fault.map_err(|line| anyhow::anyhow!("faults[{index}]: {line}"))?;
            inner.break_operation(&operation, fault, only, now);
        }
        Ok(())
    }
}

fn known(world: &World, queue: &str) -> anyhow::Result<()> {
    anyhow::ensure!(world.queues().exists(queue), "there is no such queue in the file");
    Ok(())
}

fn kinds(names: &[String]) -> anyhow::Result<Vec<EventKind>> {
    let all = EventKind::ALL.map(EventKind::detail_type).join("\", \"");
    let kind =
        |name: &String| EventKind::of(name).with_context(|| format!("\"{name}\" is none of \"{all}\""));
    names.iter().map(kind).collect()
}

impl From<Shape> for Envelope {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::EventBridge => Envelope::EventBridge,
            Shape::Sns => Envelope::Sns,
            Shape::Direct => Envelope::Direct,
        }
    }
}
