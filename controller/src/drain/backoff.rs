//! Back-off that belongs to the blocker, not to the pod.
//!
//! Thirty pods behind one budget ask one question, not thirty: whoever is refused by a blocker shares its single probe
//! and its delay. Once something changes for that blocker (a success, a pod of it departing) the delay starts anew.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::evict::Answer;
use super::filter::PodView;
use super::reason::Reason;

/// What refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// A disruption budget.
    Budget { namespace: String, name: String },
    /// Our rights in a namespace.
    Rights { namespace: String },
    /// A namespace that is being deleted.
    Namespace { namespace: String },
    /// The API server as a whole; applies to every pod.
    Server,
    /// Something that concerns this pod alone.
    Pod { uid: String },
}

/// A refusal, sorted: who refused, how to say it, how to pace the next attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) key: Key,
    pub(super) reason: Reason,
    first: Duration,
    most: Duration,
}

impl Refusal {
    /// Sorts an answer to a request about `pod`; none if it was no refusal.
    pub(super) fn of(answer: Answer, pod: &PodView) -> Option<Self> {
        let namespace = pod.namespace.clone();
        let alone = Key::Pod { uid: pod.uid.clone() };
        let (key, reason, first, most) = match answer {
            Answer::Accepted | Answer::Gone => return None,
            Answer::Budget { name: Some(name) } => {
                (Key::Budget { namespace, name: name.clone() }, Reason::Budget { name }, 250, 10_000)
            }
            Answer::Budget { name: None } => (alone, Reason::Budget { name: String::new() }, 250, 10_000),
            // Only a person can mend these: look again now and then.
            Answer::ManyBudgets => (alone, Reason::ManyBudgets, 10_000, 30_000),
            Answer::Rights => (Key::Rights { namespace }, Reason::Forbidden, 5_000, 60_000),
            Answer::Namespace => (Key::Namespace { namespace }, Reason::Namespace, 5_000, 10_000),
            // A webhook often means "not yet": it moves the pod by itself first.
            Answer::Webhook { message } => (alone, Reason::Webhook { message }, 1_000, 10_000),
            Answer::Failed { message } => (alone, Reason::Other { message }, 500, 10_000),
            Answer::Unavailable { message } => (Key::Server, Reason::Other { message }, 500, 10_000),
            Answer::Throttled { after } => {
                let after = after.unwrap_or_default().clamp(Duration::from_secs(1), Duration::from_mins(1));
                let most = after.max(Duration::from_secs(10));
                return Some(Self { key: Key::Server, reason: Reason::Throttled, first: after, most });
            }
        };
        Some(Self { key, reason, first: Duration::from_millis(first), most: Duration::from_millis(most) })
    }
}

#[derive(Clone, Debug)]
struct Wait {
    first: Duration,
    delay: Duration,
    until: Instant,
    /// The pod whose request is on its way.
    probe: Option<String>,
}

/// The delays of all blockers met so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    waits: BTreeMap<Key, Wait>,
}

/// Whether a blocker may be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Now.
    Now,
    /// Not before this time.
    At(Instant),
    /// Its probe is on its way.
    Asked,
}

impl Ledger {
    /// Whether `key` may be asked.
    pub(super) fn turn(&self, key: &Key, now: Instant) -> Turn {
        match self.waits.get(key) {
            Some(Wait { probe: Some(_), .. }) => Turn::Asked,
            Some(wait) if wait.until > now => Turn::At(wait.until),
            Some(_) | None => Turn::Now,
        }
    }

    /// Whether anybody was refused by `key` since it last let go.
    pub(super) fn knows(&self, key: &Key) -> bool {
        self.waits.contains_key(key)
    }

    /// A request about `uid` goes out and is the probe of `key`, if that is a known blocker.
    pub(super) fn sent(&mut self, key: &Key, uid: &str) {
        if let Some(wait) = self.waits.get_mut(key) {
            wait.probe = Some(uid.to_owned());
        }
    }

