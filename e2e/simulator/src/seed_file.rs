//! Groups, hooks, pools and queues to start with, from a JSON file.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use crate::account::queue_arn;
use crate::shared::Shared;
use crate::sqs;
use crate::world::{
    Command, CreateGroup, Envelope, HookResult, HookTransition, Made, PoolState, PutHook, PutWarmPool, Tag,
    is_role,
};

/// What a seed file says. What it leaves out has the default of the operation that would make it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedFile {
    #[serde(default)]
    queues: Vec<Queue>,
    #[serde(default)]
    routes: Vec<Route>,
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Queue {
    name: String,
    /// As `CreateQueue` takes them, `{"VisibilityTimeout": "30"}`.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

/// A queue that is told of every lifecycle action, as by a rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Route {
    queue: String,
    envelope: Shape,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Shape {
    EventBridge,
    Sns,
    Direct,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    min: u32,
    max: u32,
    desired: Option<u32>,
    #[serde(default)]
    zones: Vec<String>,
    /// Instances carry them too.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    hooks: Vec<Hook>,
    warm_pool: Option<Pool>,
    #[serde(default)]
    machines: Machines,
}

/// How its machines are made, which a launch template would say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Machines {
    spot: Option<bool>,
    hibernation: Option<bool>,
    role: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hook {
    name: String,
    on: On,
    heartbeat_timeout_seconds: Option<u64>,
    default_result: Option<Outcome>,
    metadata: Option<String>,
    /// The queue that is told.
    queue: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum On {
    Launching,
    Terminating,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Outcome {
    Continue,
    Abandon,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pool {
    min: Option<u32>,
    max_prepared: Option<u32>,
    state: Option<Kept>,
    reuse: Option<bool>,
}

#[derive(Debug, Deserialize)]
enum Kept {
    Stopped,
    Hibernated,
    Running,
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

    /// Makes everything that it names, queues first, and refuses what the API would refuse.
    pub(crate) fn sow(self, shared: &Shared) -> anyhow::Result<()> {
        let mut inner = shared.lock();
        let now = shared.now();
        for Queue { name, attributes } in self.queues {
            let command = sqs::Command::Create { queue: name.clone(), attributes };
            let done = inner.world.handle_queue(now, command);
            done.map_err(|error| anyhow::anyhow!("queue {name}: {}", error.message))?;
        }
        for route in self.routes {
            let known = inner.world.count_queue(now, &route.queue).is_some();
            anyhow::ensure!(known, "route to {}: there is no such queue in the file", route.queue);
            inner.world.route(&route.queue, route.envelope.into());
        }
        for group in self.groups {
            let name = group.name.clone();
            if let Some(role) = group.machines.role.as_ref().filter(|role| !is_role(role)) {
                anyhow::bail!("group {name}: {role:?} is no name of a role");
            }
            for command in group.commands() {
                let done = inner.world.handle(now, command);
                done.map_err(|error| anyhow::anyhow!("group {name}: {}", error.message))?;
            }
        }
        shared.settle(&mut inner);
        Ok(())
    }
}

impl Group {
    fn commands(self) -> Vec<Command> {
        let pool = self.warm_pool.map(|pool| {
            Command::PutWarmPool(PutWarmPool {
                group: self.name.clone(),
                max_prepared: Some(pool.max_prepared),
                min: pool.min,
                state: pool.state.map(Into::into),
                reuse: pool.reuse,
            })
        });
        let tags = self.tags.into_iter().map(|(key, value)| Tag { key, value, propagate: true });
        let group = Command::CreateGroup(CreateGroup {
            name: self.name,
            min: self.min,
            max: self.max,
            desired: self.desired,
            zones: self.zones,
            tags: tags.collect(),
            hooks: self.hooks.into_iter().map(Into::into).collect(),
            made: self.machines.into(),
            ..CreateGroup::default()
        });
        [group].into_iter().chain(pool).collect()
    }
}

impl From<Hook> for PutHook {
    fn from(hook: Hook) -> Self {
        PutHook {
            name: hook.name,
            transition: Some(match hook.on {
                On::Launching => HookTransition::Launching,
                On::Terminating => HookTransition::Terminating,
            }),
            heartbeat_timeout: hook.heartbeat_timeout_seconds.map(Duration::from_secs),
            default_result: hook.default_result.map(|result| match result {
                Outcome::Continue => HookResult::Continue,
                Outcome::Abandon => HookResult::Abandon,
            }),
            metadata: hook.metadata,
            target: hook.queue.as_deref().map(queue_arn),
            role: hook.queue.map(|_| "arn:aws:iam::000000000000:role/seed-file".to_owned()),
        }
    }
}

impl From<Machines> for Made {
    fn from(machines: Machines) -> Self {
        Made { spot: machines.spot, hibernation: machines.hibernation, role: machines.role }
    }
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

impl From<Kept> for PoolState {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Stopped => PoolState::Stopped,
            Kept::Hibernated => PoolState::Hibernated,
            Kept::Running => PoolState::Running,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_it_does_not_know_is_named_with_its_line() {
        for (text, at, what) in [
            (
                "{\n \"groups\": [{\"name\": \"g\",\n \"min\": 0, \"max\": 1, \"desird\": 1}]}",
                "line 3",
                "`desird`",
            ),
            ("{\n \"group\": []}", "line 2", "`group`"),
            ("{\"groups\": [\n{\"name\": \"g\", \"min\": \"0\", \"max\": 1}]}", "line 2", "\"min\": \"0\""),
            ("{\"groups\": [{\"name\": \"g\", \"min\": 0}]}", "line 1", "`max`"),
            ("{\"routes\": [{\"queue\": \"q\", \"envelope\": \"post\"}]}", "line 1", "`post`"),
        ] {
            let error = SeedFile::parse(text).expect_err(text).to_string();
            assert!(error.contains(at) && error.contains(what), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
