//! What the demo learns, from whichever source.

use std::collections::BTreeMap;

use aws_simulator::Event;
use k8s_openapi::api::core::v1::{Node, Pod};
use serde::Deserialize;

use crate::node::{GateState, STARTUP_TAINT};
use crate::oracle::Change;

/// The taint that our controller sets.
const OUT_OF_SERVICE: &str = "node-gate.io/out-of-service";

/// Something new.
#[derive(Debug)]
pub(super) enum News {
    /// What comes next in the story.
    Chapter(String),
    /// What the story itself has to say.
    Line(String),
    /// Whether something was true all the time.
    Verdict(String),
    /// Something happened in the simulator.
    Happened(Event),
    /// Nodes changed.
    Nodes(Vec<Change<Node>>),
    /// Pods changed.
    Pods(Vec<Change<Pod>>),
    /// What all gates do now, by instance.
    Gates(BTreeMap<String, GateState>),
    /// What the controller says of itself; none if it does not answer.
    Status(Option<Status>),
}

/// What we show of the controller's `/status`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct Status {
    /// Its instances by id.
    #[serde(default)]
    pub(super) instances: BTreeMap<String, InstanceStatus>,
}

/// One instance.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct InstanceStatus {
    /// The open lifecycle action.
    pub(super) action: Option<ActionStatus>,
    /// The drain that runs for it.
    pub(super) drain: Option<DrainStatus>,
}

/// An open lifecycle action.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct ActionStatus {
    /// When it ends whatever happens.
    pub(super) ends: jiff::Timestamp,
}

/// How far a drain is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct DrainStatus {
    /// When patience ends.
    pub(super) deadline: Option<jiff::Timestamp>,
    /// Why they are not gone yet.
    #[serde(default)]
    pub(super) blockers: Vec<BlockerStatus>,
}

/// Why a pod is not gone yet.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct BlockerStatus {
    /// One word: `budget`, `finalizer`, `evicting`, …
    pub(super) kind: String,
    /// In words.
    pub(super) reason: String,
}

/// What we show of a Node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NodeFacts {
    /// Its condition Ready is True.
    pub(super) ready: bool,
    /// It is unschedulable.
    pub(super) cordoned: bool,
    /// It has kubelet's startup taint.
    pub(super) starting: bool,
    /// The value of our controller's taint.
    pub(super) out_of_service: Option<String>,
    /// The keys of other people's taints; not those by which Kubernetes repeats what it says elsewhere.
    pub(super) others: Vec<String>,
}

impl NodeFacts {
    /// Reads them.
    pub(super) fn of(node: &Node) -> Self {
        let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
        let ready = |condition: &k8s_openapi::api::core::v1::NodeCondition| {
            condition.type_ == "Ready" && condition.status == "True"
        };
        let mut facts = NodeFacts {
            ready: conditions.into_iter().flatten().any(ready),
            cordoned: node.spec.as_ref().and_then(|spec| spec.unschedulable).unwrap_or(false),
            ..NodeFacts::default()
        };
        for taint in node.spec.iter().flat_map(|spec| spec.taints.iter().flatten()) {
            match taint.key.as_str() {
                STARTUP_TAINT => facts.starting = true,
                OUT_OF_SERVICE => facts.out_of_service = Some(taint.value.clone().unwrap_or_default()),
                key if key.starts_with("node.kubernetes.io/") => {}
                key => facts.others.push(key.to_owned()),
            }
        }
        facts
    }
}
