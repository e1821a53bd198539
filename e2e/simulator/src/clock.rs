//! Simulated time, and how real time follows from it.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Maps real time to simulated time; it never goes back, whatever happens to the wall clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
    simulated_start: SystemTime,
    speed: f64,
}

impl Clock {
    /// A clock that starts now. `speed` must be positive and finite.
    pub(crate) fn start(speed: f64) -> Self {
        Clock { started: Instant::now(), simulated_start: SystemTime::now(), speed }
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.at(Instant::now())
    }

    fn at(&self, real: Instant) -> SystemTime {
        self.simulated_start + real.saturating_duration_since(self.started).mul_f64(self.speed)
    }

    /// When a simulated moment comes in real time.
    pub(crate) fn real(&self, moment: SystemTime) -> Instant {
        let simulated = moment.duration_since(self.simulated_start).unwrap_or_default();
        let seconds = simulated.as_secs_f64() / self.speed;
        // A thousandth more, so that the moment has surely come in spite of rounding.
        self.started
            + Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX / 4)
            + Duration::from_millis(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_come_at_its_real_time_and_not_long_before() {
        for speed in [0.5, 1.0, 7.3, 60.0] {
            let clock = Clock::start(speed);
            let moment = clock.simulated_start + Duration::from_mins(10);
            let real = clock.real(moment);
            assert!(clock.at(real) >= moment, "{speed}");
            assert!(clock.at(real - Duration::from_millis(2)) < moment, "{speed}");
        }
    }
}
