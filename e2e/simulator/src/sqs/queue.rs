//! One queue: who sees which message when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::attributes::{Attributes, DELAY, RETENTION, SIZE, VISIBILITY};
use super::command::{Counts, Receive, Received, Sent, millis, seconds};
use super::digest;
use super::error::SqsError;
use super::handle::Handle;
use super::message::{Message, NewMessage};
use crate::account::{ACCOUNT, queue_arn};

/// AWS's limit of messages in flight in a standard queue.
const MOST_IN_FLIGHT: usize = 120_000;
/// AWS's limits.
const LONGEST_DELAY: u32 = 900;
const LONGEST_VISIBILITY: u32 = 43_200;
const LONGEST_WAIT: u32 = 20;
const MOST_A_RECEIVE: u32 = 10;
/// One purge in this time.
const BETWEEN_PURGES: Duration = Duration::from_secs(60);

/// A queue with its messages in the order in which they were sent.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    pub(crate) name: String,
    /// Tells it from another queue of this name.
    pub(crate) uuid: String,
    pub(crate) attributes: Attributes,
    pub(crate) created: SystemTime,
    pub(crate) modified: SystemTime,
    pub(crate) tags: BTreeMap<String, String>,
    messages: BTreeMap<u64, Message>,
    /// The numbers of those that are kept from readers, by the time at which that ends; it may have ended already.
    hidden: BTreeSet<(SystemTime, u64)>,
    /// The numbers of the others. A search among all would take long while many are in flight.
    visible: BTreeSet<u64>,
    /// What they count together; a sum over all of them for each that comes would take long in a full queue.
    bytes: usize,
    next_number: u64,
    purged: Option<SystemTime>,
    received: u64,
    deleted: u64,
}

impl Queue {
    pub(crate) fn new(name: String, uuid: String, attributes: Attributes, now: SystemTime) -> Self {
        Queue {
            name,
            uuid,
            attributes,
            created: now,
            modified: now,
            tags: BTreeMap::new(),
            messages: BTreeMap::new(),
            hidden: BTreeSet::new(),
            visible: BTreeSet::new(),
            bytes: 0,
            next_number: 0,
            purged: None,
            received: 0,
            deleted: 0,
        }
    }

    /// How many messages there are, and how many bytes.
    pub(crate) fn load(&self) -> (usize, usize) {
        (self.messages.len(), self.bytes)
    }

    /// Drops what is older than the queue keeps messages: they are in the order in which they came.
    pub(crate) fn expire(&mut self, now: SystemTime) {
        let retention = seconds(self.attributes.number(RETENTION));
        while let Some((number, oldest)) = self.messages.first_key_value()
            && oldest.sent_at + retention <= now
        {
            self.remove(*number);
        }
    }

    fn remove(&mut self, number: u64) {
        let Some(message) = self.messages.remove(&number) else { return };
        self.bytes -= message.size;
        self.hidden.remove(&(message.visible_at, number));
        self.visible.remove(&number);
    }

    /// Keeps a message from readers until then.
    fn hide(&mut self, number: u64, until: SystemTime) {
        let Some(message) = self.messages.get_mut(&number) else { return };
        self.hidden.remove(&(message.visible_at, number));
        self.visible.remove(&number);
        message.visible_at = until;
        self.hidden.insert((until, number));
    }

    /// Shows readers what need not be kept from them any longer.
    fn show(&mut self, now: SystemTime) {
        while let Some((at, number)) = self.hidden.first()
            && *at <= now
        {
            self.visible.insert(*number);
            self.hidden.pop_first();
        }
    }

    pub(crate) fn send(&mut self, id: String, new: NewMessage, now: SystemTime) -> Result<Sent, SqsError> {
        new.check(self.attributes.number(SIZE) as usize)?;
        let delay = match new.delay {
            Some(delay) if delay > LONGEST_DELAY => {
                return Err(SqsError::out_of_range(delay, "DelaySeconds", 0, LONGEST_DELAY));
            }
            Some(delay) => delay,
            None => self.attributes.number(DELAY),
        };
        let visible_at = now + seconds(delay);
        let message = Message::new(id, new, now, visible_at);
        let sent = message.sent.clone();
        self.bytes += message.size;
        self.next_number += 1;
        self.messages.insert(self.next_number, message);
        self.hidden.insert((visible_at, self.next_number));
        Ok(sent)
    }

    /// Hands out the oldest visible messages.
    pub(crate) fn receive(&mut self, wanted: &Receive, now: SystemTime) -> Result<Vec<Received>, SqsError> {
        let max = wanted.max.unwrap_or(1);
        if !(1..=MOST_A_RECEIVE).contains(&max) {
            return Err(SqsError::out_of_range(max, "MaxNumberOfMessages", 1, MOST_A_RECEIVE));
        }
        if let Some(wait) = wanted.wait.filter(|wait| *wait > LONGEST_WAIT) {
            return Err(SqsError::out_of_range(wait, "WaitTimeSeconds", 0, LONGEST_WAIT));
        }
        let visibility = wanted.visibility.unwrap_or_else(|| self.attributes.number(VISIBILITY));
        if visibility > LONGEST_VISIBILITY {
            return Err(SqsError::out_of_range(visibility, "VisibilityTimeout", 0, LONGEST_VISIBILITY));
        }
        self.show(now);
        if self.hidden.len() >= MOST_IN_FLIGHT && self.counts(now).in_flight >= MOST_IN_FLIGHT {
            return Err(SqsError::too_much("Too many messages in flight."));
        }
        let oldest: Vec<_> = self.visible.iter().take(max as usize).copied().collect();
        let mut received = Vec::new();
        for number in oldest {
            self.hide(number, now + seconds(visibility));
            let Some(message) = self.messages.get_mut(&number) else { continue };
            message.deliveries += 1;
            message.first_received.get_or_insert(now);
            let handle = Handle { queue: self.uuid.clone(), number, delivery: message.deliveries };
            received.push(told(message, &handle, wanted));
        }
        self.received += received.len() as u64;
        Ok(received)
    }

