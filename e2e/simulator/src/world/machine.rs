//! Instances as machines, for whoever is not the Auto Scaling API.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::World;
use super::command::InstanceView;
use super::event::{Event, Power};
use super::hardware::Hardware;
use super::instance::Instance;
use super::metadata::Metadata;
use super::warnings::Warnings;

/// What an instance is outside of the Auto Scaling API: a machine with a metadata service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// As the API describes it; group and state are empty if it belongs to no group.
    pub view: InstanceView,
    /// Whether it runs.
    pub power: Power,
    /// Its target lifecycle state, unless it is too new to have one or belongs to no group.
    pub target: Option<&'static str>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was launched.
    pub launched: SystemTime,
    /// What its metadata service knows from EC2.
    pub metadata: Metadata,
    /// How it was made.
    pub(crate) hardware: Hardware,
    /// What EC2 announced for it.
    pub warnings: Warnings,
}

impl World {
    /// An instance as a machine, also for an hour after its termination.
    pub fn machine(&self, id: &str) -> Option<Machine> {
        let known = self.instances.get(id).or_else(|| self.loose.get(id)).or_else(|| self.gone.get(id));
        known.map(|instance| self.machine_of(instance))
    }

    /// All instances that are not terminated: those of groups by id, then those without a group by id.
    pub fn machines(&self) -> impl Iterator<Item = Machine> + '_ {
        self.instances.values().chain(self.loose.values()).map(|instance| self.machine_of(instance))
    }

    /// Makes the API report `text` as the state of an instance until it changes by itself.
    pub fn force_state(&mut self, now: SystemTime, id: &str, text: &str) {
        self.run_until(now);
        let Some(instance) = self.instances.get_mut(id) else { return };
        let from = instance.shown_state().to_owned();
        instance.forced = Some(text.to_owned());
        self.outbox.push(Event::LifecycleChanged {
            at: self.now,
            id: id.to_owned(),
            group: instance.group.clone(),
            from: Some(from),
            to: text.to_owned(),
        });
    }

    fn machine_of(&self, instance: &Instance) -> Machine {
        let is_new = self.now < instance.launched + self.settings.no_target_time;
        Machine {
            view: instance.view(),
            power: instance.power,
            target: instance.shown_target().filter(|_| !is_new),
            tags: instance.tags.clone(),
            launched: instance.launched,
            metadata: instance.metadata.clone(),
            hardware: instance.hardware.clone(),
            warnings: instance.warnings.at(self.now),
        }
    }
}
