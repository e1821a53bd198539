use super::bed::*;
use crate::explain::Facts;
use crate::intent::{Destination, Intent};
use serde_json::json;

fn blocked() -> Facts {
    let node = leaving_node(Some(248));
    with_budgets(with_node("Terminating:Wait", node, &[pod("web-1"), pod("web-2")]), &[budget("web", 0)])
}

#[test]
fn a_blocked_drain_is_told_from_top_to_bottom() {
    assert_eq!(
        text_of(&blocked(), &[]),
        "\
Node ip-10-0-0-1 (instance i-0123456789abcdef0) is leaving its group to be terminated, held by a termination hook; 2 pods have to go.

    state: Terminating:Wait (phase leaving)
 instance: i-0123456789abcdef0 of group workers
     node: ip-10-0-0-1, Ready since 11:00:00 UTC (1h ago)
    marks: taint node-gate.io/out-of-service=leaving:NoSchedule, cordoned by the controller, labelled Terminating.Wait
   action: node-gate-termination: open by the Node's record since 11:55:50 UTC (4m 10s ago); it ends at 12:55:50 UTC (in 55m 50s) whatever happens, and 2m after its last heartbeat
    drain: 2 pods left; first eviction at 11:55:52 UTC (4m 8s ago), deadline 12:10:52 UTC (in 10m 52s)
   leader: controller-a leads (namespace kube-system), its last renewal was at 11:59:58 UTC (2s ago).

Pods left:
  disruption budget shop/web allows no eviction now (2 pods healthy, 2 have to be):
      shop/web-1
      shop/web-2

What happens next:
  The controller evicts what is left within its budgets, asks again at least every 10s after a refusal, and keeps the action alive meanwhile.
  From 12:10:22 UTC (in 10m 22s) on it deletes what is left, past the budgets; the last pods at 12:10:52 UTC (in 10m 52s).
  When no pod is left, it completes node-gate-termination, and the instance is terminated.

What you can do:
  kubectl annotate --overwrite node ip-10-0-0-1 node-gate.io/deadline=now
      the deadline is now: the controller deletes what is left, past the budgets
  kubectl annotate --overwrite node ip-10-0-0-1 node-gate.io/ignore=true
      the controller lets go of it: no evictions, no heartbeats; the action times out within 2m unless you complete it
"
    );
}

#[test]
fn the_deadlines_policy_decides_what_comes_then() {
    let says = |flags: &[&str], what: &str| {
        let next = told(&blocked(), flags).next.join("\n");
        assert!(next.contains(what), "{flags:?}: {next}");
    };
    says(
        &["--on-deadline=wait"],
        "until the action ends at 12:55:50 UTC (in 55m 50s); then the instance goes",
    );
    says(&["--on-deadline=abandon"], "At 12:10:52 UTC (in 10m 52s) it abandons the action");
    says(&["--drain-deadline=3m"], "Its patience is over: it deletes what is left");
    assert_eq!(told(&blocked(), &["--on-deadline=wait"]).drain.unwrap().deadline, None);
    let abandon = told(&blocked(), &["--on-deadline=abandon"]);
    assert!(abandon.remedies[0].effect.contains("abandons"), "{:?}", abandon.remedies);
    assert_eq!(abandon.drain.unwrap().forced_from, None);
}

#[test]
fn the_deadline_never_outlives_the_hook() {
    let drain = told(&blocked(), &["--drain-deadline=5h"]).drain.unwrap();
    // the global timeout of an hour, less a minute for what forced pods leave behind
    assert_eq!(drain.deadline, Some("2026-11-21T12:54:50Z".parse().unwrap()));
}

#[test]
fn a_leader_that_took_over_past_the_deadline_gives_pods_minutes_anew() {
    let mut facts = blocked();
    let mut lease = lease("controller-b", ago(1));
    lease["spec"]["acquireTime"] = json!("2026-11-21T11:59:00.000000Z");
    facts.leases = Ok(vec![serde_json::from_value(lease).unwrap()]);
    let drain = told(&facts, &["--drain-deadline=3m"]).drain.unwrap();
    assert_eq!(drain.deadline, Some("2026-11-21T12:02:00Z".parse().unwrap()));
}

#[test]
fn the_break_glass_is_not_offered_again_once_it_is_broken() {
    let mut node = leaving_node(Some(248));
    node["metadata"]["annotations"]["node-gate.io/deadline"] = json!("now");
    let told = told(&with_node("Terminating:Wait", node, &[pod("web-1")]), &["--on-deadline=wait"]);
    assert!(told.next.iter().any(|line| line.starts_with("Its patience is over")), "{:?}", told.next);
    assert!(!told.remedies.iter().any(|remedy| remedy.command.contains("deadline")), "{:?}", told.remedies);
}

