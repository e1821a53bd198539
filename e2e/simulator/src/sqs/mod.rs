//! The pure heart of SQS: standard queues, with time as an argument.
//!
//! Waiting for a message is the skin's: `handle` answers from what is visible now, `wait` tells how long a reader wants to
//! wait, `next_deadline` when something becomes visible by itself, `changes` when something may have come in between.
//!
//! It hands out the oldest message first and delivers each once a visibility timeout, where AWS promises neither.
//! First-in-first-out queues and redrive are refused. A deleted queue's name is free at once; at AWS after a minute.

mod attributes;
mod batch;
mod command;
mod digest;
mod error;
mod handle;
mod message;
mod queue;
mod tags;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

pub use command::{Command, Counts, Receive, Received, Reply, Sent};
pub use error::SqsError;
pub use message::{AttributeValue, NewMessage};

use crate::world::Ids;
use attributes::{Attributes, LONGEST_MESSAGE, WAIT};
use command::seconds;
use queue::Queue;

/// One world is one machine: a flood must not take all of its memory. More than AWS lets be in flight in one queue.
const MOST_MESSAGES: usize = 150_000;
const MOST_BYTES: usize = 64 << 20;
const MOST_QUEUES: usize = 1000;
/// AWS's page size.
const QUEUES_A_PAGE: u32 = 1000;

/// All queues of the account in the region.
#[derive(Debug, Clone)]
pub struct Queues {
    ids: Ids,
    all: BTreeMap<String, Queue>,
    changes: u64,
}

impl Queues {
    /// No queues; all ids follow from the seed.
    pub fn new(seed: u64) -> Self {
        // Far from those of the instances.
        Queues { ids: Ids::new(!seed), all: BTreeMap::new(), changes: 0 }
    }

    /// Carries out an operation.
    pub fn handle(&mut self, now: SystemTime, command: Command) -> Result<Reply, SqsError> {
        for queue in self.all.values_mut() {
            queue.expire(now);
        }
        match command {
            Command::Create { queue, attributes, tags } => self.create(queue, &attributes, tags, now),
            Command::DeleteQueue(queue) => {
                self.all.remove(&queue).ok_or_else(SqsError::no_queue)?;
                self.changes += 1;
                Ok(Reply::Done)
            }
            Command::Find(queue) => self.queue(&queue).map(|queue| Reply::Queue(queue.name.clone())),
            Command::List { prefix, max, token } => self.list(&prefix, max, token.as_deref()),
            Command::Attributes { queue, names } => self.attributes(&queue, &names, now),
            Command::SetAttributes { queue, attributes } => {
                let queue = self.queue_mut(&queue)?;
                queue.attributes = queue.attributes.with(&attributes)?;
                queue.modified = now;
                Ok(Reply::Done)
            }
            Command::Purge(queue) => self.queue_mut(&queue)?.purge(now).map(|()| Reply::Done),
            Command::Send { queue, message } => self.send(&queue, message, now).map(Reply::Sent),
            Command::SendBatch { queue, entries } => self.send_batch(&queue, entries, now),
            Command::Receive(wanted) => {
                self.queue_mut(&wanted.queue)?.receive(&wanted, now).map(Reply::Messages)
            }
            Command::Delete { queue, handle } => {
                self.queue_mut(&queue)?.delete(&handle).map(|()| Reply::Done)
            }
            Command::DeleteBatch { queue, entries } => self.delete_batch(&queue, entries),
            Command::Visibility { queue, handle, timeout } => {
                self.queue_mut(&queue)?.change_visibility(&handle, timeout, now)?;
                self.changes += 1;
                Ok(Reply::Done)
            }
            Command::VisibilityBatch { queue, entries } => self.visibility_batch(&queue, entries, now),
            Command::Tag { queue, tags } => self.tag(&queue, tags),
            Command::Untag { queue, keys } => self.untag(&queue, &keys),
            Command::Tags(queue) => self.tags(&queue),
        }
    }

    /// Whether there is a queue of this name.
    pub fn exists(&self, queue: &str) -> bool {
        self.all.contains_key(queue)
    }

    /// How long a reader wants to wait for a first message.
    pub fn wait(&self, wanted: &Receive) -> Duration {
        let default = || self.all.get(&wanted.queue).map_or(0, |queue| queue.attributes.number(WAIT));
        seconds(wanted.wait.unwrap_or_else(default))
    }

    /// When a message of this queue becomes visible by itself.
    pub fn next_deadline(&self, queue: &str, now: SystemTime) -> Option<SystemTime> {
        self.all.get(queue)?.next_visible(now)
    }

    /// Counts whatever may give a waiting reader something before the next deadline.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// How a queue stands.
    pub fn counts(&mut self, queue: &str, now: SystemTime) -> Option<Counts> {
        let queue = self.all.get_mut(queue)?;
        queue.expire(now);
        Some(queue.counts(now))
    }

    fn queue(&self, name: &str) -> Result<&Queue, SqsError> {
        self.all.get(name).ok_or_else(SqsError::no_queue)
    }

