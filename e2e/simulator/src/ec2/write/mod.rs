//! From EC2's replies and errors to XML.

mod catalogue;
mod machine;
mod status;
mod template;

use super::VERSION;
use crate::account::REGION;
use crate::query::Xml;
use crate::world::ec2::{Reply, StateChange, TagRow};
use crate::world::{AwsError, MachineState};

/// The answer to an operation that was carried out.
pub(super) fn reply(operation: &str, reply: &Reply, request_id: &str) -> String {
    let namespace = format!("http://ec2.amazonaws.com/doc/{VERSION}/");
    Xml::document(&format!("{operation}Response"), &namespace, |xml| {
        xml.text("requestId", request_id);
        result(xml, reply);
    })
}

/// The answer to an operation that was refused.
pub(super) fn error(error: &AwsError, request_id: &str) -> String {
    let mut xml = Xml::default();
    xml.element("Response", |xml| {
        xml.element("Errors", |xml| {
            xml.element("Error", |xml| {
                xml.text("Code", &error.code);
                xml.text("Message", &error.message);
            });
        });
        xml.text("RequestID", request_id);
    });
    xml.finish()
}

fn result(xml: &mut Xml, reply: &Reply) {
    match reply {
        Reply::Done => xml.text("return", true),
        Reply::Machines { machines, next } => {
            xml.element("reservationSet", |xml| {
                for reservation in machine::reservations(machines) {
                    xml.element("item", |xml| machine::reservation(xml, &reservation));
                }
            });
            xml.optional("nextToken", next.as_ref());
        }
        Reply::Ran(machines) => machine::reservation(xml, &machines.iter().collect::<Vec<_>>()),
        Reply::Statuses { machines, next } => {
            xml.items("instanceStatusSet", machines, status::status);
            xml.optional("nextToken", next.as_ref());
        }
        Reply::Tags { tags, next } => {
            xml.items("tagSet", tags, tag);
            xml.optional("nextToken", next.as_ref());
        }
        Reply::Template(view) => xml.element("launchTemplate", |xml| template::template(xml, view)),
        Reply::Templates { templates, next } => {
            xml.items("launchTemplates", templates, template::template);
            xml.optional("nextToken", next.as_ref());
        }
        Reply::TemplateVersion(view) => {
            xml.element("launchTemplateVersion", |xml| template::version(xml, view));
        }
        Reply::TemplateVersions { versions, next } => {
            xml.items("launchTemplateVersionSet", versions, template::version);
            xml.optional("nextToken", next.as_ref());
        }
        Reply::Kinds { kinds, next } => {
            xml.items("instanceTypeSet", kinds, catalogue::kind);
            xml.optional("nextToken", next.as_ref());
        }
        Reply::Images(images) => xml.items("imagesSet", images, catalogue::image),
        Reply::Subnets(subnets) => xml.items("subnetSet", subnets, catalogue::subnet),
        Reply::Vpcs(vpcs) => xml.items("vpcSet", vpcs, catalogue::vpc),
        Reply::Changes(changes) => xml.items("instancesSet", changes, change),
        Reply::Metadata { id, options } => {
            xml.text("instanceId", id);
            xml.element("instanceMetadataOptions", |xml| machine::metadata(xml, *options));
        }
        Reply::Zones(zones) => xml.items("availabilityZoneInfo", zones, |xml, (name, id)| {
            xml.text("zoneName", name);
            xml.text("zoneState", "available");
            xml.text("regionName", REGION);
            xml.element("messageSet", |_| {});
            xml.text("zoneId", id);
            xml.text("zoneType", "availability-zone");
            xml.text("groupName", format_args!("{REGION}-zg-1"));
            xml.text("networkBorderGroup", REGION);
            xml.text("optInStatus", "opt-in-not-required");
        }),
        Reply::Regions(regions) => xml.items("regionInfo", regions, |xml, name| {
            xml.text("regionName", name);
            xml.text("regionEndpoint", format_args!("ec2.{name}.amazonaws.com"));
            xml.text("optInStatus", "opt-in-not-required");
        }),
    }
}

fn change(xml: &mut Xml, change: &StateChange) {
    xml.text("instanceId", &change.id);
    xml.element("currentState", |xml| state(xml, change.to));
    xml.element("previousState", |xml| state(xml, change.from));
}

fn state(xml: &mut Xml, state: MachineState) {
    xml.text("code", state.code());
    xml.text("name", state.as_str());
}

fn tag(xml: &mut Xml, tag: &TagRow) {
    xml.text("resourceId", &tag.id);
    xml.text("resourceType", "instance");
    xml.text("key", &tag.key);
    xml.text("value", &tag.value);
}
