//! What stands on a Node, and what the controller would still change, both in words.

use k8s_openapi::api::core::v1::{Node, Taint};
use lifecycle::one_line;
use serde_json::Value;

use crate::decide::marks::{CORDONED, Keys, STATE_LABEL, Wanted, patch};
use crate::explain::case::ready_since;
use crate::explain::explanation::NodeTold;
use crate::intent;
use crate::nodes::NodeView;

/// The condition by which the controller tells how far a drain is.
const CONDITION: &str = "node-gate.io/Drained";

/// Tells of a Node; `wanted` if it is known what the controller wants on it.
pub(super) fn told(node: &Node, view: &NodeView, wanted: Option<&Wanted>, keys: &Keys) -> NodeTold {
    let ours = |taint: &&Taint| taint.key == keys.startup || taint.key == keys.out_of_service;
    NodeTold {
        name: view.name.clone(),
        ready: view.ready.is,
        ready_since: ready_since(node),
        cordoned: view.unschedulable,
        cordoned_by_us: view.unschedulable && view.annotations.contains_key(CORDONED),
        taints: view.taints.iter().filter(ours).map(taint_text).collect(),
        marked_as: view.labels.get(STATE_LABEL).map(|text| one_line(text)),
        marks_due: match wanted {
            Some(wanted) if !view.is_off_limits() => {
                patch(view, wanted, keys).map(|patch| changes(&patch, view)).unwrap_or_default()
            }
            Some(_) | None => Vec::new(),
        },
        left_alone: view.off_limits().map(ToOwned::to_owned),
        condition: condition(node),
    }
}

fn condition(node: &Node) -> Option<String> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    let drained = conditions.iter().find(|condition| condition.type_ == CONDITION)?;
    drained.message.as_deref().filter(|text| !text.is_empty()).map(one_line)
}

fn taint_text(taint: &Taint) -> String {
    let value = taint.value.as_deref().filter(|value| !value.is_empty());
    one_line(&match value {
        Some(value) => format!("{}={value}:{}", taint.key, taint.effect),
        None => format!("{}:{}", taint.key, taint.effect),
    })
}

/// The patch of the controller in words.
fn changes(patch: &Value, node: &NodeView) -> Vec<String> {
    let mut changes = Vec::new();
    let metadata = |kind: &str, key: &str| patch["metadata"][kind].get(key);
    if let Ok(after) = serde_json::from_value::<Vec<Taint>>(patch["spec"]["taints"].clone()) {
        let gone = node.taints.iter().filter(|taint| !after.contains(taint));
        changes.extend(gone.map(|taint| format!("take away the taint {}", taint_text(taint))));
        let new = after.iter().filter(|taint| !node.taints.contains(taint));
        changes.extend(new.map(|taint| format!("add the taint {}", taint_text(taint))));
    }
    match patch["spec"].get("unschedulable") {
        Some(Value::Bool(true)) => changes.push("cordon it".to_owned()),
        Some(_) => changes.push("uncordon it".to_owned()),
        None => {}
    }
    match metadata("labels", STATE_LABEL) {
        Some(Value::String(state)) => changes.push(format!("label it {STATE_LABEL}={state}")),
        Some(_) => changes.push(format!("take away the label {STATE_LABEL}")),
        None => {}
    }
    match metadata("annotations", intent::ANNOTATION) {
        Some(Value::String(_)) => changes.push("record the termination on it".to_owned()),
        Some(_) => changes.push("take away the record of a termination".to_owned()),
        None => {}
    }
    changes
}
