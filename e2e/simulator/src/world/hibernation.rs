//! Pools that hibernate, and machines that cannot.
//!
//! From the documentation: a machine that is not made for hibernation is stopped instead, on its way into the pool as well
//! as on its way back. Whether it is, is decided when it is launched, by its launch template; here by a setting of the
//! group that only Rust can reach.

use std::time::SystemTime;

use super::World;
use super::state::PoolState;

impl World {
    /// Says whether the machines that a group launches from now on can hibernate, as they can by default. False if there is
    /// no such group.
    pub fn set_hibernation(&mut self, now: SystemTime, group: &str, is_possible: bool) -> bool {
        self.run_until(now);
        let Some(group) = self.groups.get_mut(group) else { return false };
        group.life.cannot_hibernate = !is_possible;
        true
    }
}

impl PoolState {
    /// How a machine is kept in such a pool.
    pub(super) fn for_machine(self, can_hibernate: bool) -> PoolState {
        match self {
            PoolState::Hibernated if !can_hibernate => PoolState::Stopped,
            PoolState::Stopped | PoolState::Running | PoolState::Hibernated => self,
        }
    }
}
