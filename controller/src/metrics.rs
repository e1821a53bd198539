//! The controller's metrics. Label values come from bounded sets only.

use prometheus::{Encoder, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

/// All metrics, in a registry of their own; clones share them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    /// 1 while this replica leads.
    pub leader: IntGauge,
    /// Instances by phase.
    pub instances: IntGaugeVec,
    /// Heartbeats by result.
    pub heartbeats: IntCounterVec,
    /// Completed lifecycle actions by result.
    pub completions: IntCounterVec,
    /// Sweeps by result.
    pub sweeps: IntCounterVec,
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
        let vec = |name: &str, help: &str, label: &str| IntCounterVec::new(Opts::new(name, help), &[label]);
        let metrics = Metrics {
            registry: Registry::new(),
            leader: IntGauge::new("node_gate_leader", "1 while this replica leads")?,
            instances: IntGaugeVec::new(
                Opts::new(
                    "node_gate_instances",
                    "Instances in scope by phase; unknown counts unknown states",
                ),
                &["phase"],
            )?,
            heartbeats: vec("node_gate_heartbeats_total", "Heartbeats for lifecycle actions", "result")?,
            completions: vec("node_gate_hook_completions_total", "Completed lifecycle actions", "result")?,
            sweeps: vec("node_gate_sweeps_total", "Looks at all groups", "result")?,
            task_panics: IntCounter::new(
                "node_gate_task_panics_total",
                "Tasks of one instance that panicked and were restarted",
            )?,
            writes_refused: IntCounter::new(
                "node_gate_writes_refused_total",
                "Writes kept in because the claim to the lease did not hold for long enough, or in a dry run",
            )?,
            unreadable_intents: IntCounter::new(
                "node_gate_unreadable_intents_total",
                "Termination annotations that could not be read and were written anew",
            )?,
        };
        let registry = &metrics.registry;
        registry.register(Box::new(metrics.leader.clone()))?;
        registry.register(Box::new(metrics.instances.clone()))?;
        registry.register(Box::new(metrics.heartbeats.clone()))?;
        registry.register(Box::new(metrics.completions.clone()))?;
        registry.register(Box::new(metrics.sweeps.clone()))?;
        registry.register(Box::new(metrics.task_panics.clone()))?;
        registry.register(Box::new(metrics.writes_refused.clone()))?;
        registry.register(Box::new(metrics.unreadable_intents.clone()))?;
        Ok(metrics)
    }

    /// The exposition text.
    pub fn render(&self) -> anyhow::Result<String> {
        let mut buffer = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut buffer)?;
        Ok(String::from_utf8(buffer)?)
    }
}
