//! Scaling activities as operations ask for and describe them.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::Page;
use crate::account::zone_id;

/// Which activities to tell about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DescribeActivities {
    /// Only these, unknown ones left out; all if empty.
    pub ids: Vec<String>,
    /// Only those of this group.
    pub group: Option<String>,
    /// Also those of groups that are no more.
    pub include_deleted: bool,
    /// None that started earlier.
    pub since: Option<SystemTime>,
    /// None that started later.
    pub until: Option<SystemTime>,
    /// Only with one of these status codes; all if none is given.
    pub statuses: Option<Vec<String>>,
    /// Which page.
    pub page: Page,
}

/// How far an activity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActivityStatus {
    /// A machine starts.
    PreInService,
    /// A launch hook holds it.
    MidLifecycleAction,
    /// It goes on.
    InProgress,
    /// A termination hook holds it.
    MidTerminatingLifecycleAction,
    /// Done.
    Successful,
    /// Given up.
    Cancelled,
}

impl ActivityStatus {
    /// The text AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            ActivityStatus::PreInService => "PreInService",
            ActivityStatus::MidLifecycleAction => "MidLifecycleAction",
            ActivityStatus::InProgress => "InProgress",
            ActivityStatus::MidTerminatingLifecycleAction => "MidTerminatingLifecycleAction",
            ActivityStatus::Successful => "Successful",
            ActivityStatus::Cancelled => "Cancelled",
        }
    }
}

/// A scaling activity as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityView {
    /// Its id, a UUID.
    pub id: String,
    /// The group.
    pub group: String,
    /// The part of the group's arn that tells it from another group of this name.
    pub group_uuid: String,
    /// The instance.
    pub instance: String,
    /// What is done.
    pub description: String,
    /// Why, as a chain of what was asked and what followed.
    pub cause: String,
    /// Its begin.
    pub start: SystemTime,
    /// Its end; none while it goes on.
    pub end: Option<SystemTime>,
    /// How far it is.
    pub status: ActivityStatus,
    /// Why it was given up.
    pub message: Option<String>,
    /// 0 to 100.
    pub progress: u8,
    /// The instance's zone.
    pub zone: String,
    /// The instance's subnet.
    pub subnet: String,
    /// Whether the group is no more.
    pub is_of_deleted_group: bool,
}

impl ActivityView {
    /// `Details`: where the instance is.
    pub fn details(&self) -> Value {
        let mut details = json!({ "Availability Zone": self.zone, "Subnet ID": self.subnet });
        if let Some(id) = zone_id(&self.zone) {
            details["Availability Zone ID"] = json!(id);
        }
        details
    }
}
