//! Why the gate holds and why it opened, in words for people and in codes for machines.

use std::fmt;

/// The short name of an opening by hand.
pub const BY_HAND: &str = "by-hand";

/// Why the gate holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// The first look at IMDS is under way.
    Starting,
    /// The instance is in the warm pool or on its way there.
    Warm {
        /// The target state.
        target: String,
    },
    /// The instance is being terminated.
    Dying,
    /// IMDS gave no answer that can be believed.
    ImdsFailing {
        /// What it did instead.
        problem: String,
    },
    /// IMDS has no target state (yet).
    NoTarget,
    /// IMDS has a target state that this version does not know.
    UnknownTarget {
        /// Its text.
        target: String,
    },
    /// The API is being asked whether the instance is in service.
    Asking,
    /// The API is being asked for the instance's group.
    AskingForGroup,
    /// The API says that the instance is not in service.
    NotYet {
        /// The lifecycle state.
        state: String,
    },
    /// The API does not list the instance.
    Unlisted,
    /// The API gives no answer.
    ApiTrouble {
        /// What it did instead.
        problem: String,
    },
    /// The instance belongs to a group, but none that the gate was told to wait for.
    ForeignGroup {
        /// The group that it belongs to.
        group: String,
    },
    /// A certain group is waited for, and the instance is leaving its group.
    OutOfGroup {
        /// The target or lifecycle state.
        state: String,
    },
    /// The instance's tag names a group, and the API does not bear it out.
    TaggedOnly {
        /// The group that the tag names.
        group: String,
        /// Why the API has no word on it; `None`: it does not list the instance.
        problem: Option<String>,
    },
    /// The decision is to open, but the record of it cannot be written.
    Unrecorded {
        /// What went wrong.
        problem: String,
    },
}

/// Why the gate opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open {
    /// On its way into service, or there.
    InService {
        /// The group, where it was looked up.
        group: Option<String>,
    },
    /// Out of its group's service at its owner's wish, and so free to run.
    Released {
        /// The target state.
        target: String,
    },
    /// IMDS has no target state; the API's word counts.
    Listed {
        /// The lifecycle state.
        state: String,
    },
    /// A member of no group.
    NoGroup,
    /// Somebody asked for it.
    ByHand {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Nothing could tell, and `--on-unknown=open` decides.
    Unknown {
        /// Why the API could not be asked.
        problem: String,
    },
}

impl Hold {
    /// A short name that scripts can rely on.
    pub fn code(&self) -> &'static str {
        match self {
            Hold::Starting => "starting",
            Hold::Warm { .. } => "warm",
            Hold::Dying => "terminated",
            Hold::ImdsFailing { .. } => "imds-failing",
            Hold::NoTarget => "no-target",
            Hold::UnknownTarget { .. } => "unknown-target",
            Hold::Asking | Hold::AskingForGroup => "asking",
            Hold::NotYet { .. } => "not-in-service",
            Hold::Unlisted => "not-listed",
            Hold::ApiTrouble { .. } => "api-failing",
            Hold::ForeignGroup { .. } => "other-group",
            Hold::OutOfGroup { .. } => "leaving-group",
            Hold::TaggedOnly { .. } => "tag-only",
            Hold::Unrecorded { .. } => "unrecorded",
        }
    }

    /// True if both name the same reason. The text of a problem does not count: it may change with every try.
    pub fn is_like(&self, other: &Hold) -> bool {
        match (self, other) {
            (Hold::ImdsFailing { .. }, Hold::ImdsFailing { .. })
            | (Hold::ApiTrouble { .. }, Hold::ApiTrouble { .. })
            | (Hold::Unrecorded { .. }, Hold::Unrecorded { .. }) => true,
            (Hold::TaggedOnly { group: a, .. }, Hold::TaggedOnly { group: b, .. }) => a == b,
            _ => self == other,
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hold::Starting => f.write_str("asking IMDS for the target lifecycle state"),
            Hold::Warm { target } => write!(f, "target {target}: the instance belongs to the warm pool"),
            Hold::Dying => f.write_str("target Terminated: the instance is about to be terminated"),
            Hold::ImdsFailing { problem } => write!(f, "IMDS gives no usable answer: {problem}"),
            Hold::NoTarget => f.write_str("IMDS has no target lifecycle state yet (404); giving it time"),
            Hold::UnknownTarget { target } => {
                write!(
                    f,
                    "IMDS has a target lifecycle state that is not known here, {target:?}; giving it time"
                )
            }
            Hold::Asking => f.write_str("asking Auto Scaling whether the instance is in service"),
            Hold::AskingForGroup => f.write_str("asking Auto Scaling for the instance's group"),
            Hold::NotYet { state } => write!(f, "Auto Scaling says {state}"),
            Hold::Unlisted => f.write_str("Auto Scaling does not list this instance"),
            Hold::ApiTrouble { problem } => write!(f, "Auto Scaling gives no answer: {problem}"),
            Hold::ForeignGroup { group } => {
                write!(f, "the instance is in group {group}, which is not waited for")
            }
            Hold::OutOfGroup { state } => {
                write!(f, "{state}: the instance is in no group that is waited for")
            }
            Hold::TaggedOnly { group, problem: None } => {
                write!(f, "a tag says group {group}, but Auto Scaling does not list the instance")
            }
            Hold::TaggedOnly { group, problem: Some(problem) } => {
                write!(f, "a tag says group {group}, and Auto Scaling gives no answer: {problem}")
            }
            Hold::Unrecorded { problem } => write!(f, "free to open, but that cannot be recorded: {problem}"),
        }
    }
}

impl Open {
    /// A short name that scripts can rely on.
    pub fn code(&self) -> &'static str {
        match self {
            Open::InService { .. } => "in-service",
            Open::Released { .. } => "released",
            Open::Listed { .. } => "listed",
            Open::NoGroup => "no-group",
            Open::ByHand { .. } => BY_HAND,
            Open::Unknown { .. } => "unknown",
        }
    }

    /// True where the gate opened without knowing that it should.
    pub fn is_doubtful(&self) -> bool {
        match self {
            Open::Unknown { .. } => true,
            Open::InService { .. }
            | Open::Released { .. }
            | Open::Listed { .. }
            | Open::NoGroup
            | Open::ByHand { .. } => false,
        }
    }
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Open::InService { group: None } => f.write_str("target InService"),
            Open::InService { group: Some(group) } => write!(f, "target InService, in group {group}"),
            Open::Released { target } => write!(f, "target {target}"),
            Open::Listed { state } => {
                write!(f, "IMDS has no target lifecycle state, Auto Scaling says {state}")
            }
            Open::NoGroup => f.write_str("the instance is in no Auto Scaling group"),
            Open::ByHand { by, reason } => write!(f, "by hand, by {by}: {reason}"),
            Open::Unknown { problem } => write!(
                f,
                "nothing tells whether this instance is in an Auto Scaling group, and --on-unknown=open \
                 (IMDS has no target lifecycle state; Auto Scaling: {problem})"
            ),
        }
    }
}
