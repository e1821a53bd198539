//! What can be asked of the world, and what it answers: the Auto Scaling operations without their wire form.

use std::time::{Duration, SystemTime};

use super::event::{HookResult, HookTransition};
use super::state::PoolState;

/// One Auto Scaling operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `CreateAutoScalingGroup`
    CreateGroup(CreateGroup),
    /// `UpdateAutoScalingGroup`
    UpdateGroup(UpdateGroup),
    /// `DeleteAutoScalingGroup`
    DeleteGroup {
        /// The group.
        name: String,
        /// Also while it has instances, which are terminated.
        force: bool,
    },
    /// `DescribeAutoScalingGroups`
    DescribeGroups(DescribeGroups),
    /// `SetDesiredCapacity`
    SetDesired {
        /// The group.
        group: String,
        /// How many instances should serve.
        desired: u32,
    },
    /// `PutWarmPool`
    PutWarmPool(PutWarmPool),
    /// `DeleteWarmPool`; with or without force the members pass their termination hooks.
    DeleteWarmPool {
        /// The group.
        group: String,
        /// Also while it has members.
        force: bool,
    },
    /// `DescribeWarmPool`
    DescribeWarmPool {
        /// The group.
        group: String,
        /// Which page.
        page: Page,
    },
    /// `PutLifecycleHook`
    PutHook {
        /// The group.
        group: String,
        /// The hook; what is not named keeps its value if the hook exists.
        hook: PutHook,
    },
    /// `DeleteLifecycleHook`
    DeleteHook {
        /// The group.
        group: String,
        /// The hook's name.
        hook: String,
    },
    /// `DescribeLifecycleHooks`
    DescribeHooks {
        /// The group.
        group: String,
        /// Only these; all if empty.
        names: Vec<String>,
    },
    /// `CompleteLifecycleAction`
    Complete {
        /// Which action.
        action: ActionRef,
        /// With which result.
        result: HookResult,
    },
    /// `RecordLifecycleActionHeartbeat`
    Heartbeat(ActionRef),
    /// `DescribeAutoScalingInstances`
    DescribeInstances {
        /// Only these, unknown ones left out; all if empty.
        ids: Vec<String>,
        /// Which page.
        page: Page,
    },
    /// `TerminateInstanceInAutoScalingGroup`
    TerminateInstance {
        /// The instance.
        id: String,
        /// Whether the desired capacity goes down with it.
        decrement: bool,
    },
    /// `CreateOrUpdateTags`, each tag beside its group.
    PutTags(Vec<(String, Tag)>),
}

/// A group to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateGroup {
    /// Its name.
    pub name: String,
    /// The least instances in service.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// The wanted; `min` if not given.
    pub desired: Option<u32>,
    /// Its zones; three by default.
    pub zones: Vec<String>,
    /// Its subnets, only repeated in answers.
    pub subnets: Option<String>,
    /// Its launch template, only repeated in answers.
    pub launch_template: Option<LaunchTemplate>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Hooks that exist from the start.
    pub hooks: Vec<PutHook>,
}

/// Changes to a group; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateGroup {
    /// Its name.
    pub name: String,
    /// The least instances in service.
    pub min: Option<u32>,
    /// The most.
    pub max: Option<u32>,
    /// The wanted.
    pub desired: Option<u32>,
}

/// Which groups to tell about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DescribeGroups {
    /// Only these, unknown ones left out; all if empty.
    pub names: Vec<String>,
    /// All of these must hold.
    pub filters: Vec<Filter>,
    /// Whether their instances are listed.
    pub include_instances: bool,
    /// Which page.
    pub page: Page,
}

/// A condition on a group's tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What is compared.
    pub on: FilterOn,
    /// One of these.
    pub values: Vec<String>,
}

/// What a filter looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterOn {
    /// `tag:KEY`: the value of this tag.
    Tag(String),
    /// `tag-key`: the key of any tag.
    TagKey,
    /// `tag-value`: the value of any tag.
    TagValue,
}

