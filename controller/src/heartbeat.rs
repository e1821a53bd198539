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
}

/// The actions being kept alive, by instance and hook.
#[derive(Debug, Default)]
pub struct Schedule {
    beats: BTreeMap<(String, String), Beat>,
}

impl Schedule {
    /// Makes `open` the whole list; what is known of actions already in it stays.
    pub fn set(&mut self, now: Instant, open: Vec<Open>) {
        let mut before = std::mem::take(&mut self.beats);
        for open in open {
            let key = (open.action.instance.clone(), open.action.hook.clone());
            let beat = match before.remove(&key) {
                Some(beat) => Beat { open, ..beat },
                None => Beat { open, expires: None, next: now, in_flight: false },
            };
            self.beats.insert(key, beat);
        }
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

    /// Takes in an answer to a heartbeat sent at `sent`: the next one after less than half of the timeout, or soon if
    /// it failed.
    pub fn answered(&mut self, sent: Instant, now: Instant, action: &Action, ok: bool, jitter: f64) {
        let Some(beat) = self.beats.get_mut(&(action.instance.clone(), action.hook.clone())) else { return };
        beat.in_flight = false;
        if ok {
            beat.expires = Some(sent + beat.open.timeout);
            beat.next = sent + beat.open.timeout.mul_f64(0.4 + 0.1 * jitter);
        } else {
            let pause = beat.open.timeout.mul_f64(0.05 + 0.05 * jitter);
            beat.next = now + pause.clamp(Duration::from_millis(100), Duration::from_secs(5));
        }
    }
}

/// The schedule, shared between who knows what is open and the loop that beats.
#[derive(Debug, Clone, Default)]
pub struct Heartbeats {
    schedule: Arc<Mutex<Schedule>>,
    changed: Arc<Notify>,
}

impl Heartbeats {
    /// Says what is open now.
    pub fn set(&self, now: Instant, open: Vec<Open>) {
        self.with(|schedule| schedule.set(now, open));
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
                    let ok = note(&action, &reply, &metrics);
                    self.with(|schedule| {
                        schedule.answered(sent, Instant::now(), &action, ok, fastrand::f64());
                    });
                }
                changed = holder.changed() => {
                    changed?;
                    let other = holder.borrow_and_update().as_ref().is_some_and(|holder| {
                        !holder.is_empty() && *holder != identity
                    });
                    if other {
                        self.with(|schedule| schedule.set(Instant::now(), Vec::new()));
                    }
                }
            }
        }
    }
}

/// Counts an answer; true unless it failed.
fn note(action: &Action, reply: &Result<Reply, ApiError>, metrics: &Metrics) -> bool {
    let (result, ok) = match reply {
        Ok(Reply::Accepted) => ("accepted", true),
        Ok(Reply::NoActiveAction) => ("no_active_action", true),
        Err(err) => {
            tracing::warn!(instance = action.instance, hook = action.hook, %err, "heartbeat failed");
            ("failed", false)
        }
    };
    metrics.heartbeats.with_label_values(&[result]).inc();
    ok
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
        schedule.set(start, vec![action.clone()]);
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
        schedule.set(start, vec![long.clone(), short.clone()]);
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
        schedule.set(start, vec![action.clone()]);
        schedule.answered(start, start, &action.action, false, 1.0);
        assert_eq!(ids(schedule.due(start + Duration::from_secs(3))), ["i-1"]);
    }

    #[test]
    fn nothing_is_beaten_past_its_end_or_after_it_was_dropped() {
        let start = Instant::now();
        let mut schedule = Schedule::default();
        schedule.set(start, vec![open("i-1", 30, start)]);
        assert!(schedule.due(start).is_empty());
        schedule.set(start, vec![open("i-1", 30, start + Duration::from_secs(1))]);
        assert_eq!(schedule.due(start).len(), 1);
        schedule.set(start, Vec::new());
        assert!(schedule.due(start).is_empty());
    }

    #[test]
    fn saying_again_what_is_open_does_not_beat_again() {
        let start = Instant::now();
        let action = open("i-1", 60, start + Duration::from_secs(6000));
        let mut schedule = Schedule::default();
        schedule.set(start, vec![action.clone()]);
        schedule.answered(start, start, &action.action, true, 0.0);
        schedule.set(start, vec![action]);
        assert!(schedule.due(start + Duration::from_secs(1)).is_empty());
    }
}
