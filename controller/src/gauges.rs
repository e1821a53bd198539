//! The metrics that tell how things stand, made from the snapshot when somebody asks: they cost nothing in between, and
//! a replica that does not lead shows none of what it knew.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use lifecycle::LifecycleState;
use prometheus::IntGaugeVec;
use tokio::time::Instant;

use crate::decide::marks::label_value;
use crate::drain::HOLD_UPS;
use crate::metrics::Metrics;
use crate::status::Status;

/// The label of all states that we do not know.
const UNKNOWN: &str = "unknown";

/// Sets the gauges to what they are now. An instance in service counts as unjoined after `patience` without a Node.
pub fn show(metrics: &Metrics, status: &Status, wall: Timestamp, now: Instant, patience: Duration) {
    let instances = || status.instances.values();
    let all: Vec<String> = LifecycleState::all().map(|state| label_value(&state)).collect();
    let known = all.iter().map(String::as_str).chain([UNKNOWN]);
    set_all(&metrics.instances, known, instances().map(|instance| state_label(&instance.state)));

    metrics.leaked_nodes.set(count(instances().filter(|instance| instance.leaked)));
    let unjoined = instances().filter_map(|instance| instance.unjoined_since);
    metrics.unjoined_instances.set(count(unjoined.filter(|since| time_until(wall, *since) >= patience)));

    let blockers =
        instances().filter_map(|instance| instance.drain.as_ref()).flat_map(|drain| &drain.blockers);
    set_all(&metrics.pods_blocked, HOLD_UPS.into_iter(), blockers.map(|blocker| blocker.kind.to_owned()));

    let open =
        instances().filter(|instance| !instance.ignored).filter_map(|instance| instance.action.as_ref());
    let ends = open.filter(|action| !action.completed).map(|action| action.ends).min();
    let left = ends.map_or(f64::INFINITY, |ends| time_until(ends, wall).as_secs_f64());
    metrics.hook_deadline_remaining.set(left);

    let age = metrics.sweep_clock.age(now).unwrap_or_default();
    metrics.sweep_age.set(age.as_secs_f64());
}

fn state_label(state: &str) -> String {
    let state = LifecycleState::from(state);
    if matches!(state, LifecycleState::Unknown(_)) { UNKNOWN.to_owned() } else { label_value(&state) }
}

/// Every label that may come is there, with how often it is seen, if only zero times. Others are not shown.
fn set_all<'a>(
    gauges: &IntGaugeVec,
    labels: impl Iterator<Item = &'a str>,
    seen: impl Iterator<Item = String>,
) {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for label in seen {
        *counts.entry(label).or_default() += 1;
    }
    for label in labels {
        gauges.with_label_values(&[label]).set(counts.get(label).copied().unwrap_or_default());
    }
}

fn count(of: impl Iterator) -> i64 {
    i64::try_from(of.count()).unwrap_or(i64::MAX)
}

/// The time from `from` until `until`; zero if that has passed.
fn time_until(until: Timestamp, from: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(from)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
