//! Parameters of the operations on the life of members.

use super::super::params::Params;
use crate::world::{AwsError, Command, LifeCommand, Process};

/// The command, or none if the operation is of another subject.
pub(super) fn life(operation: &str, params: &Params) -> Result<Option<Command>, AwsError> {
    let group = || params.required("AutoScalingGroupName");
    let ids = || params.list("InstanceIds");
    let decrement = || params.required_flag("ShouldDecrementDesiredCapacity");
    let command = match operation {
        "EnterStandby" => LifeCommand::EnterStandby { group: group()?, ids: ids(), decrement: decrement()? },
        "ExitStandby" => LifeCommand::ExitStandby { group: group()?, ids: ids() },
        "DetachInstances" => LifeCommand::Detach { group: group()?, ids: ids(), decrement: decrement()? },
        "AttachInstances" => LifeCommand::Attach { group: group()?, ids: ids() },
        "SetInstanceProtection" => LifeCommand::Protect {
            group: group()?,
            ids: ids(),
            protected: params.required_flag("ProtectedFromScaleIn")?,
        },
        "SetInstanceHealth" => LifeCommand::SetHealth {
            id: params.required("InstanceId")?,
            healthy: health(&params.required("HealthStatus")?)?,
            respect_grace: params.flag("ShouldRespectGracePeriod")?.unwrap_or(true),
        },
        "SuspendProcesses" => LifeCommand::Suspend { group: group()?, processes: processes(params)? },
        "ResumeProcesses" => LifeCommand::Resume { group: group()?, processes: processes(params)? },
        "DescribeScalingProcessTypes" => LifeCommand::DescribeProcesses,
        _ => return Ok(None),
    };
    Ok(Some(Command::Life(command)))
}

fn health(text: &str) -> Result<bool, AwsError> {
    match text {
        "Healthy" => Ok(true),
        "Unhealthy" => Ok(false),
        _ => Err(AwsError::validation(format!(
            "Invalid health status {text}: it must be either Healthy or Unhealthy"
        ))),
    }
}

fn processes(params: &Params) -> Result<Vec<Process>, AwsError> {
    let process = |name: &String| {
        Process::ALL.into_iter().find(|process| process.as_str() == name).ok_or_else(|| {
            AwsError::validation(format!("The specified scaling process type {name} is not valid"))
        })
    };
    params.list("ScalingProcesses").iter().map(process).collect()
}
