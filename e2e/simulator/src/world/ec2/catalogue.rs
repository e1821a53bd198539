//! What there is to launch, and where into: instance types, images, subnets and the one network.
//!
//! The types are the common ones, with the sizes of the documentation. That a type can hibernate goes by the documented
//! limit of 150 GiB; the families here are all among those that can. An image is whatever somebody names.

use std::net::Ipv4Addr;

use super::find::cut;
use super::view::VPC;
use super::{Filter, Reply};
use crate::account::ZONES;
use crate::world::World;
use crate::world::command::Page;
use crate::world::error::AwsError;
use crate::world::placement::Site;

/// A type of machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// `m5.large`
    pub name: &'static str,
    /// How many processors it has, as threads.
    pub cpus: u32,
    /// Its memory in MiB.
    pub memory: u32,
    /// How many network interfaces it may have.
    pub interfaces: u32,
    /// How many addresses each of them may have.
    pub addresses: u32,
}

impl Kind {
    /// Whether it can hibernate.
    pub fn hibernates(self) -> bool {
        self.memory < 150 * 1024
    }

    /// Whether it earns credits while it is idle.
    pub fn is_burstable(self) -> bool {
        self.name.starts_with('t')
    }
}

/// A subnet: the usual one of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// `subnet-…`
    pub id: String,
    /// Its zone.
    pub zone: &'static str,
    /// Its zone's id.
    pub zone_id: &'static str,
    /// The first address of its block of 4096.
    pub block: Ipv4Addr,
}

/// Sizes of a family: name, processors, GiB of memory, interfaces, addresses.
const fn kind(name: &'static str, cpus: u32, gib: u32, interfaces: u32, addresses: u32) -> Kind {
    Kind { name, cpus, memory: gib * 1024, interfaces, addresses }
}

const KINDS: [Kind; 40] = [
    kind("c5.2xlarge", 8, 16, 4, 15),
    kind("c5.4xlarge", 16, 32, 8, 30),
    kind("c5.9xlarge", 36, 72, 8, 30),
    kind("c5.large", 2, 4, 3, 10),
    kind("c5.xlarge", 4, 8, 4, 15),
    kind("c6i.2xlarge", 8, 16, 4, 15),
    kind("c6i.4xlarge", 16, 32, 8, 30),
    kind("c6i.large", 2, 4, 3, 10),
    kind("c6i.xlarge", 4, 8, 4, 15),
    kind("m5.12xlarge", 48, 192, 8, 30),
    kind("m5.24xlarge", 96, 384, 15, 50),
    kind("m5.2xlarge", 8, 32, 4, 15),
    kind("m5.4xlarge", 16, 64, 8, 30),
    kind("m5.8xlarge", 32, 128, 8, 30),
    kind("m5.large", 2, 8, 3, 10),
    kind("m5.xlarge", 4, 16, 4, 15),
    kind("m6i.2xlarge", 8, 32, 4, 15),
    kind("m6i.4xlarge", 16, 64, 8, 30),
    kind("m6i.8xlarge", 32, 128, 8, 30),
    kind("m6i.large", 2, 8, 3, 10),
    kind("m6i.xlarge", 4, 16, 4, 15),
    kind("r5.2xlarge", 8, 64, 4, 15),
    kind("r5.4xlarge", 16, 128, 8, 30),
    kind("r5.8xlarge", 32, 256, 8, 30),
    kind("r5.large", 2, 16, 3, 10),
    kind("r5.xlarge", 4, 32, 4, 15),
    kind("r6i.2xlarge", 8, 64, 4, 15),
    kind("r6i.4xlarge", 16, 128, 8, 30),
    kind("r6i.large", 2, 16, 3, 10),
    kind("r6i.xlarge", 4, 32, 4, 15),
    kind("t3.2xlarge", 8, 32, 4, 15),
    kind("t3.large", 2, 8, 3, 12),
    kind("t3.medium", 2, 4, 3, 6),
    kind("t3.micro", 2, 1, 2, 2),
    Kind { name: "t3.nano", cpus: 2, memory: 512, interfaces: 2, addresses: 2 },
    kind("t3.small", 2, 2, 3, 4),
    kind("t3.xlarge", 4, 16, 4, 15),
    kind("t3a.large", 2, 8, 3, 12),
    kind("t3a.medium", 2, 4, 3, 6),
    kind("t3a.xlarge", 4, 16, 4, 15),
];

impl World {
    /// The images asked for, or those of all machines: every one is there, and none is described.
    pub(super) fn images(&self, ids: &[String], filters: &[Filter]) -> Result<Reply, AwsError> {
        if let Some(id) = ids.iter().find(|id| !id.starts_with("ami-")) {
            let message = format!("Invalid id: \"{id}\" (expecting \"ami-...\")");
            return Err(AwsError::new(400, "InvalidAMIID.Malformed", message));
        }
        let mut images = ids.to_vec();
        if ids.is_empty() {
            images.extend(self.told().map(|instance| instance.hardware.image.clone()));
        }
        images.sort();
        images.dedup();
        for filter in filters {
            match filter.name.as_str() {
                "image-id" => images.retain(|id| filter.passes([id.as_str()])),
                "state" => images.retain(|_| filter.passes(["available"])),
                "architecture" => images.retain(|_| filter.passes(["x86_64"])),
                _ => return Err(filter.unknown()),
            }
        }
        Ok(Reply::Images(images))
    }
}

