//! What EC2 announces for a machine, from Rust.

use std::time::Duration;

use crate::Simulator;
use crate::world::{MaintenanceCode, SpotAction};

impl Simulator {
    /// Warns of a spot interruption: two minutes ahead, at once for `hibernate`. False if there is no such instance.
    pub fn interrupt_spot(&self, id: &str, action: SpotAction) -> bool {
        let mut inner = self.shared.lock();
        let is_known = inner.world.interrupt_spot(self.shared.now(), id, action);
        self.shared.settle(&mut inner);
        is_known
    }

    /// Recommends a replacement of an instance that is likely to be interrupted. False if there is no such instance.
    pub fn recommend_rebalance(&self, id: &str) -> bool {
        let mut inner = self.shared.lock();
        let is_known = inner.world.recommend_rebalance(self.shared.now(), id);
        self.shared.settle(&mut inner);
        is_known
    }

    /// Plans maintenance that begins so long `from_now`, in simulated time, and takes at most `length`. It is only
    /// announced: the machine goes on. False if there is no such instance.
    pub fn schedule_maintenance(
        &self,
        id: &str,
        code: MaintenanceCode,
        from_now: Duration,
        length: Duration,
    ) -> bool {
        let mut inner = self.shared.lock();
        let now = self.shared.now();
        let begin = now + from_now;
        let is_known = inner.world.schedule_maintenance(now, id, code, (begin, begin + length));
        self.shared.settle(&mut inner);
        is_known
    }
}
