//! The policy of the watch: what was seen in, what to do out. Time comes in as data.

use std::time::Duration;

use lifecycle::{LifecycleState, Target};

use super::why::{Rehold, Wait};
use crate::gate::{Answer, Imds};

/// What the owner of the node wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Hold anew when the instance is back in the pool.
    pub rehold: bool,
    /// How long after the target's turn, where the API cannot be asked.
    pub after: Duration,
}

/// All that the watch knows when it decides. What is said of the target's *turn* to the pool begins anew with each turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The latest look at IMDS.
    pub imds: Imds,
    /// For how long the target has been the pool. `None`: it is not, or was it already when the gate opened.
    pub turned_for: Option<Duration>,
    /// The API's latest answer since the turn.
    pub answer: Option<Answer>,
    /// The state that the API named last since the turn, also if it has not answered again.
    pub state: Option<LifecycleState>,
    /// The gate was told to hold anew since the turn.
    pub reheld: bool,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing but look at IMDS again.
    Look(Wait),
    /// The same, and ask the Auto Scaling API as often as the back-off allows.
    Ask(Wait),
    /// Restart the gate.
    Rehold(Rehold),
}

/// Decides.
pub fn decide(seen: &Seen, policy: &Policy) -> Step {
    let target = match &seen.imds {
        Imds::Failing(problem) => return Step::Look(Wait::ImdsFailing { problem: problem.clone() }),
        Imds::NoTarget => return Step::Look(Wait::Serving { target: None }),
        Imds::Target(target) => target,
    };
    let text = target.to_string();
    match target {
        Target::InService | Target::Standby | Target::Detached => {
            Step::Look(Wait::Serving { target: Some(text) })
        }
        Target::Terminated | Target::WarmedTerminated => Step::Look(Wait::Dying { target: text }),
        Target::WarmedStopped => Step::Look(Wait::PowerOff { target: text }),
        Target::WarmedRunning | Target::WarmedHibernated => back_in_the_pool(text, seen, policy),
        // A kind of pool that this version does not know is a pool all the same.
        Target::Unknown(_) if is_pool(target) => back_in_the_pool(text, seen, policy),
        Target::Unknown(_) => Step::Look(Wait::Serving { target: Some(text) }),
    }
}

/// True if an instance with this target stays alive in the pool, or is stopped there.
pub fn is_pool(target: &Target) -> bool {
    match target {
        Target::WarmedStopped | Target::WarmedRunning | Target::WarmedHibernated => true,
        Target::Unknown(text) => text.starts_with("Warmed:"),
        Target::InService
        | Target::Standby
        | Target::Detached
        | Target::Terminated
        | Target::WarmedTerminated => false,
    }
}

fn back_in_the_pool(target: String, seen: &Seen, policy: &Policy) -> Step {
    if !policy.rehold {
        return Step::Look(Wait::NotWanted { target });
    }
    let Some(turned_for) = seen.turned_for else { return Step::Look(Wait::OpenedInPool { target }) };
    if seen.reheld {
        return Step::Look(Wait::Reheld);
    }
    let problem = match &seen.answer {
        None => return Step::Ask(Wait::Asking { target }),
        Some(Answer::Listed { .. }) => None,
        Some(Answer::Unlisted) => Some("it does not list this instance"),
        Some(Answer::NoAccess(problem) | Answer::Failing(problem)) => Some(problem.as_str()),
    };
    match (&seen.state, problem) {
        (Some(state), _) if has_arrived(state) => Step::Rehold(Rehold::Arrived { state: state.clone() }),
        (Some(state), None) => Step::Ask(Wait::NotThere { state: state.clone() }),
        // It could be asked and will be again; no clock knows better than its last word how long this drain takes.
        (Some(state), Some(problem)) => {
            Step::Ask(Wait::Silent { state: state.clone(), problem: problem.to_owned() })
        }
        (None, Some(_)) if turned_for >= policy.after => {
            Step::Rehold(Rehold::TimeIsUp { target, after: policy.after })
        }
        (None, problem) => Step::Ask(Wait::Patience {
            target,
            problem: problem.unwrap_or_default().to_owned(),
            after: policy.after,
        }),
    }
}

/// In the pool, or past all hooks on the way there. Retained is neither: somebody wants to look at what is left.
fn has_arrived(state: &LifecycleState) -> bool {
    match state {
        LifecycleState::WarmedPendingProceed
        | LifecycleState::WarmedStopped
        | LifecycleState::WarmedRunning
        | LifecycleState::WarmedHibernated => true,
        LifecycleState::Pending
        | LifecycleState::PendingWait
        | LifecycleState::PendingProceed
        | LifecycleState::Quarantined
        | LifecycleState::InService
        | LifecycleState::Terminating
        | LifecycleState::TerminatingWait
        | LifecycleState::TerminatingProceed
        | LifecycleState::TerminatingRetained
        | LifecycleState::Terminated
        | LifecycleState::Detaching
        | LifecycleState::Detached
        | LifecycleState::EnteringStandby
        | LifecycleState::Standby
        | LifecycleState::ReplacingRootVolume
        | LifecycleState::ReplacingRootVolumeWait
        | LifecycleState::ReplacingRootVolumeProceed
        | LifecycleState::RootVolumeReplaced
        | LifecycleState::WarmedPending
        | LifecycleState::WarmedPendingWait
        | LifecycleState::WarmedPendingRetained
        | LifecycleState::WarmedTerminating
        | LifecycleState::WarmedTerminatingWait
        | LifecycleState::WarmedTerminatingProceed
        | LifecycleState::WarmedTerminatingRetained
        | LifecycleState::WarmedTerminated
        | LifecycleState::Unknown(_) => false,
    }
}

#[cfg(test)]
mod tests;
