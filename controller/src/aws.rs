//! The Auto Scaling API as the controller reads it: sweeps and pools. Nothing is decided here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::config::retry::RetryConfig;
use aws_sdk_autoscaling::config::timeout::TimeoutConfig;
use aws_sdk_autoscaling::types::{AutoScalingGroup, LifecycleHook, LifecycleState};
use futures::future::join_all;
use lifecycle::api::{ApiError, InstanceDetail, classify, guarded};
use tokio::time::Instant;

use crate::aws_requests::Counted;
use crate::door::Door;
use crate::scope::Scope;
use crate::world::{Group, Hook, Sweep};

/// How long hooks are believed unread.
const HOOKS_FOR: Duration = Duration::from_secs(300);
/// How long a pool is believed unread that shows no change from outside.
const POOLS_FOR: Duration = Duration::from_secs(60);
/// Where sweeps come more often than every 15 s, both are read every so many sweeps.
const HOOKS_EVERY: u32 = 20;
const POOLS_EVERY: u32 = 4;
/// How many groups are read at once.
const AT_ONCE: usize = 4;

/// The transitions of hooks, as the API names them.
pub(crate) const TERMINATING: &str = "autoscaling:EC2_INSTANCE_TERMINATING";
/// See [`TERMINATING`].
pub(crate) const LAUNCHING: &str = "autoscaling:EC2_INSTANCE_LAUNCHING";

/// The names of our hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookNames {
    /// Completed when the node is drained.
    pub termination: String,
    /// Completed when the node is warmed up, or Ready.
    pub launch: String,
}

/// Makes an Auto Scaling client whose every attempt may take `timeout`; its writes pass the door, and nothing is repeated
/// without our knowing.
pub async fn connect(door: &Door, counted: &Counted, timeout: Duration) -> Result<Client, ApiError> {
    let shared = guarded(aws_config::defaults(aws_config::BehaviorVersion::latest()).load()).await?;
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(timeout.min(Duration::from_secs(3)))
        .operation_attempt_timeout(timeout)
        .build();
    let config = aws_sdk_autoscaling::config::Builder::from(&shared)
        .interceptor(door.clone())
        .interceptor(counted.clone())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::disabled())
        .build();
    Ok(Client::from_conf(config))
}

/// Reads our groups, remembering what need not be read each time.
#[derive(Debug)]
pub struct Reader {
    client: Client,
    scope: Scope,
    names: HookNames,
    sweep_interval: Duration,
    hooks: BTreeMap<String, Cached<Group>>,
    pools: BTreeMap<String, Cached<PoolSign>>,
}

#[derive(Debug)]
struct Cached<T> {
    value: T,
    read: Instant,
}

/// What tells from outside that a pool may have changed.
#[derive(Debug, PartialEq, Eq)]
struct PoolSign {
    configuration: String,
    size: Option<i32>,
    desired: Option<i32>,
    members: BTreeSet<String>,
}

/// What was read of one group; none = still believed from before.
struct Read {
    hooks: Result<Option<Group>, ApiError>,
    pool: Result<Option<Vec<InstanceDetail>>, ApiError>,
}

impl Reader {
    /// A reader of the groups in `scope`.
    pub fn new(client: Client, scope: Scope, names: HookNames, sweep_interval: Duration) -> Self {
        Reader { client, scope, names, sweep_interval, hooks: BTreeMap::new(), pools: BTreeMap::new() }
    }

    /// Looks at everything once. A failed call takes away what it would have told and nothing more; the errors come along.
    pub async fn sweep(&mut self) -> (Sweep, Vec<ApiError>) {
        let groups = match self.groups().await {
            Ok(groups) => groups,
            Err(err) => return (Sweep::default(), vec![err]),
        };
        let now = Instant::now();
        let mut sweep = Sweep { scope: Some(groups.keys().cloned().collect()), ..Sweep::default() };
        let mut errors = Vec::new();
        let all: Vec<(&String, &AutoScalingGroup)> = groups.iter().collect();
        for some in all.chunks(AT_ONCE) {
            let reads = some.iter().map(|(name, group)| self.read(name, group, now));
            for ((name, group), read) in some.iter().zip(join_all(reads).await) {
                let name = (*name).clone();
                sweep.listed.extend(group.instances().iter().filter_map(|instance| {
                    detail(
                        &name,
                        instance.instance_id(),
                        instance.lifecycle_state().map(LifecycleState::as_str),
                    )
                }));
                match read.hooks {
                    Ok(Some(value)) => {
                        self.hooks.insert(name.clone(), Cached { value, read: now });
                    }
                    Ok(None) => {}
                    Err(err) => errors.push(err),
                }
                match read.pool {
                    Ok(Some(members)) => {
                        sweep.listed.extend(members);
                        self.pools.insert(name.clone(), Cached { value: sign(group), read: now });
                        sweep.pools_read.insert(name);
                    }
                    Ok(None) => {}
                    Err(err) => errors.push(err),
                }
            }
        }
        self.hooks.retain(|name, _| groups.contains_key(name));
        self.pools.retain(|name, _| groups.contains_key(name));
        sweep.groups = self.hooks.iter().map(|(name, hooks)| (name.clone(), hooks.value.clone())).collect();
        (sweep, errors)
    }

    async fn read(&self, name: &str, group: &AutoScalingGroup, now: Instant) -> Read {
        let (hooks, pool) = tokio::join!(self.read_hooks(name, now), self.read_pool(name, group, now));
        Read { hooks, pool }
    }

