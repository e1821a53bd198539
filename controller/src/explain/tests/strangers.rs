use super::bed::*;
use crate::explain::{Facts, Subject};
use serde_json::json;

fn nowhere(node: serde_json::Value) -> Facts {
    Facts {
        subject: Subject::Node(NODE.into()),
        listed: Ok(None),
        hooks: Ok(None),
        ..with_node("InService", node, &[])
    }
}

#[test]
fn what_nobody_knows_is_not_found() {
    let missing =
        Facts { subject: Subject::Node("ip-x".into()), listed: Ok(None), hooks: Ok(None), ..facts("x") };
    let told_missing = told(&missing, &[]);
    assert!(!told_missing.found);
    assert!(
        told_missing.summary.starts_with("There is no Node ip-x in this cluster."),
        "{}",
        told_missing.summary
    );
    let unlisted = told(&Facts { listed: Ok(None), hooks: Ok(None), ..facts("x") }, &[]);
    assert!(!unlisted.found && unlisted.summary.starts_with("Nobody knows i-0123456789abcdef0"));
    let blind = Facts { nodes: Err("a".into()), listed: Err("b".into()), ..facts("x") };
    let blind = told(&blind, &[]);
    assert_eq!(blind.summary, "Nothing could be found out.");
    assert_eq!(blind.unknown, ["Nodes: a", "The lifecycle state (Auto Scaling): b"]);
}

#[test]
fn others_nodes_are_left_alone_and_it_says_why() {
    let labelled = |key: &str, value: &str| {
        let mut node = node();
        node["metadata"]["labels"] = json!({key: value});
        told(&nowhere(node), &[]).summary
    };
    let left = |why| format!("The controller leaves Node ip-10-0-0-1 alone: {why}.");
    assert_eq!(labelled("karpenter.sh/nodepool", "x"), left("Karpenter looks after it"));
    assert_eq!(labelled("eks.amazonaws.com/compute-type", "fargate"), left("it is a Fargate node"));
    assert_eq!(labelled("eks.amazonaws.com/compute-type", "hybrid"), left("it is a hybrid node"));
    assert_eq!(labelled("eks.amazonaws.com/compute-type", "auto"), left("EKS Auto Mode looks after it"));
    let provided = |id: &str| {
        let mut node = node();
        node["spec"]["providerID"] = json!(id);
        told(&nowhere(node), &[]).summary
    };
    assert!(provided("gce://x/y").contains("is no EC2 instance (its provider id is gce://x/y)"));
    assert!(provided("").contains("has no provider id yet"));
}

#[test]
fn an_ignored_node_is_left_to_its_timeout() {
    let mut node = leaving_node(Some(248));
    node["metadata"]["annotations"]["node-gate.io/ignore"] = json!("true");
    let told = told(&with_node("Terminating:Wait", node, &[pod("web-1")]), &[]);
    assert!(
        told.summary.ends_with("the controller leaves it alone: it is annotated node-gate.io/ignore=true."),
        "{}",
        told.summary
    );
    assert_eq!(
        told.next,
        [
            "The controller neither marks nor drains it, and keeps no lifecycle action of it alive.",
            "Without heartbeats node-gate-termination times out 2m after the last one, and Auto Scaling goes on with ABANDON, whatever still runs on the machine.",
        ]
    );
    assert_eq!(
        told.remedies[0].command,
        "kubectl annotate --overwrite node ip-10-0-0-1 node-gate.io/ignore-"
    );
    assert_eq!((told.drain, told.remedies.len()), (None, 1));
}

#[test]
fn an_instance_of_no_group_is_let_go() {
    let clean = told(&nowhere(node()), &[]);
    assert!(clean.found && clean.summary.contains("which is in no Auto Scaling group"), "{}", clean.summary);
    assert_eq!(clean.next, ["Nothing: the controller has nothing on it."]);
    let marked = told(&nowhere(marked(node(), "InService", "warm", None)), &[]);
    assert!(
        marked.next[0]
            .contains("it will take away the taint node-gate.io/out-of-service=warm:NoSchedule, uncordon it"),
        "{:?}",
        marked.next
    );
}

#[test]
fn without_aws_the_node_tells_what_the_controller_wrote() {
    let facts = Facts {
        subject: Subject::Node(NODE.into()),
        listed: Err("no AWS credentials found".into()),
        ..with_node("x", leaving_node(Some(248)), &[pod("web-1")])
    };
    let told = told(&facts, &["--context", "prod"]);
    assert!(told.found);
    assert_eq!(
        told.summary,
        "Node ip-10-0-0-1 is instance i-0123456789abcdef0; the controller last saw it as Terminating:Wait (its label). Auto Scaling could not be asked."
    );
    assert_eq!(
        told.next[0],
        "By the Node's record node-gate-termination holds it since 11:55:50 UTC (4m 10s ago); its first eviction was at 11:55:52 UTC (4m 8s ago); it is not completed."
    );
    assert_eq!(told.drain.unwrap().pods_left, Some(1));
    assert_eq!(told.unknown, ["The lifecycle state (Auto Scaling): no AWS credentials found"]);
}

#[test]
fn an_id_is_told_from_a_name() {
    assert_eq!(Subject::new(ID), Subject::Instance(ID.into()));
    for name in ["i-0123456789abcdef0.ec2.internal", "i-", "i-web", "ip-10-0-0-1", "i-1"] {
        assert_eq!(Subject::new(name), Subject::Node(name.into()));
    }
}

#[test]
fn what_others_wrote_cannot_break_a_line_or_reach_the_terminal() {
    let evil = "a\n\u{1b}[31mb";
    let mut node = leaving_node(Some(248));
    node["status"]["conditions"][0]["message"] = json!(evil);
    let mut drained = node["status"]["conditions"][0].clone();
    drained["type"] = json!("node-gate.io/Drained");
    node["status"]["conditions"].as_array_mut().unwrap().push(drained);
    node["metadata"]["labels"]["node-gate.io/lifecycle-state"] = json!(evil);
    let mut facts = with_node(evil, node.clone(), &[]);
    facts.leases = Ok(vec![serde_json::from_value(lease(evil, ago(1))).unwrap()]);
    let mut pod = pod(evil);
    pod["metadata"]["namespace"] = json!(evil);
    let blocked = with_node("Terminating:Wait", node, &[pod]);
    for text in [
        text_of(&facts, &[]),
        text_of(&blocked, &[]),
        text_of(&Facts { listed: Err(evil.into()), ..blocked }, &[]),
    ] {
        assert!(!text.contains('\u{1b}') && !text.contains("a\n"), "{text:?}");
    }
}
