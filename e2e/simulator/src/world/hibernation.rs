//! Pools that hibernate, and machines that cannot.
//!
//! From the documentation: a machine that is not made for hibernation is stopped instead, on its way into the pool as well
//! as on its way back. Whether it is, is decided when it is launched.

use super::state::PoolState;

impl PoolState {
    /// How a machine is kept in such a pool.
    pub(super) fn for_machine(self, can_hibernate: bool) -> PoolState {
        match self {
            PoolState::Hibernated if !can_hibernate => PoolState::Stopped,
            PoolState::Stopped | PoolState::Running | PoolState::Hibernated => self,
        }
    }
}
