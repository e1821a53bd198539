//! Into and out of a group alive: attaching and detaching.
//!
//! From the documentation: attaching raises the desired capacity and is refused above the largest size; the machine has
//! to run, in a zone of the group, and to be in no other group; no hooks either way. Who is detached loses its
//! protection from scale-in, who is attached takes over the group's setting. The texts are as seen at AWS, but for
//! those of the wrong zone and of a machine that does not run.

use super::World;
use super::command::{ActivityStatus, Process, Reply};
use super::error::AwsError;
use super::flow::GROUP_TAG;
use super::hardware::MachineState;
use super::instance::Life;
use super::journey::Journey;
use super::life::{Going, MOST_MOVED, count, each_once, refuse_by_size};
use super::state::State;

impl World {
    pub(super) fn detach(&mut self, name: &str, ids: &[String], decrement: bool) -> Result<Reply, AwsError> {
        let ids = self.named(name, ids, MOST_MOVED, &[State::InService, State::Standby])?;
        // Who is on standby was counted out before.
        let serving =
            ids.iter().filter(|id| self.instances[*id].journey.serves()).cloned().collect::<Vec<_>>();
        let group = self.living_group(name)?;
        let (before, fewer) = (group.desired, if decrement { count(&serving) } else { 0 });
        if before < group.min + fewer {
            return Err(refuse_by_size(group, "detach", fewer));
        }
        group.desired -= fewer;
        let sizes = (before, group.desired);
        let going = Going {
            journey: Journey::Leave,
            description: "Detaching EC2 instance",
            done: "detached",
            status: ActivityStatus::InProgress,
            progress: 50,
        };
        let reply = self.send(&ids, &going, sizes);
        self.reconcile(name);
        Ok(reply)
    }

    pub(super) fn attach(&mut self, name: &str, ids: &[String]) -> Result<Reply, AwsError> {
        self.group(name)?;
        let ids = each_once(ids, MOST_MOVED)?;
        for id in &ids {
            self.check_attachable(name, id)?;
        }
        self.refuse_without(Process::Launch, name)?;
        let group = self.living_group(name)?;
        let more = count(&ids);
        if group.desired + more > group.max {
            return Err(refuse_by_size(group, "attach", more));
        }
        let before = group.desired;
        group.desired += more;
        let sizes = (before, group.desired);
        let protected = group.life.protects_new;
        for id in &ids {
            let Some(mut machine) = self.loose.remove(id) else { continue };
            name.clone_into(&mut machine.group);
            machine.tags.insert(GROUP_TAG.to_owned(), name.to_owned());
            machine.life = Life { protected, ..Life::default() };
            self.instances.insert(id.clone(), machine);
        }
        let going = Going {
            journey: Journey::Join,
            description: "Attaching an existing EC2 instance",
            done: "attached",
            status: ActivityStatus::PreInService,
            progress: 30,
        };
        self.send(&ids, &going, sizes);
        self.reconcile(name);
        Ok(Reply::Done)
    }

    fn check_attachable(&self, name: &str, id: &str) -> Result<(), AwsError> {
        if let Some(member) = self.instances.get(id) {
            return Err(AwsError::validation(format!(
                "The Instance: {id} is already part of AutoScalingGroup:{}",
                member.group
            )));
        }
        let Some(machine) = self.loose.get(id) else {
            return Err(AwsError::validation(format!("Invalid Instance ID(s): [{id}] specified")));
        };
        if self.state_of(machine) != MachineState::Running {
            return Err(AwsError::validation(format!("The instance {id} is not in the running state.")));
        }
        if !self.group(name)?.zones.contains(&machine.zone) {
            return Err(AwsError::validation(format!(
                "The instance {id} is in {}, which is not an Availability Zone of AutoScalingGroup {name}.",
                machine.zone
            )));
        }
        Ok(())
    }
}
