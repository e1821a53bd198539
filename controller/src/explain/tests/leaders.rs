use super::bed::*;
use crate::explain::Facts;
use serde_json::Value;

fn with_leases(leases: &[Value]) -> Facts {
    let read = |lease: &Value| serde_json::from_value(lease.clone()).unwrap();
    let leaving = with_node("Terminating:Wait", leaving_node(Some(248)), &[pod("web-1")]);
    Facts { leases: Ok(leases.iter().map(read).collect()), ..leaving }
}

#[test]
fn nobody_leads_is_the_first_thing_to_know() {
    let alone = [
        (
            vec![],
            "Nobody leads: there is no lease node-gate-controller. No controller will act (or its lease has another name: --lease-name).",
        ),
        (
            vec![lease("controller-a", ago(300))],
            "Nobody leads in namespace kube-system: controller-a last renewed its lease of 15s at 11:55:00 UTC (5m ago). No controller will act until one takes over.",
        ),
        (
            vec![lease("", ago(300))],
            "Nobody leads in namespace kube-system: the last leader gave its lease away at 11:55:00 UTC (5m ago). No controller will act until one starts.",
        ),
    ];
    for (leases, sentence) in alone {
        let told = told(&with_leases(&leases), &[]);
        assert_eq!((told.leader.told.as_str(), told.leader.holder), (sentence, None));
        assert!(told.summary.ends_with("; nobody leads, so nothing is done for it."), "{}", told.summary);
        assert_eq!(told.next[0], "Nothing of what follows happens before a controller leads.");
        assert!(
            told.next[1].starts_with("Without heartbeats node-gate-termination times out 2m"),
            "{:?}",
            told.next
        );
    }
}

#[test]
fn one_of_several_leases_that_holds_is_enough() {
    let told = told(&with_leases(&[lease("old", ago(300)), lease("controller-b", ago(14))]), &[]);
    assert_eq!(told.leader.holder.as_deref(), Some("controller-b"));
    assert!(!told.summary.contains("nobody leads"));
}

#[test]
fn a_lease_that_may_not_be_read_is_not_no_leader() {
    let told = told(&Facts { leases: Err("forbidden".into()), ..with_leases(&[]) }, &[]);
    assert_eq!(told.leader.told, "Who leads is not known: forbidden.");
    assert!(!told.summary.contains("nobody leads") && !told.next[0].contains("before a controller leads"));
}

#[test]
fn a_clock_that_lags_behind_the_clusters_is_noticed() {
    let unknown = told(&with_leases(&[lease("controller-a", ago(-90))]), &[]).unknown;
    assert_eq!(unknown, ["Exact times: this machine's clock is 1m 30s behind the cluster's"]);
    assert!(told(&with_leases(&[lease("controller-a", ago(-1))]), &[]).unknown.is_empty());
}