    /// Deletes the message of a delivery. As at AWS it succeeds for a message that is gone, and a handle that is not the
    /// latest deletes nothing.
    pub(crate) fn delete(&mut self, handle: &str) -> Result<(), SqsError> {
        let handle = self.handle(handle)?;
        if self.messages.get(&handle.number).is_some_and(|message| message.deliveries == handle.delivery) {
            self.remove(handle.number);
            self.deleted += 1;
        }
        Ok(())
    }

    pub(crate) fn change_visibility(
        &mut self,
        text: &str,
        timeout: u32,
        now: SystemTime,
    ) -> Result<(), SqsError> {
        if timeout > LONGEST_VISIBILITY {
            return Err(SqsError::out_of_range(timeout, "VisibilityTimeout", 0, LONGEST_VISIBILITY));
        }
        let handle = self.handle(text)?;
        let Some(message) =
            self.messages.get(&handle.number).filter(|message| message.deliveries == handle.delivery)
        else {
            return Err(SqsError::invalid(format!(
                "Value {text} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not \
                 available for visibility timeout change."
            )));
        };
        if message.visible_at <= now {
            return Err(SqsError::spaced("MessageNotInflight", "The specified message isn't in flight."));
        }
        self.hide(handle.number, now + seconds(timeout));
        Ok(())
    }

    pub(crate) fn purge(&mut self, now: SystemTime) -> Result<(), SqsError> {
        if self.purged.is_some_and(|at| now < at + BETWEEN_PURGES) {
            return Err(SqsError::spaced(
                "PurgeQueueInProgress",
                format!("Only one PurgeQueue operation on {} is allowed every 60 seconds.", self.name),
            ));
        }
        self.purged = Some(now);
        self.messages.clear();
        self.hidden.clear();
        self.visible.clear();
        self.bytes = 0;
        Ok(())
    }

    /// When the next message becomes visible that is not yet.
    pub(crate) fn next_visible(&self, now: SystemTime) -> Option<SystemTime> {
        self.hidden.iter().map(|(at, _)| *at).find(|at| *at > now)
    }

    pub(crate) fn counts(&self, now: SystemTime) -> Counts {
        let mut counts = Counts { received: self.received, deleted: self.deleted, ..Counts::default() };
        for message in self.messages.values() {
            match (message.visible_at <= now, message.deliveries) {
                (true, _) => counts.visible += 1,
                (false, 0) => counts.delayed += 1,
                (false, _) => counts.in_flight += 1,
            }
        }
        counts
    }

    /// All attributes as on the wire, those that the queue counts itself included.
    pub(crate) fn describe(&self, now: SystemTime) -> BTreeMap<String, String> {
        let counts = self.counts(now);
        let since_1970 =
            |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut all = self.attributes.texts();
        for (name, value) in [
            ("QueueArn", queue_arn(&self.name)),
            ("CreatedTimestamp", since_1970(self.created).to_string()),
            ("LastModifiedTimestamp", since_1970(self.modified).to_string()),
            ("ApproximateNumberOfMessages", counts.visible.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
            ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
        ] {
            all.insert(name.to_owned(), value);
        }
        all.entry("SqsManagedSseEnabled".to_owned()).or_insert_with(|| "true".to_owned());
        all
    }

    fn handle(&self, text: &str) -> Result<Handle, SqsError> {
        let handle = Handle::parse(text).filter(|handle| handle.queue == self.uuid);
        handle.filter(|handle| handle.number <= self.next_number).ok_or_else(|| SqsError::bad_handle(text))
    }
}

/// A message as one reader asked for it.
fn told(message: &Message, handle: &Handle, wanted: &Receive) -> Received {
    let system = [
        ("SenderId", ACCOUNT.to_owned()),
        ("SentTimestamp", millis(message.sent_at)),
        ("ApproximateReceiveCount", message.deliveries.to_string()),
        ("ApproximateFirstReceiveTimestamp", message.first_received.map(millis).unwrap_or_default()),
    ];
    let asked = |names: &[String], name: &str| names.iter().any(|wished| wished == "All" || wished == name);
    let attributes: BTreeMap<_, _> = message
        .attributes
        .iter()
        .filter(|(name, _)| {
            asked(&wanted.attributes, name)
                || wanted
                    .attributes
                    .iter()
                    .any(|wished| wished.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix)))
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut sent = message.sent.clone();
    sent.attributes_md5 = digest::of_attributes(&attributes);
    Received {
        handle: handle.to_string(),
        sent,
        body: message.body.clone(),
        system: system
            .into_iter()
            .filter(|(name, _)| asked(&wanted.system, name))
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        attributes,
    }
}
