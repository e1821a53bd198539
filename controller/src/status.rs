//! What the controller knows and does, as a snapshot: `/status` shows it, Events and the condition are made from it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// Everything, after one pass of the reconcile loop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// True while this replica leads. A standby sees nothing of what is below; a dry run sees it all and leads nothing.
    pub leading: bool,
    /// True once all groups were read in this leadership.
    pub swept: bool,
    /// Our instances by id.
    pub instances: BTreeMap<String, InstanceStatus>,
}

/// One instance of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceStatus {
    /// Its group.
    pub group: String,
    /// Its lifecycle state, `Warmed:Stopped`.
    pub state: String,
    /// What that means to us: `warm`, `joining`, `in_service`, `leaving`, `released`, `unknown`.
    pub phase: &'static str,
    /// Since when it is seen in this state.
    pub since: Timestamp,
    /// Its Node's name, if it has one.
    pub node: Option<String>,
    /// True if that Node is somebody else's business, or its owner told us to leave it alone: then nothing is done here.
    pub ignored: bool,
    /// True if that Node joined while its instance was being warmed, and has not served yet: no gate held its kubelet. One
    /// that came back into the pool is no leak.
    pub leaked: bool,
    /// Since when it has been in service without a Node.
    pub unjoined_since: Option<Timestamp>,
    /// The open lifecycle action of a hook of ours.
    pub action: Option<ActionStatus>,
    /// The drain that runs for it.
    pub drain: Option<DrainStatus>,
}

/// An open lifecycle action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionStatus {
    /// The hook's name.
    pub hook: String,
    /// When the action ends whatever happens: its global timeout.
    pub ends: Timestamp,
    /// True once it has been completed.
    pub completed: bool,
    /// How it ended, if this replica was there: `completed`, `abandoned`, `already_gone`.
    pub result: Option<&'static str>,
}

/// How far a drain is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DrainStatus {
    /// When it first tried an eviction.
    pub first_eviction: Option<Timestamp>,
    /// When the pods that are left are forced, or the drain is abandoned, as the policy says. None before the first
    /// eviction, and where the policy is to wait.
    pub deadline: Option<Timestamp>,
    /// How many pods were deleted past their budgets.
    pub forced: usize,
    /// How many pods still have to go.
    pub pods_left: usize,
    /// True once a consistent list, made after the last pod went, has shown that none is left.
    pub drained: bool,
    /// Why each of them is not gone yet, ordered by pod.
    pub blockers: Vec<BlockerStatus>,
}

/// A pod that is still there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlockerStatus {
    /// `namespace/name`.
    pub pod: String,
    /// One word of a bounded set: `budget`, `finalizer`, `terminating`, …
    pub kind: &'static str,
    /// The reason in words.
    pub reason: String,
}
