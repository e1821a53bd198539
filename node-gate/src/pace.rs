//! How long to wait before the next look at IMDS, and before the next question to the API.
//!
//! Pure: how often it went wrong in, a time out; chance is an argument as well.

use std::time::Duration;

/// AWS throttles IMDS for each instance, and so its other clients share what a gate takes. Twelve looks a minute at one that
/// is down or refuses harm nobody, and nobody waits much longer once it is back.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// All instances of an account share what the API gives out: 1,000 of them at 15 s ask 67 to 133 times a second.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
const FIRST_WAIT: Duration = Duration::from_secs(2);

/// How long to leave IMDS alone after so many useless looks in a row: none after the first, which may have been a token
/// taken back, then 0.5, 1, 2, 4, 5, 5 … s.
pub fn pause(useless_looks: u32) -> Duration {
    match useless_looks {
        0 | 1 => Duration::ZERO,
        looks => doubled(FIRST_PAUSE, looks - 2, LONGEST_PAUSE),
    }
}

/// How long to wait for the next question after so many in a row: 2, 4, 8, 15, 15 … s, each of it somewhere in its upper half,
/// as `random` in 0..1 says, so that nodes that were started together do not go on asking together.
pub fn wait(questions: u32, random: f64) -> Duration {
    let full = doubled(FIRST_WAIT, questions.saturating_sub(1), LONGEST_WAIT);
    full.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.saturating_mul(1 << times.min(16)).min(longest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pauses_grow_to_five_seconds() {
        let millis: Vec<_> = (0..9).map(|looks| pause(looks).as_millis()).collect();
        assert_eq!(millis, [0, 0, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn waits_grow_to_a_quarter_of_a_minute_and_chance_halves_them_at_most() {
        let millis = |random| (1..7).map(|asked| wait(asked, random).as_millis()).collect::<Vec<_>>();
        assert_eq!(millis(1.0), [2000, 4000, 8000, 15_000, 15_000, 15_000]);
        assert_eq!(millis(0.0), [1000, 2000, 4000, 7500, 7500, 7500]);
        assert_eq!(wait(u32::MAX, 1.0), LONGEST_WAIT);
    }

    proptest! {
        #[test]
        fn no_wait_is_shorter_than_a_second_or_longer_than_fifteen(questions in 1_u32.., random in -1.0..2.0) {
            let wait = wait(questions, random);
            prop_assert!((Duration::from_secs(1)..=Duration::from_secs(15)).contains(&wait), "{wait:?}");
        }

        #[test]
        fn no_pause_is_longer_than_five_seconds_or_than_the_next(looks in 0..u32::MAX) {
            prop_assert!(pause(looks) <= pause(looks + 1) && pause(looks) <= Duration::from_secs(5));
        }
    }
}
