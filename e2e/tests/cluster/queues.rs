//! What the stories about the queue share: the queue itself, and messages of our own making.

use std::time::Duration;

use anyhow::Context;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::{Client, Config};
use aws_simulator::{Event, QueueInfo};
use e2e::aws::REGION;
use e2e::controller::ControllerBuilder;
use e2e::group::TERMINATION_HOOK;
use e2e::story::{LONG, Story};
use jiff::Timestamp;
use serde_json::json;

/// So rare that nothing is ever noticed by a second sweep.
pub(crate) const NEVER: &str = "1h";
/// Nothing is let go by a timeout while we look.
pub(crate) const HELD: Duration = Duration::from_secs(600);

/// A queue of the story's simulator.
pub(crate) struct Queue {
    client: Client,
    pub(crate) url: String,
}

impl Queue {
    pub(crate) async fn create(story: &Story) -> anyhow::Result<Self> {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .endpoint_url(story.simulator.endpoint())
            .credentials_provider(Credentials::new("admin", "secret", None, None, "e2e"))
            .build();
        let client = Client::from_conf(config);
        let created =
            client.create_queue().queue_name("wake-ups").send().await.context("making the queue")?;
        Ok(Queue { client, url: created.queue_url.context("a queue has a URL")? })
    }

    pub(crate) async fn send(&self, body: &str) -> anyhow::Result<()> {
        let sent = self.client.send_message().queue_url(&self.url).message_body(body).send().await;
        sent.map(drop).context("sending a message")
    }

    pub(crate) async fn delete(&self) -> anyhow::Result<()> {
        self.client.delete_queue().queue_url(&self.url).send().await.map(drop).context("deleting the queue")
    }

    /// Waits until so many messages were deleted, and none is left.
    pub(crate) async fn is_empty_after(&self, story: &Story, messages: u64) -> anyhow::Result<()> {
        let empty =
            |info: QueueInfo| info.deleted == messages && info.visible + info.in_flight + info.delayed == 0;
        let what = format!("{messages} messages are deleted");
        let reached = || story.simulator.queue(&self.url).is_some_and(empty);
        story.simulator.wait_until(&what, LONG, |_| reached()).await.map(drop)
    }
}

/// A controller that reads the queue and otherwise looks at nothing by itself after its first sweep.
pub(crate) fn woken_only(story: &Story, queue: &Queue) -> ControllerBuilder {
    story.controller().flag("--sweep-interval", NEVER).flag("--queue-url", &queue.url)
}

/// A notification of a termination as a hook would send it now.
pub(crate) fn termination(group: &str, instance: &str, token: &str, destination: &str) -> String {
    termination_at(Timestamp::now(), group, instance, token, destination)
}

/// A notification of a termination that began then.
pub(crate) fn termination_at(
    began: Timestamp,
    group: &str,
    instance: &str,
    token: &str,
    destination: &str,
) -> String {
    json!({
        "Origin": "AutoScalingGroup",
        "Destination": destination,
        "LifecycleHookName": TERMINATION_HOOK,
        "AccountId": "000000000000",
        "RequestId": "5a062a09-2965-8413-43f9-83bd8649c9eb",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "AutoScalingGroupName": group,
        "Service": "AWS Auto Scaling",
        "Time": began.to_string(),
        "EC2InstanceId": instance,
        "LifecycleActionToken": token,
    })
    .to_string()
}

/// The tokens of all actions that ever held an instance, oldest first.
pub(crate) fn tokens(story: &Story, instance: &str) -> Vec<String> {
    let opened = story.events().into_iter().filter_map(|event| match event {
        Event::ActionOpened { id, token, .. } if id == instance => Some(token),
        Event::ActionOpened { .. }
        | Event::LifecycleChanged { .. }
        | Event::PowerChanged { .. }
        | Event::Heartbeat { .. }
        | Event::ActionCompleted { .. } => None,
    });
    opened.collect()
}
