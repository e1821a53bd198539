use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, NodeSpec};
use proptest::prelude::*;
use tokio::time::Instant;

use super::*;
use crate::intent::Destination;

fn keys() -> Keys {
    Keys { startup: "node-gate.io/starting".into(), out_of_service: "node-gate.io/out-of-service".into() }
}

fn taint(key: &str, value: Option<&str>) -> Taint {
    Taint { key: key.into(), value: value.map(Into::into), effect: "NoSchedule".into(), time_added: None }
}

fn startup() -> Taint {
    taint("node-gate.io/starting", None)
}

fn foreign() -> Taint {
    taint("example.com/mine", Some("yes"))
}

fn node(taints: &[Taint]) -> NodeView {
    let spec = NodeSpec {
        taints: Some(taints.to_vec()),
        provider_id: Some("aws:///z/i-1".into()),
        ..NodeSpec::default()
    };
    let mut view = NodeView::new(&Node { spec: Some(spec), ..Node::default() }, None, Instant::now());
    view.resource_version = "7".into();
    view
}

/// Applies a merge patch the way the API server does, to the parts that we look at.
fn apply(node: &NodeView, patch: &Value) -> NodeView {
    let mut node = node.clone();
    if let Some(taints) = patch.pointer("/spec/taints") {
        node.taints = serde_json::from_value(taints.clone()).unwrap();
    }
    if let Some(unschedulable) = patch.pointer("/spec/unschedulable") {
        node.unschedulable = unschedulable.as_bool().unwrap_or(false);
    }
    let merge = |into: &mut BTreeMap<String, String>, fields: Option<&Value>| {
        for (key, value) in fields.and_then(Value::as_object).into_iter().flatten() {
            match value.as_str() {
                Some(text) => into.insert(key.clone(), text.to_owned()),
                None => into.remove(key),
            };
        }
    };
    merge(&mut node.labels, patch.pointer("/metadata/labels"));
    merge(&mut node.annotations, patch.pointer("/metadata/annotations"));
    node
}

fn marked(phase: Phase, state: &LifecycleState) -> Wanted {
    Wanted::Marked { phase, state: state.clone(), intent: None }
}

fn settle(node: &NodeView, wanted: &Wanted) -> NodeView {
    patch(node, wanted, &keys()).map_or_else(|| node.clone(), |patch| apply(node, &patch))
}

#[test]
fn a_warm_node_is_tainted_cordoned_and_labelled_in_one_guarded_patch() {
    let state = LifecycleState::WarmedStopped;
    let patch = patch(&node(&[foreign()]), &marked(Phase::Warm, &state), &keys()).unwrap();
    assert_eq!(
        patch,
        json!({
            "metadata": {
                "resourceVersion": "7",
                "labels": {"node-gate.io/lifecycle-state": "Warmed.Stopped"},
                "annotations": {"node-gate.io/cordoned": "true"},
            },
            "spec": {
                "unschedulable": true,
                "taints": [
                    {"key": "example.com/mine", "value": "yes", "effect": "NoSchedule"},
                    {"key": "node-gate.io/out-of-service", "value": "warm", "effect": "NoSchedule"},
                ],
            },
        })
    );
}

#[test]
fn in_service_frees_the_node_of_ours_and_of_kubelets_startup_taint_only() {
    let warm = settle(&node(&[startup(), foreign()]), &marked(Phase::Warm, &LifecycleState::WarmedPending));
    assert_eq!(warm.taints.len(), 3);
    let free = settle(&warm, &marked(Phase::InService, &LifecycleState::InService));
    assert_eq!(free.taints, [foreign()]);
    assert!(!free.unschedulable);
    assert_eq!(free.annotations, BTreeMap::new());
    assert_eq!(free.labels[STATE_LABEL], "InService");
}

#[test]
fn a_joining_node_keeps_its_taints_and_loses_only_our_cordon() {
    let warm = settle(&node(&[startup()]), &marked(Phase::Warm, &LifecycleState::WarmedStopped));
    let joining = settle(&warm, &marked(Phase::Joining, &LifecycleState::Pending));
    assert_eq!(joining.taints, warm.taints);
    assert!(!joining.unschedulable);
}

