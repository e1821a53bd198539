//! What was read, and what could not be: plain values, from which everything else follows.

use std::collections::BTreeSet;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use lifecycle::api::InstanceDetail;

use crate::nodes::instance_of;
use crate::world::Group;

/// A thing that was asked for, or in one line why it is not known.
pub type Read<T> = Result<T, String>;

/// What is to be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A Node by its name.
    Node(String),
    /// An instance by its id.
    Instance(String),
}

impl Subject {
    /// An id is an `i-` with hexadecimal digits; anything else is a Node's name.
    pub fn new(text: &str) -> Self {
        let is_id = text
            .strip_prefix("i-")
            .is_some_and(|rest| rest.len() >= 8 && rest.chars().all(|c| c.is_ascii_hexdigit()));
        if is_id { Subject::Instance(text.to_owned()) } else { Subject::Node(text.to_owned()) }
    }
}

/// All that was read.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What was asked for.
    pub subject: Subject,
    /// The Node of that name, or all Nodes for an instance.
    pub nodes: Read<Vec<Node>>,
    /// The pods on its Nodes.
    pub pods: Read<Vec<Pod>>,
    /// UIDs of those whose `DaemonSet` is no more.
    pub orphans: BTreeSet<String>,
    /// All disruption budgets.
    pub budgets: Read<Vec<PodDisruptionBudget>>,
    /// The leases of the controller's name.
    pub leases: Read<Vec<Lease>>,
    /// What Auto Scaling says of the instance; none if it lists no such instance, or was not asked for want of an id.
    pub listed: Read<Option<InstanceDetail>>,
    /// The hooks of its group; none if it has no group.
    pub hooks: Read<Option<Hooks>>,
}

/// The hooks of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hooks {
    /// Ours.
    pub ours: Group,
    /// All of them, ours included.
    pub all: Vec<AnyHook>,
}

/// A lifecycle hook, whoever's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyHook {
    /// Its name.
    pub name: String,
    /// True for a termination hook, false for a launch hook.
    pub terminating: bool,
    /// What happens if an action times out: `ABANDON` or `CONTINUE`.
    pub default_result: String,
    /// How long an action lasts without a heartbeat.
    pub heartbeat_timeout: Duration,
}

impl Facts {
    /// The Nodes that are the subject itself.
    pub fn own_nodes(&self) -> Vec<&Node> {
        let own = |node: &&Node| match &self.subject {
            Subject::Node(name) => node.metadata.name.as_ref() == Some(name),
            Subject::Instance(id) => instance_id(node).as_ref() == Some(id),
        };
        self.nodes.iter().flatten().filter(own).collect()
    }

    /// The instance, if anybody named one.
    pub fn instance(&self) -> Option<String> {
        match &self.subject {
            Subject::Instance(id) => Some(id.clone()),
            Subject::Node(_) => self.own_nodes().first().and_then(|node| instance_id(node)),
        }
    }
}

/// The instance behind a Node.
pub(super) fn instance_id(node: &Node) -> Option<String> {
    instance_of(provider_id(node))
}

/// A Node's provider id; empty if it has none.
pub(super) fn provider_id(node: &Node) -> &str {
    node.spec.as_ref().and_then(|spec| spec.provider_id.as_deref()).unwrap_or_default()
}
