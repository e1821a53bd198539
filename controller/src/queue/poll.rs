//! The loop that reads the queue: receive → ask the observer → delete. It lives inside the leader's future, so a standby
//! reads nothing. One receive at a time; a message is deleted only once its instances were looked up.

use std::collections::BTreeSet;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::aws::Backoff;
use crate::metrics::Metrics;
use crate::queue::message::{Message, Told};
use crate::queue::pace::{Pace, Unreadable};
use crate::queue::sqs::{Queue, Received};
use crate::trouble::Trouble;
use crate::world::World;

/// All kinds of messages and calls that are counted, with what may come of them.
pub const WAKEUPS: [(&str, &str); 13] = [
    ("lifecycle_action", "looked_up"),
    ("lifecycle_action", "foreign"),
    ("lifecycle_action", "failed"),
    ("other_event", "looked_up"),
    ("other_event", "foreign"),
    ("other_event", "failed"),
    ("other_event", "no_instance"),
    ("test", "deleted"),
    ("unreadable", "deleted"),
    ("receive", "succeeded"),
    ("receive", "failed"),
    ("delete", "succeeded"),
    ("delete", "failed"),
];

/// Instances to be looked up now, and who waits for that.
#[derive(Debug)]
pub struct Wake {
    /// Their ids.
    pub instances: BTreeSet<String>,
    /// What messages claim of lifecycle actions, by instance.
    pub told: Vec<(String, Told)>,
    /// Told once they were looked up.
    pub looked_up: oneshot::Sender<LookedUp>,
}

/// How look-ups ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LookedUp {
    /// Those that turned out to be ours.
    pub ours: BTreeSet<String>,
    /// Those of which nothing could be learned.
    pub failed: BTreeSet<String>,
}

impl LookedUp {
    /// What became of a message, as a metric's label.
    fn result(&self, message: &Message) -> &'static str {
        let ids = message.instances();
        if matches!(message, Message::Test | Message::Unreadable(_)) {
            "deleted"
        } else if ids.is_empty() {
            "no_instance"
        } else if ids.iter().any(|id| self.failed.contains(id)) {
            "failed"
        } else if ids.iter().any(|id| self.ours.contains(id)) {
            "looked_up"
        } else {
            "foreign"
        }
    }
}

/// Reads the queue for ever, once all our groups are known: before that nobody could say what is ours.
pub async fn run(
    queue: Queue,
    wakes: mpsc::Sender<Wake>,
    mut world: watch::Receiver<World>,
    metrics: Metrics,
) -> anyhow::Result<()> {
    world.wait_for(|world| world.swept).await?;
    let mut backoff = Backoff::default();
    let mut trouble = Trouble::default();
    let mut pace = Pace::default();
    let mut unreadable = Unreadable::default();
    let count = |kind: &str, result: &str| metrics.wakeups.with_label_values(&[kind, result]).inc();
    loop {
        let received = queue.receive().await;
        trouble.say("reading the queue", received.as_ref().err());
        let Ok(received) = received else {
            count("receive", "failed");
            tokio::time::sleep(backoff.failed()).await;
            continue;
        };
        backoff.succeeded();
        count("receive", "succeeded");
        let mut done = Vec::new();
        let mut ids = 0;
        for (handle, message, result) in handle(received, &wakes).await? {
            count(message.kind(), result);
            unreadable.add(&message);
            ids += message.instances().len();
            if result != "failed" {
                done.push(handle);
            }
        }
        if !done.is_empty() {
            let deleted = queue.delete(&done).await;
            trouble.say("deleting queue messages", deleted.as_ref().err());
            count("delete", if deleted.is_ok() { "succeeded" } else { "failed" });
        }
        if let Some((messages, why)) = unreadable.due(Instant::now()) {
            tracing::warn!(messages, why, "queue messages cannot be read, deleting them");
        }
        tokio::time::sleep(pace.rest(Instant::now(), ids)).await;
    }
}

/// Has everything that the messages name looked up, and says for each what came of it.
async fn handle(
    received: Vec<Received>,
    wakes: &mpsc::Sender<Wake>,
) -> anyhow::Result<Vec<(String, Message, &'static str)>> {
    let messages: Vec<(String, Message)> =
        received.into_iter().map(|received| (received.handle, Message::read(&received.body))).collect();
    let instances: BTreeSet<String> =
        messages.iter().flat_map(|(_, message)| message.instances().iter().cloned()).collect();
    let told = messages.iter().filter_map(|(_, message)| match message {
        Message::Action { instance, told } => Some((instance.clone(), told.clone())),
        Message::Event { .. } | Message::Test | Message::Unreadable(_) => None,
    });
    let looked_up = if instances.is_empty() {
        LookedUp::default()
    } else {
        let (answer, answered) = oneshot::channel();
        wakes.send(Wake { instances, told: told.collect(), looked_up: answer }).await?;
        answered.await?
    };
    let results = messages.into_iter().map(|(handle, message)| {
        let result = looked_up.result(&message);
        (handle, message, result)
    });
    Ok(results.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(body: &str) -> Received {
        Received { handle: body.to_owned(), body: body.to_owned() }
    }

    fn about(id: &str) -> String {
        format!(r#"{{"detail-type":"x","detail":{{"instance-id":"{id}"}}}}"#)
    }

    #[tokio::test]
    async fn one_receive_is_one_question_and_each_message_has_its_own_result() {
        let (wakes, mut asked) = mpsc::channel::<Wake>(1);
        let bodies = [
            about("i-00000001"),
            about("i-00000001"),
            about("i-00000002"),
            about("i-00000003"),
            r#"{"detail-type":"x","detail":{}}"#.to_owned(),
            "garbage".to_owned(),
            r#"{"Event":"autoscaling:TEST_NOTIFICATION"}"#.to_owned(),
        ];
        let observer = async {
            let wake = asked.recv().await.unwrap();
            assert_eq!(wake.instances.len(), 3);
            let ours = BTreeSet::from(["i-00000001".to_owned()]);
            let failed = BTreeSet::from(["i-00000003".to_owned()]);
            wake.looked_up.send(LookedUp { ours, failed }).unwrap();
        };
        let (handled, ()) =
            tokio::join!(handle(bodies.iter().map(|b| received(b)).collect(), &wakes), observer);
        let results: Vec<&str> = handled.unwrap().into_iter().map(|(_, _, result)| result).collect();
        let expected = ["looked_up", "looked_up", "foreign", "failed", "no_instance", "deleted", "deleted"];
        assert_eq!(results, expected);
        assert!(asked.try_recv().is_err(), "nothing else was asked");
    }

    #[tokio::test]
    async fn what_names_no_instance_asks_nobody() {
        let (wakes, _asked) = mpsc::channel(1);
        let handled = handle(vec![received("garbage")], &wakes).await.unwrap();
        assert_eq!(handled[0].2, "deleted");
    }
}
