//! SNS topics, as far as they are told something: a topic is a name with queues that subscribed to it.

use serde_json::{Value, json};

use super::World;
use super::bus::EventKind;
use crate::account::{REGION, queue_of_arn};
use crate::sqs::SqsError;
use crate::times::millis;

impl World {
    /// Subscribes a queue to a topic, which exists from then on. Messages come in SNS's envelope.
    pub fn subscribe_queue(&mut self, topic: &str, queue: &str) {
        let queues = self.topics.entry(topic.to_owned()).or_default();
        if !queues.iter().any(|known| known == queue) {
            queues.push(queue.to_owned());
        }
    }

    /// Tells a message to the target of a hook or a notification configuration, a queue or a topic; false if it cannot be
    /// reached. The kind is what faults of the delivery go by; none of them meets a test message.
    pub(super) fn tell_target(
        &mut self,
        arn: &str,
        kind: Option<EventKind>,
        subject: &str,
        message: &Value,
    ) -> bool {
        if let Some(queue) = queue_of_arn(arn).map(str::to_owned) {
            let Err(error) = self.hand(&queue, kind, message) else { return true };
            // One that is there and cannot take it loses it, as a full one of ours does.
            tracing::warn!(queue, message = error.message, "a notification was not delivered");
            return self.queues.exists(&queue);
        }
        let Some(queues) = self.topics.get(arn).cloned() else { return false };
        let notification = self.notification(arn, subject, message);
        for queue in queues {
            // A topic takes what its subscribers lose.
            if let Err(error) = self.hand(&queue, kind, &notification) {
                tracing::warn!(queue, message = error.message, "a notification was not delivered");
            }
        }
        true
    }

    fn hand(&mut self, queue: &str, kind: Option<EventKind>, body: &Value) -> Result<(), SqsError> {
        match kind {
            Some(kind) => self.deliver(queue, kind, body),
            None => self.put(queue, body.to_string()),
        }
    }

    /// A message in SNS's envelope.
    pub(super) fn notification(&mut self, topic: &str, subject: &str, message: &Value) -> Value {
        json!({
            "Type": "Notification",
            "MessageId": self.told_ids.uuid(),
            "TopicArn": topic,
            "Subject": subject,
            "Message": message.to_string(),
            "Timestamp": millis(self.now),
            // Signed by nobody: only the fields are as at AWS.
            "SignatureVersion": "1",
            "Signature": "c2lnbmVkIGJ5IG5vYm9keQ==",
            "SigningCertURL": format!("https://sns.{REGION}.amazonaws.com/SimpleNotificationService.pem"),
            "UnsubscribeURL": format!(
                "https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={topic}"
            ),
        })
    }
}
