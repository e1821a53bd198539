//! Explains what Auto Scaling does not list, or could not be asked for.

use crate::decide::jobs::intent_of;
use crate::decide::marks::{STATE_LABEL, Wanted};
use crate::drain::Context;
use crate::explain::case::{Now, view};
use crate::explain::explanation::{DrainTold, Explanation, Remedy};
use crate::explain::facts::{Facts, Subject, provider_id};
use crate::explain::options::House;
use crate::explain::pods::pods;
use crate::explain::tell::node_told;
use crate::explain::words::{past, span};

/// Tells of a Node without a listed instance, or of an id that nobody knows.
pub(super) fn explain(told: &mut Explanation, facts: &Facts, house: &House, now: Now) {
    let own = facts.own_nodes();
    let Some(node) = own.first() else { return nowhere(told, facts) };
    told.found = true;
    let view = view(node, now);
    let name = view.name.as_str();
    let bare = facts.listed.is_ok().then_some(Wanted::Bare).filter(|_| view.instance.is_some());
    told.node = Some(node_told(node, house, now, bare.as_ref()));
    if let Some(why) = view.off_limits() {
        told.summary = format!("The controller leaves Node {name} alone: {why}.");
        told.next.push(
            "Nothing: the controller neither marks nor drains it, and completes nothing for it.".to_owned(),
        );
        if view.annotations.contains_key("node-gate.io/ignore") {
            told.remedies.push(Remedy {
                command: kubectl(house, &format!("annotate node {name} node-gate.io/ignore-")),
                effect: "the controller looks after it again".to_owned(),
            });
        }
    } else if view.lacks_provider_id {
        told.summary = format!("Node {name} has no provider id yet, so nobody knows which instance it is.");
        told.next.push("The controller leaves it as it is until spec.providerID is set (by kubelet or the cloud controller).".to_owned());
        told.next.push(
            "Meanwhile it completes no termination of an instance without a Node: this might be its Node."
                .to_owned(),
        );
    } else if view.instance.is_none() {
        let id = lifecycle::one_line(provider_id(node));
        told.summary = format!(
            "Node {name} is no EC2 instance (its provider id is {id}): the controller leaves it alone."
        );
        told.next.push("Nothing: the controller neither marks nor drains it.".to_owned());
    } else if facts.listed.is_ok() {
        unlisted(told, house, name, view.instance.as_deref().unwrap_or_default());
    } else {
        unasked(told, &view, now);
        // Its pods are known all the same, and what the drain has written down.
        if let Some(intent) = intent_of(&view).filter(|intent| intent.completed.is_none()) {
            let seen = pods(facts, house, &Context::default(), now).ok();
            told.drain = Some(DrainTold {
                first_eviction: intent.first_eviction,
                pods_left: seen.as_ref().map(|pods| pods.left.len()),
                pods_staying: seen.as_ref().map_or(0, |pods| pods.staying),
                pods: seen.map(|pods| pods.left).unwrap_or_default(),
                forced_from: None,
                deadline: None,
            });
        }
    }
}

fn nowhere(told: &mut Explanation, facts: &Facts) {
    told.summary = match (&facts.subject, &facts.nodes, &facts.listed) {
        (Subject::Node(name), Ok(_), _) => format!(
            "There is no Node {} in this cluster. Give an instance's id (i-…) to ask Auto Scaling.",
            lifecycle::one_line(name)
        ),
        (Subject::Instance(id), Ok(_), Ok(_)) => format!(
            "Nobody knows {id}: no Node has it as its provider id, and Auto Scaling lists it in no group of this account and region."
        ),
        (_, Err(_), Err(_)) => "Nothing could be found out.".to_owned(),
        (_, Err(_), Ok(_)) => "The cluster could not be asked.".to_owned(),
        (_, Ok(_), Err(_)) => {
            "No Node has it as its provider id, and Auto Scaling could not be asked.".to_owned()
        }
    };
}

fn unlisted(told: &mut Explanation, house: &House, name: &str, id: &str) {
    told.summary = format!(
        "Node {name} is instance {id}, which is in no Auto Scaling group of this account and region."
    );
    let due = told.node.as_ref().map(|node| node.marks_due.clone()).unwrap_or_default();
    if due.is_empty() {
        told.next.push("Nothing: the controller has nothing on it.".to_owned());
    } else {
        told.next.push(format!(
            "If Auto Scaling still says so 10s later and the Node stays Ready for {}, the controller lets go of it: it will {}.",
            span(house.rules.patience.node), due.join(", ")
        ));
    }
}

/// Without Auto Scaling: what the controller has written on the Node.
fn unasked(told: &mut Explanation, view: &crate::nodes::NodeView, now: Now) {
    let id = view.instance.as_deref().unwrap_or_default();
    let name = view.name.as_str();
    let marked = view.labels.get(STATE_LABEL).map(|text| lifecycle::one_line(text));
    told.summary = match &marked {
        Some(state) => format!(
            "Node {name} is instance {id}; the controller last saw it as {} (its label). Auto Scaling could not be asked.",
            state.replace('.', ":")
        ),
        None => format!(
            "Node {name} is instance {id}; the controller has not marked it. Auto Scaling could not be asked."
        ),
    };
    if let Some(intent) = intent_of(view) {
        let at = |time| past(time, now.wall);
        let hook = lifecycle::one_line(&intent.hook);
        let eviction = intent.first_eviction.map_or_else(
            || "no eviction has been tried".to_owned(),
            |first| format!("its first eviction was at {}", at(first)),
        );
        let end = intent.completed.map_or_else(
            || "it is not completed".to_owned(),
            |done| format!("it was completed at {}", at(done)),
        );
        told.next.push(format!(
            "By the Node's record {hook} holds it since {}; {eviction}; {end}.",
            at(intent.since)
        ));
    }
    told.next.push(
        "What happens next depends on the lifecycle state: try again with AWS credentials and a region."
            .to_owned(),
    );
}

/// A kubectl command for the cluster that was asked.
pub(super) fn kubectl(house: &House, rest: &str) -> String {
    match &house.context {
        Some(name) => format!("kubectl --context {name} {rest}"),
        None => format!("kubectl {rest}"),
    }
}
