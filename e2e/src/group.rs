//! Auto Scaling groups with warm pools and hooks, made as a user makes them: by the ordinary API.

use std::time::Duration;

use anyhow::Context;
use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::{InstanceReusePolicy, LaunchTemplateSpecification, Tag, WarmPoolState};

use crate::aws;
use crate::node::{Boot, Nodes};

/// Our hooks, by the names that the controller looks for.
pub const TERMINATION_HOOK: &str = "node-gate-termination";
/// See [`TERMINATION_HOOK`].
pub const LAUNCH_HOOK: &str = "node-gate-launch";

/// In which state a warm pool keeps its instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Powered off.
    Stopped,
    /// Running.
    Running,
    /// Powered off with their memory kept.
    Hibernated,
}

/// A group to be created; see [`crate::story::Story::group`].
#[derive(Debug)]
pub struct GroupBuilder<'a> {
    /// None: nothing runs on its instances, or somebody else starts it.
    nodes: Option<&'a Nodes>,
    client: Client,
    name: String,
    tags: Vec<(String, String)>,
    max: i32,
    desired: i32,
    pool: Option<Pool>,
    reuse: bool,
    hooks: Vec<Hook>,
    boot: Boot,
}

#[derive(Debug)]
struct Hook {
    name: String,
    transition: &'static str,
    heartbeat: Duration,
}

const LAUNCHING: &str = "autoscaling:EC2_INSTANCE_LAUNCHING";
const TERMINATING: &str = "autoscaling:EC2_INSTANCE_TERMINATING";

impl<'a> GroupBuilder<'a> {
    pub(crate) fn new(nodes: Option<&'a Nodes>, endpoint: &str, name: String) -> Self {
        GroupBuilder {
            nodes,
            client: aws::client(endpoint, "admin"),
            name,
            tags: Vec::new(),
            max: 3,
            desired: 0,
            pool: None,
            reuse: false,
            hooks: Vec::new(),
            boot: Boot::default(),
        }
    }

    /// The most instances it may have (3); a warm pool is as large as what is missing to that.
    #[must_use]
    pub fn max(mut self, instances: i32) -> Self {
        self.max = instances;
        self
    }

    /// How many instances it wants at first (0).
    #[must_use]
    pub fn desired(mut self, instances: i32) -> Self {
        self.desired = instances;
        self
    }

