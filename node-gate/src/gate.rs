//! The policy of the gate: what was seen in, what to do out.
//!
//! Nothing else may influence the decision. Time comes in as data, and deciding twice on the same observation gives the
//! same step.

use std::time::Duration;

use lifecycle::{LifecycleState, Target};

use crate::reason::{Hold, Open};

/// How many answers in a row make "not listed" or "no access" believable: Auto Scaling is eventually consistent, and a
/// right may have been granted a moment ago.
pub const SEVERAL: u32 = 3;

/// Whose word opens the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Until {
    /// The target state in IMDS alone says `InService`.
    Target,
    /// The API's lifecycle state says so as well.
    InService,
}

/// What to do where nothing tells whether the instance belongs to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum OnUnknown {
    /// Open, with a warning: it is what an instance of no group looks like.
    Open,
    /// Hold for ever.
    Hold,
}

/// What the owner of the node wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Whose word opens.
    pub until: Until,
    /// The answer to not knowing.
    pub on_unknown: OnUnknown,
    /// Open only as a member of one of these groups; empty: of any group, or of none.
    pub groups: Vec<String>,
    /// How long IMDS may know no target state before that means something.
    pub grace: Duration,
}

/// What the latest look at IMDS found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imds {
    /// A target state, maybe one that we do not know.
    Target(Target),
    /// 404 for the target state.
    NoTarget,
    /// No answer, or none to be believed; the text says what.
    Failing(String),
}

/// What Auto Scaling answered about this instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It knows the instance.
    Listed {
        /// The group that it belongs to.
        group: String,
        /// Its state there.
        state: LifecycleState,
    },
    /// It answered, and does not list the instance.
    Unlisted,
    /// We may not ask, or cannot: the right is missing, there are no credentials, there is no way there.
    NoAccess(String),
    /// It answers, but not now: throttled, or broken in passing.
    Failing(String),
}

/// The API's latest answer about the present situation; answers from before the target last changed do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// The answer.
    pub answer: Answer,
    /// How many answers of this kind there were without another between them, this one included.
    pub in_a_row: u32,
}

/// All that the gate knows when it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The latest look at IMDS.
    pub imds: Imds,
    /// In the same look, IMDS answered `instance-id` with an instance id. Without it, a 404 says nothing about the target.
    pub identified: bool,
    /// The group that the instance tag `aws:autoscaling:groupName` names. `None` is no proof of anything: IMDS answers the
    /// same 404 for no such tag and for tags not enabled.
    pub tag: Option<String>,
    /// How long IMDS has been without a target state that we know.
    pub unsettled_for: Duration,
    /// The API's word, where it was asked.
    pub api: Option<Api>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Hold, and look at IMDS again.
    Hold(Hold),
    /// Hold likewise, and ask the Auto Scaling API too, as often as the back-off allows.
    Ask(Hold),
    /// Open.
    Open(Open),
}

/// Decides.
pub fn decide(seen: &Observation, policy: &Policy) -> Step {
    match &seen.imds {
        Imds::Failing(problem) => Step::Hold(Hold::ImdsFailing { problem: problem.clone() }),
        Imds::NoTarget => unsettled(None, seen, policy),
        Imds::Target(target) => match target {
            Target::WarmedStopped
            | Target::WarmedRunning
            | Target::WarmedHibernated
            | Target::WarmedTerminated => Step::Hold(Hold::Warm { target: target.to_string() }),
            // A kind of pool that this version does not know is a pool all the same.
            Target::Unknown(text) if text.starts_with("Warmed:") => {
                Step::Hold(Hold::Warm { target: text.clone() })
            }
            Target::Unknown(text) => unsettled(Some(text), seen, policy),
            Target::Terminated => Step::Hold(Hold::Dying),
            Target::Standby | Target::Detached if policy.groups.is_empty() => {
                Step::Open(Open::Released { target: target.to_string() })
            }
            Target::Standby | Target::Detached => Step::Hold(Hold::OutOfGroup { state: target.to_string() }),
            Target::InService => match policy.until {
                Until::Target => in_service_by_target(seen, policy),
                Until::InService => in_service_by_api(seen, policy),
            },
        },
    }
}

/// IMDS says `InService`, and that is enough, unless a group is wanted.
fn in_service_by_target(seen: &Observation, policy: &Policy) -> Step {
    if policy.groups.is_empty() {
        return Step::Open(Open::InService { group: None });
    }
    if let Some(group) = &seen.tag {
        return if policy.groups.contains(group) {
            Step::Open(Open::InService { group: Some(group.clone()) })
        } else {
            // The tag follows an attachment by itself: no call is needed to see the instance arrive.
            Step::Hold(Hold::ForeignGroup { group: group.clone() })
        };
    }
    let Some(api) = &seen.api else { return Step::Ask(Hold::AskingForGroup) };
    match &api.answer {
        Answer::Listed { group, .. } if policy.groups.contains(group) => {
            Step::Open(Open::InService { group: Some(group.clone()) })
        }
        Answer::Listed { group, .. } => Step::Ask(Hold::ForeignGroup { group: group.clone() }),
        Answer::Unlisted => Step::Ask(Hold::Unlisted),
        Answer::NoAccess(problem) | Answer::Failing(problem) => Step::Ask(trouble(problem)),
    }
}

