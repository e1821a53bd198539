//! Protection from scale-in, and members that somebody called unhealthy.
//!
//! From the documentation: protection counts from `InService` on and does not stop the replacement of unhealthy members;
//! nobody looks at the health of a member on standby until it serves again. A judgement: so it is with one that is on
//! its way.

use std::time::SystemTime;

use super::World;
use super::command::Reply;
use super::error::AwsError;
use super::instance::{Instance, Life};
use super::journey::Journey;
use super::life::MOST_PROTECTED;
use super::state::State;

impl World {
    pub(super) fn protect(&mut self, name: &str, ids: &[String], protected: bool) -> Result<Reply, AwsError> {
        let states = [State::InService, State::EnteringStandby, State::Standby];
        let ids = self.named(name, ids, MOST_PROTECTED, &states)?;
        for id in &ids {
            if let Some(instance) = self.instances.get_mut(id) {
                instance.life.protected = protected;
            }
        }
        // Scale-in may have waited for it.
        self.reconcile(name);
        Ok(Reply::Done)
    }

    pub(super) fn set_health(
        &mut self,
        id: &str,
        healthy: bool,
        respect_grace: bool,
    ) -> Result<Reply, AwsError> {
        let member = self.instances.get(id).ok_or_else(|| AwsError::no_instance(id))?;
        let name = member.group.clone();
        let (age, grace) = (self.age_in_service(member), self.grace_of(&name));
        if !healthy && respect_grace && age.is_some_and(|age| age < grace) {
            return Err(AwsError::validation(format!(
                "The age of the instance ({} seconds) is less than the configured grace period of {grace} seconds",
                age.unwrap_or_default()
            )));
        }
        self.judge(id, healthy);
        Ok(Reply::Done)
    }

    /// Marks a member, and has it replaced if it is unhealthy and nothing speaks against it.
    pub(super) fn judge(&mut self, id: &str, healthy: bool) {
        let Some(member) = self.instances.get_mut(id) else { return };
        member.life.unhealthy = !healthy;
        let name = member.group.clone();
        self.reconcile(&name);
    }

    /// Notes what begins with an arrival.
    pub(super) fn greet(&mut self, id: &str) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        if instance.journey.serves() {
            instance.life.serving_since = Some(self.now);
        }
        match instance.journey {
            Journey::Launch | Journey::Promote => {
                let group = self.groups.get(&instance.group);
                instance.life.protected = group.is_some_and(|group| group.life.protects_new);
            }
            Journey::Warm(_) | Journey::Return(_) | Journey::Leave => instance.life = Life::default(),
            Journey::Park
            | Journey::Join
            | Journey::Terminate
            | Journey::Retire
            | Journey::ReplaceVolume
            | Journey::Reenter => {}
        }
        // Nobody looked at its machine while it was on standby.
        if self.instances.get(id).is_some_and(|instance| self.is_ill(instance)) {
            self.expect_check(id);
        }
    }

    /// In whole seconds; none while it does not serve.
    fn age_in_service(&self, member: &Instance) -> Option<u64> {
        let since: SystemTime = member.life.serving_since.filter(|_| member.state == State::InService)?;
        Some(self.now.duration_since(since).unwrap_or_default().as_secs())
    }

    /// In seconds.
    fn grace_of(&self, name: &str) -> u64 {
        let grace = self.groups.get(name).and_then(|group| group.settings.health_check_grace);
        u64::from(grace.unwrap_or(0))
    }
}
