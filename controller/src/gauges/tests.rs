use super::*;
use crate::decide::Phase;
use crate::drain::Reason;
use crate::status::{ActionStatus, BlockerStatus, DrainStatus, InstanceStatus};

const PATIENCE: Duration = Duration::from_secs(120);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn instance(state: &str, phase: Phase) -> InstanceStatus {
    InstanceStatus {
        group: "g".into(),
        state: state.into(),
        phase: phase.as_str(),
        since: at(0),
        node: None,
        ignored: false,
        leaked: false,
        unjoined_since: None,
        action: None,
        drain: None,
    }
}

fn action(ends: i64, completed: bool) -> ActionStatus {
    ActionStatus { hook: "h".into(), ends: at(ends), completed, result: None }
}

fn drain(kinds: &[&'static str]) -> DrainStatus {
    let blockers =
        kinds.iter().map(|kind| BlockerStatus { pod: "n/p".into(), kind, reason: String::new() }).collect();
    DrainStatus {
        first_eviction: None,
        deadline: None,
        forced: 0,
        drained: false,
        pods_left: kinds.len(),
        blockers,
    }
}

/// The metrics of these instances at second 1000.
fn shown(metrics: &Metrics, instances: Vec<InstanceStatus>) -> impl Fn(&str) -> f64 + use<> {
    let instances = instances.into_iter().enumerate().map(|(n, instance)| (format!("i-{n}"), instance));
    let status = Status { leading: true, swept: true, instances: instances.collect() };
    show(metrics, &status, at(1000), Instant::now(), PATIENCE);
    let page = metrics.render().unwrap();
    move |name| {
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("{name} is not in {page}")).parse().unwrap()
    }
}

#[test]
fn instances_are_counted_by_states_of_a_bounded_set() {
    let dreaming = instance("Warmed:Dreaming", Phase::Unknown);
    let stopped = || instance("Warmed:Stopped", Phase::Warm);
    let value = shown(&Metrics::new().unwrap(), vec![stopped(), stopped(), dreaming]);
    assert!((value(r#"node_gate_instances{state="Warmed.Stopped"}"#) - 2.0).abs() < 1e-9);
    assert!((value(r#"node_gate_instances{state="unknown"}"#) - 1.0).abs() < 1e-9);
    assert!(value(r#"node_gate_instances{state="InService"}"#).abs() < 1e-9);
}

#[test]
fn leaks_are_counted_and_nodes_that_came_back_into_the_pool_are_not() {
    let metrics = Metrics::new().unwrap();
    let came_back = || InstanceStatus { node: Some("n".into()), ..instance("x", Phase::Warm) };
    let leaked = InstanceStatus { leaked: true, ..came_back() };
    assert!((shown(&metrics, vec![leaked, came_back()])("node_gate_leaked_nodes") - 1.0).abs() < 1e-9);
    assert!(shown(&metrics, vec![came_back()])("node_gate_leaked_nodes").abs() < 1e-9);
}

#[test]
fn unjoined_takes_its_time() {
    let metrics = Metrics::new().unwrap();
    let since = |second| InstanceStatus {
        unjoined_since: Some(at(second)),
        ..instance("InService", Phase::InService)
    };
    assert!(shown(&metrics, vec![since(881)])("node_gate_unjoined_instances").abs() < 1e-9);
    assert!((shown(&metrics, vec![since(880)])("node_gate_unjoined_instances") - 1.0).abs() < 1e-9);
}

#[test]
fn blocked_pods_are_summed_over_drains_and_go_back_to_zero() {
    let metrics = Metrics::new().unwrap();
    let leaving =
        |kinds| InstanceStatus { drain: Some(drain(kinds)), ..instance("Terminating:Wait", Phase::Leaving) };
    let value = shown(&metrics, vec![leaving(&["budget", "budget"]), leaving(&["budget", "evicting"])]);
    assert!((value(r#"node_gate_pods_blocked{reason="budget"}"#) - 3.0).abs() < 1e-9);
    assert!(!metrics.render().unwrap().contains("evicting"), "nothing holds that pod");
    assert!(shown(&metrics, vec![])(r#"node_gate_pods_blocked{reason="budget"}"#).abs() < 1e-9);
}

#[test]
fn every_reason_but_being_evicted_has_its_place() {
    let until = at(0);
    let message = String::new;
    let reasons = [
        Reason::Budget { name: message() },
        Reason::ManyBudgets,
        Reason::Terminating { until },
        Reason::Finalizer { names: vec![] },
        Reason::Webhook { message: message() },
        Reason::Forbidden,
        Reason::Throttled,
        Reason::Namespace,
        Reason::Other { message: message() },
    ];
    assert_eq!(reasons.map(|reason| reason.label()), HOLD_UPS);
}

#[test]
fn the_soonest_open_end_counts_and_none_is_infinitely_far() {
    let metrics = Metrics::new().unwrap();
    let name = "node_gate_hook_deadline_remaining_seconds";
    let waiting =
        |action, ignored| InstanceStatus { ignored, action: Some(action), ..instance("x", Phase::Leaving) };
    let all = vec![
        waiting(action(1300, false), false),
        waiting(action(1200, false), false),
        waiting(action(1100, true), false),
        waiting(action(1100, false), true),
    ];
    assert!((shown(&metrics, all)(name) - 200.0).abs() < 1e-9);
    assert!(shown(&metrics, vec![waiting(action(900, false), false)])(name).abs() < 1e-9, "over");
    assert!(shown(&metrics, vec![])(name).is_infinite());
}

#[test]
fn the_age_of_the_last_sweep_grows_until_nobody_leads() {
    let metrics = Metrics::new().unwrap();
    let began = Instant::now();
    metrics.sweep_clock.set(Some(began));
    let age = |after: u64| {
        show(&metrics, &Status::default(), at(0), began + Duration::from_secs(after), PATIENCE);
        metrics.sweep_age.get()
    };
    assert!((age(30) - 30.0).abs() < 1e-9);
    assert!((age(300) - 300.0).abs() < 1e-9);
    metrics.sweep_clock.set(None);
    assert!(age(600).abs() < 1e-9);
}
