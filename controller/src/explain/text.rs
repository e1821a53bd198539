//! The explanation for people, from the same value as the JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;

use crate::explain::explanation::{DrainTold, Explanation, NodeTold};
use crate::explain::words::{count, future, past};

/// Pods told by name for one reason; the JSON has them all.
const MOST_PODS: usize = 10;

/// Renders the explanation.
pub(super) fn render(told: &Explanation) -> String {
    let mut text = format!("{}\n", told.summary);
    let mut rows = Vec::new();
    if let Some(instance) = &told.instance {
        rows.push(("state", format!("{} (phase {})", instance.state, instance.phase)));
        rows.push(("instance", format!("{} of group {}", instance.id, instance.group)));
    }
    if let Some(node) = &told.node {
        rows.push(("node", node_row(node, told.at)));
        rows.push(("marks", marks_row(node)));
        if let Some(condition) = &node.condition {
            rows.push(("Drained", condition.clone()));
        }
    }
    if let Some(action) = &told.action {
        rows.push(("action", action.told.clone()));
    }
    if let Some(drain) = &told.drain {
        rows.push(("drain", drain_row(drain, told.action.is_some(), told.at)));
    }
    rows.push(("leader", told.leader.told.clone()));
    // Writing to a String does not fail.
    let _ = writeln!(text);
    for (name, value) in rows {
        let _ = writeln!(text, "{name:>9}: {value}");
    }
    if let Some(drain) = &told.drain {
        section(&mut text, "Pods left:", pods(drain).into_iter());
    }
    section(&mut text, "What happens next:", told.next.iter());
    let remedies = told.remedies.iter().map(|remedy| format!("{}\n      {}", remedy.command, remedy.effect));
    section(&mut text, "What you can do:", remedies);
    section(&mut text, "What could not be found out:", told.unknown.iter());
    text
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = impl AsRef<str>>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        let _ = writeln!(text, "\n{title}");
    }
    for line in lines {
        let _ = writeln!(text, "  {}", line.as_ref());
    }
}

/// By what is in their way: thirty pods behind one budget are one thing to know.
fn pods(drain: &DrainTold) -> Vec<String> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pod in &drain.pods {
        by_reason.entry(&pod.reason).or_default().push(&pod.pod);
    }
    let mut lines = Vec::new();
    for (reason, pods) in by_reason {
        lines.push(format!("{reason}:"));
        lines.extend(pods.iter().take(MOST_PODS).map(|pod| format!("    {pod}")));
        if pods.len() > MOST_PODS {
            lines.push(format!("    and {} more", pods.len() - MOST_PODS));
        }
    }
    lines
}

fn node_row(node: &NodeTold, now: Timestamp) -> String {
    let ready = if node.ready { "Ready" } else { "not Ready" };
    let since = node.ready_since.map(|since| format!(" since {}", past(since, now))).unwrap_or_default();
    format!("{}, {ready}{since}", node.name)
}

fn marks_row(node: &NodeTold) -> String {
    let mut marks = node.taints.iter().map(|taint| format!("taint {taint}")).collect::<Vec<_>>();
    match (node.cordoned, node.cordoned_by_us) {
        (true, true) => marks.push("cordoned by the controller".to_owned()),
        (true, false) => marks.push("cordoned, not by the controller".to_owned()),
        (false, _) => {}
    }
    if let Some(state) = &node.marked_as {
        marks.push(format!("labelled {state}"));
    }
    if marks.is_empty() { "none".to_owned() } else { marks.join(", ") }
}

fn drain_row(drain: &DrainTold, for_action: bool, now: Timestamp) -> String {
    let left = match drain.pods_left {
        Some(0) => "no pod left that has to go".to_owned(),
        Some(left) => format!("{} left", count(left, "pod")),
        None => "how many pods are left is not known".to_owned(),
    };
    let staying = match drain.pods_staying {
        0 => String::new(),
        staying => format!(" ({staying} of DaemonSets or static, which stay)"),
    };
    let began = match drain.first_eviction {
        Some(first) => format!("; first eviction at {}", past(first, now)),
        None if for_action => "; no eviction on record yet".to_owned(),
        // Of a leak nothing is written down.
        None => String::new(),
    };
    let deadline = drain.deadline.map(|at| format!(", deadline {}", future(at, now))).unwrap_or_default();
    format!("{left}{staying}{began}{deadline}")
}
