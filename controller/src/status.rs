//! What the controller knows and does, as a snapshot: `/status` shows it, Events and the condition are made from it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// Everything, after one pass of the reconcile loop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// True while this replica leads; all below is then its work, otherwise empty.
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
}

/// How far a drain is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrainStatus {
    /// When it first tried an eviction.
    pub first_eviction: Option<Timestamp>,
    /// When patience ends: from the first eviction, or the end of the action if that is sooner.
    pub deadline: Option<Timestamp>,
    /// How many pods still have to go.
    pub pods_left: usize,
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
