//! What the metadata service of an instance tells: pure, from a machine.
//!
//! The names and the versions since which they are there are those of AWS's table of categories. Left out are those of
//! hardware that nothing here has, and the signatures of the identity document, which only AWS can make.

use serde_json::{Value, json};

use super::tree::{Tree, split};
use crate::account::{ACCOUNT, PROFILE_ID, profile_arn, zone_id};
use crate::times::{day, seconds};
use crate::world::{Machine, Maintenance, SpotAction};

/// The path of the target lifecycle state, below its version.
const TARGET: &str = "meta-data/autoscaling/target-lifecycle-state";

/// Whether a path asks for the target lifecycle state.
pub(super) fn is_target(path: &str) -> bool {
    split(path).is_some_and(|(_, rest)| rest == TARGET)
}

/// The text under a path; none is 404.
pub(super) fn lookup(machine: &Machine, path: &str) -> Option<String> {
    let mut tree = Tree::default();
    identity(&mut tree, machine);
    place(&mut tree, machine);
    network(&mut tree, machine);
    credentials(&mut tree, machine);
    lifecycle(&mut tree, machine);
    tree.put("2009-04-04", "dynamic/instance-identity/document", document(machine));
    tree.find(path)
}

fn identity(tree: &mut Tree, machine: &Machine) {
    let (id, hardware) = (&machine.view.id, &machine.hardware);
    let (first, index) = hardware.reservation.clone().unwrap_or_else(|| (id.clone(), 0));
    tree.put("1.0", "meta-data/ami-id", &hardware.image);
    tree.put("1.0", "meta-data/ami-launch-index", index.to_string());
    tree.put("1.0", "meta-data/ami-manifest-path", "(unknown)");
    tree.put("2007-12-15", "meta-data/block-device-mapping/ami", "/dev/xvda");
    tree.put("2007-12-15", "meta-data/block-device-mapping/root", "/dev/xvda");
    tree.put("2008-09-01", "meta-data/instance-action", "none");
    tree.put("1.0", "meta-data/instance-id", id);
    tree.put("2007-08-29", "meta-data/instance-type", &hardware.kind);
    tree.put("1.0", "meta-data/profile", "default-hvm");
    tree.put("1.0", "meta-data/reservation-id", first.replacen("i-", "r-", 1));
    tree.put("1.0", "meta-data/security-groups", "default");
    tree.put("2022-09-24", "meta-data/system", "nitro");
    let life_cycle = if machine.metadata.is_spot { "spot" } else { "on-demand" };
    tree.put("2019-10-01", "meta-data/instance-life-cycle", life_cycle);
    if machine.metadata.options.shows_tags {
        for (key, value) in &machine.tags {
            tree.put_in("2021-03-23", "meta-data/tags/instance", key, value);
        }
    }
}

fn place(tree: &mut Tree, machine: &Machine) {
    let zone = machine.view.zone.as_str();
    tree.put("2008-02-01", "meta-data/placement/availability-zone", zone);
    if let Some(id) = zone_id(zone) {
        tree.put("2019-10-01", "meta-data/placement/availability-zone-id", id);
    }
    tree.put("2020-08-24", "meta-data/placement/region", region(machine));
    tree.put("2014-02-25", "meta-data/services/domain", "amazonaws.com");
    tree.put("2015-10-20", "meta-data/services/partition", "aws");
}

fn network(tree: &mut Tree, machine: &Machine) {
    let (address, name) = (machine.metadata.address.to_string(), hostname(machine));
    let mac = mac(machine);
    tree.put("1.0", "meta-data/hostname", &name);
    tree.put("2007-01-19", "meta-data/local-hostname", &name);
    tree.put("1.0", "meta-data/local-ipv4", &address);
    tree.put("2011-01-01", "meta-data/mac", &mac);
    let mut card = |key: &str, text: &str| {
        tree.put("2011-01-01", &format!("meta-data/network/interfaces/macs/{mac}/{key}"), text);
    };
    card("device-number", "0");
    card("interface-id", &machine.view.id.replacen("i-", "eni-", 1));
    card("local-hostname", &name);
    card("local-ipv4s", &address);
    card("mac", &mac);
    card("owner-id", ACCOUNT);
    card("security-group-ids", "sg-0123456789abcdef0");
    card("security-groups", "default");
    card("vpc-id", "vpc-0123456789abcdef0");
}

