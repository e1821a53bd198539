//! Suspending and resuming what a group does by itself.

use super::World;
use super::command::{Process, Reply};
use super::error::AwsError;

impl World {
    pub(super) fn suspend(&mut self, name: &str, processes: &[Process]) -> Result<Reply, AwsError> {
        let now = self.now;
        let group = self.group_mut(name)?;
        for process in all_if_empty(processes) {
            // Whoever suspends it once more does not change since when it is.
            group.life.suspended.entry(*process).or_insert(now);
        }
        Ok(Reply::Done)
    }

    pub(super) fn resume(&mut self, name: &str, processes: &[Process]) -> Result<Reply, AwsError> {
        let group = self.group_mut(name)?;
        for process in all_if_empty(processes) {
            group.life.suspended.remove(process);
        }
        // What was left undone is done now, and what was overlooked is looked at again.
        for id in self.members(name, |instance| self.is_ill(instance)) {
            self.expect_check(&id);
        }
        self.reconcile(name);
        Ok(Reply::Done)
    }

    /// Whether a group has this process suspended.
    pub(super) fn is_suspended(&self, process: Process, name: &str) -> bool {
        self.groups.get(name).is_some_and(|group| group.life.suspended.contains_key(&process))
    }

    /// Refuses what a suspended process would have to do. The code is as captured, the words are a judgement.
    pub(super) fn refuse_without(&self, process: Process, name: &str) -> Result<(), AwsError> {
        if self.is_suspended(process, name) {
            return Err(AwsError::validation(format!(
                "The {} process is suspended for AutoScalingGroup {name}. Resume it and try again.",
                process.as_str()
            )));
        }
        Ok(())
    }
}

fn all_if_empty(processes: &[Process]) -> &[Process] {
    if processes.is_empty() { &Process::ALL } else { processes }
}
