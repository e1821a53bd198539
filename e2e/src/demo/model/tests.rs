use std::time::SystemTime;

use k8s_openapi::api::core::v1::Node;
use serde_json::{Value, json};

use super::*;
use crate::demo::news::Status;

pub(crate) fn change<K>(name: &str, object: Option<K>) -> Change<K> {
    Change { at: SystemTime::now(), name: name.to_owned(), object }
}

pub(crate) fn node(name: &str, spec: &Value) -> Node {
    let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
    serde_json::from_value(json!({"metadata": {"name": name}, "spec": spec, "status": ready})).unwrap()
}

pub(crate) fn pod(name: &str, node: &str) -> Pod {
    let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
    let spec = json!({"nodeName": node, "containers": []});
    serde_json::from_value(json!({"metadata": {"name": name}, "spec": spec, "status": ready})).unwrap()
}

fn told(model: &mut Model, news: News) -> Vec<String> {
    model.apply(Duration::from_millis(1234), news).iter().map(ToString::to_string).collect()
}

fn empty() -> Model {
    Model::new(Timestamp::UNIX_EPOCH)
}

#[test]
fn what_is_printed_and_what_the_view_logs_is_the_same() {
    let mut model = empty();
    let mut printed = told(&mut model, News::Chapter("It begins.".into()));
    printed.extend(told(&mut model, News::Line("one".into())));
    printed.extend(told(&mut model, News::Verdict("ok      true".into())));
    assert_eq!(printed, ["\n    1.2 s  It begins.", "    1.2 s  one", "  ok      true"]);
    let logged: Vec<String> = model.log().iter().map(ToString::to_string).collect();
    assert_eq!(logged, printed);
    assert_eq!(model.headline(), "It begins.");
}

#[test]
fn a_node_is_told_by_what_changed_and_no_line_has_a_colour() {
    let mut model = empty();
    let starting = json!({"taints": [{"key": "node-gate.io/starting", "effect": "NoSchedule"}]});
    let mut lines = Vec::new();
    for spec in [starting, json!({}), json!({}), json!({"unschedulable": true})] {
        lines.extend(told(&mut model, News::Nodes(vec![change("n", Some(node("n", &spec)))])));
    }
    lines.extend(told(&mut model, News::Nodes(vec![change("n", None)])));
    assert_eq!(
        lines,
        [
            "    1.2 s  node n has joined: its gate is open",
            "    1.2 s  node n loses its startup taint: pods may come",
            "    1.2 s  node n is cordoned",
            "    1.2 s  node n is deleted: its instance is gone",
        ]
    );
    assert!(lines.iter().all(|line| !line.contains('\u{1b}')));
}

#[test]
fn an_eviction_is_told_once_and_its_pod_no_longer_counts() {
    let mut model = empty();
    let pods = ["a", "b"].map(|name| change(name, Some(pod(name, "n"))));
    told(&mut model, News::Pods(pods.into()));
    let mut leaving = pod("a", "n");
    leaving.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
    let evicted = || News::Pods(vec![change("a", Some(leaving.clone()))]);
    assert_eq!(told(&mut model, evicted()), ["    1.2 s  pod a is evicted from n"]);
    assert_eq!(told(&mut model, evicted()), [""; 0]);
    assert_eq!((model.pods(), model.pods_on("n")), ((1, 1), 2));
    told(&mut model, News::Pods(vec![change("a", None)]));
    assert_eq!((model.pods(), model.pods_on("n")), ((1, 1), 1));
}

fn status(blockers: &Value) -> Status {
    let drain = json!({"deadline": null, "pods_left": 9, "blockers": blockers});
    serde_json::from_value(json!({"leading": true, "instances": {"i": {"drain": drain}}})).unwrap()
}

#[test]
fn a_refusal_is_the_blocker_however_many_pods_are_on_their_way() {
    let mut model = empty();
    told(&mut model, News::Gates([("i".into(), GateState::Open)].into()));
    let on_its_way = json!({"kind": "terminating", "reason": "terminating"});
    let refused = json!({"kind": "budget", "reason": "no"});
    told(&mut model, News::Status(Some(status(&json!([on_its_way, on_its_way, refused])))));
    let drain = |model: &Model| model.rows(Duration::ZERO).next().and_then(|row| row.drain.clone());
    let blocker = Blocker { kind: "budget".into(), refuses: true, reason: "no".into(), pods: 1 };
    assert_eq!(drain(&model).and_then(|drain| drain.blocker), Some(blocker));
    // a controller that does not answer is no reason to show what it said once
    told(&mut model, News::Status(None));
    assert!(drain(&model).is_none());
}
