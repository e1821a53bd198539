//! What the watch waits for and why it acts, in words for people.

use std::fmt;
use std::time::Duration;

use lifecycle::LifecycleState;

/// Why nothing is to be done yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// The target is no pool, so the gate may stay as it is.
    Serving {
        /// The target state; `None`: IMDS has none.
        target: Option<String>,
    },
    /// IMDS gave no answer that can be believed.
    ImdsFailing {
        /// What it did instead.
        problem: String,
    },
    /// The instance is being terminated, and its end is kubelet's as well.
    Dying {
        /// The target state.
        target: String,
    },
    /// The instance will be stopped, and the next boot holds by itself.
    PowerOff {
        /// The target state.
        target: String,
    },
    /// The gate was opened in the pool, at somebody's wish, and the target has not been another since.
    OpenedInPool {
        /// The target state.
        target: String,
    },
    /// It was not asked for.
    NotWanted {
        /// The target state.
        target: String,
    },
    /// The API is being asked whether the drain is over.
    Asking {
        /// The target state.
        target: String,
    },
    /// The API says that the instance has not arrived in the pool.
    NotThere {
        /// The lifecycle state.
        state: LifecycleState,
    },
    /// The API does not answer any more; its last word was that the instance has not arrived.
    Silent {
        /// The lifecycle state.
        state: LifecycleState,
        /// What it does instead.
        problem: String,
    },
    /// The API cannot tell; time will.
    Patience {
        /// The target state.
        target: String,
        /// What the API did instead of telling.
        problem: String,
        /// From the target's turn to the new hold.
        after: Duration,
    },
    /// The gate was told to hold anew.
    Reheld,
}

/// Why it is time to hold anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rehold {
    /// The instance has arrived in the pool: its hooks are done, and the drain with them.
    Arrived {
        /// The lifecycle state.
        state: LifecycleState,
    },
    /// The API never told, and the target has been the pool for as long as a drain may take.
    TimeIsUp {
        /// The target state.
        target: String,
        /// From the target's turn to now, at least.
        after: Duration,
    },
}

impl Wait {
    /// True if both say the same. The text of a problem does not count: it may change with every try.
    pub fn is_like(&self, other: &Wait) -> bool {
        match (self, other) {
            (Wait::ImdsFailing { .. }, Wait::ImdsFailing { .. })
            | (Wait::Patience { .. }, Wait::Patience { .. }) => true,
            (Wait::Silent { state: a, .. }, Wait::Silent { state: b, .. }) => a == b,
            _ => self == other,
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wait::Serving { target: Some(target) } => write!(f, "target {target}: the gate stays open"),
            Wait::Serving { target: None } => {
                f.write_str("IMDS has no target lifecycle state: the gate stays open")
            }
            Wait::ImdsFailing { problem } => write!(f, "IMDS gives no usable answer: {problem}"),
            Wait::Dying { target } => write!(f, "target {target}: the instance is about to be terminated"),
            Wait::PowerOff { target } => {
                write!(f, "target {target}: the instance is about to be stopped, and the next boot holds")
            }
            Wait::OpenedInPool { target } => {
                write!(f, "target {target}, but it was so when the gate was opened: the gate stays open")
            }
            Wait::NotWanted { target } => {
                write!(f, "target {target}, but holding anew was not asked for")
            }
            Wait::Asking { target } => {
                write!(f, "target {target}: asking Auto Scaling whether the drain is over")
            }
            Wait::NotThere { state } => {
                write!(f, "Auto Scaling says {state}: waiting for the end of the drain")
            }
            Wait::Silent { state, problem } => {
                write!(f, "Auto Scaling said {state} and now gives no answer: {problem}")
            }
            Wait::Patience { target, problem, after } => write!(
                f,
                "target {target}, and whether the drain is over cannot be known: holding anew {} after the target turned \
                 (Auto Scaling: {problem})",
                humantime::format_duration(*after)
            ),
            Wait::Reheld => f.write_str("the gate is being restarted"),
        }
    }
}

impl fmt::Display for Rehold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rehold::Arrived { state } => write!(f, "Auto Scaling says {state}: the drain is over"),
            Rehold::TimeIsUp { target, after } => {
                write!(f, "the target has been {target} for {}", humantime::format_duration(*after))
            }
        }
    }
}