/// A warm pool to be made or changed; what is none stays, or takes AWS's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutWarmPool {
    /// The group.
    pub group: String,
    /// The most instances in group and pool together; `Some(None)` lifts the limit (-1 on the wire).
    pub max_prepared: Option<Option<u32>>,
    /// The least instances in the pool.
    pub min: Option<u32>,
    /// The state that instances are kept in.
    pub state: Option<PoolState>,
    /// Whether instances come back on scale-in.
    pub reuse: Option<bool>,
}

/// A hook to be made or changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutHook {
    /// Its name.
    pub name: String,
    /// Its kind; needed for a new one.
    pub transition: Option<HookTransition>,
    /// How long an action lasts without a heartbeat.
    pub heartbeat_timeout: Option<Duration>,
    /// What happens when it runs out; AWS's default is ABANDON.
    pub default_result: Option<HookResult>,
    /// Told with every action.
    pub metadata: Option<String>,
    /// The arn of the queue that is told about every action; an empty one ends that.
    pub target: Option<String>,
    /// The role by which it is told; needed, and not checked.
    pub role: Option<String>,
}

/// How a caller names a lifecycle action: by hook, and by token or instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionRef {
    /// The group.
    pub group: String,
    /// The hook.
    pub hook: String,
    /// The token.
    pub token: Option<String>,
    /// The instance.
    pub instance: Option<String>,
}

/// A launch template's name and version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaunchTemplate {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// A tag of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Whether instances launched from now on carry it.
    pub propagate: bool,
}

/// Which part of a long list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// How many at most.
    pub max: Option<u32>,
    /// Where the part before it ended.
    pub token: Option<String>,
}

/// What the world answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done, nothing to tell.
    Done,
    /// To `DescribeGroups`.
    Groups {
        /// This page's.
        groups: Vec<GroupView>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To `DescribeInstances`.
    Instances {
        /// This page's.
        instances: Vec<InstanceView>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To `DescribeWarmPool`.
    WarmPool {
        /// The pool, if there is one.
        pool: Option<PoolView>,
        /// This page's members.
        instances: Vec<InstanceView>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To `DescribeHooks`.
    Hooks {
        /// The group.
        group: String,
        /// Its hooks.
        hooks: Vec<HookView>,
    },
    /// To `TerminateInstance`.
    Terminating {
        /// A new activity's id.
        activity: String,
        /// The instance.
        id: String,
        /// Its group.
        group: String,
        /// Since when.
        at: SystemTime,
    },
}

/// A group as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// Its name.
    pub name: String,
    /// The part of its arn that tells it from another group of this name.
    pub uuid: String,
    /// Its creation.
    pub created: SystemTime,
    /// The least instances in service.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// The wanted.
    pub desired: u32,
    /// Its zones.
    pub zones: Vec<String>,
    /// Its subnets.
    pub subnets: Option<String>,
    /// Its launch template.
    pub launch_template: Option<LaunchTemplate>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Its instances, those of the warm pool left out.
    pub instances: Vec<InstanceView>,
    /// Its warm pool.
    pub pool: Option<PoolView>,
    /// How many instances are in the pool, or on their way in.
    pub pool_size: usize,
}

/// A warm pool as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolView {
    /// The most instances in group and pool together.
    pub max_prepared: Option<u32>,
    /// The least instances in the pool.
    pub min: u32,
    /// The state that instances are kept in.
    pub state: PoolState,
    /// Whether instances come back on scale-in; none if it was never said.
    pub reuse: Option<bool>,
    /// Whether it is being deleted.
    pub deleting: bool,
}

/// A hook as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookView {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub transition: HookTransition,
    /// How long an action lasts without a heartbeat.
    pub heartbeat_timeout: Duration,
    /// How long it lasts at most.
    pub global_timeout: Duration,
    /// What happens when it runs out.
    pub default_result: HookResult,
    /// As it was put.
    pub metadata: Option<String>,
    /// Who is told.
    pub target: Option<NotificationTarget>,
}

/// Who is told about a hook's actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationTarget {
    /// A queue's arn.
    pub arn: String,
    /// A role's arn.
    pub role: Option<String>,
}

/// An instance as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceView {
    /// Its id.
    pub id: String,
    /// Its group.
    pub group: String,
    /// Its zone.
    pub zone: String,
    /// Its lifecycle state, or the text it was forced to.
    pub state: String,
    /// The launch template it came from.
    pub launch_template: Option<LaunchTemplate>,
}
