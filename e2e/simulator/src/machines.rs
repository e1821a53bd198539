//! How machines are made, from Rust.

use crate::Simulator;
use crate::world::{Made, MadeChange};

impl Simulator {
    /// Changes how the machines are made that a group launches from now on; what is made now, or none if there is no such
    /// group.
    pub fn set_machines(&self, group: &str, change: MadeChange) -> Option<Made> {
        self.shared.lock().world.set_machines(self.shared.now(), group, change)
    }

    /// Changes one machine, as if it had been made so; how it is made now, or none if there is no such machine.
    pub fn set_machine(&self, id: &str, change: MadeChange) -> Option<Made> {
        self.shared.lock().world.set_machine(self.shared.now(), id, change)
    }

    /// Says whether the machines that a group launches from now on can hibernate, as they can by default. In a pool that
    /// hibernates the others are stopped. False if there is no such group.
    pub fn set_hibernation(&self, group: &str, is_possible: bool) -> bool {
        let change = MadeChange { hibernation: Some(is_possible), ..MadeChange::default() };
        self.set_machines(group, change).is_some()
    }

    /// Gives an instance a role, or takes it away. Its metadata service then hands out credentials, which nothing here
    /// checks and which do not expire. False if there is no such instance.
    pub fn imds_role(&self, id: &str, role: Option<&str>) -> bool {
        let change = MadeChange { role: Some(role.map(str::to_owned)), ..MadeChange::default() };
        self.set_machine(id, change).is_some()
    }
}
