//! The answer to `LaunchInstances`.

use super::super::xml::Xml;
use crate::account::zone_id;
use crate::world::Launched;

pub(super) fn launched(xml: &mut Xml, view: &Launched) {
    xml.text("AutoScalingGroupName", &view.request.group);
    xml.text("ClientToken", &view.request.token);
    xml.list("Instances", [view], |xml, view| {
        xml.text("InstanceType", &view.kind);
        xml.text("MarketType", "OnDemand");
        xml.text("SubnetId", &view.subnet);
        xml.text("AvailabilityZone", &view.zone);
        xml.optional("AvailabilityZoneId", zone_id(&view.zone));
        xml.list("InstanceIds", &view.ids, Xml::value);
    });
    xml.list("Errors", Vec::<String>::new(), Xml::value);
}
