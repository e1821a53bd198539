//! One of our instances: what is known of it, and when it has to be looked at again.

use std::time::Duration;

use jiff::Timestamp;
use lifecycle::{Direction, LifecycleState};
use tokio::time::Instant;

use super::{GONE_AFTER, fits};
use crate::decide::{Phase, phase};
use crate::nodes::Ready;
use crate::queue::message::Told;

/// How often an instance on its way into service is looked up.
const JOINING_PACE: Duration = Duration::from_secs(2);
/// For how long it is looked up at that pace.
const JOINING_PATIENCE: Duration = Duration::from_secs(300);

/// For how long an instance is looked up at that pace of which a message tells what the API does not show.
const TOLD_PATIENCE: Duration = Duration::from_secs(30);

/// One of our instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its group.
    pub group: String,
    /// Its lifecycle state as last seen.
    pub state: LifecycleState,
    /// When it was first seen in this state, on our monotonic clock.
    pub since: Instant,
    /// The same on the wall clock, for records that outlive us.
    pub since_wall: Timestamp,
    /// Since when it is on its way into service, if it is.
    pub joining_since: Option<Instant>,
    /// On its way into service: what its Node reported until then may come from before it was switched off. None if it
    /// has been running all along.
    pub reports_count_since: Option<Instant>,
    /// Which way it goes through `Warmed:Pending*`, once known.
    pub direction: Option<Direction>,
    /// True if we saw it come into this state, false if it was in it when we first saw it.
    pub witnessed: bool,
    /// What the youngest message claims of the lifecycle action that holds it, or that is to come; see [`fits`].
    /// Its time is when the action began, if the message tells the truth.
    ///
    /// [`fits`]: super::fits
    pub told: Option<Told>,
    /// When it was last listed.
    pub seen: Instant,
    /// When the question was asked to which that was the answer.
    pub(super) asked: Instant,
    /// When the message came.
    pub(super) told_at: Option<Instant>,
    pub(super) doubted: bool,
    pub(super) unlisted_since: Option<Instant>,
    pub(super) probed: Option<Instant>,
    pub(super) silent_since: Option<Instant>,
}

impl Instance {
    /// True if it was warm when we last looked, but its Node came, or its readiness changed, since then: it may be on its
    /// way into service.
    pub fn is_outdated(&self, ready: &Ready) -> bool {
        self.phase() == Phase::Warm && self.seen < ready.told
    }

    /// What its state means for its Node.
    pub fn phase(&self) -> Phase {
        phase(&self.state, self.direction)
    }

    pub(super) fn is_due(&self, now: Instant, sweep_interval: Duration) -> bool {
        let age = now.duration_since(self.seen);
        if self.unlisted_since.is_some() {
            // first unlisted at `seen`; ask once more when the answer can count
            return age >= GONE_AFTER;
        }
        if self.doubted {
            return true;
        }
        // A message may be here before the API shows what it tells of.
        let told_lately = self.told_at.is_some_and(|at| now.duration_since(at) < TOLD_PATIENCE);
        if told_lately && !self.told.as_ref().is_some_and(|told| fits(told, self)) {
            return age >= JOINING_PACE.min(sweep_interval);
        }
        let joining_lately =
            self.joining_since.is_some_and(|since| now.duration_since(since) < JOINING_PATIENCE);
        if joining_lately {
            age >= JOINING_PACE.min(sweep_interval)
        } else {
            !is_at_rest(&self.state) && age >= sweep_interval
        }
    }

    /// True if it should be warm but its Node is Ready: perhaps it went into service since we last saw it.
    pub(super) fn may_serve(&self, now: Instant, ready: &Ready, sweep_interval: Duration) -> bool {
        let fresh = now.duration_since(ready.told) < JOINING_PATIENCE;
        let pace = if fresh { JOINING_PACE.min(sweep_interval) } else { sweep_interval };
        let old = self.phase() == Phase::Warm && now.duration_since(self.seen) >= pace;
        self.is_outdated(ready) || (ready.is && old)
    }
}

/// True for the states in which an instance may stay for days.
pub(super) fn is_at_rest(state: &LifecycleState) -> bool {
    use LifecycleState as S;
    let at_rest = [
        S::InService,
        S::Standby,
        S::Detached,
        S::WarmedStopped,
        S::WarmedRunning,
        S::WarmedHibernated,
        S::TerminatingRetained,
        S::WarmedPendingRetained,
        S::WarmedTerminatingRetained,
    ];
    at_rest.contains(state)
}

/// From when on reports of a Node count whose instance is on its way into service.
pub(super) fn reports_count_since(known: &Instance, now: Instant) -> Option<Instant> {
    use LifecycleState as S;
    if known.state == S::WarmedRunning {
        None
    } else if [S::WarmedStopped, S::WarmedHibernated].contains(&known.state) {
        // it was off when last seen
        Some(known.seen)
    } else if known.joining_since.is_some() {
        known.reports_count_since
    } else {
        Some(now)
    }
}

/// The direction through `Warmed:Pending*`: kept on the way; an instance that was in its group comes back from it.
pub(super) fn direction_after(known: &Instance, state: &LifecycleState) -> Option<Direction> {
    use LifecycleState as S;
    let on_the_way =
        [S::WarmedPending, S::WarmedPendingWait, S::WarmedPendingProceed, S::WarmedPendingRetained];
    if !on_the_way.contains(state) {
        None
    } else if on_the_way.contains(&known.state) {
        known.direction
    } else if known.state.is_warmed() || matches!(known.state, S::Unknown(_)) {
        None
    } else {
        Some(Direction::Returning)
    }
}
