//! Notification configurations: a group's topics, and what they are told of launches and terminations.
//!
//! The shapes are those of captured notifications. Judgements: the subject of an error, and that deleting what is not
//! there is no error.

use std::collections::BTreeSet;

use serde_json::json;

use super::World;
use super::bus::{EventKind, Outcome};
use super::command::{ActivityStatus, NotificationType, NotificationView, Page, PutNotifications, Reply};
use super::error::AwsError;
use super::page::cut;
use crate::account::{ACCOUNT, group_arn};
use crate::times::millis;

/// AWS's limit of topics a group.
const MOST_TOPICS: usize = 10;
/// AWS's page sizes: by default, and at most.
const A_PAGE: (u32, u32) = (50, 100);

impl World {
    /// Tells the topic with a test message that it is told from now on, as AWS does.
    pub(super) fn put_notifications(&mut self, put: PutNotifications) -> Result<Reply, AwsError> {
        let group = self.group(&put.group)?;
        let uuid = group.uuid.clone();
        if !group.notifications.contains_key(&put.topic) && group.notifications.len() >= MOST_TOPICS {
            return Err(AwsError::new(
                400,
                "LimitExceeded",
                format!("The AutoScalingGroup already has {MOST_TOPICS} notification topics"),
            ));
        }
        if put.types.is_empty() {
            return Err(AwsError::validation("At least one notification type is required"));
        }
        let body = self.test_message(&uuid, &put.group);
        let subject = format!("Auto Scaling: test notification for group \"{}\"", put.group);
        if !put.topic.starts_with("arn:aws:sns:") || !self.tell_target(&put.topic, None, &subject, &body) {
            return Err(AwsError::validation(format!(
                "Unable to publish test message to notification target {}. Please check your target configuration and \
                 try to put notification configuration again.",
                put.topic
            )));
        }
        let types: BTreeSet<_> = put.types.into_iter().collect();
        self.group_mut(&put.group)?.notifications.insert(put.topic, types);
        Ok(Reply::Done)
    }

    pub(super) fn delete_notifications(&mut self, group: &str, topic: &str) -> Result<Reply, AwsError> {
        self.group_mut(group)?.notifications.remove(topic);
        Ok(Reply::Done)
    }

    pub(super) fn describe_notifications(&self, groups: &[String], page: &Page) -> Result<Reply, AwsError> {
        for name in groups {
            self.group(name)?;
        }
        let mut rows: Vec<_> = self
            .groups
            .values()
            .filter(|group| groups.is_empty() || groups.contains(&group.name))
            .flat_map(|group| group.notifications.iter().map(move |(topic, types)| (group, topic, types)))
            .flat_map(|(group, topic, types)| types.iter().map(move |kind| (group, topic, *kind)))
            .map(|(group, topic, kind)| NotificationView {
                group: group.name.clone(),
                topic: topic.clone(),
                kind,
            })
            .map(|view| (format!("{}\n{}\n{}", view.group, view.topic, view.kind.as_str()), view))
            .collect();
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        let (rows, next) = cut(rows.into_iter(), page, A_PAGE, |(key, _)| key)?;
        let notifications = rows.into_iter().map(|(_, view)| view).collect();
        Ok(Reply::Notifications { notifications, next })
    }

    /// Tells a group's topics how an activity ended.
    pub(super) fn notify(&mut self, kind: EventKind, outcome: &Outcome) {
        let (kind_told, word) = match kind {
            EventKind::LaunchSuccessful => (NotificationType::Launch, "launch"),
            EventKind::LaunchUnsuccessful => (NotificationType::LaunchError, "failed launch"),
            EventKind::TerminateSuccessful => (NotificationType::Terminate, "termination"),
            EventKind::TerminateUnsuccessful => (NotificationType::TerminateError, "failed termination"),
            EventKind::LaunchAction
            | EventKind::TerminateAction
            | EventKind::StateChange
            | EventKind::SpotInterruption
            | EventKind::RebalanceRecommendation
            | EventKind::Health => return,
        };
        let activity = &outcome.activity;
        let Some(group) = self.groups.get(&activity.group) else { return };
        let topics: Vec<_> = group
            .notifications
            .iter()
            .filter(|(_, types)| types.contains(&kind_told))
            .map(|(topic, _)| topic.clone())
            .collect();
        if topics.is_empty() {
            return;
        }
        let mut message = outcome.detail();
        message["Progress"] = json!(match (kind, outcome.before) {
            (EventKind::TerminateSuccessful, ActivityStatus::MidTerminatingLifecycleAction) => 60,
            (EventKind::LaunchSuccessful | EventKind::TerminateSuccessful, _) => 50,
            _ => 100,
        });
        message["AccountId"] = json!(ACCOUNT);
        message["AutoScalingGroupARN"] = json!(group_arn(&activity.group_uuid, &activity.group));
        message["Service"] = json!("AWS Auto Scaling");
        message["Time"] = json!(millis(self.now));
        message["Event"] = json!(kind_told.as_str());
        let subject = format!("Auto Scaling: {word} for group \"{}\"", activity.group);
        for topic in topics {
            self.tell_target(&topic, Some(kind), &subject, &message);
        }
    }
}
