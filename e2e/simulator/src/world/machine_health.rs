//! The health check of Auto Scaling: a member whose machine does not run as it should is replaced.
//!
//! From the documentation: a machine in any state but running is unhealthy; in the warm pool a stopped one is as it
//! should be. A judgement: the check looks once, after [`Settings::health_check_time`](super::Settings).

use super::World;
use super::command::Process;
use super::event::Power;
use super::hardware::MachineState;
use super::instance::Instance;
use super::journey::Journey;

impl World {
    /// Has the health check look at a member after its time.
    pub(super) fn expect_check(&mut self, id: &str) {
        let at = self.now + self.settings.health_check_time;
        // Machines of no group are nobody's.
        if let Some(instance) = self.instances.get_mut(id) {
            instance.hardware.check.get_or_insert(at);
        }
    }

    /// Looks at a member, and has it replaced if its machine is not as it should be.
    pub(super) fn check_machine(&mut self, id: &str) {
        let Some(instance) = self.instances.get(id) else { return };
        let group = instance.group.clone();
        if !self.is_ill(instance) || self.is_suspended(Process::HealthCheck, &group) {
            return;
        }
        if instance.is_at_rest() {
            return self.judge(id, false);
        }
        // On its way it has failed.
        let way_out = if instance.is_pooled() { Journey::Retire } else { Journey::Terminate };
        self.refresh_stumbles(&group);
        self.begin(id, way_out);
        self.reconcile(&group);
    }

    /// True if the machine of a member is not as it should be: gone, or off where it should run.
    pub(super) fn is_ill(&self, instance: &Instance) -> bool {
        let journey = instance.journey;
        let should_run =
            journey.serves() || !instance.is_at_rest() || journey.power_on_arrival() == Power::On;
        match self.state_of(instance) {
            _ if !journey.serves() && !instance.is_pooled() => false,
            MachineState::Pending | MachineState::Running => false,
            MachineState::ShuttingDown | MachineState::Terminated => true,
            MachineState::Stopped => should_run,
            // On its way into the pool it stops because it should.
            MachineState::Stopping => should_run && instance.hardware.change.is_some(),
        }
    }
}
