//! The pure heart: groups, warm pools, hooks and instances, and the queues they are told to, with time as an argument.
//!
//! `handle` takes an operation, `advance` lets time pass and tells what happened, `next_deadline` tells when something
//! will happen by itself. No clock, no I/O, no randomness: the same seed and the same calls give the same world.

mod actions;
mod activities;
mod bus;
mod command;
mod configurations;
mod copy;
mod describe;
pub mod ec2;
mod error;
mod event;
mod fleet;
mod flow;
mod gone;
mod group;
mod groups;
mod hardware;
mod health;
mod hibernation;
mod hooks;
mod ids;
mod instance;
mod journey;
mod launches;
mod leaving;
mod life;
mod loose;
mod machine;
mod machine_health;
mod machine_power;
mod made;
mod maintenance;
mod membership;
mod metadata;
mod notices;
mod notifications;
mod page;
mod passing;
mod placement;
mod policies;
mod pools;
mod processes;
mod refresh;
mod replacing;
mod retention;
mod scaling;
mod schedules;
mod spread;
mod standby;
mod state;
mod tags;
mod tally;
mod topics;
mod traffic;
mod warnings;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

pub use actions::OpenAction;
pub use bus::{EventFault, EventKind, EventTrouble};
pub use command::{
    ActionRef, ActivityStatus, ActivityView, Adjustment, Command, ConfigurationCommand, ConfigurationView,
    CreateConfiguration, CreateGroup, DescribeActivities, DescribeGroups, Filter, FilterOn, GroupLife,
    GroupSettings, GroupView, HookView, InstanceView, LaunchInstances, LaunchTemplate, Launched, LifeCommand,
    NotificationTarget, NotificationType, NotificationView, Number, Page, PolicyCommand, PolicyKind,
    PolicyRef, PolicyReply, PolicyView, PoolView, Process, Protection, PutHook, PutNotifications, PutPolicy,
    PutSchedule, PutWarmPool, RefreshPreferences, RefreshStatus, RefreshStrategy, RefreshView, Reply,
    ScheduleCommand, ScheduleReply, ScheduleView, StartRefresh, Step, Tag, TagFilter, TrafficCommand,
    TrafficList, TrafficSource, TrafficView, Tree, Types, UpdateGroup, Wanted,
};
pub use error::AwsError;
pub use event::{CompletedBy, Event, HookResult, HookTransition, Place, Power};
pub use hardware::MachineState;
pub(crate) use ids::Ids;
pub use machine::Machine;
pub use made::{Made, MadeChange, is_role};
pub use metadata::{Metadata, MetadataChange, MetadataOptions};
pub use notices::Envelope;
pub use state::{PoolState, State};
pub(crate) use traffic::{GRANULARITY, METRICS};
pub use warnings::{
    Maintenance, MaintenanceCode, MaintenanceEnd, NotWarned, SpotAction, SpotNotice, Warnings,
};

use crate::sqs::{self, Queues, SqsError};
use activities::{Activities, Why};
use bus::Bus;
use fleet::Fleet;
pub(crate) use gone::Departed;
use gone::Gone;
use group::Group;
use instance::Instance;

/// How long things take, and how strict the limits are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// All ids follow from it.
    pub seed: u64,
    /// The smallest heartbeat timeout of a hook.
    pub min_heartbeat_timeout: Duration,
    /// From switching on until the launch hook.
    pub boot_time: Duration,
    /// From running to stopped or terminated.
    pub stop_time: Duration,
    /// Every other step.
    pub step_time: Duration,
    /// How long a new instance has no target state.
    pub no_target_time: Duration,
    /// How long a machine that does not run goes unnoticed by its group.
    pub health_check_time: Duration,
}

/// All groups, instances and queues of one account in one region.
#[derive(Debug, Clone)]
pub struct World {
    settings: Settings,
    now: SystemTime,
    /// So many things that are due happen at most in one go.
    most_due: usize,
    ids: Ids,
    /// Ids of what is told: events, activities. Apart, so that telling more changes no instance's id.
    told_ids: Ids,
    groups: BTreeMap<String, Group>,
    /// Launch templates, by id.
    templates: BTreeMap<String, ec2::Template>,
    /// Launch configurations, by name.
    configurations: BTreeMap<String, ConfigurationView>,
    instances: Fleet,
    /// Machines that belong to no group: detached ones, and those that were never in one.
    loose: Fleet,
    /// Terminated instances; Auto Scaling does not list them.
    gone: Gone,
    /// What `departed` tells after the next `advance`, and what it tells now.
    departing: Departed,
    departed: Departed,
    outbox: Vec<Event>,
    /// When the refreshes of groups have something to do by themselves.
    refresh_wakes: BTreeMap<String, SystemTime>,
    /// When members of groups are to be replaced by themselves.
    replacement_wakes: BTreeMap<String, SystemTime>,
    queues: Queues,
    /// Who is told about every lifecycle action, and in which shape.
    routes: Vec<(String, Envelope)>,
    activities: Activities,
    bus: Bus,
    /// The queues that subscribed to a topic.
    topics: BTreeMap<String, Vec<String>>,
}

