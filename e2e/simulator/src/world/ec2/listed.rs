//! The zones and the region that there are.

use super::{Filter, Reply, invalid_value};
use crate::account::REGION;
use crate::account::ZONES;
use crate::world::error::AwsError;

pub(super) fn zones(names: &[String], filters: &[Filter]) -> Result<Reply, AwsError> {
    if let Some(name) = names.iter().find(|name| !is_zone(name)) {
        return Err(no_zone(name));
    }
    let mut zones = ZONES.to_vec();
    zones.retain(|(name, _)| names.is_empty() || names.iter().any(|wanted| wanted == name));
    for filter in filters {
        match filter.name.as_str() {
            "zone-name" => zones.retain(|(name, _)| filter.passes([*name])),
            "zone-id" => zones.retain(|(_, id)| filter.passes([*id])),
            "region-name" => zones.retain(|_| filter.passes([REGION])),
            "state" => zones.retain(|_| filter.passes(["available"])),
            "zone-type" => zones.retain(|_| filter.passes(["availability-zone"])),
            "opt-in-status" => zones.retain(|_| filter.passes(["opt-in-not-required"])),
            _ => return Err(filter.unknown()),
        }
    }
    Ok(Reply::Zones(zones))
}

pub(super) fn is_zone(name: &str) -> bool {
    ZONES.iter().any(|(zone, _)| *zone == name)
}

pub(super) fn no_zone(name: &str) -> AwsError {
    invalid_value(format!("Invalid availability zone: [{name}]"))
}

pub(super) fn regions(names: &[String]) -> Result<Reply, AwsError> {
    match names.iter().find(|name| *name != REGION) {
        Some(name) => Err(invalid_value(format!("Invalid region name: {name}"))),
        None => Ok(Reply::Regions(vec![REGION])),
    }
}
