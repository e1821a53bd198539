//! Times and lifecycle states in words.

use std::time::Duration;

use jiff::Timestamp;
use lifecycle::{Direction, LifecycleState};

/// `5m 12s`; what is longer than an hour needs no seconds.
pub(super) fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    let rounded = if seconds >= 3600 { seconds - seconds % 60 } else { seconds };
    humantime::format_duration(Duration::from_secs(rounded)).to_string()
}

/// `11:02:03 UTC`; on another day than `now` with the date.
pub(super) fn clock(time: Timestamp, now: Timestamp) -> String {
    let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
    let format = if day(time) == day(now) { "%H:%M:%S UTC" } else { "%Y-%m-%d %H:%M:%S UTC" };
    time.strftime(format).to_string()
}

/// `11:02:03 UTC (5m 12s ago)`
pub(super) fn past(time: Timestamp, now: Timestamp) -> String {
    match between(time, now) {
        age if age.as_secs() == 0 => format!("{} (just now)", clock(time, now)),
        age => format!("{} ({} ago)", clock(time, now), span(age)),
    }
}

/// `11:02:03 UTC (in 5m 12s)`, or that it has passed.
pub(super) fn future(time: Timestamp, now: Timestamp) -> String {
    if time <= now {
        past(time, now)
    } else {
        format!("{} (in {})", clock(time, now), span(between(now, time)))
    }
}

/// From one time to a later one; zero if it is none.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// `1 pod`, `2 pods`.
pub(super) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// A lifecycle state as the end of the sentence "The instance is …".
pub(super) fn meaning(state: &LifecycleState, direction: Option<Direction>) -> String {
    use LifecycleState as S;
    let returning = direction == Some(Direction::Returning);
    let text = match state {
        S::Pending => "on its way into service",
        S::PendingWait => "on its way into service, held by a launch hook",
        S::PendingProceed => "on its way into service, its launch hooks are done",
        S::Quarantined => "quarantined, a state that AWS documents as unused",
        S::InService => "in service",
        S::Terminating => "leaving its group to be terminated",
        S::TerminatingWait => "leaving its group to be terminated, held by a termination hook",
        S::TerminatingProceed => "being terminated, its termination hooks are done",
        S::TerminatingRetained => {
            "kept, and billed, because a termination hook was abandoned under a retention policy"
        }
        S::Terminated => "terminated",
        S::Detaching => "being detached from its group, alive",
        S::Detached => "detached from its group, alive",
        S::EnteringStandby => "being put on standby",
        S::Standby => "on standby: in its group, but out of service at its owner's wish",
        S::ReplacingRootVolume => "about to get another root volume",
        S::ReplacingRootVolumeWait => "about to get another root volume, held by a termination hook",
        S::ReplacingRootVolumeProceed => "getting another root volume, its termination hooks are done",
        S::RootVolumeReplaced => "coming back with another root volume",
        S::WarmedPending if returning => "going back to the warm pool",
        S::WarmedPendingWait if returning => "going back to the warm pool, held by a termination hook",
        S::WarmedPendingProceed if returning => "going back to the warm pool, its hooks are done",
        S::WarmedPending => "on its way into the warm pool",
        S::WarmedPendingWait => "on its way into the warm pool, held by a hook",
        S::WarmedPendingProceed => "on its way into the warm pool, its hooks are done",
        S::WarmedPendingRetained => {
            "kept on its way into the warm pool because a termination hook was abandoned under a retention policy"
        }
        S::WarmedTerminating => "leaving the warm pool to be terminated",
        S::WarmedTerminatingWait => "leaving the warm pool to be terminated, held by a termination hook",
        S::WarmedTerminatingProceed => "being terminated out of the warm pool, its hooks are done",
        S::WarmedTerminatingRetained => {
            "kept out of the warm pool, and billed, because a termination hook was abandoned under a retention policy"
        }
        S::WarmedTerminated => "terminated out of the warm pool",
        S::WarmedStopped => "in the warm pool, stopped",
        S::WarmedRunning => "in the warm pool, running",
        S::WarmedHibernated => "in the warm pool, hibernated",
        S::Unknown(_) => "in a lifecycle state that this version does not know",
    };
    text.to_owned()
}