impl World {
    /// An empty world.
    pub fn new(settings: Settings, now: SystemTime) -> Self {
        let (ids, queues) = (Ids::new(settings.seed), Queues::new(settings.seed));
        let told_ids = Ids::new(settings.seed.rotate_left(32) ^ 0x7e11);
        let bus_seed = settings.seed;
        World {
            settings,
            now,
            most_due: usize::MAX,
            ids,
            told_ids,
            groups: BTreeMap::new(),
            templates: BTreeMap::new(),
            configurations: BTreeMap::new(),
            instances: Fleet::default(),
            loose: Fleet::default(),
            gone: Gone::default(),
            departing: Departed::default(),
            departed: Departed::default(),
            outbox: Vec::new(),
            refresh_wakes: BTreeMap::new(),
            replacement_wakes: BTreeMap::new(),
            queues,
            routes: Vec::new(),
            activities: Activities::default(),
            bus: Bus::new(bus_seed),
            topics: BTreeMap::new(),
        }
    }

    /// Carries out an operation at `now`, after everything that was due before it.
    pub fn handle(&mut self, now: SystemTime, command: Command) -> Result<Reply, AwsError> {
        self.run_until(now);
        self.activities.why = Why::default();
        match command {
            Command::CreateGroup(group) => self.create_group(group),
            Command::UpdateGroup(change) => self.update_group(change),
            Command::DeleteGroup { name, force } => self.delete_group(&name, force),
            Command::DescribeGroups(request) => self.describe_groups(&request),
            Command::SetDesired { group, desired } => self.set_desired(&group, desired),
            Command::Life(command) => self.handle_life(command),
            Command::Policy(command) => self.handle_policy(command),
            Command::Schedule(command) => self.handle_schedule(command),
            Command::LaunchInstances(request) => self.launch_instances(request),
            Command::Configuration(command) => self.handle_configuration(command),
            Command::Traffic(command) => self.handle_traffic(command),
            Command::StartRefresh(request) => self.start_refresh(request),
            Command::CancelRefresh { group, wait } => self.cancel_refresh(&group, wait),
            Command::RollbackRefresh { group } => self.rollback_refresh(&group),
            Command::DescribeRefreshes { group, ids, page } => self.describe_refreshes(&group, &ids, &page),
            Command::DescribeTags { filters, page } => self.describe_group_tags(&filters, &page),
            Command::DeleteTags(tags) => self.delete_group_tags(&tags),
            Command::DescribeLimits => {
                Ok(Reply::Limits { groups: self.groups.len(), configurations: self.configurations.len() })
            }
            Command::DescribeTypes(which) => Ok(Reply::Types(which)),
            Command::PutTags(tags) => self.put_tags(tags),
            Command::PutWarmPool(change) => self.put_warm_pool(&change),
            Command::DeleteWarmPool { group, force } => self.delete_warm_pool(&group, force),
            Command::DescribeWarmPool { group, page } => self.describe_warm_pool(&group, &page),
            Command::PutHook { group, hook } => self.put_hook(&group, hook),
            Command::DeleteHook { group, hook } => self.delete_hook(&group, &hook),
            Command::DescribeActivities(request) => self.describe_activities(&request),
            Command::PutNotifications(put) => self.put_notifications(put),
            Command::DeleteNotifications { group, topic } => self.delete_notifications(&group, &topic),
            Command::DescribeNotifications { groups, page } => self.describe_notifications(&groups, &page),
            Command::DescribeNotificationTypes => Ok(Reply::NotificationTypes),
            Command::DescribeHooks { group, names } => self.describe_hooks(group, &names),
            Command::Complete { action, result } => self.complete(&action, result),
            Command::Heartbeat(action) => self.heartbeat(&action),
            Command::DescribeInstances { ids, page } => self.describe_instances(&ids, &page),
            Command::TerminateInstance { id, decrement } => self.terminate_instance(&id, decrement),
        }
    }

    /// Carries out an operation on queues at `now`, after everything that was due before it.
    pub fn handle_queue(&mut self, now: SystemTime, command: sqs::Command) -> Result<sqs::Reply, SqsError> {
        self.run_until(now);
        self.queues.handle(self.now, command)
    }

    /// The queues, as they stood after the last operation or advance.
    pub fn queues(&self) -> &Queues {
        &self.queues
    }

    /// How a queue stands at `now`.
    pub fn count_queue(&mut self, now: SystemTime, queue: &str) -> Option<sqs::Counts> {
        self.run_until(now);
        self.queues.counts(queue, self.now)
    }

    /// How long things take, and how strict the limits are.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Changes how long things take. What has begun ends when it was to end, but for a machine that is too new to have a
    /// target state, or that EC2 says to boot: both are told by its age.
    pub fn change_times(&mut self, now: SystemTime, change: impl FnOnce(&mut Settings)) {
        self.run_until(now);
        change(&mut self.settings);
    }

    fn group_mut(&mut self, name: &str) -> Result<&mut Group, AwsError> {
        self.groups.get_mut(name).ok_or_else(|| AwsError::no_group(name))
    }

    fn group(&self, name: &str) -> Result<&Group, AwsError> {
        self.groups.get(name).ok_or_else(|| AwsError::no_group(name))
    }
}