    /// Gives it a warm pool of the size `max` - `desired`.
    #[must_use]
    pub fn warm_pool(mut self, pool: Pool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Lets instances return to the warm pool on scale-in.
    #[must_use]
    pub fn reuse(mut self) -> Self {
        self.reuse = true;
        self
    }

    /// Gives it our termination hook; without an answer or a heartbeat for this long the instance goes.
    #[must_use]
    pub fn termination_hook(self, heartbeat: Duration) -> Self {
        self.hook(TERMINATION_HOOK, TERMINATING, heartbeat)
    }

    /// Gives it our launch hook.
    #[must_use]
    pub fn launch_hook(self, heartbeat: Duration) -> Self {
        self.hook(LAUNCH_HOOK, LAUNCHING, heartbeat)
    }

    /// Gives it somebody else's termination hook.
    #[must_use]
    pub fn foreign_termination_hook(self, name: &str, heartbeat: Duration) -> Self {
        self.hook(name, TERMINATING, heartbeat)
    }

    /// Gives it somebody else's launch hook.
    #[must_use]
    pub fn foreign_launch_hook(self, name: &str, heartbeat: Duration) -> Self {
        self.hook(name, LAUNCHING, heartbeat)
    }

    fn hook(mut self, name: &str, transition: &'static str, heartbeat: Duration) -> Self {
        self.hooks.push(Hook { name: name.to_owned(), transition, heartbeat });
        self
    }

    /// Adds a tag. The tag `story` is there already, unless [`GroupBuilder::untagged`] took it away.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Takes all tags away: a group of another cluster.
    #[must_use]
    pub fn untagged(mut self) -> Self {
        self.tags.clear();
        self
    }

    /// Its instances have no gate: they join at every boot.
    #[must_use]
    pub fn gateless(mut self) -> Self {
        self.boot.gateless = true;
        self
    }

    /// Sets an environment variable of its gates (`NODE_GATE_UNTIL`).
    #[must_use]
    pub fn gate_env(mut self, name: &str, value: &str) -> Self {
        self.boot.gate_env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Creates it: hooks first, then the pool, then its instances.
    pub async fn create(self) -> anyhow::Result<Group> {
        let GroupBuilder { nodes, client, name, tags, max, desired, pool, reuse, hooks, boot } = self;
        if let Some(nodes) = nodes {
            nodes.configure(&name, boot);
        }
        let tags = tags.into_iter().map(|(key, value)| {
            Tag::builder()
                .resource_id(&name)
                .resource_type("auto-scaling-group")
                .key(key)
                .value(value)
                .build()
        });
        client
            .create_auto_scaling_group()
            .auto_scaling_group_name(&name)
            .min_size(0)
            .max_size(max)
            .desired_capacity(0)
            .availability_zones("us-east-1a")
            .launch_template(LaunchTemplateSpecification::builder().launch_template_name("nodes").build())
            .set_tags(Some(tags.collect()))
            .send()
            .await
            .with_context(|| format!("creating group {name}"))?;
        for hook in hooks {
            client
                .put_lifecycle_hook()
                .auto_scaling_group_name(&name)
                .lifecycle_hook_name(&hook.name)
                .lifecycle_transition(hook.transition)
                .heartbeat_timeout(i32::try_from(hook.heartbeat.as_secs())?)
                .default_result("ABANDON")
                .send()
                .await
                .with_context(|| format!("putting hook {}", hook.name))?;
        }
        if let Some(pool) = pool {
            let state = match pool {
                Pool::Stopped => WarmPoolState::Stopped,
                Pool::Running => WarmPoolState::Running,
                Pool::Hibernated => WarmPoolState::Hibernated,
            };
            let reuse = InstanceReusePolicy::builder().reuse_on_scale_in(reuse).build();
            let put = client.put_warm_pool().auto_scaling_group_name(&name).pool_state(state);
            put.instance_reuse_policy(reuse).send().await.context("putting the warm pool")?;
        }
        let group = Group { client, name };
        if desired > 0 {
            group.set_desired(desired).await?;
        }
        Ok(group)
    }
}

/// An existing group.
#[derive(Debug, Clone)]
pub struct Group {
    client: Client,
    name: String,
}

impl Group {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Scales it out or in.
    pub async fn set_desired(&self, instances: i32) -> anyhow::Result<()> {
        let set = self.client.set_desired_capacity().auto_scaling_group_name(&self.name);
        set.desired_capacity(instances).send().await.with_context(|| format!("scaling {}", self.name))?;
        Ok(())
    }

    /// Completes a hook's action, as the hook's owner does.
    pub async fn complete(&self, hook: &str, instance: &str) -> anyhow::Result<()> {
        let complete = self.client.complete_lifecycle_action().auto_scaling_group_name(&self.name);
        let complete = complete.lifecycle_hook_name(hook).instance_id(instance);
        let sent = complete.lifecycle_action_result("CONTINUE").send().await;
        sent.with_context(|| format!("completing {hook} of {instance}"))?;
        Ok(())
    }

    /// Terminates one instance and makes the group smaller by it.
    pub async fn terminate(&self, instance: &str) -> anyhow::Result<()> {
        let terminate = self.client.terminate_instance_in_auto_scaling_group().instance_id(instance);
        let sent = terminate.should_decrement_desired_capacity(true).send().await;
        sent.with_context(|| format!("terminating {instance}"))?;
        Ok(())
    }
}
