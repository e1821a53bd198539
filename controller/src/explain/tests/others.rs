use super::bed::*;
use crate::explain::Facts;
use serde_json::json;

#[test]
fn a_node_in_service_waits_for_nothing() {
    let mut node = node();
    node["metadata"]["labels"] = json!({"node-gate.io/lifecycle-state": "InService"});
    let facts = with_budgets(with_node("InService", node, &[pod("web-1")]), &[budget("web", 0)]);
    let told = told(&facts, &[]);
    assert_eq!(told.summary, "Node ip-10-0-0-1 (instance i-0123456789abcdef0) is in service.");
    assert_eq!(
        told.next,
        [
            "Nothing, until its group takes it out: then the controller cordons it, drains it (1 pod now) and completes node-gate-termination.",
            "Of these, 1 pod could not be evicted now: disruption budget shop/web allows no eviction now (2 pods healthy, 2 have to be).",
        ]
    );
    assert_eq!((told.remedies.len(), told.drain), (0, None));
}

#[test]
fn marks_that_are_due_are_named() {
    let mut starting = node();
    starting["spec"]["taints"] = json!([{"key": "node-gate.io/starting", "effect": "NoSchedule"}]);
    let next = next_of(&with_node("InService", starting.clone(), &[]));
    assert_eq!(
        next[0],
        "Within seconds the controller will take away the taint node-gate.io/starting:NoSchedule, label it node-gate.io/lifecycle-state=InService; if it does not, group workers or this Node may be out of its scope."
    );
    let next = next_of(&with_node("Terminating", starting, &[]));
    assert!(
        next[0].contains("add the taint node-gate.io/out-of-service=leaving:NoSchedule, cordon it, label it"),
        "{next:?}"
    );
}

#[test]
fn in_service_without_a_hook_a_node_or_a_cordon_of_ours_it_says_so() {
    let mut without = with_node("InService", node(), &[]);
    if let Ok(Some(hooks)) = &mut without.hooks {
        hooks.ours.termination = None;
    }
    assert!(
        next_of(&without)
            .iter()
            .any(|line| line.starts_with("The group has no hook named node-gate-termination"))
    );
    let nodeless = next_of(&facts("InService"));
    assert!(nodeless[0].starts_with("It has no Node: its gate holds"), "{nodeless:?}");
    let mut cordoned = node();
    cordoned["spec"]["unschedulable"] = json!(true);
    let text = text_of(&with_node("InService", cordoned, &[]), &[]);
    assert!(text.contains("cordoned, not by the controller"), "{text}");
    assert!(
        text.contains("It is cordoned, but not by the controller, which therefore leaves it so."),
        "{text}"
    );
    let mut unready = node();
    unready["status"]["conditions"][0]["status"] = json!("Unknown");
    let text = text_of(&with_node("InService", unready, &[]), &[]);
    assert!(text.contains("not Ready since 11:00:00 UTC (1h ago)"), "{text}");
}

#[test]
fn a_pool_member_should_have_no_node_unless_it_has_served() {
    let next = next_of(&facts("Warmed:Stopped"));
    assert_eq!(next[0], "It has no Node, as it should be: node-gate keeps kubelet from joining.");
    let marked = |state: &str| marked(node(), &state.replace(':', "."), "warm", None);
    let off = next_of(&with_node("Warmed:Stopped", marked("Warmed:Stopped"), &[pod("web-1")]));
    assert!(off[1].contains("the machine is off, so nobody can end its pods"), "{off:?}");
    assert!(off[0].contains("this one joined while it was warmed"), "{off:?}");
    let mut served = marked("Warmed:Stopped");
    served["metadata"]["annotations"]["node-gate.io/served"] = json!("true");
    let back = next_of(&with_node("Warmed:Stopped", served, &[]));
    assert!(back[0].contains("left from when it served, as it should be"), "{back:?}");
    let running = told(&with_node("Warmed:Running", marked("Warmed:Running"), &[pod("web-1")]), &[]);
    assert!(running.next[1].contains("moves its pods away, within their budgets"), "{:?}", running.next);
    let drain = running.drain.unwrap();
    assert_eq!((drain.pods_left, drain.deadline), (Some(1), None), "a leak is never forced");
    assert_eq!(running.remedies, []);
    let empty = text_of(&with_node("Warmed:Running", marked("Warmed:Running"), &[]), &[]);
    assert!(empty.contains("    drain: no pod left that has to go\n"), "{empty}");
    assert!(empty.contains("The controller keeps it closed; no pod that has to go is on it."), "{empty}");
}

#[test]
fn on_the_way_into_the_pool_a_probe_would_tell_what_explain_does_not() {
    let next = next_of(&with_launch_hook(facts("Warmed:Pending:Wait"))).join("\n");
    assert!(next.contains("Which hook holds it cannot be known from here"), "{next}");
    assert!(next.contains("once the instance has been warmed up for 3m"), "{next}");
}

#[test]
fn a_launch_hook_waits_for_ready() {
    let joining = |node| next_of(&with_launch_hook(with_node("Pending:Wait", node, &[]))).join("\n");
    assert!(joining(node()).contains("Its Node is Ready: the controller completes node-gate-launch"));
    let mut unready = node();
    unready["status"]["conditions"][0]["status"] = json!("False");
    assert!(
        joining(unready).contains("completes node-gate-launch when its Node is Ready, which it is not yet")
    );
    let none = next_of(&with_launch_hook(facts("Pending:Wait"))).join("\n");
    assert!(none.contains("it has no Node yet"), "{none}");
    let foreign = next_of(&facts("Pending:Wait")).join("\n");
    assert!(
        foreign.contains("No hook of ours holds it: the group has no launch hook named node-gate-launch.")
    );
    assert!(next_of(&facts("Pending"))[0].contains("joins when its gate has opened"));
}

#[test]
fn released_and_unknown_states_are_left_as_the_controller_leaves_them() {
    assert!(next_of(&facts("Standby"))[0].contains("does nothing for it until it comes back"));
    let told = told(&facts("Warmed:Dreaming"), &[]);
    assert!(
        told.summary.contains("in a lifecycle state that this version does not know"),
        "{}",
        told.summary
    );
    assert!(told.next[0].contains("keeps it closed and evicts nothing"), "{:?}", told.next);
}

#[test]
fn hooks_that_cannot_be_read_are_no_missing_hooks() {
    let facts = Facts { hooks: Err("AccessDenied (HTTP 403): no".into()), ..facts("Terminating:Wait") };
    let told = told(&facts, &[]);
    assert_eq!(told.next, ["The hooks of its group are not known, so neither is who holds it."]);
    assert_eq!(told.unknown, ["The hooks of its group (Auto Scaling): AccessDenied (HTTP 403): no"]);
}

#[test]
fn every_state_is_told_with_and_without_a_node() {
    for state in lifecycle::LifecycleState::all() {
        for facts in [facts(state.as_str()), with_node(state.as_str(), node(), &[pod("web-1")])] {
            let told = told(&facts, &[]);
            assert!(told.found && told.summary.ends_with('.') && !told.next.is_empty(), "{state}: {told:?}");
        }
    }
}
