//! Machines that belong to no group: EC2 knows them, Auto Scaling does not.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::World;
use super::event::Power;
use super::flow::GROUP_TAG;
use super::hardware::Hardware;
use super::instance::{Instance, Life, Stage};
use super::journey::Journey;
use super::metadata::Metadata;
use super::placement::Site;
use super::state::State;
use super::warnings::Warnings;

impl World {
    /// Switches on a new machine that belongs to no group, and returns its id.
    pub fn add_machine(&mut self, now: SystemTime, zone: &str, tags: BTreeMap<String, String>) -> String {
        self.run_until(now);
        let id = self.ids.instance();
        let site = Site::usual(zone);
        let machine = Instance {
            id: id.clone(),
            group: String::new(),
            zone: site.zone,
            subnet: site.subnet,
            launched: self.now,
            tags,
            launch_template: None,
            launch_configuration: None,
            journey: Journey::Leave,
            stage: Stage::AtRest,
            state: State::Detached,
            forced: None,
            power: Power::Off,
            hardware: Hardware::new(self.now),
            life: Life::default(),
            metadata: Metadata::new(self.ids.address()),
            warnings: Warnings::default(),
        };
        self.loose.insert(id.clone(), machine);
        self.set_power(&id, Power::On);
        id
    }

    /// Takes a member out of its group; the machine goes on as it is. AWS takes the tag that names the group away.
    pub(super) fn let_loose(&mut self, id: &str) {
        let Some(mut instance) = self.instances.remove(id) else { return };
        instance.group.clear();
        instance.tags.remove(GROUP_TAG);
        self.loose.insert(id.to_owned(), instance);
    }

    /// A machine that is not terminated, in a group or not.
    pub(super) fn machine_mut(&mut self, id: &str) -> Option<&mut Instance> {
        self.instances.get_mut(id).or_else(|| self.loose.get_mut(id))
    }
}
