//! Instance types, images, subnets and networks as XML.

use crate::account::{ACCOUNT, REGION};
use crate::query::Xml;
use crate::world::ec2::{Kind, Subnet, VPC};

/// How large the block of a subnet is, and how many of its addresses AWS leaves to machines.
const BLOCK_BITS: u32 = 20;
const ADDRESSES: u32 = (1 << (32 - BLOCK_BITS)) - 5;

pub(super) fn kind(xml: &mut Xml, kind: &Kind) {
    xml.text("instanceType", kind.name);
    xml.text("currentGeneration", true);
    xml.text("freeTierEligible", kind.name == "t3.micro");
    xml.items("supportedUsageClasses", ["on-demand", "spot"], Xml::value);
    xml.items("supportedRootDeviceTypes", ["ebs"], Xml::value);
    xml.items("supportedVirtualizationTypes", ["hvm"], Xml::value);
    xml.text("bareMetal", false);
    xml.text("hypervisor", "nitro");
    xml.element("processorInfo", |xml| xml.items("supportedArchitectures", ["x86_64"], Xml::value));
    xml.element("vCpuInfo", |xml| {
        xml.text("defaultVCpus", kind.cpus);
        xml.text("defaultCores", kind.cpus / 2);
        xml.text("defaultThreadsPerCore", 2);
    });
    xml.element("memoryInfo", |xml| xml.text("sizeInMiB", kind.memory));
    xml.text("instanceStorageSupported", false);
    xml.element("networkInfo", |xml| {
        xml.text("maximumNetworkInterfaces", kind.interfaces);
        xml.text("maximumNetworkCards", 1);
        xml.text("defaultNetworkCardIndex", 0);
        xml.text("ipv4AddressesPerInterface", kind.addresses);
        xml.text("ipv6AddressesPerInterface", kind.addresses);
        xml.text("ipv6Supported", true);
        xml.text("enaSupport", "required");
    });
    xml.text("hibernationSupported", kind.hibernates());
    xml.text("burstablePerformanceSupported", kind.is_burstable());
    xml.text("dedicatedHostsSupported", !kind.is_burstable());
    xml.text("autoRecoverySupported", true);
}

pub(super) fn image(xml: &mut Xml, id: &String) {
    xml.text("imageId", id);
    xml.text("imageLocation", format_args!("amazon/{id}"));
    xml.text("imageState", "available");
    xml.text("imageOwnerId", ACCOUNT);
    xml.text("creationDate", "2026-01-01T00:00:00.000Z");
    xml.text("isPublic", true);
    xml.text("architecture", "x86_64");
    xml.text("imageType", "machine");
    xml.text("name", id);
    xml.text("rootDeviceType", "ebs");
    xml.text("rootDeviceName", "/dev/xvda");
    xml.text("virtualizationType", "hvm");
    xml.text("hypervisor", "xen");
    xml.text("platformDetails", "Linux/UNIX");
    xml.text("enaSupport", true);
}

pub(super) fn subnet(xml: &mut Xml, subnet: &Subnet) {
    xml.text("subnetId", &subnet.id);
    xml.text("subnetArn", format_args!("arn:aws:ec2:{REGION}:{ACCOUNT}:subnet/{}", subnet.id));
    xml.text("state", "available");
    xml.text("ownerId", ACCOUNT);
    xml.text("vpcId", VPC);
    xml.text("cidrBlock", format_args!("{}/{BLOCK_BITS}", subnet.block));
    xml.text("availableIpAddressCount", ADDRESSES);
    xml.text("availabilityZone", subnet.zone);
    xml.text("availabilityZoneId", subnet.zone_id);
    xml.text("defaultForAz", true);
    xml.text("mapPublicIpOnLaunch", true);
    xml.text("assignIpv6AddressOnCreation", false);
}

pub(super) fn vpc(xml: &mut Xml, id: &&str) {
    xml.text("vpcId", id);
    xml.text("ownerId", ACCOUNT);
    xml.text("state", "available");
    // All addresses of machines are in it, the subnets' blocks too.
    xml.text("cidrBlock", "10.0.0.0/8");
    xml.text("instanceTenancy", "default");
    xml.text("isDefault", true);
}
