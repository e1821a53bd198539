//! What is told, and what EC2 announces, from Rust.

use std::time::Duration;

use crate::Simulator;
use crate::account::queue_of_url;
use crate::world::{EventFault, EventKind, MaintenanceCode, NotWarned, SpotAction};

impl Simulator {
    /// From now on tells events of these kinds to this queue, as by a rule with a list of detail types. What cannot be
    /// delivered is lost.
    pub fn route_events(&self, queue_url: &str, kinds: &[EventKind]) {
        // An address that is no queue's is one of a queue that never exists.
        let queue = queue_of_url(queue_url).unwrap_or(queue_url);
        self.shared.lock().world.route_events(queue, kinds);
    }

    /// Subscribes a queue to an SNS topic, which exists from then on: for hooks and notification configurations.
    pub fn subscribe_queue(&self, topic_arn: &str, queue_url: &str) {
        let queue = queue_of_url(queue_url).unwrap_or(queue_url);
        self.shared.lock().world.subscribe_queue(topic_arn, queue);
    }

    /// Troubles the delivery of events until `clear_event_faults`. Several troubles add up.
    pub fn event_fault(&self, fault: EventFault) {
        self.shared.lock().world.event_fault(fault);
    }

    /// Ends all trouble of the delivery; what is late stays late.
    pub fn clear_event_faults(&self) {
        self.shared.lock().world.clear_event_faults();
    }

    /// Warns a Spot instance of its interruption: two minutes ahead, at once for `hibernate`. `set_machine` makes one.
    pub fn interrupt_spot(&self, id: &str, action: SpotAction) -> Result<(), NotWarned> {
        let mut inner = self.shared.lock();
        let outcome = inner.world.interrupt_spot(self.shared.now(), id, action);
        self.shared.settle(&mut inner);
        outcome
    }

    /// Recommends a replacement of a Spot instance that is likely to be interrupted.
    pub fn recommend_rebalance(&self, id: &str) -> Result<(), NotWarned> {
        let mut inner = self.shared.lock();
        let outcome = inner.world.recommend_rebalance(self.shared.now(), id);
        self.shared.settle(&mut inner);
        outcome
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
