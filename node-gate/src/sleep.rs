//! Tells that the machine was hibernated and has woken.
//!
//! All processes stand still meanwhile and find their sockets, tokens and credentials as they left them, only older. The
//! monotonic clock, by which we and our timers count, stands still as well; the boot-time clock goes on.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Reading the two clocks one after the other takes microseconds; a hibernation takes seconds.
const NOTICEABLE: Duration = Duration::from_secs(1);

/// Where the time is read that this boot has spent asleep; another one than [`asleep`] is for tests.
pub type Asleep = fn() -> Duration;

/// How long the machine has been asleep since it booted.
pub fn asleep() -> Duration {
    let read = |clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default();
    // The monotonic one first: otherwise the moment between the two readings would have to be taken for no sleep.
    let awake = read(ClockId::Monotonic);
    read(ClockId::Boottime).saturating_sub(awake)
}

/// Notices that there was a sleep since it was last asked.
#[derive(Debug)]
pub struct Sleep {
    asleep: Asleep,
    known: Duration,
}

impl Sleep {
    /// Sleeps from now on.
    pub fn new(asleep: Asleep) -> Self {
        Sleep { asleep, known: asleep() }
    }

    /// How long the sleep was from which the machine has woken since this was last asked.
    pub fn ended(&mut self) -> Option<Duration> {
        let total = (self.asleep)();
        let slept = total.saturating_sub(self.known);
        (slept >= NOTICEABLE).then(|| {
            self.known = total;
            slept
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local!(static TOTAL: Cell<Duration> = const { Cell::new(Duration::ZERO) });

    #[test]
    fn a_sleep_is_told_once_and_reading_two_clocks_is_none() {
        let sleep_for = |length: Duration| TOTAL.set(TOTAL.get() + length);
        sleep_for(Duration::from_hours(2));
        let mut sleep = Sleep::new(|| TOTAL.get());
        assert_eq!(sleep.ended(), None, "what was before the start");
        for _ in 0..3 {
            sleep_for(Duration::from_micros(300));
            assert_eq!(sleep.ended(), None);
        }
        sleep_for(Duration::from_mins(9));
        assert_eq!(sleep.ended(), Some(Duration::from_micros(540_000_900)));
        assert_eq!(sleep.ended(), None);
    }

    #[test]
    fn a_machine_that_is_awake_does_not_fall_asleep_between_two_readings() {
        let mut sleep = Sleep::new(asleep);
        assert!((0..10_000).all(|_| sleep.ended().is_none()));
    }
}
