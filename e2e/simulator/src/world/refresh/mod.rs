//! Instance refreshes: bringing the instances of a group up to date a few at a time.
//!
//! Documented: the percentages, warmup, checkpoints, bake time, skip matching, that the group takes over the desired
//! configuration at the end, and the states of a root volume replacement. Judgements: the warm pool is replaced all at once
//! at the start (it serves nobody), members in Standby are left alone, and those protected from scale-in are replaced.

mod failing;
mod operations;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::command::{RefreshPreferences, RefreshStatus, RefreshStrategy, RefreshView, Wanted};
use super::maintenance::Bounds;

/// How much of a group stays in service unless it is told.
const MIN_HEALTHY: u32 = 90;

/// A refresh, under way or over.
#[derive(Debug, Clone)]
pub(crate) struct Refresh {
    pub(crate) id: String,
    pub(crate) strategy: RefreshStrategy,
    pub(crate) status: RefreshStatus,
    pub(crate) started: SystemTime,
    pub(crate) ended: Option<SystemTime>,
    pub(crate) wanted: Option<Wanted>,
    pub(crate) preferences: RefreshPreferences,
    /// The instances whose turn has not come.
    pub(crate) old: BTreeSet<String>,
    /// How many there were.
    pub(crate) total: usize,
    /// Since when updated instances are in service.
    pub(crate) fresh: BTreeMap<String, SystemTime>,
    /// How many are not done, as of the last look.
    pub(crate) remaining: usize,
    /// How many checkpoints are passed.
    pub(crate) passed: usize,
    /// Nothing is begun before, and a refresh that bakes ends then.
    pub(crate) pause: Option<SystemTime>,
    pub(crate) rolled_back: Option<(SystemTime, u32, usize)>,
    /// Why it was rolled back.
    pub(crate) rollback_reason: Option<&'static str>,
    /// Why it failed.
    pub(crate) status_reason: Option<&'static str>,
    /// Since when launches fail and none succeeds.
    pub(crate) failing_since: Option<SystemTime>,
}

impl Refresh {
    /// True while it begins with one instance after the other.
    pub(crate) fn is_moving(&self) -> bool {
        matches!(self.status, RefreshStatus::InProgress | RefreshStatus::RollbackInProgress)
    }

    /// What instances are to come from instead of what the group says.
    pub(crate) fn overrides(&self) -> Option<&Wanted> {
        let holds = matches!(self.status, RefreshStatus::InProgress | RefreshStatus::Baking);
        self.wanted.as_ref().filter(|_| holds)
    }

    /// Between which sizes the group stays.
    pub(super) fn bounds(&self) -> Bounds {
        let min = self.preferences.min_healthy.unwrap_or(MIN_HEALTHY);
        let max = self.preferences.max_healthy;
        let may_grow = self.strategy == RefreshStrategy::Rolling && self.is_moving();
        Bounds { min, max: max.filter(|_| may_grow).unwrap_or(100) }
    }

    /// How many instances may be begun with before the next checkpoint.
    pub(crate) fn limit(&self) -> usize {
        let rollback = self.status == RefreshStatus::RollbackInProgress;
        match self.preferences.checkpoints.get(self.passed) {
            Some(percent) if !rollback => (self.total * *percent as usize).div_ceil(100),
            Some(_) | None => self.total,
        }
    }

    pub(crate) fn percentage(&self) -> u32 {
        let done = self.total.saturating_sub(self.remaining);
        u32::try_from((done * 100).checked_div(self.total).unwrap_or(100)).unwrap_or(100)
    }

    pub(crate) fn pause_at_checkpoint(&self) -> Duration {
        Duration::from_secs(u64::from(self.preferences.checkpoint_delay.unwrap_or(3600)))
    }

    pub(crate) fn view(&self, group: &str) -> RefreshView {
        RefreshView {
            id: self.id.clone(),
            group: group.to_owned(),
            strategy: self.strategy,
            status: self.status,
            started: self.started,
            ended: self.ended,
            percentage: self.percentage(),
            remaining: self.remaining,
            wanted: self.wanted.clone(),
            preferences: self.preferences.clone(),
            rolled_back: self.rolled_back,
            rollback_reason: self.rollback_reason,
            status_reason: self.status_reason,
        }
    }
}
