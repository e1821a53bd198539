//! How time passes: one thing that is due after the other.

use std::time::SystemTime;

use super::World;
use super::activities::Why;
use super::event::Event;

impl World {
    /// Lets everything happen that is due by `now`, and tells what happened since the last call, operations included.
    /// Time never goes back: an earlier `now` changes nothing.
    pub fn advance(&mut self, now: SystemTime) -> Vec<Event> {
        self.run_until(now);
        self.departed = std::mem::take(&mut self.departing);
        std::mem::take(&mut self.outbox)
    }

    /// When `advance` has something to do next; none if nothing happens until an operation comes.
    pub fn next_deadline(&self) -> Option<SystemTime> {
        let instance = self.next_due().map(|(due, _)| due);
        let group = self.next_wake().map(|(due, _)| due);
        instance.into_iter().chain(group).chain(self.bus_due()).chain(self.next_schedule()).min()
    }

    /// Lets at most so many things happen in one go, at least one: in each `advance`, and before each operation. If more
    /// is due the world stays at the time of the last of them, where the operation finds it, and the next call goes on.
    pub fn at_most(&mut self, things: usize) {
        self.most_due = things.max(1);
    }

    /// One thing after the other, each at its own time, so that a long step gives the same world as many short ones.
    pub(super) fn run_until(&mut self, now: SystemTime) {
        // What was asked since is complete.
        self.tell_machines();
        let mut left = self.most_due;
        while let Some(due) = self.next_deadline()
            && due <= now
        {
            if left == 0 {
                return self.forget();
            }
            left -= 1;
            self.now = self.now.max(due);
            self.activities.why = Why::default();
            // What instances do comes first: a refresh looks at them.
            if self.fire_bus() {
                // A message that was late, or a machine to look at.
            } else if let Some((at, id)) = self.next_due()
                && at == due
            {
                self.fire(&id);
            } else if self.fire_schedule() {
                // Sizes that were to change.
            } else if let Some((_, name)) = self.next_wake() {
                let name = name.to_owned();
                self.reconcile(&name);
            }
            self.tell_machines();
        }
        self.now = self.now.max(now);
        self.forget();
    }

    /// Who of all machines is due next, and when.
    fn next_due(&self) -> Option<(SystemTime, String)> {
        let next = self.instances.next_due().into_iter().chain(self.loose.next_due()).min();
        next.map(|(due, id)| (due, id.to_owned()))
    }

    /// When a group has something to do by itself next, and which one.
    fn next_wake(&self) -> Option<(SystemTime, &String)> {
        self.refresh_wakes.iter().chain(&self.replacement_wakes).map(|(name, at)| (*at, name)).min()
    }
}
