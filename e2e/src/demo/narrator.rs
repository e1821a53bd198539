//! One line an event, with the time since the start.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_simulator::{CompletedBy, Event, Power};
use k8s_openapi::api::core::v1::{Node, Pod};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::node::STARTUP_TAINT;
use crate::oracle::{Change, Watch};
use crate::story::Story;
use crate::workload::{is_available, node_of};

/// The taint that our controller sets.
const OUT_OF_SERVICE: &str = "node-gate.io/out-of-service";

/// Tells what happens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Narrator {
    started: Instant,
}

impl Narrator {
    pub(super) fn start() -> Self {
        Narrator { started: Instant::now() }
    }

    /// Prints a line.
    pub(super) fn line(self, text: &str) {
        println!("{:>7.1} s  {text}", self.started.elapsed().as_secs_f64());
    }

    /// Prints what comes next.
    pub(super) fn chapter(self, text: &str) {
        println!();
        self.line(text);
    }

    /// Gives the reader time, and the tellers too: each follows its own source, a little behind the event.
    pub(super) async fn pause(self) {
        sleep(Duration::from_secs(1)).await;
    }

    /// Tells everything from now on, until the result is dropped.
    pub(super) fn follow(self, story: &Arc<Story>, pods: &Arc<Watch<Pod>>) -> JoinSet<()> {
        let mut tellers = JoinSet::new();
        tellers.spawn(self.instances(story.clone()));
        tellers.spawn(self.nodes(story.clone()));
        tellers.spawn(self.pods(pods.clone()));
        tellers
    }

    async fn instances(self, story: Arc<Story>) {
        let mut events = story.simulator.subscribe();
        loop {
            match events.recv().await {
                Ok(event) => self.line(&instance_line(event)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn nodes(self, story: Arc<Story>) {
        let mut seen = 0;
        let mut known: BTreeMap<String, [bool; 4]> = BTreeMap::new();
        loop {
            for Change { name, object, .. } in story.node_watch.next(&mut seen).await {
                let before = known.remove(&name);
                let after = object.as_ref().map(facts);
                for text in node_lines(before, after) {
                    self.line(&format!("node {name} {text}"));
                }
                if let Some(after) = after {
                    known.insert(name, after);
                }
            }
        }
    }

    async fn pods(self, pods: Arc<Watch<Pod>>) {
        let mut seen = 0;
        let mut available = 0;
        let mut known: BTreeMap<String, Pod> = BTreeMap::new();
        loop {
            for Change { name, object, .. } in pods.next(&mut seen).await {
                let before = match object.clone() {
                    Some(pod) => known.insert(name.clone(), pod),
                    None => known.remove(&name),
                };
                let leaves = |pod: &Pod| pod.metadata.deletion_timestamp.is_some();
                if object.as_ref().is_some_and(leaves)
                    && let Some(pod) = before.filter(|pod| !leaves(pod))
                {
                    self.line(&format!("pod {name} is evicted from {}", node_of(&pod).unwrap_or("nowhere")));
                }
            }
            // all changes that came together make one line
            let now = known.values().filter(|pod| is_available(pod)).count();
            if now > available + 4 {
                self.line(&format!("{now} pods run"));
            }
            available = now;
        }
    }
}

fn instance_line(event: Event) -> String {
    match event {
        Event::LifecycleChanged { id, from: None, to, .. } => format!("instance {id} is launched: {to}"),
        Event::LifecycleChanged { id, from: Some(from), to, .. } => format!("instance {id} {from} -> {to}"),
        Event::PowerChanged { id, power: Power::On, .. } => {
            format!("instance {id} boots: its gate holds kubelet")
        }
        Event::PowerChanged { id, power: Power::Off, .. } => format!("instance {id} is switched off"),
        Event::PowerChanged { id, power: Power::Hibernated, .. } => format!("instance {id} hibernates"),
        Event::ActionOpened { id, hook, .. } => format!("hook {hook} holds {id}"),
        Event::Heartbeat { id, hook, .. } => format!("hook {hook} gets a heartbeat for {id}"),
        Event::ActionCompleted { id, hook, result, by, .. } => {
            let by = match by {
                CompletedBy::Completed => "completed",
                CompletedBy::TimedOut => "timed out",
                CompletedBy::GlobalTimeout => "reached its global timeout",
                CompletedBy::Withdrawn => "withdrawn",
            };
            format!("hook {hook} is {by} for {id}: {result}")
        }
    }
}

/// What we tell of a Node: each fact, by what we say when it becomes true, and when it ceases to be.
const FACTS: [Fact; 4] = [
    (is_ready, "is Ready", "is no longer Ready"),
    (
        |node| is_tainted(node, STARTUP_TAINT),
        "has its startup taint",
        "loses its startup taint: pods may come",
    ),
    (|node| is_tainted(node, OUT_OF_SERVICE), "is tainted out-of-service", "loses the taint out-of-service"),
    (is_cordoned, "is cordoned", "is uncordoned"),
];

type Fact = (fn(&Node) -> bool, &'static str, &'static str);

fn facts(node: &Node) -> [bool; 4] {
    FACTS.map(|(holds, ..)| holds(node))
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn is_tainted(node: &Node, key: &str) -> bool {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    taints.into_iter().flatten().any(|taint| taint.key == key)
}

fn is_cordoned(node: &Node) -> bool {
    node.spec.as_ref().and_then(|spec| spec.unschedulable).unwrap_or(false)
}

fn node_lines(before: Option<[bool; 4]>, after: Option<[bool; 4]>) -> Vec<&'static str> {
    let Some(after) = after else { return vec!["is deleted: its instance is gone"] };
    let Some(before) = before else { return vec!["has joined: its gate is open"] };
    let told = FACTS.iter().zip(before.into_iter().zip(after));
    let told = told.filter(|(_, (before, after))| before != after);
    told.map(|((_, begins, ends), (_, after))| if after { *begins } else { *ends }).collect()
}
