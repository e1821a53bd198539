//! Parameters of the operations on scheduled actions.

use std::time::SystemTime;

use super::super::params::{Params, invalid};
use super::page;
use crate::world::{AwsError, Command, PutSchedule, ScheduleCommand};

/// The command, or none if the operation is of another subject.
pub(super) fn schedule(operation: &str, params: &Params) -> Result<Option<Command>, AwsError> {
    let group = || params.required("AutoScalingGroupName");
    let command = match operation {
        "PutScheduledUpdateGroupAction" => ScheduleCommand::Put { group: group()?, action: action(params)? },
        "BatchPutScheduledUpdateGroupAction" => ScheduleCommand::PutAll {
            group: group()?,
            actions: params
                .structures("ScheduledUpdateGroupActions")
                .iter()
                .map(action)
                .collect::<Result<_, _>>()?,
        },
        "DeleteScheduledAction" => {
            ScheduleCommand::Delete { group: group()?, name: params.required("ScheduledActionName")? }
        }
        "BatchDeleteScheduledAction" => {
            ScheduleCommand::DeleteAll { group: group()?, names: params.list("ScheduledActionNames") }
        }
        "DescribeScheduledActions" => ScheduleCommand::Describe {
            group: params.text("AutoScalingGroupName"),
            names: params.list("ScheduledActionNames"),
            since: moment(params, "StartTime")?,
            until: moment(params, "EndTime")?,
            page: page(params)?,
        },
        _ => return Ok(None),
    };
    Ok(Some(Command::Schedule(command)))
}

fn action(params: &Params) -> Result<PutSchedule, AwsError> {
    Ok(PutSchedule {
        name: params.required("ScheduledActionName")?,
        // `Time` is what the start was called before.
        start: moment(params, "StartTime")?.or(moment(params, "Time")?),
        end: moment(params, "EndTime")?,
        recurrence: params.text("Recurrence").filter(|text| !text.is_empty()),
        time_zone: params.text("TimeZone").filter(|text| !text.is_empty()),
        min: params.number("MinSize")?,
        max: params.number("MaxSize")?,
        desired: params.number("DesiredCapacity")?,
    })
}

fn moment(params: &Params, name: &str) -> Result<Option<SystemTime>, AwsError> {
    let read = |text: String| {
        let time = text.trim().parse::<jiff::Timestamp>();
        let rule = "Member must be a time in ISO 8601";
        time.map(SystemTime::from).map_err(|_| invalid(&format!("'{text}'"), name, rule))
    };
    params.text(name).map(read).transpose()
}
