//! The controller's metrics. Label values come from bounded sets only.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};
use tokio::time::Instant;

use crate::aws_requests;
use crate::drain::EVICTIONS;
use crate::queue::poll::WAKEUPS;

/// From a tenth of a second to a minute: what happens between two looks.
const MOMENTS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];
/// From a second to two hours: what drains take.
const DRAINS: [f64; 11] = [1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0, 7200.0];

/// When the last complete sweep of this leadership began. The age is computed when it is asked for: so it grows while
/// sweeps fail, or while one hangs.
#[derive(Debug, Clone, Default)]
pub struct SweepClock(Arc<Mutex<Option<Instant>>>);

impl SweepClock {
    /// A complete sweep began then, or nobody leads here.
    pub fn set(&self, began: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = began;
    }

    /// The age of the last complete sweep; none where nobody leads.
    pub fn age(&self, now: Instant) -> Option<Duration> {
        let began = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        began.map(|began| now.saturating_duration_since(began))
    }
}

/// All metrics, in a registry of their own; clones share them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    /// 1 while this replica leads.
    pub leader: IntGauge,
    /// Instances by lifecycle state, as a label's value (`Warmed.Stopped`); `unknown` for all that we do not know.
    pub instances: IntGaugeVec,
    /// Nodes that joined while their instances were being warmed, and have not served yet.
    pub leaked_nodes: IntGauge,
    /// Instances in service without a Node for the patience with Nodes or longer.
    pub unjoined_instances: IntGauge,
    /// How long sweeps take.
    pub sweep_duration: Histogram,
    /// Sweeps by result.
    pub sweeps: IntCounterVec,
    /// The age of the last complete sweep, in seconds; see [`SweepClock`].
    pub sweep_age: Gauge,
    /// When the last complete sweep began.
    pub sweep_clock: SweepClock,
    /// Requests to AWS by operation and result.
    pub aws_requests: IntCounterVec,
    /// Queue messages and calls by kind and result. Messages: `lifecycle_action`, `other_event` (`looked_up`, `foreign`,
    /// `no_instance`, `failed` = kept in the queue), `test`, `unreadable` (`deleted`). Calls: `receive`, `delete`
    /// (`succeeded`, `failed`).
    pub wakeups: IntCounterVec,
    /// From the time in a termination's message to the cordon of its node.
    pub event_to_cordon: Histogram,
    /// From the first eviction to the end of a drain, by result.
    pub drain_duration: HistogramVec,
    /// Evictions by what was answered.
    pub evictions: IntCounterVec,
    /// Pods that have to go and cannot now, by reason.
    pub pods_blocked: IntGaugeVec,
    /// The smallest time that is left until an open lifecycle action ends whatever happens; infinite while none is open,
    /// so that "less than" holds for no idle controller.
    pub hook_deadline_remaining: Gauge,
    /// Heartbeats by result.
    pub heartbeats: IntCounterVec,
    /// Completed lifecycle actions by result.
    pub completions: IntCounterVec,
    /// Tasks of one instance that panicked and were started again.
    pub task_panics: IntCounter,
    /// Writes that the door kept in.
    pub writes_refused: IntCounter,
    /// Annotations that claim to be ours and cannot be read.
    pub unreadable_intents: IntCounter,
}

