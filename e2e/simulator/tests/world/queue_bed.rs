//! Queues alone, and their time.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_simulator::QueueInfo;
use aws_simulator::sqs::{Command, NewMessage, Queues, Receive, Received, Reply, SqsError};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const VISIBILITY: Duration = Duration::from_secs(30);

/// Queues with one queue `q`, and their time.
pub(crate) struct Bed {
    pub(crate) queues: Queues,
    pub(crate) now: SystemTime,
}

impl Bed {
    pub(crate) fn new(attributes: &[(&str, &str)]) -> Self {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        let mut bed = Bed { queues: Queues::new(1), now };
        bed.run(Command::Create { queue: "q".into(), attributes: texts(attributes), tags: BTreeMap::new() });
        bed
    }

    pub(crate) fn attempt(&mut self, command: Command) -> Result<Reply, SqsError> {
        self.queues.handle(self.now, command)
    }

    pub(crate) fn run(&mut self, command: Command) -> Reply {
        self.attempt(command).expect("the operation is in order")
    }

    pub(crate) fn refused(&mut self, command: Command) -> String {
        self.attempt(command).expect_err("the operation is out of order").code
    }

    pub(crate) fn send(&mut self, body: &str) {
        self.run(Command::Send { queue: "q".into(), message: message(body) });
    }

    pub(crate) fn receive(&mut self, max: u32) -> Vec<Received> {
        let wanted =
            Receive { queue: "q".into(), max: Some(max), system: vec!["All".into()], ..Receive::default() };
        let Reply::Messages(messages) = self.run(Command::Receive(wanted)) else { panic!("not messages") };
        messages
    }

    pub(crate) fn bodies(&mut self) -> Vec<String> {
        self.receive(10).into_iter().map(|message| message.body).collect()
    }

    pub(crate) fn delete(&mut self, handle: &str) -> Reply {
        self.run(Command::Delete { queue: "q".into(), handle: handle.into() })
    }

    pub(crate) fn counts(&mut self) -> QueueInfo {
        self.queues.counts("q", self.now).expect("a queue")
    }
}

pub(crate) fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn message(body: &str) -> NewMessage {
    NewMessage { body: body.to_owned(), ..NewMessage::default() }
}
