//! Refreshes that fail, and what becomes of them.
//!
//! From the documentation: a refresh can fail for launches that fail; with `AutoRollback` it is rolled back then, which
//! needs what a rollback by hand needs. A judgement: it fails once launches have failed for an hour and none has come into
//! service meanwhile; so does a rollback, which ends there. However long a hook takes, it alone fails nothing.

use std::time::{Duration, SystemTime};

use super::super::World;
use super::super::command::RefreshStatus;
use super::super::group::Group;
use super::Refresh;

/// For how long launches may fail.
const PATIENCE: Duration = Duration::from_hours(1);

impl Refresh {
    /// When it fails if nothing gets better; a pause ends first.
    pub(super) fn fails_at(&self) -> Option<SystemTime> {
        self.failing_since.filter(|_| self.is_moving()).map(|since| since + PATIENCE)
    }
}

impl World {
    /// Notes that an instance did not come into service.
    pub(in crate::world) fn refresh_stumbles(&mut self, name: &str) {
        let now = self.now;
        if let Some(refresh) = self.groups.get_mut(name).and_then(Group::refresh_mut) {
            refresh.failing_since.get_or_insert(now);
        }
    }

    /// Ends a refresh that fails, or turns it around.
    pub(super) fn fail_refresh(&mut self, name: &str) {
        let (now, waits) = (self.now, self.refresh_waits(name));
        let Some(refresh) = self.groups.get_mut(name).and_then(Group::refresh_mut) else { return };
        if waits || refresh.fails_at().is_none_or(|at| at > now) {
            return;
        }
        let was_rollback = refresh.status == RefreshStatus::RollbackInProgress;
        if !was_rollback && refresh.preferences.auto_rollback == Some(true) {
            self.turn_refresh(name, "New instances did not come into service for an hour.");
            return;
        }
        refresh.status = if was_rollback { RefreshStatus::RollbackFailed } else { RefreshStatus::Failed };
        refresh.ended = Some(now);
        refresh.status_reason = Some("New instances did not come into service for an hour.");
    }
}
