//! Instances that are kept because the hook of their termination was abandoned.
//!
//! Documented: a retained instance counts neither as serving nor as prepared, so that another takes its place, and stays
//! until it is terminated by name, which opens a new action of the termination hooks; it does not matter what the policy
//! says by then. A judgement: one that was retained on its way into the pool leaves it for good when it is released.

use super::World;
use super::error::AwsError;
use super::instance::Stage;
use super::journey::Journey;
use super::state::State;

impl World {
    /// Ends the hold of an abandoned termination: keeps the instance if its group says so, else lets it go on.
    pub(super) fn retain_or_proceed(&mut self, id: &str) {
        let Some(instance) = self.instances.get(id) else { return };
        let group = instance.group.clone();
        let retains = self.groups.get(&group).is_some_and(|group| group.settings.retain == Some(true));
        match instance.journey.retained() {
            Some(state) if retains => {
                self.set_state(id, state);
                self.set_stage(id, Stage::Retained);
                self.reconcile(&group);
            }
            Some(_) | None => self.proceed(id),
        }
    }

    /// Lets a retained instance go, through its termination hooks once more.
    pub(super) fn release(&mut self, id: &str) {
        let Some(instance) = self.instances.get(id) else { return };
        let pooled = instance.journey.is_listed_in_pool();
        self.begin(id, if pooled { Journey::Retire } else { Journey::Terminate });
    }

    /// Lets all retained instances of a group go: the group itself is being deleted.
    pub(super) fn release_all(&mut self, group: &str) {
        for id in self.members(group, super::Instance::is_retained) {
            self.release(&id);
        }
    }
}

impl Journey {
    /// The state in which an instance is kept on this way; none where nothing is ever kept.
    fn retained(self) -> Option<State> {
        match self {
            Journey::Terminate => Some(State::TerminatingRetained),
            Journey::Return(_) => Some(State::WarmedPendingRetained),
            Journey::Retire => Some(State::WarmedTerminatingRetained),
            Journey::Launch
            | Journey::Warm(_)
            | Journey::Promote
            | Journey::Park
            | Journey::Join
            | Journey::ReplaceVolume
            | Journey::Reenter
            | Journey::Leave => None,
        }
    }
}

/// Why a group that retains its instances cannot be deleted by force, in AWS's words.
pub(super) fn refuse_force() -> AwsError {
    AwsError::validation(
        "You can't force delete this Auto Scaling group because the TerminateHookAbandon retention trigger is set to \
         retain. Change the retention trigger to terminate and try again",
    )
}
