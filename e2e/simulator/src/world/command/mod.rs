//! What can be asked of the world, and what it answers: the Auto Scaling operations without their wire form.

mod activity;
mod configuration;
mod group;
mod hook;
mod instance;
mod launch;
mod life;
mod notification;
mod policy;
mod pool;
mod refresh;
mod schedule;
mod settings;
mod tags;
mod traffic;

use super::event::HookResult;

pub use activity::{ActivityStatus, ActivityView, DescribeActivities};
pub use configuration::{ConfigurationCommand, ConfigurationView, CreateConfiguration};
pub use group::{CreateGroup, DescribeGroups, Filter, FilterOn, GroupView, LaunchTemplate, Tag, UpdateGroup};
pub use hook::{ActionRef, HookView, NotificationTarget, PutHook};
pub use instance::InstanceView;
pub use launch::{LaunchInstances, Launched};
pub use life::{GroupLife, LifeCommand, Process};
pub use notification::{NotificationType, NotificationView, PutNotifications};
pub use policy::{
    Adjustment, Number, PolicyCommand, PolicyKind, PolicyRef, PolicyReply, PolicyView, PutPolicy, Step,
};
pub use pool::{PoolView, PutWarmPool};
pub use refresh::{RefreshPreferences, RefreshStatus, RefreshStrategy, RefreshView, StartRefresh, Wanted};
pub use schedule::{PutSchedule, ScheduleCommand, ScheduleReply, ScheduleView};
pub use settings::{GroupSettings, Protection, Tree};
pub use tags::{TagFilter, Types};
pub use traffic::{TrafficCommand, TrafficList, TrafficSource, TrafficView};

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
    /// `PutNotificationConfiguration`
    PutNotifications(PutNotifications),
    /// `DeleteNotificationConfiguration`
    DeleteNotifications {
        /// The group.
        group: String,
        /// The topic's arn.
        topic: String,
    },
    /// `DescribeNotificationConfigurations`
    DescribeNotifications {
        /// Only those of these groups; all if empty.
        groups: Vec<String>,
        /// Which page.
        page: Page,
    },
    /// `DescribeAutoScalingNotificationTypes`
    DescribeNotificationTypes,
    /// `DescribeScalingActivities`
    DescribeActivities(DescribeActivities),
    /// `StartInstanceRefresh`
    StartRefresh(StartRefresh),
    /// `CancelInstanceRefresh`
    CancelRefresh {
        /// The group.
        group: String,
        /// Whether what is under way is waited for.
        wait: bool,
    },
    /// `RollbackInstanceRefresh`
    RollbackRefresh {
        /// The group.
        group: String,
    },
    /// `DescribeInstanceRefreshes`
    DescribeRefreshes {
        /// The group.
        group: String,
        /// Only these, unknown ones left out; all if empty.
        ids: Vec<String>,
        /// Which page.
        page: Page,
    },
    /// `CreateOrUpdateTags`, each tag beside its group.
    PutTags(Vec<(String, Tag)>),
    /// `DescribeTags`
    DescribeTags {
        /// All of these must hold.
        filters: Vec<TagFilter>,
        /// Which page.
        page: Page,
    },
    /// `DeleteTags`, each key beside its group.
    DeleteTags(Vec<(String, String)>),
    /// `DescribeAccountLimits`
    DescribeLimits,
    /// One of the operations that list what there is in the service.
    DescribeTypes(Types),
    /// Those on the life of members beyond scaling.
    Life(LifeCommand),
    /// Those on scaling policies.
    Policy(PolicyCommand),
    /// `LaunchInstances`
    LaunchInstances(LaunchInstances),
    /// Those on launch configurations.
    Configuration(ConfigurationCommand),
    /// Those on sources of traffic, and on metrics.
    Traffic(TrafficCommand),
    /// Those on scheduled actions.
    Schedule(ScheduleCommand),
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
    /// To `DescribeProcesses`.
    Processes,
    /// To `DescribeNotifications`.
    Notifications {
        /// This page's.
        notifications: Vec<NotificationView>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To `DescribeNotificationTypes`: all of them.
    NotificationTypes,
    /// To `TerminateInstance`: what goes on with the instance now.
    Activity(Option<ActivityView>),
    /// To `DescribeActivities`, and to the operations that set members going.
    Activities {
        /// This page's, the latest first.
        activities: Vec<ActivityView>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To `DescribeTags`.
    Tags {
        /// This page's, each beside its group.
        tags: Vec<(String, Tag)>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To `LaunchInstances`.
    Launched(Launched),
    /// To `DescribeLimits`.
    Limits {
        /// How many groups there are.
        groups: usize,
        /// How many launch configurations.
        configurations: usize,
    },
    /// To the description of launch configurations.
    Configurations {
        /// This page's, by name.
        configurations: Vec<ConfigurationView>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To the description of sources of traffic.
    Traffic {
        /// Which list was asked for.
        list: TrafficList,
        /// This page's, by identifier.
        sources: Vec<TrafficView>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To `DescribeTypes`.
    Types(Types),
    /// To `Policy`.
    Policy(PolicyReply),
    /// To `Schedule`.
    Schedule(ScheduleReply),
    /// To `StartRefresh`, `CancelRefresh` and `RollbackRefresh`.
    Refreshing {
        /// The refresh's id.
        id: String,
    },
    /// To `DescribeRefreshes`.
    Refreshes {
        /// This page's, the newest first.
        refreshes: Vec<RefreshView>,
        /// Where the next page starts.
        next: Option<String>,
    },
}
