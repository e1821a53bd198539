//! The status of machines: their checks, and what is planned for them.

use super::state;
use crate::query::Xml;
use crate::times::whole_seconds;
use crate::world::MachineState;
use crate::world::ec2::MachineView;

pub(super) fn status(xml: &mut Xml, machine: &MachineView) {
    xml.text("instanceId", &machine.id);
    xml.text("availabilityZone", &machine.zone);
    if !machine.planned.is_empty() {
        xml.items("eventsSet", &machine.planned, |xml, event| {
            xml.text("instanceEventId", &event.event_id);
            xml.text("code", event.code.as_str());
            xml.text("description", event.description());
            xml.text("notBefore", whole_seconds(event.not_before));
            xml.text("notAfter", whole_seconds(event.not_after));
        });
    }
    xml.element("instanceState", |xml| state(xml, machine.state));
    for check in ["systemStatus", "instanceStatus"] {
        xml.element(check, |xml| {
            let (summary, detail) = match machine.state {
                MachineState::Running if machine.initializing => ("initializing", Some("initializing")),
                MachineState::Running => ("ok", Some("passed")),
                MachineState::Pending
                | MachineState::Stopping
                | MachineState::Stopped
                | MachineState::ShuttingDown
                | MachineState::Terminated => ("not-applicable", None),
            };
            xml.text("status", summary);
            if let Some(detail) = detail {
                xml.items("details", [()], |xml, ()| {
                    xml.text("name", "reachability");
                    xml.text("status", detail);
                });
            }
        });
    }
}
