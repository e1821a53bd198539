//! From lifecycle state to what it means for a Node.

use lifecycle::{Direction, LifecycleState};

use crate::intent::Destination;

/// What an instance's lifecycle state means for its Node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// In the warm pool or on its first way there: nothing may run on it.
    Warm,
    /// On its way into service: keep what is there.
    Joining,
    /// Serving: whatever we put on it goes.
    InService,
    /// On its way out, or back to the pool: nothing new may come, what runs is drained.
    Leaving,
    /// Left our care alive: whatever we put on it goes.
    Released,
    /// An unknown state: closed, but nothing is evicted.
    Unknown,
}

impl Phase {
    /// Its name in `/status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Warm => "warm",
            Phase::Joining => "joining",
            Phase::InService => "in_service",
            Phase::Leaving => "leaving",
            Phase::Released => "released",
            Phase::Unknown => "unknown",
        }
    }
}

/// The phase of an instance.
pub fn phase(state: &LifecycleState, direction: Option<Direction>) -> Phase {
    use LifecycleState as S;
    match state {
        S::WarmedPending | S::WarmedPendingWait | S::WarmedPendingProceed | S::WarmedPendingRetained => {
            match direction {
                Some(Direction::Returning) => Phase::Leaving,
                Some(Direction::Entering) | None => Phase::Warm,
            }
        }
        S::WarmedStopped | S::WarmedRunning | S::WarmedHibernated => Phase::Warm,
        S::Pending | S::PendingWait | S::PendingProceed | S::RootVolumeReplaced => Phase::Joining,
        S::InService => Phase::InService,
        S::Terminating
        | S::TerminatingWait
        | S::TerminatingProceed
        | S::TerminatingRetained
        | S::Terminated
        | S::WarmedTerminating
        | S::WarmedTerminatingWait
        | S::WarmedTerminatingProceed
        | S::WarmedTerminatingRetained
        | S::WarmedTerminated
        | S::ReplacingRootVolume
        | S::ReplacingRootVolumeWait
        | S::ReplacingRootVolumeProceed => Phase::Leaving,
        S::Standby | S::EnteringStandby | S::Detaching | S::Detached => Phase::Released,
        S::Quarantined | S::Unknown(_) => Phase::Unknown,
    }
}

/// Where an instance goes whose termination hook holds it; none if no termination hook can be holding it.
pub fn destination(state: &LifecycleState, direction: Option<Direction>) -> Option<Destination> {
    use LifecycleState as S;
    match state {
        S::TerminatingWait | S::WarmedTerminatingWait => Some(Destination::Terminated),
        S::ReplacingRootVolumeWait => Some(Destination::NewRootVolume),
        S::WarmedPendingWait if direction == Some(Direction::Returning) => Some(Destination::WarmPool),
        S::Pending
        | S::PendingWait
        | S::PendingProceed
        | S::Quarantined
        | S::InService
        | S::Terminating
        | S::TerminatingProceed
        | S::TerminatingRetained
        | S::Terminated
        | S::Detaching
        | S::Detached
        | S::EnteringStandby
        | S::Standby
        | S::ReplacingRootVolume
        | S::ReplacingRootVolumeProceed
        | S::RootVolumeReplaced
        | S::WarmedPending
        | S::WarmedPendingWait
        | S::WarmedPendingProceed
        | S::WarmedPendingRetained
        | S::WarmedTerminating
        | S::WarmedTerminatingProceed
        | S::WarmedTerminatingRetained
        | S::WarmedTerminated
        | S::WarmedStopped
        | S::WarmedRunning
        | S::WarmedHibernated
        | S::Unknown(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_the_phase_of_the_design() {
        let table = [
            ("Pending", Phase::Joining),
            ("Pending:Wait", Phase::Joining),
            ("Pending:Proceed", Phase::Joining),
            ("Quarantined", Phase::Unknown),
            ("InService", Phase::InService),
            ("Terminating", Phase::Leaving),
            ("Terminating:Wait", Phase::Leaving),
            ("Terminating:Proceed", Phase::Leaving),
            ("Terminating:Retained", Phase::Leaving),
            ("Terminated", Phase::Leaving),
            ("Detaching", Phase::Released),
            ("Detached", Phase::Released),
            ("EnteringStandby", Phase::Released),
            ("Standby", Phase::Released),
            ("ReplacingRootVolume", Phase::Leaving),
            ("ReplacingRootVolume:Wait", Phase::Leaving),
            ("ReplacingRootVolume:Proceed", Phase::Leaving),
            ("RootVolumeReplaced", Phase::Joining),
            ("Warmed:Pending", Phase::Warm),
            ("Warmed:Pending:Wait", Phase::Warm),
            ("Warmed:Pending:Proceed", Phase::Warm),
            ("Warmed:Pending:Retained", Phase::Warm),
            ("Warmed:Terminating", Phase::Leaving),
            ("Warmed:Terminating:Wait", Phase::Leaving),
            ("Warmed:Terminating:Proceed", Phase::Leaving),
            ("Warmed:Terminating:Retained", Phase::Leaving),
            ("Warmed:Terminated", Phase::Leaving),
            ("Warmed:Stopped", Phase::Warm),
            ("Warmed:Running", Phase::Warm),
            ("Warmed:Hibernated", Phase::Warm),
            ("Warmed:Dreaming", Phase::Unknown),
        ];
        assert_eq!(table.len(), LifecycleState::all().count() + 1);
        for (text, expected) in table {
            assert_eq!(phase(&text.into(), None), expected, "{text}");
            assert_eq!(phase(&text.into(), Some(Direction::Entering)), expected, "{text} entering");
            let returning = if text.starts_with("Warmed:Pending") { Phase::Leaving } else { expected };
            assert_eq!(phase(&text.into(), Some(Direction::Returning)), returning, "{text} returning");
        }
    }

    #[test]
    fn a_termination_hook_can_only_hold_in_a_wait_state_and_never_on_the_way_in() {
        for state in LifecycleState::all() {
            for direction in [None, Some(Direction::Entering), Some(Direction::Returning)] {
                if destination(&state, direction).is_some() {
                    assert!(state.is_waiting(), "{state}");
                    assert_eq!(phase(&state, direction), Phase::Leaving, "{state}");
                }
            }
        }
        assert_eq!(destination(&LifecycleState::PendingWait, None), None);
        assert_eq!(destination(&LifecycleState::WarmedPendingWait, None), None);
    }
}