    fn queue_mut(&mut self, name: &str) -> Result<&mut Queue, SqsError> {
        self.all.get_mut(name).ok_or_else(SqsError::no_queue)
    }

    fn create(
        &mut self,
        name: String,
        wished: &BTreeMap<String, String>,
        tags: BTreeMap<String, String>,
        now: SystemTime,
    ) -> Result<Reply, SqsError> {
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if name.strip_suffix(".fifo").is_some() {
            return Err(SqsError::not_built("FifoQueue"));
        }
        if name.is_empty() || name.len() > 80 || !is_plain {
            return Err(SqsError::invalid(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
            ));
        }
        let attributes = Attributes::default().with(wished)?;
        if let Some(existing) = self.all.get(&name) {
            if let Some(different) = existing.attributes.difference(wished) {
                return Err(SqsError::modeled(
                    "QueueNameExists",
                    "QueueAlreadyExists",
                    format!(
                        "A queue already exists with the same name and a different value for attribute {different}"
                    ),
                ));
            }
            return Ok(Reply::Queue(name));
        }
        if self.all.len() >= MOST_QUEUES {
            return Err(SqsError::too_much("There are too many queues for the simulator"));
        }
        let tags = tags::with(&BTreeMap::new(), tags)?;
        let mut queue = Queue::new(name.clone(), self.ids.uuid(), attributes, now);
        queue.tags = tags;
        self.all.insert(name.clone(), queue);
        Ok(Reply::Queue(name))
    }

    fn list(&self, prefix: &str, max: Option<u32>, token: Option<&str>) -> Result<Reply, SqsError> {
        let size = max.unwrap_or(QUEUES_A_PAGE);
        if !(1..=QUEUES_A_PAGE).contains(&size) {
            return Err(SqsError::out_of_range(size, "MaxResults", 1, QUEUES_A_PAGE));
        }
        // As at AWS there is a next page only for those who asked for pages.
        let after = |name: &String| token.is_none_or(|last| name.as_str() > last);
        let mut rest = self.all.keys().filter(|name| name.starts_with(prefix) && after(name));
        let names: Vec<_> = rest.by_ref().take(size as usize).cloned().collect();
        let more = max.is_some() && rest.next().is_some();
        Ok(Reply::Queues { next: names.last().filter(|_| more).cloned(), names })
    }

    fn attributes(&self, queue: &str, names: &[String], now: SystemTime) -> Result<Reply, SqsError> {
        let mut all = self.queue(queue)?.describe(now);
        // Those that are known and not set are left out.
        let is_known =
            |name: &&String| *name == "All" || all.contains_key(*name) || Attributes::is_known(name);
        if let Some(strange) = names.iter().find(|name| !is_known(name)) {
            return Err(attributes::unknown(strange));
        }
        all.retain(|name, _| names.iter().any(|wished| wished == "All" || wished == name));
        Ok(Reply::Attributes(all))
    }

    fn send(&mut self, queue: &str, message: NewMessage, now: SystemTime) -> Result<Sent, SqsError> {
        let loads = self.all.values().map(Queue::load);
        let (count, bytes) = loads.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        let id = self.ids.uuid();
        let queue = self.queue_mut(queue)?;
        if count >= MOST_MESSAGES || bytes + message.size() > MOST_BYTES {
            return Err(SqsError::too_much("There are too many messages for the simulator"));
        }
        let sent = queue.send(id, message, now)?;
        self.changes += 1;
        Ok(sent)
    }

    fn send_batch(
        &mut self,
        queue: &str,
        entries: Vec<(String, NewMessage)>,
        now: SystemTime,
    ) -> Result<Reply, SqsError> {
        self.queue(queue)?;
        batch::check("SendMessageBatch", &entries)?;
        let size: usize = entries.iter().map(|(_, message)| message.size()).sum();
        if size > LONGEST_MESSAGE as usize {
            return Err(SqsError::spaced(
                "BatchRequestTooLong",
                format!(
                    "Batch requests cannot be longer than {LONGEST_MESSAGE} bytes. You have sent {size} bytes."
                ),
            ));
        }
        let (mut sent, mut failed) = (Vec::new(), Vec::new());
        for (entry, message) in entries {
            match self.send(queue, message, now) {
                Ok(done) => sent.push((entry, done)),
                Err(error) => failed.push((entry, error)),
            }
        }
        Ok(Reply::SentBatch { sent, failed })
    }

    fn delete_batch(&mut self, queue: &str, entries: Vec<(String, String)>) -> Result<Reply, SqsError> {
        let queue = self.queue_mut(queue)?;
        batch::check("DeleteMessageBatch", &entries)?;
        Ok(batch::each(entries, |handle| queue.delete(&handle)))
    }

    fn visibility_batch(
        &mut self,
        queue: &str,
        entries: Vec<(String, (String, u32))>,
        now: SystemTime,
    ) -> Result<Reply, SqsError> {
        let queue = self.queue_mut(queue)?;
        batch::check("ChangeMessageVisibilityBatch", &entries)?;
        let done = batch::each(entries, |(handle, timeout)| queue.change_visibility(&handle, timeout, now));
        self.changes += 1;
        Ok(done)
    }
}
