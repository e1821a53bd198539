//! Writes what Nodes should tell of themselves: Events and the condition. Best effort, beside everything else.
//!
//! Nothing waits for it: it has a queue of its own that drops what is too much, few writes at a time, and errors are
//! said once. In a dry run it does not run at all.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event as Object, EventSource, Node, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::condition::{self, Wish};
use crate::decide::marks::Keys;
use crate::door::is_refusal;
use crate::drain::OnDeadline;
use crate::events::{Drains, Event, Marks};
use crate::nodes::{NodeView, Nodes};
use crate::status::{DrainStatus, Status};

/// Who tells, as `kubectl describe` shows it.
const REPORTER: &str = "node-gate-controller";
/// Events of objects outside of namespaces are kept here.
const NAMESPACE: &str = "default";
/// Looks are at least this far apart.
const PACE: Duration = Duration::from_millis(200);
/// A look is made this often even if nothing happens: some things are told once they have stood for a while.
const TICK: Duration = Duration::from_secs(1);
/// Writes under way at once.
const AT_ONCE: usize = 4;
/// More Events than this do not wait: a scale-in of fifty nodes needs two hundred.
const QUEUE: usize = 500;
/// A node's condition is not written again for this long, unless its status changes.
const REST: Duration = Duration::from_secs(10);
/// A drain is mostly over within this time; that it is not would be old before it is read.
const YOUNG: Duration = Duration::from_secs(10);
/// The same where a pod is refused: that may last, and somebody may have to know.
const YOUNG_REFUSED: Duration = Duration::from_secs(3);
/// The pause after a write that failed.
const FAILED_REST: Duration = Duration::from_secs(30);

/// What telling needs.
#[derive(Clone)]
pub struct Telling {
    /// Writes through the door.
    pub kube: Client,
    /// The taints' keys.
    pub keys: Keys,
    /// What happens at a drain's deadline.
    pub on_deadline: OnDeadline,
}

struct State {
    marks: Marks,
    drains: Drains,
    queue: VecDeque<Object>,
    /// The UIDs of Nodes, also of some that are gone: their end is told after them.
    uids: BTreeMap<String, String>,
    conditions: BTreeMap<String, Written>,
    /// Tasks of their own: a write that waited for our next look would be late, and so would its timeout.
    under_way: JoinSet<Ended>,
    /// What failed last, by what was written.
    trouble: BTreeMap<&'static str, String>,
}

/// What was last written as a Node's condition; our watch may not have seen it yet.
struct Written {
    wish: Wish,
    at: Instant,
    under_way: bool,
    rest: Duration,
}

/// A write that has ended: what, and for which Node if it was a condition.
struct Ended {
    what: &'static str,
    node: Option<String>,
    result: kube::Result<()>,
}

impl Telling {
    /// Tells until dropped.
    pub async fn run(
        self,
        mut status: watch::Receiver<Status>,
        mut nodes: watch::Receiver<Nodes>,
    ) -> Infallible {
        let mut state = State {
            marks: Marks::default(),
            drains: Drains::new(self.on_deadline, Timestamp::now()),
            queue: VecDeque::new(),
            uids: BTreeMap::new(),
            conditions: BTreeMap::new(),
            under_way: JoinSet::new(),
            trouble: BTreeMap::new(),
        };
        loop {
            {
                let (status, nodes) = (status.borrow_and_update(), nodes.borrow_and_update());
                self.look(&mut state, &status, &nodes);
            }
            tokio::time::sleep(PACE).await;
            tokio::select! {
                Ok(()) = status.changed() => {}
                Ok(()) = nodes.changed() => {}
                Some(Ok(ended)) = state.under_way.join_next() => state.ended(ended),
                () = tokio::time::sleep(TICK) => {}
            }
            while let Some(Ok(ended)) = state.under_way.try_join_next() {
                state.ended(ended);
            }
        }
    }

    fn look(&self, state: &mut State, status: &Status, nodes: &Nodes) {
        let now = Timestamp::now();
        let mut told = state.marks.look(nodes, &self.keys, now);
        if !status.swept || !nodes.synced {
            return;
        }
        told.extend(state.drains.look(status, now));
        state.remember_uids(nodes);
        let objects =
            told.iter().filter_map(|(name, event)| Some(object(name, state.uids.get(name)?, event, now)));
        let dropped = queue_up(&mut state.queue, objects);
        if dropped > 0 {
            tracing::warn!(dropped, "too many events at once, some are not told");
        }
        self.send_events(state);
        self.send_conditions(state, status, nodes, now);
    }

    fn send_events(&self, state: &mut State) {
        while state.under_way.len() < AT_ONCE
            && let Some(object) = state.queue.pop_front()
        {
            let api: Api<Object> = Api::namespaced(self.kube.clone(), NAMESPACE);
            state.under_way.spawn(async move {
                let result = match api.create(&PostParams::default(), &object).await {
                    // another leader has told it
                    Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
                    other => other.map(drop),
                };
                Ended { what: "events", node: None, result }
            });
        }
    }

