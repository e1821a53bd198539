//! All that the live view shows. Fed with news, it knows no source and no clock.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_simulator::Event;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use super::news::{BlockerStatus, InstanceStatus, News, NodeFacts};
use super::teller::{Entry, Kind, Teller};
use crate::node::GateState;
use crate::oracle::Change;
use crate::workload::{is_available, node_of};

/// How things stand, and everything told so far.
#[derive(Debug)]
pub(super) struct Model {
    began: Timestamp,
    teller: Teller,
    log: Vec<Entry>,
    rows: Vec<Row>,
    pods: BTreeMap<String, PodFacts>,
    changes: u64,
}

/// What we show of a pod.
#[derive(Debug)]
struct PodFacts {
    node: Option<String>,
    serves: bool,
    leaves: bool,
}

/// One instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// The instance's id, which is also its Node's name here.
    pub(super) id: String,
    /// Its lifecycle state.
    pub(super) state: String,
    /// Since when it is in that state.
    pub(super) since: Duration,
    pub(super) gate: GateState,
    pub(super) node: Option<NodeFacts>,
    /// What the controller says of it.
    pub(super) drain: Option<Drain>,
    /// When its lifecycle action ends whatever happens.
    pub(super) ends: Option<Duration>,
}

/// How far a drain is.
#[derive(Debug, Clone)]
pub(super) struct Drain {
    /// When patience ends, since the start.
    pub(super) deadline: Option<Duration>,
    /// What holds most pods up.
    pub(super) blocker: Option<Blocker>,
}

/// Why pods are not gone yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blocker {
    /// One word.
    pub(super) kind: String,
    /// Somebody refuses, in contrast to pods that are on their way.
    pub(super) refuses: bool,
    pub(super) reason: String,
    pub(super) pods: usize,
}

impl Model {
    /// Nothing is known yet.
    pub(super) fn new(began: Timestamp) -> Self {
        Model {
            began,
            teller: Teller::default(),
            log: Vec::new(),
            rows: Vec::new(),
            pods: BTreeMap::new(),
            changes: 0,
        }
    }

    /// Takes in what is new, and returns what there is to say of it.
    pub(super) fn apply(&mut self, at: Duration, news: News) -> &[Entry] {
        self.changes += 1;
        let told = self.teller.tell(at, &news);
        let before = self.log.len();
        self.log.extend(told);
        match news {
            News::Chapter(_) | News::Line(_) | News::Verdict(_) => {}
            News::Happened(event) => self.happened(at, event),
            News::Nodes(changes) => {
                for Change { name, object, .. } in changes {
                    self.row(&name).node = object.as_ref().map(NodeFacts::of);
                }
            }
            News::Pods(changes) => self.pods_changed(changes),
            News::Gates(gates) => {
                for (id, gate) in gates {
                    self.row(&id).gate = gate;
                }
            }
            News::Status(status) => {
                let mut instances = status.unwrap_or_default().instances;
                let began = self.began;
                for row in &mut self.rows {
                    row.says(began, instances.remove(&row.id).unwrap_or_default());
                }
            }
        }
        &self.log[before..]
    }

    /// Everything told so far.
    pub(super) fn log(&self) -> &[Entry] {
        &self.log
    }

    /// The chapter we are in.
    pub(super) fn headline(&self) -> &str {
        let chapters = self.log.iter().rev().filter(|entry| entry.kind == Kind::Chapter);
        chapters.map(|entry| entry.text.as_str()).next().unwrap_or_default()
    }

    /// The instances in the order of their launch; those that are no more are shown a little longer.
    pub(super) fn rows(&self, now: Duration) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| !row.is_gone() || now < row.since + FAREWELL)
    }

    /// How many pods there are besides those that leave, and how many of them serve.
    pub(super) fn pods(&self) -> (usize, usize) {
        let staying = || self.pods.values().filter(|pod| !pod.leaves);
        (staying().count(), staying().filter(|pod| pod.serves).count())
    }

    /// How many pods are on a node.
    pub(super) fn pods_on(&self, node: &str) -> usize {
        self.pods.values().filter(|pod| pod.node.as_deref() == Some(node)).count()
    }

    /// Grows whenever there was news.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    fn row(&mut self, id: &str) -> &mut Row {
        let found = self.rows.iter().position(|row| row.id == id);
        let index = found.unwrap_or_else(|| {
            self.rows.push(Row { id: id.to_owned(), ..Row::default() });
            self.rows.len() - 1
        });
        &mut self.rows[index]
    }

    fn happened(&mut self, at: Duration, event: Event) {
        match event {
            Event::LifecycleChanged { id, to, .. } => {
                let row = self.row(&id);
                (row.state, row.since) = (to, at);
            }
            // the gate follows the power, and the controller tells of its hooks
            Event::PowerChanged { .. }
            | Event::ActionOpened { .. }
            | Event::Heartbeat { .. }
            | Event::ActionCompleted { .. } => {}
        }
    }

    fn pods_changed(&mut self, changes: Vec<Change<Pod>>) {
        for Change { name, object, .. } in changes {
            match object {
                Some(pod) => {
                    let facts = PodFacts {
                        node: node_of(&pod).map(str::to_owned),
                        serves: is_available(&pod),
                        leaves: pod.metadata.deletion_timestamp.is_some(),
                    };
                    self.pods.insert(name, facts)
                }
                None => self.pods.remove(&name),
            };
        }
    }
}

/// For how long a terminated instance is still shown.
const FAREWELL: Duration = Duration::from_secs(5);

impl Row {
    /// True once the instance is no more.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.state.as_str(), "Terminated" | "Warmed:Terminated")
    }

    fn says(&mut self, began: Timestamp, status: InstanceStatus) {
        let since_start = |at: Timestamp| Duration::try_from(at - began).unwrap_or_default();
        self.ends = status.action.map(|action| since_start(action.ends));
        self.drain = status.drain.map(|drain| Drain {
            deadline: drain.deadline.map(since_start),
            blocker: blocker(drain.blockers),
        });
    }
}

/// What holds most pods up. A pod that is on its way is held up by nothing as long as another one is refused.
fn blocker(blockers: Vec<BlockerStatus>) -> Option<Blocker> {
    let mut reasons: BTreeMap<(String, String), usize> = BTreeMap::new();
    for BlockerStatus { kind, reason } in blockers {
        *reasons.entry((kind, reason)).or_default() += 1;
    }
    let refuses = |kind: &str| !matches!(kind, "evicting" | "terminating");
    let worst = reasons.into_iter().max_by_key(|((kind, _), pods)| (refuses(kind), *pods));
    worst.map(|((kind, reason), pods)| Blocker { refuses: refuses(&kind), kind, reason, pods })
}

#[cfg(test)]
pub(super) mod tests;
