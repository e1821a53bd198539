//! What is told: one value, from which both the text and the JSON are made.

use jiff::Timestamp;
use serde::Serialize;

/// Everything that could be found out about a node and its instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What was asked for.
    pub subject: String,
    /// When it was looked at; all times left count from here.
    pub at: Timestamp,
    /// False if neither the cluster nor Auto Scaling knows of it.
    pub found: bool,
    /// The whole in one sentence.
    pub summary: String,
    /// What Auto Scaling says.
    pub instance: Option<InstanceTold>,
    /// What the Node says.
    pub node: Option<NodeTold>,
    /// The lifecycle action of ours that holds it.
    pub action: Option<ActionTold>,
    /// The drain, running or due.
    pub drain: Option<DrainTold>,
    /// Who leads.
    pub leader: LeaderTold,
    /// What happens next, in sentences.
    pub next: Vec<String>,
    /// What its owner can do about it.
    pub remedies: Vec<Remedy>,
    /// What could not be found out, and why.
    pub unknown: Vec<String>,
}

/// An instance of an Auto Scaling group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceTold {
    /// Its id.
    pub id: String,
    /// Its group.
    pub group: String,
    /// Its lifecycle state, `Warmed:Stopped`.
    pub state: String,
    /// What that means to the controller, as in its `/status`.
    pub phase: &'static str,
    /// The state in words.
    pub meaning: String,
}

/// A Node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeTold {
    /// Its name.
    pub name: String,
    /// True if kubelet reports it Ready.
    pub ready: bool,
    /// Since when it is Ready or not.
    pub ready_since: Option<Timestamp>,
    /// True if it is cordoned, by whomever.
    pub cordoned: bool,
    /// True if the cordon is the controller's.
    pub cordoned_by_us: bool,
    /// The controller's taints and kubelet's startup taint, `KEY=VALUE:EFFECT`.
    pub taints: Vec<String>,
    /// The lifecycle state as the controller last wrote it on the Node.
    pub marked_as: Option<String>,
    /// What the controller would still change on it, in words.
    pub marks_due: Vec<String>,
    /// Why the controller leaves it alone, if it does.
    pub left_alone: Option<String>,
    /// The message of the condition `node-gate.io/Drained`.
    pub condition: Option<String>,
}

/// A lifecycle action of a hook of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionTold {
    /// The hook's name.
    pub hook: String,
    /// When the controller first saw it waiting; none if no record on the Node tells.
    pub began: Option<Timestamp>,
    /// When it ends whatever happens; none if its beginning is not known.
    pub ends: Option<Timestamp>,
    /// When the controller completed it.
    pub completed: Option<Timestamp>,
    /// The same in a sentence.
    pub told: String,
}

/// A drain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrainTold {
    /// When it first tried an eviction; none if it has not begun, or nothing tells.
    pub first_eviction: Option<Timestamp>,
    /// When the first pod left is deleted past its budgets; none if none ever is.
    pub forced_from: Option<Timestamp>,
    /// When patience ends; none before the first eviction.
    pub deadline: Option<Timestamp>,
    /// How many pods still have to go; none if they may not be listed.
    pub pods_left: Option<usize>,
    /// These pods.
    pub pods: Vec<PodTold>,
    /// How many pods stay: static ones and those of `DaemonSets`.
    pub pods_staying: usize,
}

/// A pod that has to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PodTold {
    /// `namespace/name`.
    pub pod: String,
    /// One word of a bounded set: `budget`, `finalizer`, `terminating`, …
    pub kind: &'static str,
    /// Why it is not gone yet.
    pub reason: String,
    /// The disruption budgets that select it.
    pub budgets: Vec<BudgetTold>,
}

/// A disruption budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BudgetTold {
    /// Its name, in the pod's namespace.
    pub name: String,
    /// How many evictions it allows now.
    pub allowed: i32,
    /// How many of its pods are healthy.
    pub healthy: i32,
    /// How many have to be.
    pub needed: i32,
}

/// Who leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LeaderTold {
    /// Who holds a lease that has not run out; none if nobody does.
    pub holder: Option<String>,
    /// False if leases may not be read.
    pub known: bool,
    /// When it was last renewed, by whoever held it last.
    pub renewed: Option<Timestamp>,
    /// The same in a sentence.
    pub told: String,
}

/// Something that its owner can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// The command.
    pub command: String,
    /// What it does.
    pub effect: String,
}
