//! Heartbeats: one loop for all open lifecycle actions, independent of drains, Nodes and the lease.
//!
//! A heartbeat sent twice is harmless, a missed one loses a node. So a replica that lost its claim goes on beating what
//! it knows, until it sees that somebody else holds the lease.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_autoscaling::Client;
use lifecycle::api::{self, Action, ApiError, Reply};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::metrics::Metrics;

/// Heartbeats in flight at once: enough for hundreds of actions, few enough for the shared API bucket.
const AT_ONCE: usize = 8;

/// An open action that has to be kept alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The action.
    pub action: Action,
    /// It ends when no heartbeat comes for this long.
    pub timeout: Duration,
    /// It ends then, whatever comes.
    pub ends: Instant,
}

#[derive(Debug, Clone)]
struct Beat {
    open: Open,
    /// When it would expire if no further heartbeat came; unknown = beat at once.
    expires: Option<Instant>,
    next: Instant,
    in_flight: bool,
    failing: bool,
}

/// The actions being kept alive, by instance and hook.
#[derive(Debug, Default)]
pub struct Schedule {
    beats: BTreeMap<(String, String), Beat>,
}

impl Schedule {
    /// Adds what is open and drops what is known to have `ended`; what is already known of an action stays. An action that
    /// is neither goes on: not to know is no reason to let it expire.
    pub fn set(&mut self, now: Instant, open: Vec<Open>, ended: impl Fn(&Action) -> bool) {
        let mut before = std::mem::take(&mut self.beats);
        for open in open {
            let key = (open.action.instance.clone(), open.action.hook.clone());
            let beat = match before.remove(&key) {
                Some(beat) => Beat { open, ..beat },
                None => Beat { open, expires: None, next: now, in_flight: false, failing: false },
            };
            self.beats.insert(key, beat);
        }
        before.retain(|_, beat| now < beat.open.ends && !ended(&beat.open.action));
        self.beats.append(&mut before);
    }

    /// The actions due now, those that expire soonest first.
    pub fn due(&self, now: Instant) -> Vec<Action> {
        let mut due: Vec<&Beat> = self
            .beats
            .values()
            .filter(|beat| !beat.in_flight && beat.next <= now && now < beat.open.ends)
            .collect();
        due.sort_by_key(|beat| beat.expires);
        due.into_iter().map(|beat| beat.open.action.clone()).collect()
    }

    /// When the next action is due.
    pub fn next(&self, now: Instant) -> Option<Instant> {
        let waiting = self.beats.values().filter(|beat| !beat.in_flight && now < beat.open.ends);
        waiting.map(|beat| beat.next).min()
    }

    fn sent(&mut self, action: &Action) {
        if let Some(beat) = self.beats.get_mut(&(action.instance.clone(), action.hook.clone())) {
            beat.in_flight = true;
        }
    }

    /// Takes in an answer to a heartbeat sent at `sent`: the next one after less than half of the timeout; if it failed,
    /// after a part of the time that is left. True if this changed whether it fails.
    pub fn answered(&mut self, sent: Instant, now: Instant, action: &Action, ok: bool, jitter: f64) -> bool {
        let key = (action.instance.clone(), action.hook.clone());
        let Some(beat) = self.beats.get_mut(&key) else { return false };
        beat.in_flight = false;
        if ok {
            beat.expires = Some(sent + beat.open.timeout);
            beat.next = sent + beat.open.timeout.mul_f64(0.4 + 0.1 * jitter);
        } else {
            // Never answered: it may have been open for a while already.
            let left = beat.expires.map_or(beat.open.timeout / 4, |at| at.saturating_duration_since(now));
            let pause = left.mul_f64(0.15 + 0.1 * jitter);
            beat.next = now + pause.clamp(Duration::from_millis(200), Duration::from_secs(60));
        }
        std::mem::replace(&mut beat.failing, !ok) == ok
    }
}

/// The schedule, shared between who knows what is open and the loop that beats.
#[derive(Debug, Clone, Default)]
pub struct Heartbeats {
    schedule: Arc<Mutex<Schedule>>,
    changed: Arc<Notify>,
}

impl Heartbeats {
    /// Says what is open now, and what is known to have ended.
    pub fn set(&self, now: Instant, open: Vec<Open>, ended: impl Fn(&Action) -> bool) {
        self.with(|schedule| schedule.set(now, open, ended));
        self.changed.notify_one();
    }

