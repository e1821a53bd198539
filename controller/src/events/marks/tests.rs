use k8s_openapi::api::core::v1::Node;
use serde_json::{from_value, json};
use tokio::time::Instant;

use super::*;

const STARTING: &str = "node-gate.io/starting";
const OUT: &str = "node-gate.io/out-of-service";

fn keys() -> Keys {
    Keys { startup: STARTING.into(), out_of_service: OUT.into() }
}

/// A Node marked with this state, with these taints of ours, and cordoned by us if our out-of-service taint is there.
fn node(uid: &str, state: Option<&str>, taints: &[(&str, &str)]) -> NodeView {
    let taint = |(key, value): &(&str, &str)| json!({"key": key, "value": value, "effect": "NoSchedule"});
    let taints: Vec<_> = taints.iter().map(taint).collect();
    let cordoned = taints.iter().any(|taint| taint["key"] == OUT);
    let mut metadata = json!({"name": "n", "uid": uid, "labels": {}, "annotations": {}});
    if let Some(state) = state {
        metadata["labels"] = json!({STATE_LABEL: state});
    }
    if cordoned {
        metadata["annotations"] = json!({CORDONED: "true"});
    }
    let node: Node = from_value(json!({
        "metadata": metadata,
        "spec": {"providerID": "aws:///z/i-1", "taints": taints, "unschedulable": cordoned},
    }))
    .unwrap();
    NodeView::new(&node, None, Instant::now())
}

fn warm(state: &str) -> NodeView {
    node("u", Some(state), &[(OUT, "warm")])
}

fn leaving(state: &str) -> NodeView {
    node("u", Some(state), &[(OUT, "leaving")])
}

fn serving() -> NodeView {
    node("u", Some("InService"), &[])
}

fn nodes(node: Option<NodeView>) -> Nodes {
    Nodes { synced: true, by_name: node.into_iter().map(|node| (node.name.clone(), node)).collect() }
}

/// What is told of these sights, the first of which is that of a leader that just began.
fn told(sights: Vec<Option<NodeView>>) -> Vec<(bool, &'static str)> {
    let mut marks = Marks::default();
    let looks =
        sights.into_iter().flat_map(|sight| marks.look(&nodes(sight), &keys(), Timestamp::UNIX_EPOCH));
    looks.map(|(_, event)| (event.warning, event.reason)).collect()
}

#[test]
fn a_whole_life_with_a_leak_has_each_of_its_turning_points_once() {
    let life = vec![
        None,
        Some(node("u", None, &[(STARTING, "")])),
        Some(warm("Warmed.Running")),
        Some(warm("Warmed.Running")),
        Some(node("u", Some("Pending"), &[(OUT, "warm")])),
        Some(serving()),
        Some(leaving("Terminating.Wait")),
        Some(leaving("Terminating.Proceed")),
        None,
    ];
    assert_eq!(told(life), [(true, "JoinedWhileWarm"), (false, "InService"), (false, "Leaving")]);
}

#[test]
fn what_stands_there_when_a_leader_begins_was_told_by_another() {
    for node in [warm("Warmed.Running"), leaving("Terminating.Wait"), serving(), warm("Warmed.Dreaming")] {
        assert_eq!(told(vec![Some(node.clone()), Some(node)]), []);
    }
    assert_eq!(told(vec![Some(serving()), Some(leaving("Terminating.Wait"))]), [(false, "Leaving")]);
}

#[test]
fn before_the_nodes_are_known_nothing_is_the_first_sight() {
    let mut marks = Marks::default();
    let unsynced = Nodes::default();
    assert!(marks.look(&unsynced, &keys(), Timestamp::UNIX_EPOCH).is_empty());
    assert!(marks.look(&nodes(Some(leaving("Terminating.Wait"))), &keys(), Timestamp::UNIX_EPOCH).is_empty());
}

#[test]
fn to_be_labelled_only_is_no_turning_point_of_a_node_that_always_served() {
    assert_eq!(told(vec![Some(node("u", None, &[])), Some(serving())]), []);
    let started = vec![Some(node("u", None, &[(STARTING, "")])), Some(serving())];
    assert_eq!(told(started), [(false, "InService")]);
}

#[test]
fn the_way_back_into_the_pool_is_told_from_a_leak() {
    let life = vec![Some(serving()), Some(leaving("Warmed.Pending.Wait")), Some(warm("Warmed.Stopped"))];
    assert_eq!(told(life), [(false, "Leaving"), (false, "InPool")]);
    let left_over = vec![Some(node("u", None, &[])), Some(warm("Warmed.Stopped"))];
    assert_eq!(told(left_over), [(false, "InPool")]);
    let running = vec![Some(node("u", None, &[])), Some(warm("Warmed.Running"))];
    assert_eq!(told(running), [(true, "JoinedWhileWarm")]);
}

#[test]
fn a_new_node_of_an_old_name_is_another_node() {
    let other = node("v", Some("Warmed.Running"), &[(OUT, "warm")]);
    assert_eq!(told(vec![Some(warm("Warmed.Running")), Some(other)]), [(true, "JoinedWhileWarm")]);
}

#[test]
fn an_unknown_state_and_a_release_are_told() {
    assert_eq!(told(vec![Some(serving()), Some(warm("Warmed.Dreaming"))]), [(true, "UnknownState")]);
    let released = vec![Some(warm("Warmed.Running")), Some(node("u", None, &[]))];
    assert_eq!(told(released), [(false, "Released")]);
}

#[test]
fn a_taint_that_a_human_removes_is_no_turning_point() {
    let gone = node("u", Some("Terminating.Wait"), &[]);
    let life = vec![Some(leaving("Terminating.Wait")), Some(gone), Some(leaving("Terminating.Wait"))];
    assert_eq!(told(life), []);
}

#[test]
fn nothing_is_told_of_a_node_that_is_off_limits() {
    let mut theirs = leaving("Terminating.Wait");
    theirs.annotations.insert("node-gate.io/ignore".into(), "true".into());
    assert_eq!(told(vec![Some(serving()), Some(theirs)]), []);
}

#[test]
fn the_notes_name_the_instance_its_state_and_what_was_lifted() {
    let mut marks = Marks::default();
    let mut note = |node: NodeView| {
        let told = marks.look(&nodes(Some(node)), &keys(), Timestamp::UNIX_EPOCH);
        told.into_iter().map(|(_, event)| event.note).next().unwrap_or_default()
    };
    note(warm("Warmed.Running"));
    assert_eq!(
        note(serving()),
        "Instance i-1 is in service: pods may come, taint node-gate.io/out-of-service, cordon lifted."
    );
    assert_eq!(
        note(leaving("Warmed.Pending.Wait")),
        "Instance i-1 returns to the warm pool (Warmed:Pending:Wait): tainted and cordoned."
    );
}
