//! What activities say, in AWS's words. Sentences of a cause are two spaces apart, as there.

use std::time::SystemTime;

use super::super::event::{CompletedBy, HookTransition, Place};
use super::super::instance::Instance;
use super::Why;
use crate::times::seconds;

/// What is done with an instance.
pub(super) fn description(instance: &Instance) -> String {
    let journey = instance.journey;
    let deed = match (journey.origin(), journey.destination(), journey.under_way().as_str()) {
        (.., "Detaching") => "Detaching EC2 instance",
        (.., "EnteringStandby") => "Moving EC2 instance to Standby",
        (Place::Ec2, Place::WarmPool, _) => "Launching a new EC2 instance into warm pool",
        (Place::WarmPool, Place::AutoScalingGroup, _) => "Launching a new EC2 instance from warm pool",
        (Place::AutoScalingGroup, Place::WarmPool, _) => "Scaling in EC2 instance into warm pool",
        (Place::WarmPool, Place::Ec2, _) => "Terminating EC2 instance from warm pool",
        (Place::AutoScalingGroup, Place::Ec2, _) => "Terminating EC2 instance",
        (Place::AutoScalingGroup, Place::AutoScalingGroup, _) => "Replacing root volume of EC2 instance",
        _ => "Launching a new EC2 instance",
    };
    format!("{deed}: {}", instance.id)
}

/// What happened, as a sentence.
pub(super) fn happened(now: SystemTime, what: &str) -> String {
    format!("At {} {what}", seconds(now))
}

/// Why an activity begins: what was asked, if anything was, and what follows from the sizes.
pub(super) fn cause(now: SystemTime, instance: &Instance, why: &Why) -> String {
    let now = seconds(now);
    let mut sentences: Vec<_> = why.request.iter().cloned().collect();
    let reason = "in response to a difference between desired and actual capacity";
    if instance.journey.hook() == Some(HookTransition::Launching) {
        let sizes = why.sizes.map(|(from, to)| format!(", increasing the capacity from {from} to {to}"));
        sentences.push(format!("At {now} an instance was started {reason}{}.", sizes.unwrap_or_default()));
    } else {
        let sizes = why.sizes.map(|(from, to)| format!(", shrinking the capacity from {from} to {to}"));
        let id = &instance.id;
        sentences.push(format!(
            "At {now} an instance was taken out of service {reason}{}.",
            sizes.unwrap_or_default()
        ));
        sentences.push(format!("At {now} instance {id} was selected for termination."));
    }
    sentences.join("  ")
}

/// Why a launch was given up.
pub(super) fn abandoned(token: &str, by: CompletedBy) -> String {
    let how = match by {
        CompletedBy::TimedOut | CompletedBy::GlobalTimeout => "Heartbeat Timeout",
        CompletedBy::Completed | CompletedBy::Withdrawn => "Lifecycle Action Completed with ABANDON Result",
    };
    format!(
        "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token {token} was abandoned: {how}"
    )
}
