//! How much the queue may ask of us: whoever may write to it could otherwise keep AWS and the log busy for ever.

use std::time::Duration;

use lifecycle::api::MAX_IDS;
use tokio::time::Instant;

use crate::queue::message::Message;

/// After a rest, so many receives follow each other at once: a scale-in of some two hundred nodes.
const AT_ONCE: u32 = 20;
/// From then on, one look-up in so long.
const EVERY: Duration = Duration::from_millis(200);
/// How often it is said that messages cannot be read.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Spaces the receives.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// What was asked so far would have taken until then, one look-up at a time.
    worth: Option<Instant>,
}

impl Pace {
    /// How long to rest after a receive that brought so many instance ids.
    pub(super) fn rest(&mut self, now: Instant, ids: usize) -> Duration {
        let lookups = u32::try_from(ids.div_ceil(MAX_IDS)).unwrap_or(u32::MAX).max(1);
        let worth = self.worth.map_or(now, |worth| worth.max(now)) + EVERY.saturating_mul(lookups);
        self.worth = Some(worth);
        worth.saturating_duration_since(now + EVERY * AT_ONCE)
    }
}

/// Messages that could not be read and of which nothing was said yet.
#[derive(Debug, Default)]
pub(super) struct Unreadable {
    messages: u64,
    why: &'static str,
    said: Option<Instant>,
}

impl Unreadable {
    /// One more, perhaps.
    pub(super) fn add(&mut self, message: &Message) {
        if let Message::Unreadable(why) = message {
            self.messages += 1;
            self.why = why;
        }
    }

    /// How many there were and why the last one was, if it is time to say so.
    pub(super) fn due(&mut self, now: Instant) -> Option<(u64, &'static str)> {
        let rests = self.said.is_some_and(|said| now.duration_since(said) < SAY_EVERY);
        if self.messages == 0 || rests {
            return None;
        }
        self.said = Some(now);
        Some((std::mem::take(&mut self.messages), self.why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundred_messages_are_taken_at_once_and_an_endless_stream_gets_five_look_ups_a_second() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert!((0..20).all(|_| pace.rest(start, 10).is_zero()));
        let mut now = start;
        for _ in 0..50 {
            now += pace.rest(now, 10);
        }
        assert_eq!(now - start, EVERY * 50);
    }

    #[test]
    fn who_names_more_instances_waits_longer_and_a_rest_makes_up_for_it() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert_eq!(pace.rest(start, 500), Duration::ZERO);
        assert_eq!(pace.rest(start, 1000), EVERY * 10);
        assert_eq!(pace.rest(start + Duration::from_secs(20), 500), Duration::ZERO);
        // an endpoint that answers "nothing" at once does not make us spin either
        let rests = (0..100).map(|_| pace.rest(start + Duration::from_secs(60), 0));
        assert_eq!(rests.last(), Some(EVERY * 80));
    }

    #[test]
    fn however_many_messages_cannot_be_read_a_line_comes_every_ten_seconds_and_counts_them_all() {
        let (mut unreadable, start) = (Unreadable::default(), Instant::now());
        let garbage = Message::Unreadable("it is garbage");
        unreadable.add(&Message::Test);
        assert_eq!(unreadable.due(start), None);
        unreadable.add(&garbage);
        assert_eq!(unreadable.due(start), Some((1, "it is garbage")));
        (0..1000).for_each(|_| unreadable.add(&garbage));
        assert_eq!(unreadable.due(start + SAY_EVERY / 2), None);
        assert_eq!(unreadable.due(start + SAY_EVERY), Some((1000, "it is garbage")));
        assert_eq!(unreadable.due(start + SAY_EVERY * 2), None);
    }
}
