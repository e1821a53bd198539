//! Why a pod is not gone yet, in words for people and for metrics.

use std::fmt;

use jiff::Timestamp;

/// Why a pod is not gone yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A disruption budget allows no eviction now.
    Budget {
        /// The budget, in the pod's namespace. Empty if the server did not say which.
        name: String,
    },
    /// More than one disruption budget selects the pod: the API server never evicts such a pod.
    ManyBudgets,
    /// Its grace period runs, or its kubelet does not answer.
    Terminating {
        /// When the grace period ends.
        until: Timestamp,
    },
    /// Its grace period is over and finalizers keep the object.
    Finalizer {
        /// The finalizers.
        names: Vec<String>,
    },
    /// An admission webhook or policy refuses.
    Webhook {
        /// Its own words.
        message: String,
    },
    /// We lack the right to evict (or, past the deadline, to delete) in the pod's namespace.
    Forbidden,
    /// The API server is too busy for us.
    Throttled,
    /// Its namespace is being deleted; the pod goes with it.
    Namespace,
    /// Nothing stands in the way as far as we know: its eviction is due, asked for, or just accepted.
    Evicting,
    /// Anything else.
    Other {
        /// What was answered.
        message: String,
    },
}

/// What may hold a pod: the labels of all reasons but [`Reason::Evicting`], where nothing does.
pub const HOLD_UPS: [&str; 9] = [
    "budget",
    "many_budgets",
    "terminating",
    "finalizer",
    "webhook",
    "forbidden",
    "throttled",
    "namespace",
    "other",
];

impl Reason {
    /// One word of a bounded set, for a metric's label.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Budget { .. } => "budget",
            Self::ManyBudgets => "many_budgets",
            Self::Terminating { .. } => "terminating",
            Self::Finalizer { .. } => "finalizer",
            Self::Webhook { .. } => "webhook",
            Self::Forbidden => "forbidden",
            Self::Throttled => "throttled",
            Self::Namespace => "namespace",
            Self::Evicting => "evicting",
            Self::Other { .. } => "other",
        }
    }

    /// Whether somebody refuses, in contrast to a pod that is on its way.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Budget { .. }
            | Self::ManyBudgets
            | Self::Finalizer { .. }
            | Self::Webhook { .. }
            | Self::Forbidden
            | Self::Throttled
            | Self::Namespace
            | Self::Other { .. } => true,
            Self::Terminating { .. } | Self::Evicting => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget { name } if name.is_empty() => {
                f.write_str("a disruption budget allows no eviction now")
            }
            Self::Budget { name } => write!(f, "disruption budget {name} allows no eviction now"),
            Self::ManyBudgets => f.write_str("more than one disruption budget selects it"),
            Self::Terminating { until } => write!(f, "terminating, grace until {until:.0}"),
            Self::Finalizer { names } => write!(f, "finalizers {}", names.join(", ")),
            Self::Webhook { message } | Self::Other { message } => f.write_str(message),
            Self::Forbidden => f.write_str("no right to evict it"),
            Self::Throttled => f.write_str("the API server throttles us"),
            Self::Namespace => f.write_str("its namespace is being deleted"),
            Self::Evicting => f.write_str("being evicted"),
        }
    }
}
