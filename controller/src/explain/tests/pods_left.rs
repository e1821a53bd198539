use super::bed::*;
use crate::explain::Facts;
use serde_json::{Value, json};

fn reason(pod: Value, budgets: &[Value]) -> (&'static str, String) {
    let facts = with_budgets(with_node("Terminating:Wait", leaving_node(Some(5)), &[pod]), budgets);
    let left = told(&facts, &[]).drain.unwrap().pods.pop().unwrap();
    (left.kind, left.reason)
}

fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut pod = pod("web-1");
    change(&mut pod);
    pod
}

#[test]
fn budgets_block_as_the_api_server_lets_them() {
    assert_eq!(reason(pod("web-1"), &[budget("web", 0)]).0, "budget");
    assert_eq!(reason(pod("web-1"), &[budget("web", 1)]), ("evicting", "nothing known is in its way".into()));
    let many = reason(pod("web-1"), &[budget("a", 1), budget("b", 1)]);
    assert_eq!(
        many,
        (
            "many_budgets",
            "more than one disruption budget selects it (a, b): the API server never evicts such a pod"
                .into()
        )
    );
    let elsewhere = {
        let mut other = budget("web", 0);
        other["metadata"]["namespace"] = json!("other");
        other
    };
    assert_eq!(reason(pod("web-1"), &[elsewhere]).0, "evicting");
    let of_others = {
        let mut other = budget("web", 0);
        other["spec"]["selector"] = json!({"matchLabels": {"app": "db"}});
        other
    };
    assert_eq!(reason(pod("web-1"), &[of_others]).0, "evicting");
}

#[test]
fn budgets_pass_over_pods_that_do_not_serve() {
    let never_ran = changed(|pod| pod["status"]["phase"] = json!("Pending"));
    assert_eq!(reason(never_ran.clone(), &[budget("web", 0)]).0, "evicting");
    assert_eq!(reason(never_ran, &[budget("a", 0), budget("b", 0)]).0, "evicting");
    let unhealthy = || changed(|pod| pod["status"]["conditions"] = json!([]));
    assert_eq!(reason(unhealthy(), &[budget("web", 0)]).0, "evicting", "the budget holds without it");
    let mut short = budget("web", 0);
    short["status"]["currentHealthy"] = json!(1);
    assert_eq!(reason(unhealthy(), std::slice::from_ref(&short)).0, "budget");
    short["spec"]["unhealthyPodEvictionPolicy"] = json!("AlwaysAllow");
    assert_eq!(reason(unhealthy(), &[short]).0, "evicting");
}

#[test]
fn a_pod_on_its_way_tells_until_when() {
    let terminating = |seconds: i64, finalizers: Value| {
        changed(|pod| {
            pod["metadata"]["deletionTimestamp"] = json!(ago(seconds));
            pod["metadata"]["finalizers"] = finalizers;
        })
    };
    assert_eq!(
        reason(terminating(-20, json!([])), &[budget("web", 0)]).1,
        "terminating, its grace period lasts until 12:00:20 UTC (20s more)"
    );
    assert_eq!(
        reason(terminating(20, json!([])), &[]).1,
        "terminating, its grace period ended 20s ago and kubelet has not reported its end"
    );
    assert_eq!(
        reason(terminating(20, json!(["example.com/hold"])), &[]),
        ("finalizer", "terminated but kept by finalizers: example.com/hold".into())
    );
}

#[test]
fn a_pod_that_nobody_starts_again_is_named() {
    let naked = changed(|pod| pod["metadata"]["ownerReferences"] = json!([]));
    assert!(reason(naked, &[]).1.ends_with("it has no controller, so nobody will start it elsewhere"));
}

#[test]
fn daemon_set_pods_stay_and_orphans_go() {
    let of_set = changed(|pod| pod["metadata"]["ownerReferences"][0]["kind"] = json!("DaemonSet"));
    let facts = with_node("Terminating:Wait", leaving_node(Some(5)), &[of_set]);
    let drain = told(&facts, &[]).drain.unwrap();
    assert_eq!((drain.pods_left, drain.pods_staying), (Some(0), 1));
    let orphaned = Facts { orphans: ["web-1".to_owned()].into(), ..facts };
    let drain = told(&orphaned, &[]).drain.unwrap();
    assert_eq!((drain.pods_left, drain.pods_staying), (Some(1), 0));
    assert!(drain.pods[0].reason.ends_with("its DaemonSet is no more"), "{:?}", drain.pods);
}

#[test]
fn pods_that_may_not_be_listed_are_not_no_pods() {
    let facts =
        Facts { pods: Err("forbidden".into()), ..with_node("Terminating:Wait", leaving_node(Some(5)), &[]) };
    let told = told(&facts, &[]);
    assert_eq!(told.drain.as_ref().unwrap().pods_left, None);
    assert!(told.next.iter().all(|line| !line.starts_with("No pod has to go")), "{:?}", told.next);
    assert_eq!(told.unknown, ["Pods on the Node: forbidden"]);
}

#[test]
fn what_the_controller_heard_is_told_too() {
    let mut node = leaving_node(Some(5));
    let drained = json!({"type": "node-gate.io/Drained", "status": "False", "message": "webhook says no"});
    node["status"]["conditions"].as_array_mut().unwrap().push(drained);
    let text = text_of(&with_node("Terminating:Wait", node, &[pod("web-1")]), &[]);
    assert!(text.contains("  Drained: webhook says no\n"), "{text}");
}

#[test]
fn many_pods_behind_one_budget_are_one_paragraph() {
    let pods: Vec<Value> = (10..40).map(|number| pod(&format!("web-{number}"))).collect();
    let facts = with_node("Terminating:Wait", leaving_node(Some(5)), &pods);
    let text = text_of(&with_budgets(facts, &[budget("web", 0)]), &[]);
    assert_eq!(text.matches("disruption budget shop/web").count(), 1, "{text}");
    assert!(text.contains("      shop/web-19\n      and 20 more\n"), "{text}");
}
