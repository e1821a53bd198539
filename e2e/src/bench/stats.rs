//! Percentiles.

use std::time::Duration;

/// Measured times, sorted.
#[derive(Debug, Clone, Default)]
pub(super) struct Times(Vec<Duration>);

impl FromIterator<Duration> for Times {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort();
        Times(times)
    }
}

impl Times {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest measured time that at least `percent` of 100 do not exceed: never one between two measured ones. Zero
    /// if there is none.
    pub(super) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }

    /// The longest; zero if there is none.
    pub(super) fn max(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(millis: impl IntoIterator<Item = u64>) -> Times {
        millis.into_iter().map(Duration::from_millis).collect()
    }

    #[test]
    fn a_percentile_is_a_measured_time_that_so_many_do_not_exceed() {
        let times = times((1..=200).rev());
        assert_eq!(times.len(), 200);
        assert_eq!(times.percentile(50), Duration::from_millis(100));
        assert_eq!(times.percentile(99), Duration::from_millis(198));
        assert_eq!(times.percentile(100), times.max());
        assert_eq!(times.max(), Duration::from_millis(200));
    }

    #[test]
    fn few_times_are_no_trouble() {
        assert_eq!(times([7]).percentile(1), Duration::from_millis(7));
        assert_eq!(times([7, 9]).percentile(99), Duration::from_millis(9));
        assert_eq!(times([]).percentile(99), Duration::ZERO);
        assert_eq!(times([]).max(), Duration::ZERO);
    }
}