#[test]
fn a_humans_cordon_survives_everything() {
    let mut cordoned = node(&[]);
    cordoned.unschedulable = true;
    for (phase, state) in [
        (Phase::Warm, LifecycleState::WarmedStopped),
        (Phase::Joining, LifecycleState::Pending),
        (Phase::InService, LifecycleState::InService),
        (Phase::Leaving, LifecycleState::TerminatingWait),
        (Phase::InService, LifecycleState::InService),
    ] {
        cordoned = settle(&cordoned, &marked(phase, &state));
        assert!(cordoned.unschedulable, "{phase:?}");
        assert!(!cordoned.annotations.contains_key(CORDONED), "{phase:?}");
    }
    assert!(settle(&cordoned, &Wanted::Bare).unschedulable);
}

#[test]
fn a_node_that_came_back_into_the_pool_is_told_from_one_that_joined_out_of_it() {
    let warm = settle(&node(&[]), &marked(Phase::Warm, &LifecycleState::WarmedRunning));
    assert!(!has_served(&warm), "it joined while it was being warmed");
    let mut now = settle(&warm, &marked(Phase::InService, &LifecycleState::InService));
    for (phase, state) in [
        (Phase::Leaving, LifecycleState::WarmedPendingWait),
        (Phase::Warm, LifecycleState::WarmedRunning),
        (Phase::Joining, LifecycleState::Pending),
    ] {
        assert!(has_served(&now), "before {state}");
        now = settle(&now, &marked(phase, &state));
    }
    assert!(has_served(&now) && now.annotations.contains_key(SERVED));
    // nothing of it is left where nobody asks for it
    let serves = settle(&now, &marked(Phase::InService, &LifecycleState::InService));
    assert_eq!(serves.annotations, BTreeMap::new());
    assert_eq!(settle(&now, &Wanted::Bare).annotations, BTreeMap::new());
}

#[test]
fn a_leaving_node_carries_the_intent_and_one_taint_of_ours() {
    let warm = settle(&node(&[]), &marked(Phase::Warm, &LifecycleState::WarmedStopped));
    let intent = Intent::new("g", "h", Destination::Terminated, Timestamp::UNIX_EPOCH);
    let state = LifecycleState::TerminatingWait;
    let wanted = Wanted::Marked { phase: Phase::Leaving, state, intent: Some(intent.clone()) };
    let leaving = settle(&warm, &wanted);
    assert_eq!(leaving.taints, [taint("node-gate.io/out-of-service", Some("leaving"))]);
    assert_eq!(Intent::from_text(&leaving.annotations[intent::ANNOTATION]), Some(intent));
}

#[test]
fn a_node_that_never_was_ours_is_not_touched_when_bare_is_wanted() {
    assert_eq!(patch(&node(&[startup(), foreign()]), &Wanted::Bare, &keys()), None);
}

#[test]
fn a_node_that_left_our_care_carries_nothing_of_ours() {
    let warm = settle(&node(&[startup(), foreign()]), &marked(Phase::Warm, &LifecycleState::WarmedStopped));
    let bare = settle(&warm, &Wanted::Bare);
    assert_eq!(bare.taints, [foreign()]);
    assert!(!bare.unschedulable && bare.labels.is_empty() && bare.annotations.is_empty());
}

#[test]
fn a_label_is_valid_whatever_aws_invents() {
    assert_eq!(label_value(&LifecycleState::WarmedPendingWait), "Warmed.Pending.Wait");
    assert_eq!(label_value(&LifecycleState::from(" x y:")), "x.y");
    assert!(label_value(&LifecycleState::from("é".repeat(99).as_str())).len() <= LABEL_LIMIT);
}

fn any_phase() -> impl Strategy<Value = Phase> {
    prop::sample::select(vec![
        Phase::Warm,
        Phase::Joining,
        Phase::InService,
        Phase::Leaving,
        Phase::Released,
        Phase::Unknown,
    ])
}

proptest! {
    #[test]
    fn deciding_twice_changes_nothing_more_and_foreign_taints_stay(
        phases in prop::collection::vec(any_phase(), 1..6),
        human_cordon: bool,
        with_startup: bool,
    ) {
        let mut current = node(&if with_startup { vec![foreign(), startup()] } else { vec![foreign()] });
        current.unschedulable = human_cordon;
        let state = LifecycleState::from("Any:State");
        for phase in phases {
            let wanted = marked(phase, &state);
            current = settle(&current, &wanted);
            prop_assert_eq!(patch(&current, &wanted, &keys()), None);
            prop_assert!(current.taints.contains(&foreign()));
            prop_assert!(current.unschedulable || !human_cordon);
        }
    }
}