#[test]
fn an_empty_node_is_completed_next() {
    let facts = with_node("Terminating:Wait", leaving_node(Some(100)), &[]);
    let text = text_of(&facts, &[]);
    assert!(text.contains("; no pod that has to go is left on it."), "{text}");
    assert!(text.contains("the controller completes node-gate-termination within seconds"), "{text}");
    assert!(!text.contains("deadline=now"), "{text}");
}

#[test]
fn without_a_record_the_controller_first_writes_one_and_no_time_is_claimed() {
    let text = text_of(&with_node("Terminating:Wait", node(), &[pod("web-1")]), &[]);
    assert!(text.contains("since when it is open is not known, for no API lists open actions"), "{text}");
    assert!(text.contains("record the termination on it"), "{text}");
    assert!(
        text.contains("First the controller records the termination on the Node, then it drains."),
        "{text}"
    );
    assert!(text.contains("no eviction on record yet"), "{text}");
}

#[test]
fn the_record_of_an_earlier_action_counts_for_nothing() {
    let old = Intent::new("workers", "node-gate-termination", Destination::Terminated, ago(50_000));
    let node = marked(node(), "Terminating.Wait", "leaving", Some(&old));
    assert_eq!(told(&with_node("Terminating:Wait", node, &[]), &[]).action.unwrap().began, None);
}

#[test]
fn a_completed_action_needs_nothing_more() {
    let mut intent = Intent::new("workers", "node-gate-termination", Destination::Terminated, ago(250));
    intent.completed = Some(ago(10));
    let mut facts =
        with_node("Terminating:Wait", marked(node(), "Terminating.Wait", "leaving", Some(&intent)), &[]);
    if let Ok(Some(hooks)) = &mut facts.hooks {
        let foreign = crate::explain::AnyHook { name: "backup".into(), ..hooks.all[0].clone() };
        hooks.all.push(foreign);
    }
    assert_eq!(
        next_of(&facts),
        [
            "Our part is done: node-gate-termination was completed at 11:59:50 UTC (10s ago). Auto Scaling moves it on when no other hook holds it.",
            "It may also be held by what is not ours to complete: backup.",
        ]
    );
    assert_eq!(told(&facts, &[]).remedies, []);
}

#[test]
fn back_to_the_pool_is_known_by_the_record() {
    let intent = Intent::new("workers", "node-gate-termination", Destination::WarmPool, ago(60));
    let node = marked(node(), "Warmed.Pending.Wait", "leaving", Some(&intent));
    let told = told(&with_node("Warmed:Pending:Wait", node, &[pod("web-1")]), &[]);
    assert_eq!(told.instance.unwrap().phase, "leaving");
    assert!(
        told.summary.contains("is going back to the warm pool, held by a termination hook; 1 pod has to go.")
    );
    assert!(told.next.iter().any(|line| line.ends_with("and the instance goes back to the warm pool.")));
}

#[test]
fn an_instance_without_a_node_waits_for_the_controllers_patience() {
    assert_eq!(
        next_of(&facts("Terminating:Wait")),
        [
            "It has no Node. The controller completes node-gate-termination once it has seen none for 2m, and no Node without a provider id either."
        ]
    );
    assert_eq!(
        next_of(&facts("Warmed:Terminating:Wait")),
        [
            "The controller completes node-gate-termination at once: a pool member without a Node has nothing to drain."
        ]
    );
    let mut nameless = node();
    nameless["spec"] = json!({});
    let next = next_of(&with_node("Terminating:Wait", nameless, &[]));
    assert!(next[0].contains("Node ip-10-0-0-1 has no provider id and might be its own"), "{next:?}");
}

#[test]
fn a_cluster_that_cannot_be_asked_is_no_missing_node() {
    let facts = Facts { nodes: Err("no answer".into()), ..facts("Terminating:Wait") };
    let told = told(&facts, &[]);
    assert!(told.found);
    assert!(told.next[0].starts_with("Whether it has a Node is not known"), "{:?}", told.next);
    assert_eq!(told.unknown, ["Nodes: no answer"]);
}

#[test]
fn a_group_without_our_hook_does_not_wait() {
    for state in ["Terminating:Wait", "Terminating"] {
        let mut facts = facts(state);
        if let Ok(Some(hooks)) = &mut facts.hooks {
            hooks.ours.termination = None;
            hooks.all[0].name = "backup".into();
        }
        let next = next_of(&facts);
        assert_eq!(
            next[0],
            "The group has no hook named node-gate-termination: a scale-in will not wait for a drain."
        );
        assert_eq!(next.len() > 1, state == "Terminating:Wait", "the other hook holds only there: {next:?}");
    }
}

#[test]
fn before_and_after_the_hook_nothing_is_drained() {
    let next = |state| next_of(&facts(state)).join(" ");
    assert!(next("Terminating").starts_with("When node-gate-termination holds it"));
    assert!(next("Terminating:Proceed").starts_with("No hook waits any more, so nothing can be drained"));
    assert!(next("Terminating:Retained").contains("until its owner terminates or detaches it"));
}
