//! Parameters of the operations on hooks.

use std::time::Duration;

use super::super::params::Params;
use super::RESULTS;
use crate::world::{ActionRef, AwsError, HookTransition, PutHook};

const TRANSITIONS: &[(&str, HookTransition)] = &[
    ("autoscaling:EC2_INSTANCE_LAUNCHING", HookTransition::Launching),
    ("autoscaling:EC2_INSTANCE_TERMINATING", HookTransition::Terminating),
];

pub(super) fn hook(params: &Params) -> Result<PutHook, AwsError> {
    let target = params.text("NotificationTargetARN");
    Ok(PutHook {
        name: params.required("LifecycleHookName")?,
        transition: params.word("LifecycleTransition", TRANSITIONS)?,
        heartbeat_timeout: params
            .number("HeartbeatTimeout")?
            .map(|seconds| Duration::from_secs(u64::from(seconds))),
        default_result: params.word("DefaultResult", RESULTS)?,
        metadata: params.text("NotificationMetadata"),
        target,
        role: params.text("RoleARN").filter(|role| !role.is_empty()),
    })
}

pub(super) fn action(params: &Params) -> Result<ActionRef, AwsError> {
    let given = |name: &str| params.text(name).filter(|text| !text.is_empty());
    Ok(ActionRef {
        group: params.required("AutoScalingGroupName")?,
        hook: params.required("LifecycleHookName")?,
        token: given("LifecycleActionToken"),
        instance: given("InstanceId"),
    })
}
