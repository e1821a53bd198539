//! Where an instance is launched: the zones and subnets of its group, and which of them is next.
//!
//! From the documentation: a launch goes to the zone with the fewest instances. A judgement: those counted are the ones
//! that serve, or those that are pooled if the launch is for the pool; of several such zones it is the first that the
//! group names. The simulator has no list of subnets: the usual one of a zone is in it, and any other that a group names
//! is in the zone at the same place in its list.

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use super::error::AwsError;
use super::group::Group;
use crate::account::ZONES;

/// The zones of a group that names none; AWS would refuse it.
const USUAL_ZONES: usize = 3;

/// A zone and a subnet in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) zone: String,
    pub(crate) subnet: String,
}

impl Site {
    /// The usual subnet of a zone.
    pub(crate) fn usual(zone: &str) -> Site {
        Site { zone: zone.to_owned(), subnet: usual_subnet(zone) }
    }
}

/// The places of a group and how many instances each has; goes on counting as it is asked for the next one.
#[derive(Debug)]
pub(super) struct Balance {
    sites: Vec<(Site, usize)>,
    zones: BTreeMap<String, usize>,
}

impl Balance {
    fn new<'a>(group: &Group, counted: impl Iterator<Item = (&'a str, &'a str, usize)>) -> Balance {
        let mut sites: Vec<_> =
            sites(&group.zones, group.subnets.as_deref()).into_iter().map(|site| (site, 0)).collect();
        let mut zones = BTreeMap::new();
        for (zone, subnet, there) in counted {
            *zones.entry(zone.to_owned()).or_default() += there;
            if let Some((_, count)) = sites.iter_mut().find(|(site, _)| site.subnet == subnet) {
                *count += there;
            }
        }
        Balance { sites, zones }
    }

    /// Where the next one goes: the zone with the fewest, there the subnet with the fewest.
    pub(super) fn next(&mut self) -> Option<Site> {
        let in_zone = |site: &Site| self.zones.get(&site.zone).copied().unwrap_or_default();
        let (site, count) =
            self.sites.iter_mut().min_by_key(|(site, in_subnet)| (in_zone(site), *in_subnet))?;
        *count += 1;
        let site = site.clone();
        *self.zones.entry(site.zone.clone()).or_default() += 1;
        Some(site)
    }
}

impl World {
    /// How those that serve, or those that are pooled, are spread over the places of their group; none if there is no such
    /// group.
    pub(super) fn balance(&self, group: &str, pooled: bool) -> Option<Balance> {
        let spread = self.instances.spread(group);
        self.groups.get(group).map(|group| Balance::new(group, spread.places(pooled)))
    }
}

/// The zones of a group that names these zones and subnets, or the refusal of what does not go together.
///
/// The words for zones and subnets that do not match are as seen at AWS, those for a zone that is none are a judgement.
pub(super) fn zones_of(zones: Vec<String>, subnets: Option<&str>) -> Result<Vec<String>, AwsError> {
    let unknown: Vec<_> =
        zones.iter().filter(|zone| !ZONES.iter().any(|(name, _)| name == zone)).cloned().collect();
    if !unknown.is_empty() {
        return Err(AwsError::validation(format!("Invalid availability zones: [{}]", unknown.join(", "))));
    }
    let all = || ZONES.iter().map(|(zone, _)| (*zone).to_owned());
    if names(subnets).is_empty() {
        return Ok(if zones.is_empty() { all().take(USUAL_ZONES).collect() } else { zones });
    }
    let known = if zones.is_empty() { all().collect() } else { zones.clone() };
    let mut of_subnets = Vec::new();
    for site in sites(&known, subnets) {
        if !of_subnets.contains(&site.zone) {
            of_subnets.push(site.zone);
        }
    }
    let set = |zones: &[String]| zones.iter().cloned().collect::<BTreeSet<_>>();
    if !zones.is_empty() && set(&of_subnets) != set(&zones) {
        return Err(AwsError::validation(
            "The availability zones of the specified subnets and the AutoScalingGroup do not match",
        ));
    }
    Ok(if zones.is_empty() { of_subnets } else { zones })
}

/// The usual subnet of each zone, or the subnets that are named, each with its zone.
pub(super) fn sites(zones: &[String], subnets: Option<&str>) -> Vec<Site> {
    let named = names(subnets);
    if named.is_empty() {
        return zones.iter().map(|zone| Site::usual(zone)).collect();
    }
    let listed = named.into_iter().zip(zones.iter().cycle());
    listed
        .map(|(subnet, zone)| {
            let zone = usual_zone(subnet).map_or_else(|| zone.clone(), str::to_owned);
            Site { zone, subnet: subnet.to_owned() }
        })
        .collect()
}

fn names(subnets: Option<&str>) -> Vec<&str> {
    subnets.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// The zone that a subnet is the usual one of.
pub(super) fn usual_zone(subnet: &str) -> Option<&'static str> {
    ZONES.iter().map(|(zone, _)| *zone).find(|zone| usual_subnet(zone) == subnet)
}

/// The subnet of a zone where none is named.
fn usual_subnet(zone: &str) -> String {
    let letter = zone.bytes().last().unwrap_or_default();
    format!("subnet-0{letter:016x}")
}