/// IMDS says `InService`, and the API has to say so too. Nothing but its word opens.
fn in_service_by_api(seen: &Observation, policy: &Policy) -> Step {
    let Some(api) = &seen.api else { return Step::Ask(Hold::Asking) };
    match &api.answer {
        Answer::Listed { group, .. } if is_foreign(group, policy) => {
            Step::Ask(Hold::ForeignGroup { group: group.clone() })
        }
        Answer::Listed { group, state: LifecycleState::InService } => {
            Step::Open(Open::InService { group: Some(group.clone()) })
        }
        Answer::Listed { state, .. } => Step::Ask(Hold::NotYet { state: state.to_string() }),
        Answer::Unlisted => Step::Ask(Hold::Unlisted),
        Answer::NoAccess(problem) | Answer::Failing(problem) => Step::Ask(trouble(problem)),
    }
}

/// IMDS has no target state for us, or one that we do not know.
fn unsettled(unknown: Option<&String>, seen: &Observation, policy: &Policy) -> Step {
    if !seen.identified {
        return Step::Hold(Hold::ImdsFailing { problem: "it does not answer what instance this is".into() });
    }
    if seen.unsettled_for < policy.grace {
        return Step::Hold(match unknown {
            Some(text) => Hold::UnknownTarget { target: text.clone() },
            None => Hold::NoTarget,
        });
    }
    if let Some(group) = seen.tag.as_ref().filter(|group| is_foreign(group, policy)) {
        return Step::Hold(Hold::ForeignGroup { group: group.clone() });
    }
    let Some(api) = &seen.api else { return Step::Ask(Hold::Asking) };
    match &api.answer {
        Answer::Listed { group, .. } if is_foreign(group, policy) => {
            Step::Ask(Hold::ForeignGroup { group: group.clone() })
        }
        Answer::Listed { state, .. } => listed(state, policy),
        Answer::Unlisted => match &seen.tag {
            Some(group) => Step::Ask(Hold::TaggedOnly { group: group.clone(), problem: None }),
            None if policy.groups.is_empty() && api.in_a_row >= SEVERAL => Step::Open(Open::NoGroup),
            None => Step::Ask(Hold::Unlisted),
        },
        Answer::NoAccess(problem) => {
            if let Some(group) = &seen.tag {
                Step::Ask(Hold::TaggedOnly { group: group.clone(), problem: Some(problem.clone()) })
            } else if policy.on_unknown == OnUnknown::Open
                && policy.groups.is_empty()
                && api.in_a_row >= SEVERAL
            {
                Step::Open(Open::Unknown { problem: problem.clone() })
            } else {
                Step::Ask(trouble(problem))
            }
        }
        Answer::Failing(problem) => Step::Ask(trouble(problem)),
    }
}

/// IMDS has no word, but the API lists the instance in a group that suits.
fn listed(state: &LifecycleState, policy: &Policy) -> Step {
    let hold = || Step::Ask(Hold::NotYet { state: state.to_string() });
    let open = || Step::Open(Open::Listed { state: state.to_string() });
    match state {
        LifecycleState::InService
        | LifecycleState::ReplacingRootVolume
        | LifecycleState::ReplacingRootVolumeWait
        | LifecycleState::ReplacingRootVolumeProceed
        | LifecycleState::RootVolumeReplaced => open(),
        LifecycleState::Standby
        | LifecycleState::EnteringStandby
        | LifecycleState::Detaching
        | LifecycleState::Detached => {
            if policy.groups.is_empty() {
                open()
            } else {
                Step::Ask(Hold::OutOfGroup { state: state.to_string() })
            }
        }
        LifecycleState::Pending
        | LifecycleState::PendingWait
        | LifecycleState::PendingProceed
        | LifecycleState::Quarantined
        | LifecycleState::Terminating
        | LifecycleState::TerminatingWait
        | LifecycleState::TerminatingProceed
        | LifecycleState::TerminatingRetained
        | LifecycleState::Terminated
        | LifecycleState::WarmedPending
        | LifecycleState::WarmedPendingWait
        | LifecycleState::WarmedPendingProceed
        | LifecycleState::WarmedPendingRetained
        | LifecycleState::WarmedTerminating
        | LifecycleState::WarmedTerminatingWait
        | LifecycleState::WarmedTerminatingProceed
        | LifecycleState::WarmedTerminatingRetained
        | LifecycleState::WarmedTerminated
        | LifecycleState::WarmedStopped
        | LifecycleState::WarmedRunning
        | LifecycleState::WarmedHibernated
        | LifecycleState::Unknown(_) => hold(),
    }
}

fn is_foreign(group: &String, policy: &Policy) -> bool {
    !policy.groups.is_empty() && !policy.groups.contains(group)
}

fn trouble(problem: &str) -> Hold {
    Hold::ApiTrouble { problem: problem.to_owned() }
}

#[cfg(test)]
mod tests;