    fn with<T>(&self, f: impl FnOnce(&mut Schedule) -> T) -> T {
        f(&mut self.schedule.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Beats for ever.
    pub async fn run(
        self,
        client: Client,
        identity: String,
        mut holder: watch::Receiver<Option<String>>,
        metrics: Metrics,
    ) -> anyhow::Result<()> {
        let mut flying = JoinSet::new();
        loop {
            let now = Instant::now();
            for action in self.with(|schedule| schedule.due(now)) {
                if flying.len() >= AT_ONCE {
                    break;
                }
                self.with(|schedule| schedule.sent(&action));
                let client = client.clone();
                flying.spawn(async move {
                    let reply = api::heartbeat(&client, &action).await;
                    (now, action, reply)
                });
            }
            let next = if flying.len() < AT_ONCE { self.with(|schedule| schedule.next(now)) } else { None };
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep_until(next) => {}
                Some(landed) = flying.join_next() => {
                    let (sent, action, reply) = landed?;
                    count(&reply, &metrics);
                    let (now, jitter) = (Instant::now(), fastrand::f64());
                    let news = self.with(|schedule| {
                        schedule.answered(sent, now, &action, reply.is_ok(), jitter)
                    });
                    match reply {
                        Err(err) if news => tracing::warn!(
                            instance = action.instance, hook = action.hook, %err,
                            "heartbeats fail, retrying until the action expires"
                        ),
                        Ok(_) if news => tracing::debug!(instance = action.instance, "heartbeats go out"),
                        Ok(_) | Err(_) => {}
                    }
                }
                changed = holder.changed() => {
                    changed?;
                    let other = holder.borrow_and_update().as_ref().is_some_and(|holder| {
                        !holder.is_empty() && *holder != identity
                    });
                    if other {
                        self.with(|schedule| schedule.set(Instant::now(), Vec::new(), |_| true));
                    }
                }
            }
        }
    }
}

fn count(reply: &Result<Reply, ApiError>, metrics: &Metrics) {
    let result = match reply {
        Ok(Reply::Accepted) => "accepted",
        Ok(Reply::NoActiveAction) => "no_active_action",
        Err(_) => "failed",
    };
    metrics.heartbeats.with_label_values(&[result]).inc();
}

async fn sleep_until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(instance: &str, timeout: u64, ends: Instant) -> Open {
        let action = Action { group: "g".into(), hook: "h".into(), instance: instance.into(), token: None };
        Open { action, timeout: Duration::from_secs(timeout), ends }
    }

    fn ids(actions: Vec<Action>) -> Vec<String> {
        actions.into_iter().map(|action| action.instance).collect()
    }

    #[test]
    fn the_first_beat_is_due_at_once_and_the_next_before_half_of_the_timeout() {
        let start = Instant::now();
        let mut schedule = Schedule::default();
        let action = open("i-1", 60, start + Duration::from_secs(6000));
        schedule.set(start, vec![action.clone()], |_| true);
        assert_eq!(ids(schedule.due(start)), ["i-1"]);
        schedule.sent(&action.action);
        assert!(schedule.due(start).is_empty(), "one at a time");
        schedule.answered(start, start, &action.action, true, 1.0);
        assert!(schedule.due(start + Duration::from_secs(23)).is_empty());
        assert_eq!(ids(schedule.due(start + Duration::from_secs(30))), ["i-1"]);
    }

    #[test]
    fn what_expires_soonest_comes_first() {
        let start = Instant::now();
        let ends = start + Duration::from_secs(6000);
        let (long, short) = (open("i-long", 60, ends), open("i-short", 30, ends));
        let mut schedule = Schedule::default();
        schedule.set(start, vec![long.clone(), short.clone()], |_| true);
        for each in [&long, &short] {
            schedule.answered(start, start, &each.action, true, 0.0);
        }
        let later = start + Duration::from_secs(29);
        assert_eq!(ids(schedule.due(later)), ["i-short", "i-long"]);
    }

    #[test]
    fn a_failed_beat_is_repeated_long_before_the_action_expires() {
        let start = Instant::now();
        let action = open("i-1", 30, start + Duration::from_secs(3000));
        let mut schedule = Schedule::default();
        schedule.set(start, vec![action.clone()], |_| true);
        schedule.answered(start, start, &action.action, false, 1.0);
        assert_eq!(ids(schedule.due(start + Duration::from_secs(3))), ["i-1"]);
    }

    #[test]
    fn nothing_is_beaten_past_its_end_or_after_it_was_dropped() {
        let start = Instant::now();
        let mut schedule = Schedule::default();
        schedule.set(start, vec![open("i-1", 30, start)], |_| true);
        assert!(schedule.due(start).is_empty());
        schedule.set(start, vec![open("i-1", 30, start + Duration::from_secs(1))], |_| true);
        assert_eq!(schedule.due(start).len(), 1);
        schedule.set(start, Vec::new(), |_| true);
        assert!(schedule.due(start).is_empty());
    }

    #[test]
    fn an_action_of_which_nothing_is_known_any_more_is_kept_alive() {
        let start = Instant::now();
        let mut schedule = Schedule::default();
        schedule.set(start, vec![open("i-1", 30, start + Duration::from_secs(3000))], |_| true);
        schedule.set(start, Vec::new(), |_| false);
        assert_eq!(ids(schedule.due(start)), ["i-1"]);
        schedule.set(start, Vec::new(), |_| true);
        assert!(schedule.due(start).is_empty());
    }

    #[test]
    fn failures_are_repeated_more_slowly_while_much_time_is_left() {
        let start = Instant::now();
        let action = open("i-1", 3600, start + Duration::from_secs(360_000));
        let mut schedule = Schedule::default();
        schedule.set(start, vec![action.clone()], |_| true);
        assert!(!schedule.answered(start, start, &action.action, true, 0.0));
        let later = start + Duration::from_secs(1440);
        assert!(schedule.answered(later, later, &action.action, false, 0.0), "it began to fail");
        assert!(schedule.due(later + Duration::from_secs(59)).is_empty());
        assert_eq!(schedule.due(later + Duration::from_secs(60)).len(), 1);
        assert!(!schedule.answered(later, later, &action.action, false, 0.0), "it goes on failing");
    }

    #[test]
    fn saying_again_what_is_open_does_not_beat_again() {
        let start = Instant::now();
        let action = open("i-1", 60, start + Duration::from_secs(6000));
        let mut schedule = Schedule::default();
        schedule.set(start, vec![action.clone()], |_| true);
        schedule.answered(start, start, &action.action, true, 0.0);
        schedule.set(start, vec![action], |_| true);
        assert!(schedule.due(start + Duration::from_secs(1)).is_empty());
    }
}