    async fn groups(&self) -> Result<BTreeMap<String, AutoScalingGroup>, ApiError> {
        let filters = self.scope.filters().into_iter().map(|filter| {
            aws_sdk_autoscaling::types::Filter::builder()
                .name(filter.name)
                .set_values(Some(filter.values))
                .build()
        });
        let filters: Vec<_> = filters.collect();
        let names = self.scope.names();
        let mut pages = self
            .client
            .describe_auto_scaling_groups()
            .set_filters((!filters.is_empty()).then_some(filters))
            .set_auto_scaling_group_names((!names.is_empty()).then(|| names.to_vec()))
            .max_records(100)
            .into_paginator()
            .send();
        let mut groups = BTreeMap::new();
        while let Some(page) = guarded(pages.next()).await? {
            let page = page.map_err(|err| classify(&err))?;
            for group in page.auto_scaling_groups.unwrap_or_default() {
                let Some(name) = group.auto_scaling_group_name.clone() else { continue };
                let tags = group.tags().iter().filter_map(|tag| {
                    Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))
                });
                if self.scope.contains(&name, &tags.collect()) {
                    groups.insert(name, group);
                }
            }
        }
        Ok(groups)
    }

    async fn read_hooks(&self, group: &str, now: Instant) -> Result<Option<Group>, ApiError> {
        let believed = HOOKS_FOR.min(self.sweep_interval * HOOKS_EVERY);
        if self.hooks.get(group).is_some_and(|cached| now.duration_since(cached.read) < believed) {
            return Ok(None);
        }
        let call = self.client.describe_lifecycle_hooks().auto_scaling_group_name(group).send();
        let answer = guarded(call).await?.map_err(|err| classify(&err))?;
        Ok(Some(ours_of(answer.lifecycle_hooks(), &self.names)))
    }

    /// The pool's members, if it has to be read now.
    async fn read_pool(
        &self,
        name: &str,
        group: &AutoScalingGroup,
        now: Instant,
    ) -> Result<Option<Vec<InstanceDetail>>, ApiError> {
        let last = self.pools.get(name);
        let exists = group.warm_pool_configuration().is_some();
        if (!exists || group.warm_pool_size() == Some(0)) && last.is_none() {
            return Ok(None);
        }
        let believed = POOLS_FOR.min(self.sweep_interval * POOLS_EVERY);
        if last.is_some_and(|last| last.value == sign(group) && now.duration_since(last.read) < believed) {
            return Ok(None);
        }
        if !exists {
            // The pool was deleted: reading it is an error, and nobody can be in it.
            return Ok(Some(Vec::new()));
        }
        let mut pages = self
            .client
            .describe_warm_pool()
            .auto_scaling_group_name(name)
            .max_records(50)
            .into_paginator()
            .send();
        let mut members = Vec::new();
        while let Some(page) = guarded(pages.next()).await? {
            let page = page.map_err(|err| classify(&err))?;
            members.extend(page.instances().iter().filter_map(|instance| {
                detail(name, instance.instance_id(), instance.lifecycle_state().map(LifecycleState::as_str))
            }));
        }
        Ok(Some(members))
    }
}

/// Our hooks among all those of a group.
pub(crate) fn ours_of(all: &[LifecycleHook], names: &HookNames) -> Group {
    let ours = |name: &str, transition: &str| {
        all.iter()
            .find(|hook| {
                hook.lifecycle_hook_name() == Some(name) && hook.lifecycle_transition() == Some(transition)
            })
            .map(timeouts_of)
    };
    Group { termination: ours(&names.termination, TERMINATING), launch: ours(&names.launch, LAUNCHING) }
}

fn sign(group: &AutoScalingGroup) -> PoolSign {
    PoolSign {
        configuration: format!("{:?}", group.warm_pool_configuration()),
        size: group.warm_pool_size(),
        desired: group.desired_capacity(),
        members: group.instances().iter().filter_map(|i| i.instance_id().map(ToOwned::to_owned)).collect(),
    }
}

fn detail(group: &str, id: Option<&str>, state: Option<&str>) -> Option<InstanceDetail> {
    Some(InstanceDetail { id: id?.to_owned(), group: group.to_owned(), state: state?.into() })
}

/// A hook's timeouts.
pub(crate) fn timeouts_of(hook: &LifecycleHook) -> Hook {
    let seconds = |value: Option<i32>, default: u64| {
        Duration::from_secs(value.and_then(|value| u64::try_from(value).ok()).unwrap_or(default))
    };
    let heartbeat_timeout = seconds(hook.heartbeat_timeout(), 3600);
    // min(48 h, 100 × heartbeat) is what AWS documents, should the answer not carry it
    let documented = (heartbeat_timeout * 100).min(Duration::from_secs(48 * 3600));
    Hook { heartbeat_timeout, global_timeout: seconds(hook.global_timeout(), documented.as_secs()) }
}

/// Doubles from half a second to a quarter of a minute; resets with a success.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after one more failure.
    pub fn failed(&mut self) -> Duration {
        let pause = Duration::from_millis(500 << self.failures.min(5));
        self.failures += 1;
        pause.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// The moment after one more failure when to try again.
    pub fn next(&mut self, now: Instant) -> Instant {
        now + self.failed()
    }

    /// All is well again.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }
}
