//! What should stand on a Node, and the smallest patch that brings it there.
//!
//! Only what is ours is ever named: our taint keys, our label and annotations, and a cordon that carries our annotation.

use k8s_openapi::api::core::v1::Taint;
use lifecycle::LifecycleState;
use serde_json::{Map, Value, json};

use crate::decide::Phase;
use crate::intent::{self, Intent};
use crate::nodes::NodeView;

/// The label with the lifecycle state; `:` is not allowed in labels and becomes `.`.
pub const STATE_LABEL: &str = "node-gate.io/lifecycle-state";
/// The annotation that says that the cordon is ours.
pub const CORDONED: &str = "node-gate.io/cordoned";
/// The annotation of a Node out of service whose instance has served before: with reuse it is in the pool by right. A Node
/// there without it joined while its instance was being warmed.
pub const SERVED: &str = "node-gate.io/served";
/// The longest value that a label may have.
const LABEL_LIMIT: usize = 63;

/// The taints' keys, which users may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The taint that kubelet registers with; we only take it away.
    pub startup: String,
    /// The taint that we put on nodes out of service.
    pub out_of_service: String,
}

/// What is wanted on a Node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The marks of an instance of ours.
    Marked {
        /// What its state means.
        phase: Phase,
        /// The state itself, for the label.
        state: LifecycleState,
        /// The durable intent that belongs there.
        intent: Option<Intent>,
    },
    /// Nothing of ours: the Node left our care.
    Bare,
}

enum OutOfService {
    Keep,
    Absent,
    Present(&'static str),
}

enum Cordon {
    Keep,
    Closed,
    Open,
}

/// The merge patch that turns `node` into what is wanted; none if nothing is to do.
pub fn patch(node: &NodeView, wanted: &Wanted, keys: &Keys) -> Option<Value> {
    let (out_of_service, startup_goes, cordon, label, intent) = match wanted {
        Wanted::Marked { phase, state, intent } => {
            let label = Some(label_value(state));
            match phase {
                Phase::Warm | Phase::Unknown => {
                    (OutOfService::Present("warm"), false, Cordon::Closed, label, intent.clone())
                }
                Phase::Leaving => {
                    (OutOfService::Present("leaving"), false, Cordon::Closed, label, intent.clone())
                }
                Phase::Joining => (OutOfService::Keep, false, Cordon::Open, label, None),
                Phase::InService => (OutOfService::Absent, true, Cordon::Open, label, None),
                Phase::Released => (OutOfService::Absent, true, Cordon::Open, None, None),
            }
        }
        // The startup taint of a Node that never was in our care is not ours to take.
        Wanted::Bare if !node.labels.contains_key(STATE_LABEL) => {
            (OutOfService::Keep, false, Cordon::Keep, None, None)
        }
        Wanted::Bare => (OutOfService::Absent, true, Cordon::Open, None, None),
    };

    let mut spec = Map::new();
    let mut labels = Map::new();
    let mut annotations = Map::new();
    if let Some(taints) = taints_after(&node.taints, &out_of_service, startup_goes, keys) {
        spec.insert("taints".to_owned(), json!(taints));
    }
    let cordon_is_ours = node.annotations.contains_key(CORDONED);
    match cordon {
        Cordon::Closed if !node.unschedulable => {
            spec.insert("unschedulable".to_owned(), json!(true));
            if !cordon_is_ours {
                annotations.insert(CORDONED.to_owned(), json!("true"));
            }
        }
        Cordon::Open if cordon_is_ours => {
            if node.unschedulable {
                spec.insert("unschedulable".to_owned(), Value::Null);
            }
            annotations.insert(CORDONED.to_owned(), Value::Null);
        }
        Cordon::Closed | Cordon::Open | Cordon::Keep => {}
    }
    change(&mut labels, STATE_LABEL, node.labels.get(STATE_LABEL), label);
    let intent = intent.map(|intent| intent.to_text());
    let remembers = matches!(
        wanted,
        Wanted::Marked { phase: Phase::Warm | Phase::Joining | Phase::Leaving | Phase::Unknown, .. }
    );
    let served = (remembers && has_served(node)).then(|| "true".to_owned());
    change(&mut annotations, SERVED, node.annotations.get(SERVED), served);
    change(&mut annotations, intent::ANNOTATION, node.annotations.get(intent::ANNOTATION), intent);
    assemble(node, spec, labels, annotations)
}

/// True if the marks on a Node tell that its instance has served since it joined.
pub fn has_served(node: &NodeView) -> bool {
    let serves = label_value(&LifecycleState::InService);
    node.annotations.contains_key(SERVED) || node.labels.get(STATE_LABEL) == Some(&serves)
}

fn change(into: &mut Map<String, Value>, key: &str, has: Option<&String>, wants: Option<String>) {
    if has != wants.as_ref() {
        into.insert(key.to_owned(), wants.map_or(Value::Null, Value::String));
    }
}

fn assemble(
    node: &NodeView,
    spec: Map<String, Value>,
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
) -> Option<Value> {
    if spec.is_empty() && labels.is_empty() && annotations.is_empty() {
        return None;
    }
    let mut metadata = Map::new();
    metadata.insert("resourceVersion".to_owned(), json!(node.resource_version));
    for (name, fields) in [("labels", labels), ("annotations", annotations)] {
        if !fields.is_empty() {
            metadata.insert(name.to_owned(), Value::Object(fields));
        }
    }
    let mut patch = Map::new();
    patch.insert("metadata".to_owned(), Value::Object(metadata));
    if !spec.is_empty() {
        patch.insert("spec".to_owned(), Value::Object(spec));
    }
    Some(Value::Object(patch))
}

/// The taint list as it should be, foreign taints in their order; none if it is so already.
fn taints_after(
    taints: &[Taint],
    out_of_service: &OutOfService,
    startup_goes: bool,
    keys: &Keys,
) -> Option<Vec<Taint>> {
    let value = match out_of_service {
        OutOfService::Present(value) => Some(*value),
        OutOfService::Absent | OutOfService::Keep => None,
    };
    let is_right = |taint: &Taint| taint.effect == "NoSchedule" && taint.value.as_deref() == value;
    let stays = |taint: &&Taint| {
        if taint.key == keys.startup {
            !startup_goes
        } else if taint.key == keys.out_of_service {
            matches!(out_of_service, OutOfService::Keep) || (value.is_some() && is_right(taint))
        } else {
            true
        }
    };
    let mut after: Vec<Taint> = taints.iter().filter(stays).cloned().collect();
    if let Some(value) = value
        && !after.iter().any(|taint| taint.key == keys.out_of_service)
    {
        after.push(Taint {
            key: keys.out_of_service.clone(),
            value: Some(value.to_owned()),
            effect: "NoSchedule".to_owned(),
            time_added: None,
        });
    }
    (after != taints).then_some(after)
}

/// `Warmed:Stopped` → `Warmed.Stopped`; whatever AWS invents becomes a valid label value.
pub fn label_value(state: &LifecycleState) -> String {
    let text: String = state
        .as_str()
        .chars()
        .take(LABEL_LIMIT)
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '.' })
        .collect();
    text.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
}

#[cfg(test)]
mod tests;
