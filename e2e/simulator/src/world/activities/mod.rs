//! Scaling activities: what a group does with an instance, from the begin of a journey to its end.
//!
//! An instance has at most one that goes on. Everything follows from the instance's state, so that a new way of going needs
//! nothing here: the first state of a journey begins an activity, `:Wait` and `:Proceed` move it on, the last state ends it,
//! and a journey that another one replaces leaves a cancelled one behind.

mod describe;
mod texts;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use super::World;
use super::bus::Outcome;
use super::command::{ActivityStatus, ActivityView};
use super::event::{CompletedBy, HookTransition};
use super::journey::Journey;

/// AWS forgets after six weeks. So that a long run does not fill the memory, at most so many that have ended are kept a
/// group, and those of so many groups that are no more.
const REMEMBERED: Duration = Duration::from_hours(6 * 7 * 24);
const MOST_A_GROUP: usize = 1000;
const MOST_DELETED_GROUPS: usize = 100;

/// All activities that are remembered.
#[derive(Debug, Clone, Default)]
pub(super) struct Activities {
    /// Those that go on, by instance.
    open: BTreeMap<String, Numbered>,
    /// Those that have ended, by the group's UUID, in the order in which they ended.
    ended: BTreeMap<String, VecDeque<Numbered>>,
    /// How many began; later ones have higher numbers.
    begun: u64,
    /// Why the next ones begin.
    pub(super) why: Why,
}

/// An activity and its place in the order of begins.
#[derive(Debug, Clone)]
struct Numbered {
    number: u64,
    activity: ActivityView,
    journey: Journey,
}

/// Why activities begin that begin now.
#[derive(Debug, Clone, Default)]
pub(super) struct Why {
    /// What a user asked for, as a sentence; gone with the request.
    request: Option<String>,
    /// The capacity before and after.
    sizes: Option<(usize, usize)>,
    /// The description, without the instance, and the cause of the very next one; by the rules if there is none.
    next: (Option<String>, Option<String>),
}

impl World {
    /// Remembers what a user asked for until the request is answered. `what` goes on from "At … a user request".
    pub(super) fn asked(&mut self, what: &str) {
        self.because(&format!("a user request {what}"));
    }

    /// The same for what nobody asked for now. `what` goes on from "At …".
    pub(super) fn because(&mut self, what: &str) {
        self.activities.why.request = Some(texts::happened(self.now, what));
    }

    /// Remembers that a group goes from one size to another, until the next one does.
    pub(super) fn resizes(&mut self, from: usize, to: usize) {
        self.activities.why.sizes = Some((from, to));
    }

    /// Says why the next activity begins, for what no rule tells, and what it is, unless its journey tells. `why` goes on
    /// from "At …"; the instance's id is added to `what`.
    pub(super) fn next_activity(&mut self, what: Option<&str>, why: &str) {
        let cause = texts::happened(self.now, why);
        self.activities.why.next = (what.map(str::to_owned), Some(cause));
    }

    /// The activity that goes on with an instance, as an operation that began it answers it.
    pub(super) fn current_activity(&self, id: &str) -> Option<ActivityView> {
        self.activities.open.get(id).map(|one| one.activity.clone())
    }

    /// Follows a change of an instance's state.
    pub(super) fn follow_activity(&mut self, id: &str) {
        let Some(instance) = self.instances.get(id) else { return };
        let (journey, state) = (instance.journey, instance.state);
        let is_launch = journey.hook() == Some(HookTransition::Launching);
        if state == journey.under_way() {
            self.end_activity(id, ActivityStatus::Cancelled);
            self.begin_activity(id);
        } else if state == journey.arrived() {
            self.end_activity(id, ActivityStatus::Successful);
        } else if state == journey.waiting() && is_launch {
            self.move_activity(id, ActivityStatus::MidLifecycleAction, 40);
        } else if state == journey.waiting() {
            self.move_activity(id, ActivityStatus::MidTerminatingLifecycleAction, 60);
        } else if state == journey.proceeding() && is_launch {
            // Seen in notifications: a launch is in progress again after its hook, a termination keeps its status.
            self.move_activity(id, ActivityStatus::InProgress, 50);
        } else if state.as_str().ends_with(":Retained") {
            self.end_activity(id, ActivityStatus::Cancelled);
        }
    }

