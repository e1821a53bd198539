//! Notification configurations as operations make and describe them.

/// What a notification can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NotificationType {
    /// `autoscaling:EC2_INSTANCE_LAUNCH`
    Launch,
    /// `autoscaling:EC2_INSTANCE_LAUNCH_ERROR`
    LaunchError,
    /// `autoscaling:EC2_INSTANCE_TERMINATE`
    Terminate,
    /// `autoscaling:EC2_INSTANCE_TERMINATE_ERROR`
    TerminateError,
    /// `autoscaling:TEST_NOTIFICATION`
    Test,
}

impl NotificationType {
    /// All of them, in AWS's order.
    pub const ALL: [NotificationType; 5] = [
        NotificationType::Launch,
        NotificationType::LaunchError,
        NotificationType::Terminate,
        NotificationType::TerminateError,
        NotificationType::Test,
    ];

    /// The text AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            NotificationType::Launch => "autoscaling:EC2_INSTANCE_LAUNCH",
            NotificationType::LaunchError => "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
            NotificationType::Terminate => "autoscaling:EC2_INSTANCE_TERMINATE",
            NotificationType::TerminateError => "autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
            NotificationType::Test => "autoscaling:TEST_NOTIFICATION",
        }
    }
}

/// A notification configuration to be made; it replaces the topic's former one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutNotifications {
    /// The group.
    pub group: String,
    /// The topic's arn.
    pub topic: String,
    /// What is told.
    pub types: Vec<NotificationType>,
}

/// One type that one topic is told of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationView {
    /// The group.
    pub group: String,
    /// The topic's arn.
    pub topic: String,
    /// What is told.
    pub kind: NotificationType,
}
