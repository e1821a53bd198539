//! What can be asked of the queues, and what they answer: the SQS operations without their wire form.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::error::SqsError;
use super::message::{AttributeValue, NewMessage};

/// One SQS operation. Queues go by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `CreateQueue`
    Create {
        /// Its name.
        queue: String,
        /// Its attributes as on the wire; the rest are AWS's defaults.
        attributes: BTreeMap<String, String>,
        /// Its tags, if it is new.
        tags: BTreeMap<String, String>,
    },
    /// `DeleteQueue`
    DeleteQueue(String),
    /// `GetQueueUrl`
    Find(String),
    /// `ListQueues`
    List {
        /// What their names start with.
        prefix: String,
        /// How many at most.
        max: Option<u32>,
        /// Where the page before ended.
        token: Option<String>,
    },
    /// `GetQueueAttributes`
    Attributes {
        /// The queue.
        queue: String,
        /// Which; `All` means all.
        names: Vec<String>,
    },
    /// `SetQueueAttributes`
    SetAttributes {
        /// The queue.
        queue: String,
        /// As on the wire; what is not named stays.
        attributes: BTreeMap<String, String>,
    },
    /// `PurgeQueue`
    Purge(String),
    /// `SendMessage`
    Send {
        /// The queue.
        queue: String,
        /// The message.
        message: NewMessage,
    },
    /// `SendMessageBatch`
    SendBatch {
        /// The queue.
        queue: String,
        /// The messages, each beside the caller's name for it.
        entries: Vec<(String, NewMessage)>,
    },
    /// `ReceiveMessage`, answered from what is visible now; waiting is the caller's.
    Receive(Receive),
    /// `DeleteMessage`
    Delete {
        /// The queue.
        queue: String,
        /// The receipt handle of its latest delivery.
        handle: String,
    },
    /// `DeleteMessageBatch`
    DeleteBatch {
        /// The queue.
        queue: String,
        /// The receipt handles, each beside the caller's name for it.
        entries: Vec<(String, String)>,
    },
    /// `ChangeMessageVisibility`
    Visibility {
        /// The queue.
        queue: String,
        /// The receipt handle of its latest delivery.
        handle: String,
        /// For how long from now it stays invisible, in seconds.
        timeout: u32,
    },
    /// `ChangeMessageVisibilityBatch`
    VisibilityBatch {
        /// The queue.
        queue: String,
        /// Receipt handles and seconds, each beside the caller's name for it.
        entries: Vec<(String, (String, u32))>,
    },
    /// `TagQueue`
    Tag {
        /// The queue.
        queue: String,
        /// Keys and values.
        tags: BTreeMap<String, String>,
    },
    /// `UntagQueue`
    Untag {
        /// The queue.
        queue: String,
        /// The keys; unknown ones are no mistake.
        keys: Vec<String>,
    },
    /// `ListQueueTags`
    Tags(String),
}

/// What `ReceiveMessage` asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receive {
    /// The queue.
    pub queue: String,
    /// How many at most, 1 to 10; 1 by default.
    pub max: Option<u32>,
    /// For how long nobody else sees them, in seconds; the queue's by default.
    pub visibility: Option<u32>,
    /// For how long to wait for the first, in seconds; the queue's by default.
    pub wait: Option<u32>,
    /// Which of the attributes that SQS keeps are told; `All` means all.
    pub system: Vec<String>,
    /// Which of the sender's attributes are told; `All` or `.*` means all, `a.*` a prefix.
    pub attributes: Vec<String>,
}

/// What the queues answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done, nothing to tell.
    Done,
    /// A queue's name, for its address.
    Queue(String),
    /// To `List`.
    Queues {
        /// This page's.
        names: Vec<String>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To `Attributes`.
    Attributes(BTreeMap<String, String>),
    /// To `Send`.
    Sent(Sent),
    /// To `SendBatch`.
    SentBatch {
        /// Those that were taken.
        sent: Vec<(String, Sent)>,
        /// Those that were not.
        failed: Vec<(String, SqsError)>,
    },
    /// To `Receive`.
    Messages(Vec<Received>),
    /// To `Tags`.
    Tags(BTreeMap<String, String>),
    /// To `DeleteBatch` and `VisibilityBatch`.
    Batch {
        /// Those that were carried out.
        done: Vec<String>,
        /// Those whose handles were no good.
        failed: Vec<(String, SqsError)>,
    },
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its id.
    pub id: String,
    /// The MD5 of its body, in hex.
    pub body_md5: String,
    /// The MD5 of its attributes, in hex; none if it has none.
    pub attributes_md5: Option<String>,
}

/// A message as it is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What names this delivery.
    pub handle: String,
    /// Id and digests; that of the attributes is of those told.
    pub sent: Sent,
    /// Its body.
    pub body: String,
    /// The attributes that SQS keeps, as asked for.
    pub system: BTreeMap<String, String>,
    /// The sender's attributes, as asked for.
    pub attributes: BTreeMap<String, AttributeValue>,
}

/// How a queue stands at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that the next reader gets.
    pub visible: usize,
    /// Messages handed out and not visible again yet.
    pub in_flight: usize,
    /// Messages that nobody has seen because of their delay.
    pub delayed: usize,
    /// Deliveries so far, repeated ones included.
    pub received: u64,
    /// Messages deleted by readers so far; those purged or expired do not count.
    pub deleted: u64,
}

/// Seconds on the wire.
pub(crate) fn seconds(count: u32) -> Duration {
    Duration::from_secs(u64::from(count))
}

/// Milliseconds since 1970, as SQS tells moments.
pub(crate) fn millis(at: SystemTime) -> String {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis().to_string()
}
