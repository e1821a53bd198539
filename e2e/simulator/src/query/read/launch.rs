//! Parameters of `LaunchInstances`.

use super::super::params::{Params, invalid};
use crate::account::ZONES;
use crate::world::{AwsError, Command, LaunchInstances};

const RETRIES: &[(&str, ())] = &[("none", ()), ("retry-with-group-configuration", ())];

/// The command, or none if the operation is of another subject.
pub(super) fn launch(operation: &str, params: &Params) -> Result<Option<Command>, AwsError> {
    if operation != "LaunchInstances" {
        return Ok(None);
    }
    let (zone, id) = (one(params, "AvailabilityZones")?, one(params, "AvailabilityZoneIds")?);
    if zone.is_some() && id.is_some() {
        return Err(AwsError::validation(
            "You cannot specify both AvailabilityZones and AvailabilityZoneIds",
        ));
    }
    // One that is none is no zone of any group.
    let by_id =
        |id: String| ZONES.iter().find(|(_, one)| *one == id).map_or(id, |(name, _)| (*name).to_owned());
    // There is nothing to retry where no launch fails.
    params.word("RetryStrategy", RETRIES)?;
    Ok(Some(Command::LaunchInstances(LaunchInstances {
        group: params.required("AutoScalingGroupName")?,
        count: params.required_number("RequestedCapacity")?,
        token: params.required("ClientToken")?,
        zone: zone.or(id.map(by_id)),
        subnet: one(params, "SubnetIds")?,
    })))
}

/// The only member of a list that may have one.
fn one(params: &Params, name: &str) -> Result<Option<String>, AwsError> {
    let mut all = params.list(name);
    if all.len() > 1 {
        let value = format!("'[{}]'", all.join(", "));
        return Err(invalid(&value, name, "Member must have length less than or equal to 1"));
    }
    Ok(all.pop())
}
