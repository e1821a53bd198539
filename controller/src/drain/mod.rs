//! Drains one node: evicts its pods, waits until they are gone, forces what is left when patience ends.
//!
//! ```text
//!  pods.rs (list + watch) ──► filter.rs ──► plan.rs: step(now) ──► run.rs ──► evict.rs (POST, DELETE)
//!                                             ▲  deadline.rs, backoff.rs      │
//!                                             └───────── what was answered ◄──┘
//! ```
//! `plan`, `deadline`, `backoff` and `filter` are free of I/O and take the time as an argument; `pods` and `evict`
//! translate the API server's words once; `run` joins them.
//!
//! A drain never patches a Node and never gives up because of an error: it ends when no pod that has to go is left, or
//! at the deadline if the policy says so, or by being dropped.

mod backoff;
mod daemonsets;
mod deadline;
mod evict;
mod filter;
mod look;
mod plan;
#[cfg(test)]
mod plan_tests;
mod pods;
mod reason;
mod run;
#[cfg(test)]
mod run_tests;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use prometheus::IntCounterVec;
use tokio::sync::watch;

pub use evict::EVICTIONS;
pub(crate) use look::{Left, Span, look, orphans, span};
pub use pods::pods_left;
pub use reason::{HOLD_UPS, Reason};

/// How patient a drain is, and what it does when patience ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The time from the first eviction attempt on in which pods are only evicted, never forced, apart from the grace
    /// that forced pods still get before its end.
    pub deadline: Duration,
    /// What happens at the deadline.
    pub on_deadline: OnDeadline,
    /// For how long no pod that has to go may have turned up, before the drain counts as done: pods bound a moment
    /// before the cordon show up late. It passes while others leave.
    pub settle: Duration,
}

/// What happens at the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDeadline {
    /// Delete what is left, with the grace that remains, never less than a second.
    Force,
    /// Go on evicting for as long as the lifecycle action lasts. `deadline_now` still forces.
    Wait,
    /// End the drain with [`Outcome::DeadlineAbandon`].
    Abandon,
}

/// What is known of the node's situation; may change while the drain runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// When the lifecycle action ends whatever happens: its global timeout less a margin. The only absolute limit.
    pub hook_expires: Option<Instant>,
    /// For how long the node has not been Ready, as of now; the drain counts on by itself.
    pub node_unready_for: Option<Duration>,
    /// Whether the instance will be gone for good, so that nothing can run on it unseen afterwards.
    pub instance_will_terminate: bool,
    /// Break-glass: the deadline is now.
    pub deadline_now: bool,
    /// The lifecycle action's token, where a message brought one that agrees with the instance's state. A drain has no
    /// use for it; whoever completes the action has.
    pub token: Option<String>,
}

/// How far a drain is; published on every change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// When the drain first asked for something: the deadline counts from here.
    pub first_eviction: Option<Timestamp>,
    /// When something is done about the pods that are left: they are forced, or the drain is abandoned. None before the
    /// first eviction, and where the policy is to wait.
    pub deadline: Option<Timestamp>,
    /// How many pods were deleted past their budgets.
    pub forced: usize,
    /// How many pods still have to go.
    pub pods_left: usize,
    /// True once whoever ordered the drain has made sure that nothing is left; a drain that goes on takes it back.
    pub drained: bool,
    /// Why each of them is not gone yet, ordered by pod.
    pub blockers: Vec<Blocker>,
}

/// A pod that is still there, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// `namespace/name`.
    pub pod: String,
    /// Why it is not gone yet.
    pub reason: Reason,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No pod that has to go is left on the node.
    Drained,
    /// The deadline passed and the policy is [`OnDeadline::Abandon`].
    DeadlineAbandon,
}

/// Drains `node` until no evictable pod is left on it, or until the deadline if the policy is to abandon then.
///
/// `first_eviction` is the time recorded by an earlier run of the same drain, if there was one. Errors of the API server
/// are waited out. Dropping the future ends the drain at once and leaves nothing running. What evictions come to is counted
/// in `evictions`, by [`EVICTIONS`].
pub async fn drain(
    client: &kube::Client,
    node: &str,
    policy: &Policy,
    first_eviction: Option<Timestamp>,
    context: watch::Receiver<Context>,
    progress: watch::Sender<Progress>,
    evictions: &IntCounterVec,
) -> Outcome {
    run::run(client, node, policy, first_eviction, context, &progress, evictions).await
}
