//! The operations that change machines: several at once, all or none.

use super::Reply;
use crate::world::World;
use crate::world::error::AwsError;
use crate::world::hardware::MachineState;
use crate::world::metadata::MetadataChange;

/// What became of a machine by an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// The instance.
    pub id: String,
    /// Its state before.
    pub from: MachineState,
    /// Its state now.
    pub to: MachineState,
}

impl World {
    pub(super) fn terminate_machines(&mut self, ids: &[String]) -> Result<Reply, AwsError> {
        self.check_ids(ids)?;
        Ok(self.change(ids, World::end_machine))
    }

    pub(super) fn stop_machines(&mut self, ids: &[String], hibernate: bool) -> Result<Reply, AwsError> {
        self.check_ids(ids)?;
        ids.iter().try_for_each(|id| self.may_stop(id, hibernate))?;
        Ok(self.change(ids, |world, id| world.stop_machine(id, hibernate)))
    }

    pub(super) fn start_machines(&mut self, ids: &[String]) -> Result<Reply, AwsError> {
        self.check_ids(ids)?;
        ids.iter().try_for_each(|id| self.may_start(id))?;
        Ok(self.change(ids, World::start_machine))
    }

    pub(super) fn reboot_machines(&mut self, ids: &[String]) -> Result<Reply, AwsError> {
        self.check_ids(ids)?;
        ids.iter().try_for_each(|id| self.may_reboot(id))?;
        self.change(ids, World::reboot_machine);
        Ok(Reply::Done)
    }

    fn change(&mut self, ids: &[String], change: impl Fn(&mut World, &str)) -> Reply {
        let state = |world: &World, id: &str| world.known(id).map(|instance| world.state_of(instance));
        let before: Vec<_> = ids.iter().map(|id| state(self, id)).collect();
        for id in ids {
            change(self, id);
        }
        let changes = ids
            .iter()
            .zip(before)
            .filter_map(|(id, from)| Some(StateChange { id: id.clone(), from: from?, to: state(self, id)? }));
        Reply::Changes(changes.collect())
    }

    pub(super) fn change_options(&mut self, id: &str, change: MetadataChange) -> Result<Reply, AwsError> {
        self.check_ids(&[id.to_owned()])?;
        let changed = self.change_metadata(self.now, id, change);
        let instance = self.known(id).filter(|_| changed);
        match instance.filter(|instance| self.state_of(instance) != MachineState::Terminated) {
            Some(instance) => Ok(Reply::Metadata { id: id.to_owned(), options: instance.metadata.options }),
            None => Err(AwsError::new(
                400,
                "IncorrectInstanceState",
                format!("The instance '{id}' is not in a state in which its options can be modified."),
            )),
        }
    }
}
