//! The kinds of events.

/// What an event is about. Every kind is one `detail-type` of `EventBridge`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// A launch hook holds an instance.
    LaunchAction,
    /// A termination hook holds an instance.
    TerminateAction,
    /// An instance came into the group or the pool.
    LaunchSuccessful,
    /// It did not.
    LaunchUnsuccessful,
    /// An instance left the group or the pool.
    TerminateSuccessful,
    /// It did not.
    TerminateUnsuccessful,
    /// A machine's power changed.
    StateChange,
    /// EC2 wants a spot instance back.
    SpotInterruption,
    /// EC2 recommends a replacement.
    RebalanceRecommendation,
    /// EC2 plans maintenance.
    Health,
}

impl EventKind {
    /// All of them.
    pub const ALL: [EventKind; 10] = [
        EventKind::LaunchAction,
        EventKind::TerminateAction,
        EventKind::LaunchSuccessful,
        EventKind::LaunchUnsuccessful,
        EventKind::TerminateSuccessful,
        EventKind::TerminateUnsuccessful,
        EventKind::StateChange,
        EventKind::SpotInterruption,
        EventKind::RebalanceRecommendation,
        EventKind::Health,
    ];

    /// Its `detail-type`, by which rules pick.
    pub fn detail_type(self) -> &'static str {
        match self {
            EventKind::LaunchAction => "EC2 Instance-launch Lifecycle Action",
            EventKind::TerminateAction => "EC2 Instance-terminate Lifecycle Action",
            EventKind::LaunchSuccessful => "EC2 Instance Launch Successful",
            EventKind::LaunchUnsuccessful => "EC2 Instance Launch Unsuccessful",
            EventKind::TerminateSuccessful => "EC2 Instance Terminate Successful",
            EventKind::TerminateUnsuccessful => "EC2 Instance Terminate Unsuccessful",
            EventKind::StateChange => "EC2 Instance State-change Notification",
            EventKind::SpotInterruption => "EC2 Spot Instance Interruption Warning",
            EventKind::RebalanceRecommendation => "EC2 Instance Rebalance Recommendation",
            EventKind::Health => "AWS Health Event",
        }
    }

    /// Its `source`.
    pub fn source(self) -> &'static str {
        match self {
            EventKind::StateChange | EventKind::SpotInterruption | EventKind::RebalanceRecommendation => {
                "aws.ec2"
            }
            EventKind::Health => "aws.health",
            EventKind::LaunchAction
            | EventKind::TerminateAction
            | EventKind::LaunchSuccessful
            | EventKind::LaunchUnsuccessful
            | EventKind::TerminateSuccessful
            | EventKind::TerminateUnsuccessful => "aws.autoscaling",
        }
    }

    /// The kind of this `detail-type`.
    pub fn of(detail_type: &str) -> Option<Self> {
        EventKind::ALL.into_iter().find(|kind| kind.detail_type() == detail_type)
    }
}