    fn send_conditions(&self, state: &mut State, status: &Status, nodes: &Nodes, now: Timestamp) {
        state.conditions.retain(|name, _| nodes.by_name.contains_key(name));
        let instances = nodes.by_name.values().map(|node| {
            let instance = node.instance.as_ref().and_then(|id| status.instances.get(id));
            (node, instance)
        });
        for (node, instance) in instances {
            if state.under_way.len() >= AT_ONCE {
                return;
            }
            let wish = condition::wish(node, instance, self.on_deadline, now);
            let drain = instance.and_then(|instance| instance.drain.as_ref());
            let is_young = drain.is_some_and(|drain| is_young(drain, now));
            if !is_due(node, &wish, state.conditions.get(&node.name), is_young, Instant::now()) {
                continue;
            }
            let Some(patch) = condition::patch(node, &wish, now) else { continue };
            let written = Written { wish, at: Instant::now(), under_way: true, rest: REST };
            state.conditions.insert(node.name.clone(), written);
            state.under_way.spawn(patch_status(self.kube.clone(), node.name.clone(), patch));
        }
    }
}

/// Adds what there is room for; how many were left out.
fn queue_up(queue: &mut VecDeque<Object>, objects: impl Iterator<Item = Object>) -> usize {
    let mut dropped = 0;
    for object in objects {
        if queue.len() < QUEUE {
            queue.push_back(object);
        } else {
            dropped += 1;
        }
    }
    dropped
}

/// True if this drain has begun so lately that its end will mostly come before anybody reads of it.
fn is_young(drain: &DrainStatus, now: Timestamp) -> bool {
    let is_refused =
        drain.blockers.iter().any(|blocker| !["terminating", "evicting"].contains(&blocker.kind));
    let young = if is_refused { YOUNG_REFUSED } else { YOUNG };
    drain.first_eviction.is_some_and(|first| now.duration_since(first).unsigned_abs() < young)
}

/// True if a wish should be written now.
fn is_due(node: &NodeView, wish: &Wish, written: Option<&Written>, is_young: bool, now: Instant) -> bool {
    let stands = node.drained.as_ref().map(|told| &told.says);
    let says = match wish {
        Wish::Keep => return false,
        Wish::Absent if stands.is_none() => return false,
        Wish::Absent => None,
        Wish::Says(says) => Some(says),
    };
    if says.is_some() && says == stands {
        return false;
    }
    let is_new_status = says.map(|says| says.drained) != stands.map(|says| says.drained);
    if let Some(written) = written {
        let rests = now.duration_since(written.at) < written.rest;
        // our watch may not have brought back yet what we wrote
        let said = written.wish == *wish;
        if written.under_way || (rests && (said || !is_new_status || written.rest != REST)) {
            return false;
        }
    }
    // what is not drained in its first moments will mostly be so before anybody reads it
    !(is_young && says.is_some_and(|says| !says.drained))
}

async fn patch_status(client: Client, node: String, patch: Value) -> Ended {
    let api: Api<Node> = Api::all(client);
    let result = match api.patch_status(&node, &PatchParams::default(), &Patch::Strategic(&patch)).await {
        // the Node is gone, or another one has its name
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(()),
        other => other.map(drop),
    };
    Ended { what: "conditions", node: Some(node), result }
}

impl State {
    fn remember_uids(&mut self, nodes: &Nodes) {
        for (name, node) in &nodes.by_name {
            if self.uids.get(name) != Some(&node.uid) {
                self.uids.insert(name.clone(), node.uid.clone());
            }
        }
        if self.uids.len() > 2 * nodes.by_name.len() + QUEUE {
            self.uids.retain(|name, _| nodes.by_name.contains_key(name));
        }
    }

    fn ended(&mut self, ended: Ended) {
        let written = ended.node.and_then(|node| self.conditions.get_mut(&node));
        if let Some(written) = written {
            written.under_way = false;
            written.rest = if ended.result.is_ok() { REST } else { FAILED_REST };
        }
        match ended.result {
            Err(err) if is_refusal(&err) => {}
            Err(err) => {
                let error = lifecycle::one_line(&format!("{:#}", anyhow::Error::from(err)));
                if !self.trouble.contains_key(ended.what) {
                    tracing::warn!(error, "writing {} fails; nothing depends on it", ended.what);
                    self.trouble.insert(ended.what, error);
                }
            }
            Ok(()) => {
                if self.trouble.remove(ended.what).is_some() {
                    tracing::info!("writing {} works again", ended.what);
                }
            }
        }
    }
}

/// As core/v1 and not as events.k8s.io: only there may an Event carry the times by which `kubectl describe` sorts.
fn object(node: &str, uid: &str, event: &Event, now: Timestamp) -> Object {
    Object {
        metadata: ObjectMeta {
            name: Some(event.name(node)),
            namespace: Some(NAMESPACE.to_owned()),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Node".to_owned()),
            name: Some(node.to_owned()),
            uid: Some(uid.to_owned()),
            ..ObjectReference::default()
        },
        type_: Some(if event.warning { "Warning" } else { "Normal" }.to_owned()),
        reason: Some(event.reason.to_owned()),
        message: Some(event.note.clone()),
        source: Some(EventSource { component: Some(REPORTER.to_owned()), host: None }),
        reporting_component: Some(REPORTER.to_owned()),
        first_timestamp: Some(Time(now)),
        last_timestamp: Some(Time(now)),
        count: Some(1),
        ..Object::default()
    }
}

#[cfg(test)]
mod tests;
