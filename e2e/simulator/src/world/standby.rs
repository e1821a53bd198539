//! Standby: members that stay in the group and do not serve.
//!
//! From the documentation: no hooks on the way in or out; out of standby the desired capacity goes up. A judgement: a
//! member on standby counts neither towards the desired capacity nor towards the largest size.

use super::World;
use super::command::{ActivityStatus, Process, Reply};
use super::error::AwsError;
use super::journey::Journey;
use super::life::{Going, MOST_MOVED, count, refuse_by_size};
use super::state::State;

impl World {
    pub(super) fn enter_standby(
        &mut self,
        name: &str,
        ids: &[String],
        decrement: bool,
    ) -> Result<Reply, AwsError> {
        let ids = self.named(name, ids, MOST_MOVED, &[State::InService])?;
        let group = self.living_group(name)?;
        let (before, fewer) = (group.desired, if decrement { count(&ids) } else { 0 });
        if before < group.min + fewer {
            return Err(refuse_by_size(group, "place into standby", fewer));
        }
        group.desired -= fewer;
        let sizes = (before, group.desired);
        let going = Going {
            journey: Journey::Park,
            description: "Moving EC2 instance to Standby",
            done: "moved to standby",
            status: ActivityStatus::InProgress,
            progress: 50,
        };
        let reply = self.send(&ids, &going, sizes);
        self.reconcile(name);
        Ok(reply)
    }

    pub(super) fn exit_standby(&mut self, name: &str, ids: &[String]) -> Result<Reply, AwsError> {
        let ids = self.named(name, ids, MOST_MOVED, &[State::Standby])?;
        self.refuse_without(Process::Launch, name)?;
        let group = self.living_group(name)?;
        let (before, more) = (group.desired, count(&ids));
        if before + more > group.max {
            return Err(refuse_by_size(group, "remove from standby", more));
        }
        group.desired += more;
        let sizes = (before, group.desired);
        let going = Going {
            journey: Journey::Join,
            description: "Moving EC2 instance out of Standby",
            done: "moved out of standby",
            status: ActivityStatus::PreInService,
            progress: 30,
        };
        let reply = self.send(&ids, &going, sizes);
        self.reconcile(name);
        Ok(reply)
    }

    /// Terminates whoever is on standby: their group is being deleted.
    pub(super) fn end_standby(&mut self, name: &str) {
        for id in self.members(name, |instance| instance.journey == Journey::Park) {
            self.begin(&id, Journey::Terminate);
        }
    }
}
