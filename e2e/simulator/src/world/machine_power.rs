//! How machines stop, start and end when EC2 is asked directly, behind the back of their group.

use super::World;
use super::error::AwsError;
use super::event::{Event, Power};
use super::hardware::{Change, MachineState};
use super::instance::Instance;

impl World {
    /// The state of a machine as EC2 tells it.
    pub(super) fn state_of(&self, instance: &Instance) -> MachineState {
        instance.machine_state(self.now, self.settings.boot_time)
    }

    /// A machine by its id, as long as EC2 tells of it.
    pub(super) fn known(&self, id: &str) -> Option<&Instance> {
        let alive = self.instances.get(id).or_else(|| self.loose.get(id));
        alive.or_else(|| self.gone.get(id))
    }

    /// Refuses to stop what is ending, and to hibernate what cannot.
    pub(super) fn may_stop(&self, id: &str, hibernate: bool) -> Result<(), AwsError> {
        let Some(instance) = self.known(id) else { return Err(wrong_state(id, "stopped")) };
        if matches!(self.state_of(instance), MachineState::ShuttingDown | MachineState::Terminated) {
            return Err(wrong_state(id, "stopped"));
        }
        if hibernate && !instance.hardware.hibernation {
            let message = format!("The instance '{id}' was not launched with hibernation enabled.");
            return Err(AwsError::new(400, "UnsupportedHibernationConfiguration", message));
        }
        Ok(())
    }

    /// Refuses to start what is neither off nor on.
    pub(super) fn may_start(&self, id: &str) -> Result<(), AwsError> {
        match self.known(id).map(|instance| self.state_of(instance)) {
            Some(MachineState::Stopped | MachineState::Pending | MachineState::Running) => Ok(()),
            Some(MachineState::Stopping | MachineState::ShuttingDown | MachineState::Terminated) | None => {
                Err(wrong_state(id, "started"))
            }
        }
    }

    /// Refuses to reboot what does not run.
    pub(super) fn may_reboot(&self, id: &str) -> Result<(), AwsError> {
        match self.known(id).map(|instance| self.state_of(instance)) {
            Some(MachineState::Pending | MachineState::Running) => Ok(()),
            Some(_) | None => Err(wrong_state(id, "rebooted")),
        }
    }

    /// Stops a machine or hibernates it; nothing if it is stopped or stopping.
    pub(super) fn stop_machine(&mut self, id: &str, hibernate: bool) {
        let (now, until) = (self.now, self.now + self.settings.stop_time);
        let state = self.known(id).map(|instance| self.state_of(instance));
        let Some(instance) = self.machine_mut(id) else { return };
        if matches!(state, Some(MachineState::Pending | MachineState::Running)) {
            let to = if hibernate { Power::Hibernated } else { Power::Off };
            instance.hardware.change = Some((until, Change::Stop { to }));
            instance.hardware.off = Some((now, to));
            self.machine_changes(id);
            self.expect_check(id);
        }
    }

    /// Starts a stopped machine; nothing if it runs.
    pub(super) fn start_machine(&mut self, id: &str) {
        let Some(instance) = self.machine_mut(id).filter(|instance| instance.power != Power::On) else {
            return;
        };
        // Seen at AWS on one that serves; of the others nothing is known, and they keep theirs.
        instance.metadata.target_lost = instance.journey.serves();
        self.set_power(id, Power::On);
    }

    /// Boots a running machine anew; its power stays.
    pub(super) fn reboot_machine(&mut self, id: &str) {
        let now = self.now;
        if let Some(instance) = self.machine_mut(id) {
            instance.hardware.booted = now;
        }
    }

    /// Terminates a machine, whoever owns it; nothing if that is done or under way.
    pub(super) fn end_machine(&mut self, id: &str) {
        let (now, until) = (self.now, self.now + self.settings.stop_time);
        let state = self.known(id).map(|instance| self.state_of(instance));
        let Some(instance) = self.machine_mut(id) else { return };
        match state {
            None | Some(MachineState::ShuttingDown | MachineState::Terminated) => return,
            // What is off already is gone at once.
            Some(MachineState::Stopped) => self.machine_ended(id),
            Some(MachineState::Pending | MachineState::Running | MachineState::Stopping) => {
                instance.hardware.change = Some((until, Change::Terminate));
                instance.hardware.off = Some((now, Power::Off));
                self.machine_changes(id);
            }
        }
        self.expect_check(id);
    }

    /// Does what is due for a machine now; false if that is nothing.
    pub(super) fn fire_machine(&mut self, id: &str) -> bool {
        let now = self.now;
        let Some(instance) = self.machine_mut(id) else { return false };
        let hardware = &mut instance.hardware;
        match (hardware.change, hardware.check) {
            (Some((until, change)), _) if until <= now => {
                hardware.change = None;
                match change {
                    Change::Stop { to } => self.set_power(id, to),
                    Change::Terminate => self.machine_ended(id),
                }
                true
            }
            (_, Some(at)) if at <= now => {
                hardware.check = None;
                self.check_machine(id);
                true
            }
            _ => false,
        }
    }

    /// A machine's end. A member of a group stays in it until the group sees that it is gone.
    fn machine_ended(&mut self, id: &str) {
        self.set_power(id, Power::Off);
        self.mark_ended(id);
        if let Some(instance) = self.loose.remove(id) {
            self.remember(instance);
        }
    }

    /// Switches a machine; everybody hears of it.
    pub(super) fn set_power(&mut self, id: &str, power: Power) {
        let now = self.now;
        let Some(instance) = self.machine_mut(id) else { return };
        if instance.power == power {
            return;
        }
        instance.power = power;
        instance.hardware.switched(now, power);
        if power != Power::On {
            instance.warnings.end_all(now);
        }
        let group = instance.group.clone();
        self.outbox.push(Event::PowerChanged { at: now, id: id.to_owned(), group, power });
        self.machine_changes(id);
    }

    /// Remembers since when a machine is terminated.
    pub(super) fn mark_ended(&mut self, id: &str) {
        let now = self.now;
        let Some(instance) = self.machine_mut(id) else { return };
        instance.hardware.change = None;
        if instance.hardware.ended.is_none() {
            instance.hardware.ended = Some(now);
            self.departing.ended.push(id.to_owned());
        }
    }
}

fn wrong_state(id: &str, wish: &str) -> AwsError {
    let message = format!("The instance '{id}' is not in a state from which it can be {wish}.");
    AwsError::new(400, "IncorrectInstanceState", message)
}