pub(super) fn kinds(names: &[String], filters: &[Filter], page: &Page) -> Result<Reply, AwsError> {
    let unknown: Vec<_> =
        names.iter().filter(|name| !KINDS.iter().any(|kind| kind.name == *name)).cloned().collect();
    if !unknown.is_empty() {
        return Err(AwsError::new(
            400,
            "InvalidInstanceType",
            format!("The following supplied instance types do not exist: [{}]", unknown.join(", ")),
        ));
    }
    let mut kinds = KINDS.to_vec();
    kinds.retain(|kind| names.is_empty() || names.iter().any(|name| kind.name == name));
    for filter in filters {
        let yes_or_no = |yes: bool| filter.passes([if yes { "true" } else { "false" }]);
        match filter.name.as_str() {
            "instance-type" => kinds.retain(|kind| filter.passes([kind.name])),
            "hibernation-supported" => kinds.retain(|kind| yes_or_no(kind.hibernates())),
            "burstable-performance-supported" => kinds.retain(|kind| yes_or_no(kind.is_burstable())),
            "processor-info.supported-architecture" => kinds.retain(|_| filter.passes(["x86_64"])),
            "current-generation" => kinds.retain(|_| yes_or_no(true)),
            "bare-metal" => kinds.retain(|_| yes_or_no(false)),
            _ => return Err(filter.unknown()),
        }
    }
    let rows = kinds.into_iter().map(|kind| (kind.name.to_owned(), kind)).collect();
    let (rows, next) = cut(rows, page, |(name, _)| name)?;
    Ok(Reply::Kinds { kinds: rows.into_iter().map(|(_, kind)| kind).collect(), next })
}

pub(super) fn subnets(ids: &[String], filters: &[Filter]) -> Result<Reply, AwsError> {
    let blocks = (0..).map(|block: u8| Ipv4Addr::new(10, 0, block * 16, 0));
    let mut subnets: Vec<_> = ZONES
        .into_iter()
        .zip(blocks)
        .map(|((zone, zone_id), block)| Subnet { id: Site::usual(zone).subnet, zone, zone_id, block })
        .collect();
    if let Some(id) = ids.iter().find(|id| !subnets.iter().any(|subnet| subnet.id == **id)) {
        let message = format!("The subnet ID '{id}' does not exist");
        return Err(AwsError::new(400, "InvalidSubnetID.NotFound", message));
    }
    subnets.retain(|subnet| ids.is_empty() || ids.contains(&subnet.id));
    for filter in filters {
        match filter.name.as_str() {
            "subnet-id" => subnets.retain(|subnet| filter.passes([subnet.id.as_str()])),
            "availability-zone" | "availabilityZone" => subnets.retain(|subnet| filter.passes([subnet.zone])),
            "availability-zone-id" => subnets.retain(|subnet| filter.passes([subnet.zone_id])),
            "vpc-id" => subnets.retain(|_| filter.passes([VPC])),
            "state" => subnets.retain(|_| filter.passes(["available"])),
            "default-for-az" | "defaultForAz" => subnets.retain(|_| filter.passes(["true"])),
            // Nothing here carries a tag.
            name if name == "tag-key" || name.starts_with("tag:") => subnets.clear(),
            _ => return Err(filter.unknown()),
        }
    }
    Ok(Reply::Subnets(subnets))
}

pub(super) fn vpcs(ids: &[String], filters: &[Filter]) -> Result<Reply, AwsError> {
    if let Some(id) = ids.iter().find(|id| *id != VPC) {
        let message = format!("The vpc ID '{id}' does not exist");
        return Err(AwsError::new(400, "InvalidVpcID.NotFound", message));
    }
    let mut is_there = true;
    for filter in filters {
        is_there &= match filter.name.as_str() {
            "vpc-id" => filter.passes([VPC]),
            "state" => filter.passes(["available"]),
            "is-default" | "isDefault" => filter.passes(["true"]),
            name if name == "tag-key" || name.starts_with("tag:") => false,
            _ => return Err(filter.unknown()),
        };
    }
    Ok(Reply::Vpcs(if is_there { vec![VPC] } else { vec![] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_in_order_and_each_is_there_once() {
        assert!(KINDS.windows(2).all(|pair| pair[0].name < pair[1].name));
        let usual = KINDS.iter().find(|kind| kind.name == crate::world::hardware::USUAL_TYPE);
        assert!(usual.is_some_and(|kind| kind.hibernates()), "what groups launch can be described");
        let large = KINDS.iter().find(|kind| kind.name == "m5.12xlarge").expect("a large one");
        assert!(!large.hibernates());
    }
}
