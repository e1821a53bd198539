//! Parameters of the operations on notification configurations.

use super::super::params::Params;
use crate::world::{AwsError, NotificationType, PutNotifications};

pub(super) fn put_notifications(params: &Params) -> Result<PutNotifications, AwsError> {
    let kind = |text: &String| {
        let known = NotificationType::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| AwsError::validation(format!("\"{text}\" is not a valid Notification Type.")))
    };
    Ok(PutNotifications {
        group: params.required("AutoScalingGroupName")?,
        topic: params.required("TopicARN")?,
        types: params.list("NotificationTypes").iter().map(kind).collect::<Result<_, _>>()?,
    })
}
