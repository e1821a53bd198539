//! Parameters of `DescribeScalingActivities`.

use std::time::SystemTime;

use super::super::params::Params;
use super::page;
use crate::world::{AwsError, DescribeActivities};

pub(super) fn describe_activities(params: &Params) -> Result<DescribeActivities, AwsError> {
    let mut wanted = DescribeActivities {
        ids: params.list("ActivityIds"),
        group: params.text("AutoScalingGroupName").filter(|name| !name.is_empty()),
        include_deleted: params.flag("IncludeDeletedGroups")?.unwrap_or(false),
        page: page(params)?,
        ..DescribeActivities::default()
    };
    for filter in params.structures("Filters") {
        let (name, values) = (filter.required("Name")?, filter.list("Values"));
        // Of several values one must hold, so the widest bound counts.
        let times = || values.iter().map(|text| moment(text)).collect::<Result<Vec<_>, _>>();
        match name.as_str() {
            "StartTimeLowerBound" => wanted.since = times()?.into_iter().min(),
            "StartTimeUpperBound" => wanted.until = times()?.into_iter().max(),
            "Status" if wanted.group.is_none() => {
                return Err(invalid("The Status filter requires AutoScalingGroupName."));
            }
            "Status" => wanted.statuses = Some(values),
            _ => return Err(AwsError::validation(format!("Filter type {name} is not correct"))),
        }
    }
    Ok(wanted)
}

fn moment(text: &str) -> Result<SystemTime, AwsError> {
    let time = text.trim().parse::<jiff::Timestamp>();
    time.map(SystemTime::from).map_err(|_| invalid("The specified timestamp isn't valid."))
}

fn invalid(why: &str) -> AwsError {
    AwsError::validation(format!("The filter configuration isn't valid. {why}"))
}
