//! Groups of a seed file, each with its hooks, its warm pool and whom it notifies.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use crate::account::queue_arn;
use crate::world::{
    Command, CreateGroup, GroupSettings, HookResult, HookTransition, LaunchTemplate, LifeCommand, Made,
    NotificationType, PoolState, Process, PutHook, PutNotifications, PutWarmPool, Tag, is_role,
};

/// Whoever tells the targets of hooks. Rights are not checked, but AWS wants to be told.
const ROLE: &str = "arn:aws:iam::000000000000:role/seed-file";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) name: String,
    min: u32,
    max: u32,
    desired: Option<u32>,
    #[serde(default)]
    zones: Vec<String>,
    #[serde(default)]
    subnets: Vec<String>,
    launch_template: Option<Template>,
    /// Instances carry them too.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// Those that instances do not carry.
    #[serde(default, rename = "group_tags")]
    own_tags: BTreeMap<String, String>,
    #[serde(default)]
    protect_new_instances: bool,
    /// Whether instances are kept whose termination is abandoned.
    #[serde(default)]
    retain_abandoned: bool,
    #[serde(default)]
    hooks: Vec<Hook>,
    warm_pool: Option<Pool>,
    #[serde(default)]
    machines: Machines,
    #[serde(default)]
    notifications: Vec<Notification>,
    /// Suspended once the first instances are on their way.
    #[serde(default)]
    suspended_processes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    id: Option<String>,
    name: Option<String>,
    version: Option<String>,
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
    /// The arn of the topic that is told.
    topic: Option<String>,
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Notification {
    topic: String,
    /// All but the test notification if it names none.
    types: Option<Vec<String>>,
}

impl Group {
    /// What makes it, each command beside the part of the group that it is for.
    pub(super) fn commands(self) -> anyhow::Result<Vec<(String, Command)>> {
        let group = || self.name.clone();
        let mut commands = Vec::new();
        if let Some(pool) = self.warm_pool {
            let pool = PutWarmPool {
                group: group(),
                max_prepared: Some(pool.max_prepared),
                min: pool.min,
                state: pool.state.map(Into::into),
                reuse: pool.reuse,
            };
            commands.push(("warm_pool".to_owned(), Command::PutWarmPool(pool)));
        }
        for Notification { topic, types } in self.notifications {
            let part = format!("notifications to {topic}");
            let types = types.map_or_else(|| Ok(usual_types()), |names| read_types(&names));
            let types = types.with_context(|| part.clone())?;
            commands
                .push((part, Command::PutNotifications(PutNotifications { group: group(), topic, types })));
        }
        if !self.suspended_processes.is_empty() {
            let processes: Result<_, _> = self.suspended_processes.iter().map(|name| process(name)).collect();
            let processes = processes.context("suspended_processes")?;
            let suspend = LifeCommand::Suspend { group: group(), processes };
            commands.push(("suspended_processes".to_owned(), Command::Life(suspend)));
        }
        let tag = |propagate| move |(key, value)| Tag { key, value, propagate };
        let tags = self.tags.into_iter().map(tag(true)).chain(self.own_tags.into_iter().map(tag(false)));
        let create = CreateGroup {
            name: self.name,
            min: self.min,
            max: self.max,
            desired: self.desired,
            zones: self.zones,
            subnets: (!self.subnets.is_empty()).then(|| self.subnets.join(",")),
            launch_template: self.launch_template.map(Template::read).transpose()?,
            tags: tags.collect(),
            hooks: self.hooks.into_iter().map(Hook::read).collect::<Result<_, _>>()?,
            settings: GroupSettings {
                retain: self.retain_abandoned.then_some(true),
                ..GroupSettings::default()
            },
            protects_new: self.protect_new_instances,
            made: self.machines.read()?,
            ..CreateGroup::default()
        };
        commands.insert(0, (String::new(), Command::CreateGroup(create)));
        Ok(commands)
    }
}

impl Template {
    fn read(self) -> anyhow::Result<LaunchTemplate> {
        anyhow::ensure!(
            self.id.is_some() != self.name.is_some(),
            "launch_template: it has either an `id` or a `name`"
        );
        Ok(LaunchTemplate { id: self.id, name: self.name, version: self.version })
    }
}

impl Machines {
    fn read(self) -> anyhow::Result<Made> {
        if let Some(role) = self.role.as_ref().filter(|role| !is_role(role)) {
            anyhow::bail!("machines: {role:?} is no name of a role");
        }
        Ok(Made { spot: self.spot, hibernation: self.hibernation, role: self.role })
    }
}

impl Hook {
    fn read(self) -> anyhow::Result<PutHook> {
        anyhow::ensure!(
            self.queue.is_none() || self.topic.is_none(),
            "hook {}: it tells either a `queue` or a `topic`",
            self.name
        );
        let target = self.queue.as_deref().map(queue_arn).or(self.topic);
        Ok(PutHook {
            name: self.name,
            transition: Some(match self.on {
                On::Launching => HookTransition::Launching,
                On::Terminating => HookTransition::Terminating,
            }),
            heartbeat_timeout: self.heartbeat_timeout_seconds.map(Duration::from_secs),
            default_result: self.default_result.map(|result| match result {
                Outcome::Continue => HookResult::Continue,
                Outcome::Abandon => HookResult::Abandon,
            }),
            metadata: self.metadata,
            role: target.is_some().then(|| ROLE.to_owned()),
            target,
        })
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

fn usual_types() -> Vec<NotificationType> {
    NotificationType::ALL.into_iter().filter(|kind| *kind != NotificationType::Test).collect()
}

fn read_types(names: &[String]) -> anyhow::Result<Vec<NotificationType>> {
    let read = |name: &String| {
        let known = NotificationType::ALL.into_iter().find(|kind| kind.as_str() == name);
        let all = NotificationType::ALL.map(NotificationType::as_str).join(", ");
        known.with_context(|| format!("\"{name}\" is none of {all}"))
    };
    names.iter().map(read).collect()
}

fn process(name: &str) -> anyhow::Result<Process> {
    let all = Process::ALL.map(Process::as_str).join(", ");
    Process::ALL
        .into_iter()
        .find(|process| process.as_str() == name)
        .with_context(|| format!("\"{name}\" is none of {all}"))
}
