//! What is told when an activity ends: the launch or the termination was successful or not.

use serde_json::{Value, json};

use super::super::World;
use super::super::command::{ActivityStatus, ActivityView};
use super::super::event::HookTransition;
use super::super::journey::Journey;
use super::kind::EventKind;
use crate::account::{group_arn, instance_arn};
use crate::times::millis;

/// An activity that has just ended.
#[derive(Debug)]
pub(in super::super) struct Outcome {
    pub(in super::super) activity: ActivityView,
    /// What it did.
    pub(in super::super) journey: Journey,
    /// Its status just before.
    pub(in super::super) before: ActivityStatus,
}

impl Outcome {
    /// The kind of its event; none for what is told to nobody, as standby.
    pub(in super::super) fn kind(&self) -> Option<EventKind> {
        let is_success = self.activity.status == ActivityStatus::Successful;
        Some(match (self.journey.hook()?, is_success) {
            (HookTransition::Launching, true) => EventKind::LaunchSuccessful,
            (HookTransition::Launching, false) => EventKind::LaunchUnsuccessful,
            (HookTransition::Terminating, true) => EventKind::TerminateSuccessful,
            (HookTransition::Terminating, false) => EventKind::TerminateUnsuccessful,
        })
    }

    /// The status code that events tell. Seen at AWS: a success is told while it is still in progress; a termination keeps
    /// the status its hook gave it.
    pub(in super::super) fn told_status(&self) -> &'static str {
        match (self.kind(), self.before) {
            (Some(EventKind::LaunchUnsuccessful | EventKind::TerminateUnsuccessful), _) => "Failed",
            (Some(EventKind::TerminateSuccessful), ActivityStatus::MidTerminatingLifecycleAction) => {
                self.before.as_str()
            }
            _ => "InProgress",
        }
    }

    /// What event and notification have in common.
    pub(in super::super) fn detail(&self) -> Value {
        let activity = &self.activity;
        let end = activity.end.unwrap_or(activity.start);
        json!({
            "Origin": self.journey.origin().as_str(),
            "Destination": self.journey.destination().as_str(),
            "Description": activity.description,
            "StartTime": millis(activity.start),
            "EndTime": millis(end),
            // The activity's id, not that of any request.
            "RequestId": activity.id,
            "ActivityId": activity.id,
            "EC2InstanceId": activity.instance,
            "StatusCode": self.told_status(),
            "StatusMessage": activity.message.clone().unwrap_or_default(),
            "Details": activity.details(),
            "Cause": activity.cause,
            "AutoScalingGroupName": activity.group,
        })
    }
}

impl World {
    /// Tells rules and topics how an activity ended.
    pub(in super::super) fn tell_outcome(&mut self, outcome: &Outcome) {
        let Some(kind) = outcome.kind() else { return };
        self.notify(kind, outcome);
        if !self.bus.is_wanted(kind) {
            return;
        }
        let mut detail = outcome.detail();
        detail["Action"] = json!(outcome.journey.action());
        let activity = &outcome.activity;
        let resources = [group_arn(&activity.group_uuid, &activity.group), instance_arn(&activity.instance)];
        self.publish(kind, &resources, &detail);
    }
}
