//! What EC2 tells of its machines: changes of power, interruptions, recommendations, maintenance.

use serde_json::json;

use super::super::World;
use super::super::hardware::MachineState;
use super::super::warnings::{Maintenance, SpotAction};
use super::kind::EventKind;
use crate::account::{ACCOUNT, REGION, instance_arn};
use crate::times::http_date;

impl World {
    /// From now on machines are looked at whenever they may have changed.
    pub(super) fn watch_machines(&mut self) {
        if !self.bus.machines.is_empty() || !self.bus.is_wanted(EventKind::StateChange) {
            return;
        }
        let ids: Vec<_> =
            self.instances.values().chain(self.loose.values()).map(|one| one.id.clone()).collect();
        for id in ids {
            if let Some(state) = self.known(&id).map(|instance| self.state_of(instance)) {
                self.bus.machines.insert(id.clone(), state);
            }
            self.expect_running(&id);
        }
    }

    /// A machine may have changed. It is looked at once the change is complete.
    pub(in super::super) fn machine_changes(&mut self, id: &str) {
        if self.bus.is_wanted(EventKind::StateChange) {
            self.bus.changed.insert(id.to_owned());
        }
    }

    /// Tells which machines have changed.
    pub(in super::super) fn tell_machines(&mut self) {
        for id in std::mem::take(&mut self.bus.changed) {
            let Some(state) = self.known(&id).map(|instance| self.state_of(instance)) else { continue };
            let is_new = if state == MachineState::Terminated {
                // Told once: what its group does with it afterwards changes nothing about the machine.
                self.bus.machines.remove(&id).is_some_and(|before| before != state)
            } else {
                self.bus.machines.insert(id.clone(), state) != Some(state)
            };
            if !is_new {
                continue;
            }
            let detail = json!({ "instance-id": id, "state": state.as_str() });
            self.publish(EventKind::StateChange, &[instance_arn(&id)], &detail);
            self.expect_running(&id);
        }
    }

    /// A machine that boots is looked at again when it has booted: nothing else happens to it then.
    fn expect_running(&mut self, id: &str) {
        let booted = self
            .known(id)
            .filter(|instance| self.state_of(instance) == MachineState::Pending)
            .map(|instance| instance.hardware.switched_on + self.settings.boot_time);
        if let Some(at) = booted {
            self.look_again(id, at);
        }
    }

    /// Warns of an interruption. As seen at AWS, the resource has a zone and no account.
    pub(in super::super) fn tell_interruption(&mut self, id: &str, action: SpotAction) {
        let detail = json!({ "instance-id": id, "instance-action": action.as_str() });
        let resource = self.resource_in_zone(id);
        self.publish(EventKind::SpotInterruption, &[resource], &detail);
    }

    /// Recommends a replacement.
    pub(in super::super) fn tell_rebalance(&mut self, id: &str) {
        let resource = self.resource_in_zone(id);
        self.publish(EventKind::RebalanceRecommendation, &[resource], &json!({ "instance-id": id }));
    }

    /// Tells of planned maintenance. The type code is the code in capitals, a judgement that fits the documented
    /// `AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED` and its like.
    pub(in super::super) fn tell_maintenance(&mut self, id: &str, planned: &Maintenance) {
        let code = planned.code.as_str().to_uppercase().replace('-', "_");
        let code = format!("AWS_EC2_{code}_SCHEDULED");
        let detail = json!({
            "eventArn": format!("arn:aws:health:{REGION}::event/EC2/{code}/{code}_{}", planned.event_id),
            "service": "EC2",
            "eventTypeCode": code,
            "eventTypeCategory": "scheduledChange",
            "eventScopeCode": "ACCOUNT_SPECIFIC",
            "communicationId": planned.event_id,
            "startTime": http_date(planned.not_before),
            "endTime": http_date(planned.not_after),
            "lastUpdatedTime": http_date(self.now),
            "statusCode": "upcoming",
            "eventRegion": REGION,
            "affectedAccount": ACCOUNT,
            "eventDescription": [{ "language": "en_US", "latestDescription": planned.code.description() }],
            "affectedEntities": [{ "entityValue": id, "tags": {} }],
        });
        self.publish(EventKind::Health, &[id.to_owned()], &detail);
    }

    fn resource_in_zone(&self, id: &str) -> String {
        let zone = self.known(id).map(|instance| instance.zone.as_str()).unwrap_or_default();
        format!("arn:aws:ec2:{zone}:instance/{id}")
    }
}
