//! How events come to their queues: at once and in order, unless they are made to be lost, late, doubled or overtaken.
//!
//! As with AWS nothing of this is told to the sender: a lost event was sent.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::super::World;
use super::kind::EventKind;
use crate::sqs::{Command, NewMessage, SqsError};

/// For how long an event waits to be overtaken before it comes all the same.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// A trouble of the delivery of events.
#[derive(Debug, Clone, PartialEq)]
pub struct EventFault {
    /// What happens to an event.
    pub trouble: EventTrouble,
    /// To which share of them, 0 to 1; the simulator's seed decides to which.
    pub share: f64,
    /// Only to these kinds; to all if empty. What hooks and notification configurations tell counts as what it tells of.
    pub kinds: Vec<EventKind>,
}

/// What can happen to an event on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventTrouble {
    /// It never comes.
    Lost,
    /// It comes so much later; hours are fine. Its own time stays.
    Late(Duration),
    /// It comes twice, the same both times.
    Twice,
    /// It comes after the next event for the same queue; a minute later if there is none.
    Overtaken,
}

/// What is on its way.
#[derive(Debug, Clone)]
pub(super) struct Post {
    faults: Vec<EventFault>,
    random: fastrand::Rng,
    /// By when they are due, then by when they were sent.
    waiting: BTreeMap<(SystemTime, u64), Waiting>,
    sent: u64,
}

#[derive(Debug, Clone)]
enum Waiting {
    Message { queue: String, body: String, is_overtaken: bool },
    Machine(String),
    Interruption(String),
}

impl Post {
    pub(super) fn new(seed: u64) -> Self {
        Post { faults: Vec::new(), random: fastrand::Rng::with_seed(seed), waiting: BTreeMap::new(), sent: 0 }
    }

    fn wait(&mut self, due: SystemTime, what: Waiting) {
        self.sent += 1;
        self.waiting.insert((due, self.sent), what);
    }

    /// The troubles that meet an event now.
    fn meet(&mut self, kind: EventKind) -> Vec<EventTrouble> {
        let Post { faults, random, .. } = self;
        faults
            .iter()
            .filter(|fault| fault.kinds.is_empty() || fault.kinds.contains(&kind))
            .filter(|fault| random.f64() < fault.share)
            .map(|fault| fault.trouble)
            .collect()
    }

    fn take_overtaken(&mut self, wanted: &str) -> Vec<String> {
        let keys: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, what)| {
                matches!(what, Waiting::Message { queue, is_overtaken: true, .. } if queue == wanted)
            })
            .map(|(key, _)| *key)
            .collect();
        let taken = keys.into_iter().filter_map(|key| self.waiting.remove(&key));
        taken
            .filter_map(|what| if let Waiting::Message { body, .. } = what { Some(body) } else { None })
            .collect()
    }
}

impl World {
    /// Troubles the delivery of events until `clear_event_faults`; what is on its way already stays as it is. Several add
    /// up; a lost event is lost.
    pub fn event_fault(&mut self, fault: EventFault) {
        self.bus.post.faults.push(fault);
    }

    /// Ends all trouble of the delivery. What is late stays late.
    pub fn clear_event_faults(&mut self) {
        self.bus.post.faults.clear();
    }

    /// Sends an event to a queue; the error is that of a queue that cannot take it, and of no trouble.
    pub(in super::super) fn deliver(
        &mut self,
        queue: &str,
        kind: EventKind,
        body: &Value,
    ) -> Result<(), SqsError> {
        let troubles = self.bus.post.meet(kind);
        let body = body.to_string();
        if troubles.is_empty() {
            return self.put(queue, body);
        }
        if !self.queues.exists(queue) {
            return Err(SqsError::no_queue());
        }
        let copies = if troubles.contains(&EventTrouble::Twice) { 2 } else { 1 };
        let delay: Duration = troubles
            .iter()
            .map(|trouble| if let EventTrouble::Late(by) = trouble { *by } else { Duration::ZERO })
            .sum();
        for _ in 0..copies {
            if troubles.contains(&EventTrouble::Lost) {
            } else if delay > Duration::ZERO {
                let due = self.now.checked_add(delay).unwrap_or(self.now);
                let (queue, body) = (queue.to_owned(), body.clone());
                self.bus.post.wait(due, Waiting::Message { queue, body, is_overtaken: false });
            } else if troubles.contains(&EventTrouble::Overtaken) {
                let (queue, body) = (queue.to_owned(), body.clone());
                let due = self.now + LONGEST_WAIT;
                self.bus.post.wait(due, Waiting::Message { queue, body, is_overtaken: true });
            } else {
                self.put(queue, body.clone())?;
            }
        }
        Ok(())
    }

    /// Puts a message into a queue, and after it those that it overtook.
    pub(in super::super) fn put(&mut self, queue: &str, body: String) -> Result<(), SqsError> {
        let overtaken = self.bus.post.take_overtaken(queue);
        for body in std::iter::once(body).chain(overtaken) {
            let message = NewMessage { body, ..NewMessage::default() };
            self.queues.handle(self.now, Command::Send { queue: queue.to_owned(), message })?;
        }
        Ok(())
    }

    /// Looks at a machine again at this time.
    pub(super) fn look_again(&mut self, id: &str, at: SystemTime) {
        self.bus.post.wait(at, Waiting::Machine(id.to_owned()));
    }

    /// Carries out a spot interruption at this time.
    pub(in super::super) fn interrupt_at(&mut self, id: &str, at: SystemTime) {
        self.bus.post.wait(at, Waiting::Interruption(id.to_owned()));
    }

    /// When the bus has something to do next.
    pub(in super::super) fn bus_due(&self) -> Option<SystemTime> {
        self.bus.post.waiting.keys().next().map(|(due, _)| *due)
    }

    /// Does what is due on the bus now; false if that is nothing.
    pub(in super::super) fn fire_bus(&mut self) -> bool {
        let now = self.now;
        let Some(first) = self.bus.post.waiting.first_entry().filter(|entry| entry.key().0 <= now) else {
            return false;
        };
        match first.remove() {
            Waiting::Message { queue, body, .. } => {
                if let Err(error) = self.put(&queue, body) {
                    tracing::warn!(queue, message = error.message, "an event was not delivered");
                }
            }
            Waiting::Machine(id) => self.machine_changes(&id),
            Waiting::Interruption(id) => self.carry_out_interruption(&id),
        }
        true
    }
}
