//! Facts to be explained.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Parser;
use jiff::Timestamp;
use lifecycle::api::InstanceDetail;
use serde_json::{Value, json};

use crate::args::{Args, Command};
use crate::explain::{AnyHook, Explanation, Facts, Hooks, House, Now, Subject, explain, text};
use crate::intent::{Destination, Intent};
use crate::world::{Group, Hook};

pub(super) const ID: &str = "i-0123456789abcdef0";
pub(super) const NODE: &str = "ip-10-0-0-1";

/// Noon; all else is told relative to it.
pub(super) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(super) fn ago(seconds: i64) -> Timestamp {
    noon().checked_sub(jiff::SignedDuration::from_secs(seconds)).unwrap()
}

pub(super) fn house(flags: &[&str]) -> House {
    let args = [&["node-gate-controller", "explain", NODE], flags].concat();
    let Some(Command::Explain(options)) = Args::try_parse_from(args).unwrap().command else {
        panic!("explain")
    };
    options.house()
}

/// A Node of the instance, as kubelet makes it.
pub(super) fn node() -> Value {
    json!({
        "metadata": {"name": NODE, "resourceVersion": "1"},
        "spec": {"providerID": format!("aws:///us-east-1a/{ID}")},
        "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": ago(3600)}]},
    })
}

/// The same as the controller marks it while it leaves, with a record of the drain.
pub(super) fn leaving_node(first_eviction: Option<i64>) -> Value {
    let mut intent = Intent::new("workers", "node-gate-termination", Destination::Terminated, ago(250));
    intent.first_eviction = first_eviction.map(ago);
    marked(node(), "Terminating.Wait", "leaving", Some(&intent))
}

pub(super) fn marked(mut node: Value, label: &str, taint: &str, intent: Option<&Intent>) -> Value {
    node["metadata"]["labels"] = json!({"node-gate.io/lifecycle-state": label});
    node["metadata"]["annotations"] = json!({"node-gate.io/cordoned": "true"});
    if let Some(intent) = intent {
        node["metadata"]["annotations"]["node-gate.io/termination"] = json!(intent.to_text());
    }
    node["spec"]["unschedulable"] = json!(true);
    let taint = json!({"key": "node-gate.io/out-of-service", "value": taint, "effect": "NoSchedule"});
    node["spec"]["taints"] = json!([taint]);
    node
}

pub(super) fn pod(name: &str) -> Value {
    json!({
        "metadata": {
            "name": name, "namespace": "shop", "uid": name, "labels": {"app": "web"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "r1", "controller": true}],
        },
        "spec": {"containers": [], "nodeName": NODE},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

pub(super) fn budget(name: &str, allowed: i32) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
        "status": {"disruptionsAllowed": allowed, "currentHealthy": 2, "desiredHealthy": 2, "expectedPods": 2},
    })
}

pub(super) fn lease(holder: &str, renewed: Timestamp) -> Value {
    json!({
        "metadata": {"name": "node-gate-controller", "namespace": "kube-system"},
        "spec": {
            "holderIdentity": holder, "leaseDurationSeconds": 15,
            "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
            "acquireTime": ago(86_400).strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        },
    })
}

/// A led cluster without Nodes, a group with a termination hook, and the instance in this state.
pub(super) fn facts(state: &str) -> Facts {
    let hook =
        Hook { heartbeat_timeout: Duration::from_secs(120), global_timeout: Duration::from_secs(3600) };
    let any = |name: &str, terminating| AnyHook {
        name: name.to_owned(),
        terminating,
        default_result: "ABANDON".to_owned(),
        heartbeat_timeout: hook.heartbeat_timeout,
    };
    Facts {
        subject: Subject::Instance(ID.to_owned()),
        nodes: Ok(Vec::new()),
        pods: Ok(Vec::new()),
        orphans: BTreeSet::new(),
        budgets: Ok(Vec::new()),
        leases: Ok(vec![serde_json::from_value(lease("controller-a", ago(2))).unwrap()]),
        listed: Ok(Some(InstanceDetail { id: ID.into(), group: "workers".into(), state: state.into() })),
        hooks: Ok(Some(Hooks {
            ours: Group { termination: Some(hook), launch: None },
            all: vec![any("node-gate-termination", true)],
        })),
    }
}

pub(super) fn with_node(state: &str, node: Value, pods: &[Value]) -> Facts {
    Facts {
        nodes: Ok(vec![serde_json::from_value(node).unwrap()]),
        pods: Ok(pods.iter().map(|pod| serde_json::from_value(pod.clone()).unwrap()).collect()),
        ..facts(state)
    }
}

/// Gives the group a launch hook of ours, too.
pub(super) fn with_launch_hook(mut facts: Facts) -> Facts {
    if let Ok(Some(hooks)) = &mut facts.hooks {
        hooks.ours.launch = hooks.ours.termination;
    }
    facts
}

pub(super) fn with_budgets(facts: Facts, budgets: &[Value]) -> Facts {
    let read = |budget: &Value| serde_json::from_value(budget.clone()).unwrap();
    Facts { budgets: Ok(budgets.iter().map(read).collect()), ..facts }
}

pub(super) fn told(facts: &Facts, flags: &[&str]) -> Explanation {
    explain(facts, &house(flags), Now { mono: tokio::time::Instant::now(), wall: noon() })
}

pub(super) fn text_of(facts: &Facts, flags: &[&str]) -> String {
    text::render(&told(facts, flags))
}

/// All sentences about what comes next.
pub(super) fn next_of(facts: &Facts) -> Vec<String> {
    told(facts, &[]).next
}