    /// Notes why a launch is given up, as its activity will tell.
    pub(super) fn activity_abandoned(&mut self, id: &str, token: &str, by: CompletedBy) {
        if let Some(open) = self.activities.open.get_mut(id) {
            open.activity.message = Some(texts::abandoned(token, by));
        }
        self.next_activity(
            None,
            &format!("instance {id} was taken out of service because its launch was abandoned."),
        );
    }

    fn begin_activity(&mut self, id: &str) {
        let Some(instance) = self.instances.get(id) else { return };
        let Some(group) = self.groups.get(&instance.group) else { return };
        let is_launch = instance.journey.hook() == Some(HookTransition::Launching);
        let why = &mut self.activities.why;
        let (what, cause) = std::mem::take(&mut why.next);
        let description = what.map_or_else(|| texts::description(instance), |what| format!("{what}: {id}"));
        let cause = cause.unwrap_or_else(|| texts::cause(self.now, instance, why));
        let (status, progress) =
            if is_launch { (ActivityStatus::PreInService, 30) } else { (ActivityStatus::InProgress, 0) };
        let activity = ActivityView {
            id: self.told_ids.uuid(),
            group: group.name.clone(),
            group_uuid: group.uuid.clone(),
            instance: id.to_owned(),
            description,
            cause,
            start: self.now,
            end: None,
            status,
            message: None,
            progress,
            zone: instance.zone.clone(),
            subnet: instance.subnet.clone(),
            is_of_deleted_group: false,
        };
        let (number, journey) = (self.activities.begun, instance.journey);
        self.activities.begun += 1;
        self.activities.open.insert(id.to_owned(), Numbered { number, activity, journey });
    }

    /// Says how far an activity is.
    pub(super) fn move_activity(&mut self, id: &str, status: ActivityStatus, progress: u8) {
        if let Some(open) = self.activities.open.get_mut(id) {
            (open.activity.status, open.activity.progress) = (status, progress);
        }
    }

    pub(super) fn end_activity(&mut self, id: &str, status: ActivityStatus) {
        let Some(mut ended) = self.activities.open.remove(id) else { return };
        let activity = &mut ended.activity;
        let before = activity.status;
        (activity.status, activity.progress, activity.end) = (status, 100, Some(self.now));
        if let Some(reason) = &activity.message {
            activity.description = format!("{}.  Status Reason: {reason}", activity.description);
        }
        let outcome = Outcome { activity: activity.clone(), journey: ended.journey, before };
        self.tell_outcome(&outcome);
        let activity = &ended.activity;
        let past = self.activities.ended.entry(activity.group_uuid.clone()).or_default();
        past.push_back(ended);
        let now = self.now;
        while past.len() > MOST_A_GROUP || past.front().is_some_and(|one| one.is_forgotten(now)) {
            past.pop_front();
        }
    }

    /// Forgets the groups that have been gone for the longest, once there are too many.
    pub(super) fn forget_groups(&mut self) {
        let alive: Vec<_> = self.groups.values().map(|group| &group.uuid).collect();
        let mut gone: Vec<_> = self
            .activities
            .ended
            .iter()
            .filter(|(uuid, _)| !alive.contains(uuid))
            .map(|(uuid, past)| (past.back().map(|one| one.number), uuid.clone()))
            .collect();
        gone.sort();
        let surplus = gone.len().saturating_sub(MOST_DELETED_GROUPS);
        for (_, uuid) in gone.into_iter().take(surplus) {
            self.activities.ended.remove(&uuid);
        }
    }
}

impl Numbered {
    fn is_forgotten(&self, now: SystemTime) -> bool {
        self.activity.start + REMEMBERED < now
    }
}
