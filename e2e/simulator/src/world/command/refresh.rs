//! Instance refreshes as operations start and describe them.

use std::time::SystemTime;

use super::{LaunchTemplate, Tree};

/// How a refresh brings instances up to date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RefreshStrategy {
    /// They are terminated and replaced by new ones.
    #[default]
    Rolling,
    /// They stay, and get a new root volume.
    ReplaceRootVolume,
}

impl RefreshStrategy {
    /// The text AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            RefreshStrategy::Rolling => "Rolling",
            RefreshStrategy::ReplaceRootVolume => "ReplaceRootVolume",
        }
    }
}

/// How far a refresh is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshStatus {
    /// `InProgress`
    InProgress,
    /// `Baking`: all is done, and the bake time runs.
    Baking,
    /// `Successful`
    Successful,
    /// `Cancelling`: nothing new is begun, and what is under way is waited for.
    Cancelling,
    /// `Cancelled`
    Cancelled,
    /// `RollbackInProgress`
    RollbackInProgress,
    /// `RollbackSuccessful`
    RollbackSuccessful,
    /// `Failed`
    Failed,
    /// `RollbackFailed`
    RollbackFailed,
}

impl RefreshStatus {
    /// The text AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            RefreshStatus::InProgress => "InProgress",
            RefreshStatus::Baking => "Baking",
            RefreshStatus::Successful => "Successful",
            RefreshStatus::Cancelling => "Cancelling",
            RefreshStatus::Cancelled => "Cancelled",
            RefreshStatus::RollbackInProgress => "RollbackInProgress",
            RefreshStatus::RollbackSuccessful => "RollbackSuccessful",
            RefreshStatus::Failed => "Failed",
            RefreshStatus::RollbackFailed => "RollbackFailed",
        }
    }

    /// True once nothing more will come of it.
    pub fn is_over(self) -> bool {
        matches!(
            self,
            RefreshStatus::Successful
                | RefreshStatus::Cancelled
                | RefreshStatus::RollbackSuccessful
                | RefreshStatus::Failed
                | RefreshStatus::RollbackFailed
        )
    }
}

/// A refresh to be started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartRefresh {
    /// The group.
    pub group: String,
    /// How.
    pub strategy: RefreshStrategy,
    /// What the group is to launch from afterwards; what it launches from already if not given.
    pub wanted: Option<Wanted>,
    /// The pace.
    pub preferences: RefreshPreferences,
}

/// What a group is to launch from after a refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A launch template.
    Template(LaunchTemplate),
    /// A mixed instances policy, with its launch template.
    Mixed(Tree),
}

impl Wanted {
    /// The template that instances come from.
    pub(crate) fn template(&self) -> LaunchTemplate {
        match self {
            Wanted::Template(template) => template.clone(),
            Wanted::Mixed(policy) => LaunchTemplate::of_policy(policy),
        }
    }
}

/// The pace of a refresh. Percentages are of the desired capacity, times in seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefreshPreferences {
    /// So much of the group stays in service; 90 by default.
    pub min_healthy: Option<u32>,
    /// Up to so much runs, if it is above 100: new instances are launched before old ones are terminated.
    pub max_healthy: Option<u32>,
    /// From coming into service to counting as updated; the group's default warmup or grace period by default.
    pub warmup: Option<u32>,
    /// The percentages of updated instances at which it pauses; it ends at the last.
    pub checkpoints: Vec<u32>,
    /// For how long it pauses; an hour by default.
    pub checkpoint_delay: Option<u32>,
    /// Whether instances that already come from the wanted template are left alone.
    pub skip_matching: Option<bool>,
    /// From the last instance to the end; nothing by default.
    pub bake_time: Option<u32>,
    /// Whether it is rolled back if it fails.
    pub auto_rollback: Option<bool>,
}

/// A refresh as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshView {
    /// Its id.
    pub id: String,
    /// The group.
    pub group: String,
    /// How.
    pub strategy: RefreshStrategy,
    /// How far.
    pub status: RefreshStatus,
    /// Its start.
    pub started: SystemTime,
    /// Its end.
    pub ended: Option<SystemTime>,
    /// How much is done.
    pub percentage: u32,
    /// How many instances are not.
    pub remaining: usize,
    /// What the group is to launch from.
    pub wanted: Option<Wanted>,
    /// The pace.
    pub preferences: RefreshPreferences,
    /// When it was rolled back, and percentage and remaining instances by then.
    pub rolled_back: Option<(SystemTime, u32, usize)>,
    /// Why it was rolled back.
    pub rollback_reason: Option<&'static str>,
    /// Why it failed.
    pub status_reason: Option<&'static str>,
}
