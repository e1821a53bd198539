//! Machines and their reservations, with the elements that clients are known to read and those without which some fail.

use super::state;
use crate::account::{ACCOUNT, PROFILE_ID, profile_arn};
use crate::query::Xml;
use crate::times::whole_seconds;
use crate::world::MetadataOptions;
use crate::world::ec2::{MachineView, VPC};

/// The machines of each reservation, both in the order in which they stand on the page.
pub(super) fn reservations(machines: &[MachineView]) -> Vec<Vec<&MachineView>> {
    let mut found: Vec<Vec<&MachineView>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for machine in machines {
        let place = *places.entry(&machine.reservation).or_insert(found.len());
        match found.get_mut(place) {
            Some(together) => together.push(machine),
            None => found.push(vec![machine]),
        }
    }
    found
}

/// What stands in a reservation; its machines are all of one launch.
pub(super) fn reservation(xml: &mut Xml, machines: &[&MachineView]) {
    if let Some(first) = machines.first() {
        xml.text("reservationId", &first.reservation);
    }
    xml.text("ownerId", ACCOUNT);
    xml.element("groupSet", |_| {});
    xml.items("instancesSet", machines, |xml, machine| instance(xml, machine));
}

fn instance(xml: &mut Xml, machine: &MachineView) {
    let networked = machine.has_network();
    xml.text("instanceId", &machine.id);
    xml.text("imageId", &machine.image);
    xml.element("instanceState", |xml| state(xml, machine.state));
    xml.text("privateDnsName", if networked { machine.private_dns() } else { String::new() });
    xml.text("dnsName", "");
    xml.text("reason", machine.reason());
    xml.optional("keyName", machine.key.as_ref());
    xml.text("amiLaunchIndex", machine.index);
    xml.element("productCodes", |_| {});
    xml.text("instanceType", &machine.kind);
    xml.text("launchTime", whole_seconds(machine.switched_on));
    xml.element("placement", |xml| {
        xml.text("availabilityZone", &machine.zone);
        xml.text("groupName", "");
        xml.text("tenancy", "default");
    });
    xml.element("monitoring", |xml| xml.text("state", "disabled"));
    if networked {
        xml.text("subnetId", &machine.subnet);
        xml.text("vpcId", VPC);
        xml.text("privateIpAddress", machine.address);
        xml.text("sourceDestCheck", true);
        xml.items("groupSet", [()], |xml, ()| {
            xml.text("groupId", "sg-0123456789abcdef0");
            xml.text("groupName", "default");
        });
    }
    if let Some((code, message)) = machine.state_reason() {
        xml.element("stateReason", |xml| {
            xml.text("code", code);
            xml.text("message", message);
        });
    }
    xml.text("architecture", "x86_64");
    xml.text("rootDeviceType", "ebs");
    xml.text("rootDeviceName", "/dev/xvda");
    xml.element("blockDeviceMapping", |_| {});
    xml.text("virtualizationType", "hvm");
    xml.text("clientToken", &machine.client_token);
    xml.optional("instanceLifecycle", machine.spot.then_some("spot"));
    if !machine.tags.is_empty() {
        xml.items("tagSet", &machine.tags, |xml, (key, value)| {
            xml.text("key", key);
            xml.text("value", value);
        });
    }
    xml.text("hypervisor", "xen");
    if let Some(role) = &machine.role {
        xml.element("iamInstanceProfile", |xml| {
            xml.text("arn", profile_arn(role));
            xml.text("id", PROFILE_ID);
        });
    }
    xml.element("networkInterfaceSet", |_| {});
    xml.text("ebsOptimized", false);
    xml.text("enaSupport", true);
    xml.element("hibernationOptions", |xml| xml.text("configured", machine.hibernation));
    xml.element("metadataOptions", |xml| metadata(xml, machine.metadata));
    xml.text("platformDetails", "Linux/UNIX");
}

pub(super) fn metadata(xml: &mut Xml, options: MetadataOptions) {
    let enabled = |on: bool| if on { "enabled" } else { "disabled" };
    xml.text("state", "applied");
    xml.text("httpTokens", if options.tokens_required { "required" } else { "optional" });
    xml.text("httpPutResponseHopLimit", options.hop_limit);
    xml.text("httpEndpoint", enabled(options.enabled));
    xml.text("httpProtocolIpv6", "disabled");
    xml.text("instanceMetadataTags", enabled(options.shows_tags));
}
