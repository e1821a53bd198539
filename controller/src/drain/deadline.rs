//! When patience ends, pod by pod.

use std::time::{Duration, Instant};

/// After a take-over pods get this much of ordinary evictions before force, whatever the clock says: nobody may have
/// tried while there was no leader.
const AFTER_TAKE_OVER: Duration = Duration::from_mins(5);

/// Far beyond any lifecycle action (two days at most), and safe to add to the time.
const LONGEST: Duration = Duration::from_hours(24 * 365);

/// From when the deadline counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Began {
    /// This run made the first attempt.
    Here { first: Instant },
    /// An earlier run did, `elapsed` before this one began at `run`.
    Earlier { run: Instant, elapsed: Duration },
}

/// The span of one drain in which pods are evicted, and at its end forced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// The end: the deadline.
    pub(super) until: Instant,
    from: Instant,
    span: Duration,
}

impl Window {
    /// The window of a drain that began so, with this policy's deadline.
    ///
    /// The deadline counts from the first attempt; `hook_expires` is absolute. `deadline_now` is when the break-glass
    /// was first seen: the window ends there.
    pub(super) fn new(
        began: Began,
        deadline: Duration,
        hook_expires: Option<Instant>,
        deadline_now: Option<Instant>,
    ) -> Self {
        let (from, length) = match began {
            Began::Here { first } => (first, deadline),
            Began::Earlier { run, elapsed } => {
                // Half as much again, because the last third of a window may be forced. Never more than the deadline
                // anew: who asked for one of 30 s has said how long ordinary evictions are worth waiting for.
                let anew = (AFTER_TAKE_OVER + AFTER_TAKE_OVER / 2).min(deadline);
                (run, deadline.saturating_sub(elapsed).max(anew))
            }
        };
        let length = length.min(LONGEST);
        let until = hook_expires.map_or(from + length, |expires| expires.min(from + length)).max(from);
        match deadline_now {
            Some(now) if now < until => Self { from: now, until: now, span: Duration::ZERO },
            Some(_) => Self { from: until, until, span: Duration::ZERO },
            None => Self { from, until, span: until.saturating_duration_since(from) },
        }
    }

    /// When a pod with this grace period is forced: early enough for its grace, but evictions keep two thirds.
    pub(super) fn force_at(&self, grace: Duration) -> Instant {
        self.from + self.span.saturating_sub(grace.min(self.span / 3))
    }

    /// When critical pods are evicted though others are left, so that they too get evictions before force.
    pub(super) fn critical_opens(&self) -> Instant {
        self.from + self.span.saturating_sub(self.span / 3)
    }

    /// The grace that a pod forced now still gets: the seconds up to the end, at least one, at most its own.
    ///
    /// Never zero: the API server would then drop the pod while its containers still run.
    pub(super) fn remaining_grace(&self, grace: Duration, now: Instant) -> Duration {
        // Rounded: the API counts in seconds, and a moment has passed since force was due.
        let left = self.until.saturating_duration_since(now) + Duration::from_millis(500);
        let left = Duration::from_secs(left.as_secs());
        left.min(grace).max(Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn force_leaves_the_grace_before_the_deadline() {
        let first = Instant::now();
        let window = Window::new(Began::Here { first }, 15 * MINUTE, None, None);
        assert_eq!(window.until, first + 15 * MINUTE);
        assert_eq!(window.force_at(secs(30)), first + secs(870));
        assert_eq!(window.remaining_grace(secs(30), first + secs(870)), secs(30));
        assert_eq!(window.remaining_grace(secs(30), first + secs(890)), secs(10));
    }

    #[test]
    fn a_long_grace_takes_a_third_of_the_window_at_most() {
        let first = Instant::now();
        let window = Window::new(Began::Here { first }, 15 * MINUTE, None, None);
        assert_eq!(window.force_at(secs(3600)), first + 10 * MINUTE);
        assert_eq!(window.critical_opens(), first + 10 * MINUTE);
    }

    #[test]
    fn the_grace_is_never_below_a_second() {
        let first = Instant::now();
        let window = Window::new(Began::Here { first }, MINUTE, None, None);
        assert_eq!(window.remaining_grace(Duration::ZERO, first), secs(1));
        assert_eq!(window.remaining_grace(secs(30), first + 2 * MINUTE), secs(1));
        let a_moment_late = first + secs(30) + Duration::from_millis(100);
        assert_eq!(window.remaining_grace(secs(30), a_moment_late), secs(30), "in whole seconds");
    }

    #[test]
    fn the_hook_is_absolute() {
        let first = Instant::now();
        let window = Window::new(Began::Here { first }, 15 * MINUTE, Some(first + 3 * MINUTE), None);
        assert_eq!(window.until, first + 3 * MINUTE);
        assert_eq!(window.force_at(secs(3600)), first + 2 * MINUTE);
        let over = Window::new(Began::Here { first: first + MINUTE }, 15 * MINUTE, Some(first), None);
        assert_eq!(over.force_at(secs(30)), first + MINUTE);
    }

    #[test]
    fn a_take_over_in_time_keeps_the_first_deadline() {
        let run = Instant::now();
        let window = Window::new(Began::Earlier { run, elapsed: 2 * MINUTE }, 15 * MINUTE, None, None);
        assert_eq!(window.until, run + 13 * MINUTE);
    }

    #[test]
    fn a_take_over_past_the_deadline_evicts_for_five_minutes_first() {
        let run = Instant::now();
        let began = Began::Earlier { run, elapsed: 60 * MINUTE };
        let window = Window::new(began, 15 * MINUTE, None, None);
        assert!(window.force_at(secs(3600)) >= run + 5 * MINUTE);
        let hook = Window::new(began, 15 * MINUTE, Some(run + 3 * MINUTE), None);
        assert_eq!(hook.until, run + 3 * MINUTE);
        assert!(hook.force_at(secs(3600)) >= run + 2 * MINUTE);
    }

    #[test]
    fn a_take_over_gets_a_short_deadline_anew_and_no_more() {
        let run = Instant::now();
        let window = Window::new(Began::Earlier { run, elapsed: 60 * MINUTE }, secs(30), None, None);
        assert_eq!(window.until, run + secs(30));
    }

    #[test]
    fn an_endless_deadline_is_no_overflow() {
        let first = Instant::now();
        let window = Window::new(Began::Here { first }, Duration::MAX, None, None);
        assert!(window.force_at(Duration::MAX) > first + 1000 * MINUTE);
    }

    #[test]
    fn deadline_now_ends_the_window_at_once() {
        let first = Instant::now();
        let window = Window::new(Began::Here { first }, 15 * MINUTE, None, Some(first + MINUTE));
        assert_eq!(window.force_at(secs(3600)), first + MINUTE);
        assert_eq!(window.remaining_grace(secs(30), first + MINUTE), secs(1));
    }
}
