//! Puts what happens into words: one line an event, the same for those who print it and those who draw it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use aws_simulator::{CompletedBy, Event, Power};
use k8s_openapi::api::core::v1::{Node, Pod};

use super::news::{News, NodeFacts};
use crate::oracle::Change;
use crate::workload::{is_available, node_of};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What comes next in the story.
    Chapter,
    /// A turning point.
    Turn,
    /// One of many heartbeats.
    Heartbeat,
    /// One of many evictions.
    Eviction,
    /// Whether something was true.
    Verdict,
}

/// A line and when it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Since the start.
    pub(super) at: Duration,
    pub(super) kind: Kind,
    pub(super) text: String,
}

/// As it is printed; a chapter keeps some distance, and a verdict is true of no moment.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == Kind::Chapter {
            writeln!(f)?;
        }
        if self.kind == Kind::Verdict {
            return write!(f, "  {}", self.text);
        }
        write!(f, "{:>7.1} s  {}", self.at.as_secs_f64(), self.text)
    }
}

/// Remembers what it takes to tell a change from what was known.
#[derive(Debug, Default)]
pub(super) struct Teller {
    nodes: BTreeMap<String, NodeFacts>,
    pods: BTreeMap<String, Pod>,
    available: usize,
}

impl Teller {
    /// What there is to say; often nothing.
    pub(super) fn tell(&mut self, at: Duration, news: &News) -> Vec<Entry> {
        let lines = match news {
            News::Chapter(text) => vec![(Kind::Chapter, text.clone())],
            News::Line(text) => vec![(Kind::Turn, text.clone())],
            News::Verdict(text) => vec![(Kind::Verdict, text.clone())],
            News::Happened(event) => vec![instance_line(event)],
            News::Nodes(changes) => self.nodes(changes),
            News::Pods(changes) => self.pods(changes),
            // shown, not told: other lines tell what comes of it
            News::Gates(_) | News::Status(_) => Vec::new(),
        };
        lines.into_iter().map(|(kind, text)| Entry { at, kind, text }).collect()
    }

    fn nodes(&mut self, changes: &[Change<Node>]) -> Vec<(Kind, String)> {
        let mut lines = Vec::new();
        for Change { name, object, .. } in changes {
            let after = object.as_ref().map(NodeFacts::of);
            let before = self.nodes.remove(name);
            let told = node_lines(before.as_ref(), after.as_ref());
            lines.extend(told.into_iter().map(|text| (Kind::Turn, format!("node {name} {text}"))));
            if let Some(after) = after {
                self.nodes.insert(name.clone(), after);
            }
        }
        lines
    }

    fn pods(&mut self, changes: &[Change<Pod>]) -> Vec<(Kind, String)> {
        let mut lines = Vec::new();
        for Change { name, object, .. } in changes {
            let before = match object.clone() {
                Some(pod) => self.pods.insert(name.clone(), pod),
                None => self.pods.remove(name),
            };
            let leaves = |pod: &Pod| pod.metadata.deletion_timestamp.is_some();
            if object.as_ref().is_some_and(leaves)
                && let Some(pod) = before.filter(|pod| !leaves(pod))
            {
                let node = node_of(&pod).unwrap_or("nowhere");
                lines.push((Kind::Eviction, format!("pod {name} is evicted from {node}")));
            }
        }
        // all changes that came together make one line
        let now = self.pods.values().filter(|pod| is_available(pod)).count();
        if now > self.available + 4 {
            lines.push((Kind::Turn, format!("{now} pods run")));
        }
        self.available = now;
        lines
    }
}

fn instance_line(event: &Event) -> (Kind, String) {
    let turn = |text: String| (Kind::Turn, text);
    match event {
        Event::LifecycleChanged { id, from: None, to, .. } => {
            turn(format!("instance {id} is launched: {to}"))
        }
        Event::LifecycleChanged { id, from: Some(from), to, .. } => {
            turn(format!("instance {id} {from} -> {to}"))
        }
        Event::PowerChanged { id, power: Power::On, .. } => {
            turn(format!("instance {id} boots: its gate holds kubelet"))
        }
        Event::PowerChanged { id, power: Power::Off, .. } => turn(format!("instance {id} is switched off")),
        Event::PowerChanged { id, power: Power::Hibernated, .. } => turn(format!("instance {id} hibernates")),
        Event::ActionOpened { id, hook, .. } => turn(format!("hook {hook} holds {id}")),
        Event::Heartbeat { id, hook, .. } => {
            (Kind::Heartbeat, format!("hook {hook} gets a heartbeat for {id}"))
        }
        Event::ActionCompleted { id, hook, result, by, .. } => {
            let by = match by {
                CompletedBy::Completed => "completed",
                CompletedBy::TimedOut => "timed out",
                CompletedBy::GlobalTimeout => "reached its global timeout",
                CompletedBy::Withdrawn => "withdrawn",
            };
            turn(format!("hook {hook} is {by} for {id}: {result}"))
        }
    }
}

/// What we tell of a Node: each fact, by what we say when it becomes true, and when it ceases to be.
const FACTS: [Fact; 4] = [
    (|node| node.ready, "is Ready", "is no longer Ready"),
    (|node| node.starting, "has its startup taint", "loses its startup taint: pods may come"),
    (|node| node.out_of_service.is_some(), "is tainted out-of-service", "loses the taint out-of-service"),
    (|node| node.cordoned, "is cordoned", "is uncordoned"),
];

type Fact = (fn(&NodeFacts) -> bool, &'static str, &'static str);

fn node_lines(before: Option<&NodeFacts>, after: Option<&NodeFacts>) -> Vec<&'static str> {
    let Some(after) = after else { return vec!["is deleted: its instance is gone"] };
    let Some(before) = before else { return vec!["has joined: its gate is open"] };
    let changed = FACTS.iter().filter(|(holds, ..)| holds(before) != holds(after));
    changed.map(|(holds, begins, ends)| if holds(after) { *begins } else { *ends }).collect()
}
