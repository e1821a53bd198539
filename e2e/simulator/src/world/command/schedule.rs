//! Scheduled actions as operations put and describe them.

use std::time::SystemTime;

use super::Page;

/// An operation on scheduled actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleCommand {
    /// `PutScheduledUpdateGroupAction`
    Put {
        /// The group.
        group: String,
        /// The action.
        action: PutSchedule,
    },
    /// `BatchPutScheduledUpdateGroupAction`: each for itself.
    PutAll {
        /// The group.
        group: String,
        /// The actions.
        actions: Vec<PutSchedule>,
    },
    /// `DeleteScheduledAction`
    Delete {
        /// The group.
        group: String,
        /// The action's name.
        name: String,
    },
    /// `BatchDeleteScheduledAction`: each for itself.
    DeleteAll {
        /// The group.
        group: String,
        /// The actions' names.
        names: Vec<String>,
    },
    /// `DescribeScheduledActions`
    Describe {
        /// Only those of this group.
        group: Option<String>,
        /// Only these; all if empty.
        names: Vec<String>,
        /// Only those that are due then or later, unless they are named.
        since: Option<SystemTime>,
        /// Only those that are due then or earlier, unless they are named.
        until: Option<SystemTime>,
        /// Which page.
        page: Page,
    },
}

/// A scheduled action to be made or replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutSchedule {
    /// Its name.
    pub name: String,
    /// The first time; by the recurrence if there is none.
    pub start: Option<SystemTime>,
    /// When it recurs no longer.
    pub end: Option<SystemTime>,
    /// When it comes again: minute, hour, day of the month, month, day of the week.
    pub recurrence: Option<String>,
    /// The time zone of the recurrence; UTC if there is none.
    pub time_zone: Option<String>,
    /// The group's new smallest size.
    pub min: Option<u32>,
    /// The new largest.
    pub max: Option<u32>,
    /// The new wanted.
    pub desired: Option<u32>,
}

/// A scheduled action as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleView {
    /// The group.
    pub group: String,
    /// What was put.
    pub action: PutSchedule,
    /// Its arn.
    pub arn: String,
    /// When it is due next.
    pub due: SystemTime,
}

/// What the operations on scheduled actions answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleReply {
    /// To `PutAll`: the names of those that were refused, with codes and messages.
    NotPut(Vec<(String, String, String)>),
    /// To `DeleteAll`: the same.
    NotDeleted(Vec<(String, String, String)>),
    /// To `Describe`.
    Actions {
        /// This page's, by group and name.
        actions: Vec<ScheduleView>,
        /// Where the next page starts.
        next: Option<String>,
    },
}
