//! Turning points that the marks on a Node tell: once it is marked so, it is so.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lifecycle::{Direction, LifecycleState};

use super::{Event, Told, forget, stamp};
use crate::decide::marks::{CORDONED, Keys, STATE_LABEL};
use crate::decide::{Phase, phase};
use crate::nodes::{NodeView, Nodes};

/// What is done to a node in the pool.
const CLOSED: &str = "tainted and cordoned until it is in service";

/// The marks on all Nodes as last seen. The first sight tells nothing: whoever made those marks has told.
#[derive(Debug, Default)]
pub struct Marks {
    seen: Option<BTreeMap<String, Sight>>,
}

/// What a Node's marks tell.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sight {
    uid: String,
    /// The state that it is marked with, and what that means; none if it is not marked.
    marked: Option<(LifecycleState, Phase)>,
    /// Which taints of ours and whether our cordon keep pods away.
    closed_by: Vec<String>,
}

impl Marks {
    /// Takes in how the Nodes are, and tells what has turned since the last time.
    pub fn look(&mut self, nodes: &Nodes, keys: &Keys, now: Timestamp) -> Told {
        if !nodes.synced {
            return Told::new();
        }
        let Some(seen) = &mut self.seen else {
            let sights = nodes.by_name.iter().map(|(name, node)| (name.clone(), sight(node, keys)));
            self.seen = Some(sights.collect());
            return Told::new();
        };
        forget(seen, &nodes.by_name);
        let mut told = Told::new();
        for (name, node) in &nodes.by_name {
            let after = sight(node, keys);
            let before = seen.get(name).filter(|before| before.uid == after.uid);
            if before == Some(&after) {
                continue;
            }
            if !node.is_off_limits()
                && let Some((warning, reason, note)) = turned(before, &after, node)
            {
                told.push((name.clone(), Event::new(warning, reason, &note, &stamp(now))));
            }
            seen.insert(name.clone(), after);
        }
        told
    }
}

fn sight(node: &NodeView, keys: &Keys) -> Sight {
    let ours = |key: &str| key == keys.startup || key == keys.out_of_service;
    let mut closed_by: Vec<String> = node
        .taints
        .iter()
        .filter(|taint| ours(&taint.key))
        .map(|taint| format!("taint {}", taint.key))
        .collect();
    if node.annotations.contains_key(CORDONED) {
        closed_by.push("cordon".to_owned());
    }
    let leaves = |taint: &k8s_openapi::api::core::v1::Taint| {
        taint.key == keys.out_of_service && taint.value.as_deref() == Some("leaving")
    };
    let marked = node.labels.get(STATE_LABEL).map(|label| {
        let state = LifecycleState::from(label.replace('.', ":").as_str());
        // the one thing that the state alone does not tell
        let direction = node.taints.iter().any(leaves).then_some(Direction::Returning);
        let phase = phase(&state, direction);
        (state, phase)
    });
    Sight { uid: node.uid.clone(), marked, closed_by }
}

/// What has turned, if anything: whether it is a warning, the reason, the note.
fn turned(before: Option<&Sight>, after: &Sight, node: &NodeView) -> Option<(bool, &'static str, String)> {
    let was = before.and_then(|before| before.marked.as_ref()).map(|(_, phase)| *phase);
    let lifted = before.map(|before| lifted(before, after));
    let instance = node.instance.as_deref().unwrap_or("unknown");
    let Some((state, is)) = &after.marked else {
        was?;
        let lifted = lifted.filter(|lifted| !lifted.is_empty());
        let lifted = lifted.map_or_else(String::new, |lifted| format!(": {} lifted", lifted.join(", ")));
        return Some((false, "Released", format!("node-gate no longer looks after this node{lifted}.")));
    };
    if was == Some(*is) {
        return None;
    }
    Some(match is {
        Phase::Warm if matches!(was, Some(Phase::Leaving | Phase::InService)) => {
            (false, "InPool", format!("Instance {instance} is back in the warm pool ({state}): {CLOSED}."))
        }
        // One that was switched off before anybody looked: with reuse its Node is left over by right.
        Phase::Warm if before.is_some() && is_off(state) => {
            (false, "InPool", format!("Instance {instance} is in the warm pool ({state}): {CLOSED}."))
        }
        Phase::Warm => (
            true,
            "JoinedWhileWarm",
            format!(
                "Instance {instance} has joined the cluster although it is only being warmed ({state}): no gate \
                 held its kubelet. It is {CLOSED}, and its pods are moved away."
            ),
        ),
        Phase::Unknown => (
            true,
            "UnknownState",
            format!(
                "Instance {instance} is in a lifecycle state that this version does not know ({state}): tainted \
                 and cordoned, but nothing is evicted."
            ),
        ),
        Phase::Leaving => {
            let why = if state.as_str().starts_with("Warmed:Pending") {
                "returns to the warm pool"
            } else if state.as_str().starts_with("ReplacingRootVolume") {
                "gets a new root volume"
            } else {
                "is being terminated"
            };
            (false, "Leaving", format!("Instance {instance} {why} ({state}): tainted and cordoned."))
        }
        // A node that nobody kept from serving has not turned.
        Phase::InService if lifted.as_ref().is_some_and(Vec::is_empty) => return None,
        Phase::InService => {
            let lifted = lifted.map_or_else(String::new, |lifted| format!(", {} lifted", lifted.join(", ")));
            (false, "InService", format!("Instance {instance} is in service: pods may come{lifted}."))
        }
        Phase::Joining | Phase::Released => return None,
    })
}

/// What kept pods away before and does not now.
fn lifted(before: &Sight, after: &Sight) -> Vec<String> {
    before.closed_by.iter().filter(|mark| !after.closed_by.contains(mark)).cloned().collect()
}

fn is_off(state: &LifecycleState) -> bool {
    [LifecycleState::WarmedStopped, LifecycleState::WarmedHibernated].contains(state)
}

#[cfg(test)]
mod tests;
