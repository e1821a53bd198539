//! What the operations on the life of members have in common: who carries them out, and the members they name.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::World;
use super::command::{ActivityStatus, LifeCommand, Reply};
use super::error::AwsError;
use super::group::Group;
use super::groups::refuse_while_deleting;
use super::journey::Journey;
use super::state::State;

/// How many instances an operation may name.
pub(super) const MOST_MOVED: usize = 20;
pub(super) const MOST_PROTECTED: usize = 50;

impl World {
    pub(super) fn handle_life(&mut self, command: LifeCommand) -> Result<Reply, AwsError> {
        match command {
            LifeCommand::EnterStandby { group, ids, decrement } => {
                self.enter_standby(&group, &ids, decrement)
            }
            LifeCommand::ExitStandby { group, ids } => self.exit_standby(&group, &ids),
            LifeCommand::Detach { group, ids, decrement } => self.detach(&group, &ids, decrement),
            LifeCommand::Attach { group, ids } => self.attach(&group, &ids),
            LifeCommand::Protect { group, ids, protected } => self.protect(&group, &ids, protected),
            LifeCommand::SetHealth { id, healthy, respect_grace } => {
                self.set_health(&id, healthy, respect_grace)
            }
            LifeCommand::Suspend { group, processes } => self.suspend(&group, &processes),
            LifeCommand::Resume { group, processes } => self.resume(&group, &processes),
            LifeCommand::DescribeProcesses => Ok(Reply::Processes),
        }
    }

    /// The members that an operation names, each once; refused as a whole unless all of them are in one of these states.
    pub(super) fn named(
        &self,
        group: &str,
        ids: &[String],
        most: usize,
        states: &[State],
    ) -> Result<Vec<String>, AwsError> {
        self.group(group)?;
        let ids = each_once(ids, most)?;
        for id in &ids {
            let member = self.instances.get(id).filter(|instance| instance.group == group);
            let member = member.ok_or_else(|| {
                AwsError::validation(format!("The instance {id} is not part of Auto Scaling group {group}."))
            })?;
            if !states.contains(&member.state) {
                let states: Vec<_> = states.iter().map(|state| state.as_str()).collect();
                return Err(AwsError::validation(format!(
                    "The instance {id} is not in {}.",
                    states.join(" or ")
                )));
            }
        }
        Ok(ids)
    }

    /// The group that members go from or come to, unless it goes itself.
    pub(super) fn living_group(&mut self, name: &str) -> Result<&mut Group, AwsError> {
        let group = self.group_mut(name)?;
        refuse_while_deleting(group)?;
        Ok(group)
    }

    /// Sends members their way and tells what goes on with them; `sizes` is the desired capacity before and after.
    pub(super) fn send(&mut self, ids: &[String], going: &Going, sizes: (u32, u32)) -> Reply {
        let (before, after) = sizes;
        let capacity = match before.cmp(&after) {
            Ordering::Greater => format!(", shrinking the capacity from {before} to {after}"),
            Ordering::Less => format!(", increasing the capacity from {before} to {after}"),
            Ordering::Equal => String::new(),
        };
        let mut activities = Vec::new();
        for id in ids {
            let cause = format!("instance {id} was {} in response to a user request{capacity}.", going.done);
            self.next_activity(Some(going.description), &cause);
            self.begin(id, going.journey);
            self.move_activity(id, going.status, going.progress);
            activities.extend(self.current_activity(id));
        }
        Reply::Activities { activities, next: None }
    }
}

/// A way that a user sends members, and AWS's words for it.
pub(super) struct Going {
    pub(super) journey: Journey,
    pub(super) description: &'static str,
    pub(super) done: &'static str,
    pub(super) status: ActivityStatus,
    /// In percent.
    pub(super) progress: u8,
}

/// The ids without repetitions. A judgement: none at all is refused, though the model lets it pass.
pub(super) fn each_once(ids: &[String], most: usize) -> Result<Vec<String>, AwsError> {
    if ids.len() > most {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value at 'instanceIds' failed to satisfy constraint: Member must have length \
             less than or equal to {most}"
        )));
    }
    if ids.is_empty() {
        return Err(AwsError::validation("At least one instance ID must be specified"));
    }
    let mut seen = BTreeSet::new();
    Ok(ids.iter().filter(|id| seen.insert(*id)).cloned().collect())
}

/// The refusal of a change that the sizes of the group do not allow: `To attach 1 instance, …`.
pub(super) fn refuse_by_size(group: &Group, what: &str, count: u32) -> AwsError {
    let instances = if count == 1 { "instance" } else { "instances" };
    AwsError::validation(format!(
        "AutoScalingGroup {} has min-size={}, max-size={}, and desired-size={}. To {what} {count} {instances}, please \
         update the AutoScalingGroup sizes appropriately.",
        group.name, group.min, group.max, group.desired
    ))
}

/// A number of ids; there are never more than fifty.
pub(super) fn count(ids: &[String]) -> u32 {
    u32::try_from(ids.len()).unwrap_or(u32::MAX)
}