    /// The request about `uid` was answered with a refusal; `jitter` is in 0..1.
    pub(super) fn refused(&mut self, refusal: &Refusal, uid: &str, now: Instant, jitter: f64) {
        let was_probe = self.release(uid).contains(&refusal.key);
        let spread = |delay: Duration| now + delay.mul_f64(0.9 + 0.2 * jitter);
        match self.waits.get_mut(&refusal.key) {
            // Only the probe's answer lengthens the delay: others left before the blocker was known.
            Some(wait) if was_probe => {
                wait.delay = (wait.delay * 2).clamp(refusal.first, refusal.most.max(refusal.first));
                wait.until = spread(wait.delay);
            }
            Some(_) => {}
            None => {
                let (first, delay) = (refusal.first, refusal.first);
                let wait = Wait { first, delay, until: spread(delay), probe: None };
                self.waits.insert(refusal.key.clone(), wait);
            }
        }
        if refusal.key != Key::Server {
            self.waits.remove(&Key::Server);
        }
    }

    /// The request about `uid` was accepted, or its pod is gone: the server is well, and what stood in the way of this
    /// pod may let the next one through at once.
    pub(super) fn accepted(&mut self, key: &Key, uid: &str, now: Instant) {
        self.release(uid);
        self.waits.remove(&Key::Server);
        match key {
            Key::Budget { .. } => self.reset(key, now),
            Key::Rights { .. } | Key::Namespace { .. } | Key::Server | Key::Pod { .. } => {
                self.waits.remove(key);
            }
        }
    }

    /// Something changed for this blocker: ask at once, and start with the short delay again.
    pub(super) fn reset(&mut self, key: &Key, now: Instant) {
        if let Some(wait) = self.waits.get_mut(key) {
            // The next refusal of the probe doubles: half of the first delay makes it the first again.
            wait.delay = wait.first / 2;
            wait.until = wait.until.min(now);
        }
    }

    /// Ends the probes of a pod and says of which blockers.
    pub(super) fn release(&mut self, uid: &str) -> Vec<Key> {
        let probes = self.waits.iter_mut().filter(|(_, wait)| wait.probe.as_deref() == Some(uid));
        probes.map(|(key, wait)| (wait.probe = None, key.clone()).1).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Refusal {
        let view = PodView {
            uid: "a".into(),
            namespace: "shop".into(),
            name: "a".into(),
            critical: false,
            finished: false,
            grace: Duration::from_secs(30),
            terminating: None,
            finalizers: vec![],
            owner: None,
            test_panic: false,
        };
        Refusal::of(Answer::Budget { name: Some("web".into()) }, &view).unwrap()
    }

    fn wait_of(ledger: &Ledger, now: Instant) -> u128 {
        match ledger.turn(&budget().key, now) {
            Turn::At(until) => (until - now).as_millis(),
            Turn::Now => 0,
            Turn::Asked => panic!("a probe is on its way"),
        }
    }

    fn probe(ledger: &mut Ledger, now: Instant) {
        ledger.sent(&budget().key, "a");
        assert_eq!(ledger.turn(&budget().key, now), Turn::Asked);
        ledger.refused(&budget(), "a", now, 0.5);
    }

    #[test]
    fn the_delay_doubles_up_to_ten_seconds() {
        let (now, mut ledger) = (Instant::now(), Ledger::default());
        ledger.refused(&budget(), "a", now, 0.5);
        let mut delays = vec![wait_of(&ledger, now)];
        for _ in 0..7 {
            probe(&mut ledger, now);
            delays.push(wait_of(&ledger, now));
        }
        assert_eq!(delays, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    }

    #[test]
    fn refusals_that_were_on_their_way_do_not_lengthen_it() {
        let (now, mut ledger) = (Instant::now(), Ledger::default());
        for uid in ["a", "b", "c"] {
            ledger.refused(&budget(), uid, now, 0.5);
        }
        assert_eq!(wait_of(&ledger, now), 250);
    }

    #[test]
    fn a_success_and_a_departure_start_it_anew() {
        let (now, mut ledger) = (Instant::now(), Ledger::default());
        for change in [Ledger::reset as fn(&mut Ledger, &Key, Instant), |l, k, n| l.accepted(k, "a", n)] {
            ledger.refused(&budget(), "a", now, 0.5);
            (0..5).for_each(|_| probe(&mut ledger, now));
            change(&mut ledger, &budget().key, now);
            assert_eq!(wait_of(&ledger, now), 0);
            probe(&mut ledger, now);
            assert_eq!(wait_of(&ledger, now), 250);
        }
    }

    #[test]
    fn the_jitter_stays_within_a_tenth() {
        let now = Instant::now();
        for (jitter, expected) in [(0.0, 225), (1.0, 275)] {
            let mut ledger = Ledger::default();
            ledger.refused(&budget(), "a", now, jitter);
            assert_eq!(wait_of(&ledger, now), expected);
        }
    }
}
