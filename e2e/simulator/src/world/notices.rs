//! Telling queues about lifecycle actions: by a hook's notification target, and by rules and topics as users set them up.

use serde_json::{Value, json};

use super::World;
use super::bus::EventKind;
use super::error::AwsError;
use super::event::{HookTransition, Place};
use super::group::Hook;
use crate::account::{ACCOUNT, REGION, group_arn};
use crate::times::millis;

/// The shape in which a queue is told about lifecycle actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Envelope {
    /// An `EventBridge` event, as by a rule whose target is the queue.
    EventBridge,
    /// The direct message inside an SNS notification, as by a hook whose target is a topic to which the queue subscribes.
    Sns,
    /// The direct message, as by a hook whose target is the queue.
    Direct,
}

/// What there is to tell about an action that opened.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) instance: String,
    pub(super) group: String,
    pub(super) group_uuid: String,
    pub(super) token: String,
    pub(super) origin: Place,
    pub(super) destination: Place,
    pub(super) action: &'static str,
}

impl World {
    /// From now on every lifecycle action of every group is told to this queue. What cannot be delivered is lost, and the
    /// action goes on: so it is with rules.
    pub fn route(&mut self, queue: &str, envelope: Envelope) {
        self.routes.push((queue.to_owned(), envelope));
    }

    /// Tells everybody about an action; false if the hook's own target could not be reached.
    pub(super) fn tell(&mut self, hook: &Hook, notice: &Notice) -> bool {
        let kind = match hook.transition {
            HookTransition::Launching => EventKind::LaunchAction,
            HookTransition::Terminating => EventKind::TerminateAction,
        };
        let resources = [group_arn(&notice.group_uuid, &notice.group)];
        for (queue, envelope) in self.routes.clone() {
            let body = match envelope {
                Envelope::EventBridge => self.event(kind, &resources, &detail(hook, notice)),
                Envelope::Direct => self.direct(hook, notice),
                Envelope::Sns => {
                    let message = self.direct(hook, notice);
                    let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:lifecycle");
                    self.notification(&topic, &subject(hook, notice), &message)
                }
            };
            if let Err(error) = self.deliver(&queue, kind, &body) {
                tracing::warn!(queue, message = error.message, "an event was not delivered");
            }
        }
        self.publish(kind, &resources, &detail(hook, notice));
        let Some(target) = &hook.target else { return true };
        let message = self.direct(hook, notice);
        self.tell_target(&target.arn, Some(kind), &subject(hook, notice), &message)
    }

    /// Sends the test notification that tells whether a hook's target can be reached.
    pub(super) fn test_target(&mut self, group: &str, hook: &Hook) -> Result<(), AwsError> {
        let Some(target) = &hook.target else { return Ok(()) };
        let uuid = self.group(group)?.uuid.clone();
        let body = self.test_message(&uuid, group);
        let role = target.role.as_deref();
        let subject = format!("Auto Scaling: test notification for group \"{group}\"");
        let is_sent = role.is_some() && self.tell_target(&target.arn, None, &subject, &body);
        is_sent.then_some(()).ok_or_else(|| {
            AwsError::validation(format!(
                "Unable to publish test message to notification target {} using IAM role {}. Please check your target \
                 and role configuration and try to put lifecycle hook again.",
                target.arn,
                role.unwrap_or("null")
            ))
        })
    }

    /// What a hook's target and a topic are told first.
    pub(super) fn test_message(&mut self, group_uuid: &str, group: &str) -> Value {
        json!({
            "AccountId": ACCOUNT,
            "RequestId": self.told_ids.uuid(),
            "AutoScalingGroupARN": group_arn(group_uuid, group),
            "AutoScalingGroupName": group,
            "Service": SERVICE,
            "Event": "autoscaling:TEST_NOTIFICATION",
            "Time": millis(self.now),
        })
    }

    /// The flat message of a hook's target: no `Action`, and a time with milliseconds.
    fn direct(&mut self, hook: &Hook, notice: &Notice) -> Value {
        let mut body = json!({
            "Origin": notice.origin.as_str(),
            "LifecycleHookName": hook.name,
            "Destination": notice.destination.as_str(),
            "AccountId": ACCOUNT,
            "RequestId": self.told_ids.uuid(),
            "LifecycleTransition": hook.transition.as_str(),
            "AutoScalingGroupName": notice.group,
            "Service": SERVICE,
            "Time": millis(self.now),
            "EC2InstanceId": notice.instance,
            "LifecycleActionToken": notice.token,
        });
        add_metadata(&mut body, hook);
        body
    }
}

const SERVICE: &str = "AWS Auto Scaling";

fn detail(hook: &Hook, notice: &Notice) -> Value {
    let mut detail = json!({
        "LifecycleActionToken": notice.token,
        "AutoScalingGroupName": notice.group,
        "LifecycleHookName": hook.name,
        "EC2InstanceId": notice.instance,
        "LifecycleTransition": hook.transition.as_str(),
        "Origin": notice.origin.as_str(),
        "Destination": notice.destination.as_str(),
        "Action": notice.action,
    });
    add_metadata(&mut detail, hook);
    detail
}

fn subject(hook: &Hook, notice: &Notice) -> String {
    let word = match hook.transition {
        HookTransition::Launching => "LAUNCHING",
        HookTransition::Terminating => "TERMINATING",
    };
    format!("Auto Scaling:  Lifecycle action '{word}' for instance {} in progress.", notice.instance)
}

fn add_metadata(body: &mut Value, hook: &Hook) {
    if let Some(metadata) = &hook.metadata {
        body["NotificationMetadata"] = json!(metadata);
    }
}