/// Those of the machine's role: for clients that look nowhere else. Nothing here checks them.
fn credentials(tree: &mut Tree, machine: &Machine) {
    let Some(role) = &machine.metadata.role else { return };
    let since = seconds(machine.launched);
    let profile = json!({
        "Code": "Success",
        "LastUpdated": since,
        "InstanceProfileArn": profile_arn(role),
        "InstanceProfileId": PROFILE_ID,
    });
    let credentials = json!({
        "Code": "Success",
        "LastUpdated": since,
        "Type": "AWS-HMAC",
        "AccessKeyId": "ASIA0123456789ABCDEF",
        "SecretAccessKey": "of-the-simulator",
        "Token": "of-the-simulator",
        "Expiration": "2099-12-31T23:59:59Z",
    });
    tree.put("2012-01-12", "meta-data/iam/info", format!("{profile:#}"));
    tree.put_in("2012-01-12", "meta-data/iam/security-credentials", role, format!("{credentials:#}"));
}

/// The states that a lifecycle goes through, and what is announced for the machine.
fn lifecycle(tree: &mut Tree, machine: &Machine) {
    if let Some(target) = machine.target {
        tree.put("2021-07-15", TARGET, target);
    }
    let warnings = &machine.warnings;
    if let Some(notice) = warnings.spot {
        let (action, time) = (notice.action, seconds(notice.time));
        let text = json!({ "action": action.as_str(), "time": time }).to_string();
        tree.put("2016-11-15", "meta-data/spot/instance-action", text);
        if action == SpotAction::Terminate {
            tree.put("2014-11-05", "meta-data/spot/termination-time", time);
        }
    }
    if let Some(since) = warnings.rebalance {
        let text = json!({ "noticeTime": seconds(since) }).to_string();
        tree.put("2020-10-27", "meta-data/events/recommendations/rebalance", text);
    }
    for (name, is_over) in [("scheduled", false), ("history", true)] {
        let events = warnings.maintenance.iter().filter(|event| event.ended.is_some() == is_over);
        let text = format!("{:#}", events.map(planned).collect::<Value>());
        tree.put("2018-08-17", &format!("meta-data/events/maintenance/{name}"), text);
    }
}

fn planned(event: &Maintenance) -> Value {
    json!({
        "NotBefore": day(event.not_before),
        "Code": event.code.as_str(),
        "Description": event.description(),
        "EventId": event.event_id,
        "NotAfter": day(event.not_after),
        "State": event.state(),
    })
}

fn document(machine: &Machine) -> String {
    let document = json!({
        "accountId": ACCOUNT,
        "architecture": "x86_64",
        "availabilityZone": machine.view.zone,
        "billingProducts": null,
        "devpayProductCodes": null,
        "marketplaceProductCodes": null,
        "imageId": machine.hardware.image,
        "instanceId": machine.view.id,
        "instanceType": machine.hardware.kind,
        "kernelId": null,
        "pendingTime": seconds(machine.launched),
        "privateIp": machine.metadata.address,
        "ramdiskId": null,
        "region": region(machine),
        "version": "2017-09-30",
    });
    format!("{document:#}")
}

fn region(machine: &Machine) -> &str {
    machine.view.zone.trim_end_matches(|c: char| c.is_ascii_lowercase())
}

/// As AWS names a machine by its address.
fn hostname(machine: &Machine) -> String {
    let address = machine.metadata.address.to_string().replace('.', "-");
    match region(machine) {
        "us-east-1" => format!("ip-{address}.ec2.internal"),
        region => format!("ip-{address}.{region}.compute.internal"),
    }
}

/// One of those that nobody was ever given.
fn mac(machine: &Machine) -> String {
    let [a, b, c, d] = machine.metadata.address.octets();
    format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}