impl Metrics {
    /// Registers everything.
    pub fn new() -> anyhow::Result<Self> {
        let r = Registry::new();
        let opts = |name: &str, help: &str| Opts::new(name, help).namespace("node_gate");
        let seconds = |name: &str, help: &str, buckets: &[f64]| {
            HistogramOpts::new(name, help).namespace("node_gate").buckets(buckets.to_vec())
        };
        let counter = |name: &str, help: &str| add(&r, IntCounter::with_opts(opts(name, help))?);
        let counters =
            |name: &str, help: &str, labels: &[&str]| add(&r, IntCounterVec::new(opts(name, help), labels)?);
        let gauge = |name: &str, help: &str| add(&r, IntGauge::with_opts(opts(name, help))?);
        let gauges =
            |name: &str, help: &str, label: &str| add(&r, IntGaugeVec::new(opts(name, help), &[label])?);
        let metrics = Metrics {
            leader: gauge("leader", "1 while this replica leads")?,
            instances: gauges("instances", "Instances in scope by lifecycle state", "state")?,
            leaked_nodes: gauge(
                "leaked_nodes",
                "Nodes that joined out of the warm pool, held by no gate; those that came back into it do not count",
            )?,
            unjoined_instances: gauge(
                "unjoined_instances",
                "Instances in service without a Node for --node-patience (two minutes) or longer",
            )?,
            sweep_duration: add(
                &r,
                Histogram::with_opts(seconds("sweep_duration_seconds", "How long sweeps take", &MOMENTS))?,
            )?,
            sweeps: counters("sweeps_total", "Looks at all groups", &["result"])?,
            sweep_age: add(
                &r,
                Gauge::with_opts(opts(
                    "sweep_age_seconds",
                    "Time since the last complete sweep began, or since this replica leads; 0 on a standby",
                ))?,
            )?,
            aws_requests: counters(
                "aws_requests_total",
                "Requests to AWS, each attempt by its answer",
                &["operation", "result"],
            )?,
            wakeups: counters(
                "wakeups_total",
                "Queue messages by what became of them, and calls to the queue (kinds receive and delete)",
                &["kind", "result"],
            )?,
            event_to_cordon: add(
                &r,
                Histogram::with_opts(seconds(
                    "event_to_cordon_seconds",
                    "From the time that a termination's message carries to the cordon of its node",
                    &MOMENTS,
                ))?,
            )?,
            drain_duration: add(
                &r,
                HistogramVec::new(
                    seconds(
                        "drain_duration_seconds",
                        "From the first eviction to the end of a drain",
                        &DRAINS,
                    ),
                    &["result"],
                )?,
            )?,
            evictions: counters("evictions_total", "Evictions by what was answered", &["result"])?,
            pods_blocked: gauges(
                "pods_blocked",
                "Pods that have to go and are not gone yet, by what holds them",
                "reason",
            )?,
            hook_deadline_remaining: add(
                &r,
                Gauge::with_opts(opts(
                    "hook_deadline_remaining_seconds",
                    "The smallest time left until an open lifecycle action ends whatever happens, +Inf if none is open",
                ))?,
            )?,
            heartbeats: counters("heartbeats_total", "Heartbeats for lifecycle actions", &["result"])?,
            completions: counters("hook_completions_total", "Completed lifecycle actions", &["result"])?,
            task_panics: counter(
                "task_panics_total",
                "Tasks of one instance that panicked and were restarted",
            )?,
            writes_refused: counter(
                "writes_refused_total",
                "Writes kept in because the claim to the lease did not hold for long enough, or in a dry run",
            )?,
            unreadable_intents: counter(
                "unreadable_intents_total",
                "Termination annotations that could not be read and were written anew",
            )?,
            sweep_clock: SweepClock::default(),
            registry: r.clone(),
        };
        metrics.show_what_may_come();
        Ok(metrics)
    }

    /// A label value that shows up only with its first event has no rate at that event: so all are there from the start.
    fn show_what_may_come(&self) {
        let of = |counters: &IntCounterVec, values: &[&str]| {
            for value in values {
                counters.with_label_values(&[*value]);
            }
        };
        of(&self.sweeps, &["complete", "failed"]);
        of(&self.evictions, &EVICTIONS);
        of(&self.heartbeats, &["accepted", "no_active_action", "failed"]);
        of(&self.completions, &["completed", "abandoned", "already_gone"]);
        for (kind, result) in WAKEUPS {
            self.wakeups.with_label_values(&[kind, result]);
        }
        for result in ["drained", "forced", "abandoned"] {
            self.drain_duration.with_label_values(&[result]);
        }
        for operation in aws_requests::OPERATIONS {
            for result in aws_requests::RESULTS {
                self.aws_requests.with_label_values(&[operation, result]);
            }
        }
    }

    /// The exposition text.
    pub fn render(&self) -> anyhow::Result<String> {
        let mut buffer = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut buffer)?;
        Ok(String::from_utf8(buffer)?)
    }
}

fn add<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> anyhow::Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
