//! What the Auto Scaling API reports for an instance.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// The lifecycle state of an instance as `DescribeAutoScalingInstances` reports it.
///
/// The API types it as a plain string, and new values appear years before an SDK learns them; therefore `Unknown` keeps
/// the text, and every reader has to say what it makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LifecycleState {
    /// On its way into the group, from a launch or out of the warm pool.
    Pending,
    /// A launch hook holds it on its way into the group.
    PendingWait,
    /// The launch hooks are done.
    PendingProceed,
    /// Documented as unused.
    Quarantined,
    /// Serving.
    InService,
    /// On its way out of the group, to be terminated.
    Terminating,
    /// A termination hook holds it; drain, then complete.
    TerminatingWait,
    /// The termination hooks are done.
    TerminatingProceed,
    /// Kept, and billed, because a termination hook was abandoned under a retention policy.
    TerminatingRetained,
    /// Gone.
    Terminated,
    /// Leaving the group alive.
    Detaching,
    /// Left the group alive.
    Detached,
    /// On its way to standby.
    EnteringStandby,
    /// In the group but out of service, at its owner's wish.
    Standby,
    /// Its root volume is about to be replaced.
    ReplacingRootVolume,
    /// A termination hook holds the root volume replacement; drain, then complete.
    ReplacingRootVolumeWait,
    /// The root volume is being replaced.
    ReplacingRootVolumeProceed,
    /// It comes back on a new root volume, through `Pending`.
    RootVolumeReplaced,
    /// On its way into the warm pool: from a launch (*entering*) or out of the group (*returning*).
    WarmedPending,
    /// A hook holds it on its way into the pool: the launch hook if entering, the termination hook if returning.
    WarmedPendingWait,
    /// The hooks of the way into the pool are done.
    WarmedPendingProceed,
    /// Kept on its way into the pool because a termination hook was abandoned under a retention policy.
    WarmedPendingRetained,
    /// On its way out of the pool, to be terminated.
    WarmedTerminating,
    /// A termination hook holds a pool member that will be terminated; there is nothing to drain.
    WarmedTerminatingWait,
    /// The termination hooks of a pool member are done.
    WarmedTerminatingProceed,
    /// A pool member kept because a termination hook was abandoned under a retention policy.
    WarmedTerminatingRetained,
    /// A pool member that is gone.
    WarmedTerminated,
    /// In the pool, stopped.
    WarmedStopped,
    /// In the pool, running.
    WarmedRunning,
    /// In the pool, hibernated.
    WarmedHibernated,
    /// A value this version does not know; treated as "not in service".
    Unknown(String),
}

/// Every known state beside its text, the only place where both stand.
const NAMES: &[(LifecycleState, &str)] = &[
    (LifecycleState::Pending, "Pending"),
    (LifecycleState::PendingWait, "Pending:Wait"),
    (LifecycleState::PendingProceed, "Pending:Proceed"),
    (LifecycleState::Quarantined, "Quarantined"),
    (LifecycleState::InService, "InService"),
    (LifecycleState::Terminating, "Terminating"),
    (LifecycleState::TerminatingWait, "Terminating:Wait"),
    (LifecycleState::TerminatingProceed, "Terminating:Proceed"),
    (LifecycleState::TerminatingRetained, "Terminating:Retained"),
    (LifecycleState::Terminated, "Terminated"),
    (LifecycleState::Detaching, "Detaching"),
    (LifecycleState::Detached, "Detached"),
    (LifecycleState::EnteringStandby, "EnteringStandby"),
    (LifecycleState::Standby, "Standby"),
    (LifecycleState::ReplacingRootVolume, "ReplacingRootVolume"),
    (LifecycleState::ReplacingRootVolumeWait, "ReplacingRootVolume:Wait"),
    (LifecycleState::ReplacingRootVolumeProceed, "ReplacingRootVolume:Proceed"),
    (LifecycleState::RootVolumeReplaced, "RootVolumeReplaced"),
    (LifecycleState::WarmedPending, "Warmed:Pending"),
    (LifecycleState::WarmedPendingWait, "Warmed:Pending:Wait"),
    (LifecycleState::WarmedPendingProceed, "Warmed:Pending:Proceed"),
    (LifecycleState::WarmedPendingRetained, "Warmed:Pending:Retained"),
    (LifecycleState::WarmedTerminating, "Warmed:Terminating"),
    (LifecycleState::WarmedTerminatingWait, "Warmed:Terminating:Wait"),
    (LifecycleState::WarmedTerminatingProceed, "Warmed:Terminating:Proceed"),
    (LifecycleState::WarmedTerminatingRetained, "Warmed:Terminating:Retained"),
    (LifecycleState::WarmedTerminated, "Warmed:Terminated"),
    (LifecycleState::WarmedStopped, "Warmed:Stopped"),
    (LifecycleState::WarmedRunning, "Warmed:Running"),
    (LifecycleState::WarmedHibernated, "Warmed:Hibernated"),
];

impl LifecycleState {
    /// All known states.
    pub fn all() -> impl Iterator<Item = LifecycleState> {
        NAMES.iter().map(|(state, _)| state.clone())
    }

    /// The text AWS uses.
    pub fn as_str(&self) -> &str {
        if let LifecycleState::Unknown(text) = self {
            return text;
        }
        NAMES.iter().find(|(state, _)| state == self).map_or("Unknown", |(_, name)| name)
    }

    /// True while a lifecycle hook may be holding the instance (`…:Wait`).
    pub fn is_waiting(&self) -> bool {
        self.as_str().ends_with(":Wait")
    }

    /// True once the hooks of the current step are done but the step itself is not (`…:Proceed`).
    pub fn is_proceeding(&self) -> bool {
        self.as_str().ends_with(":Proceed")
    }

    /// True for everything that has to do with the warm pool, unknown `Warmed:` states included.
    pub fn is_warmed(&self) -> bool {
        self.as_str().starts_with("Warmed:")
    }
}

impl From<&str> for LifecycleState {
    fn from(text: &str) -> Self {
        NAMES
            .iter()
            .find(|(_, name)| *name == text)
            .map_or_else(|| LifecycleState::Unknown(text.to_owned()), |(state, _)| state.clone())
    }
}

impl FromStr for LifecycleState {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.into())
    }
}

impl fmt::Display for LifecycleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_reads_back_from_its_text() {
        for state in LifecycleState::all() {
            assert_eq!(LifecycleState::from(state.as_str()), state);
            assert!(!matches!(state, LifecycleState::Unknown(_)));
        }
    }

    #[test]
    fn unknown_text_is_kept() {
        let state = LifecycleState::from("Warmed:Dreaming:Wait");
        assert_eq!(state, LifecycleState::Unknown("Warmed:Dreaming:Wait".into()));
        assert_eq!(state.to_string(), "Warmed:Dreaming:Wait");
        assert!(state.is_warmed());
    }

    #[test]
    fn only_wait_states_wait() {
        let waiting: Vec<_> =
            LifecycleState::all().filter(LifecycleState::is_waiting).map(|s| s.to_string()).collect();
        assert_eq!(
            waiting,
            [
                "Pending:Wait",
                "Terminating:Wait",
                "ReplacingRootVolume:Wait",
                "Warmed:Pending:Wait",
                "Warmed:Terminating:Wait"
            ]
        );
    }
}
