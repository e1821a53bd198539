//! Puts the explanation together.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use lifecycle::one_line;

use crate::decide::jobs::{Work, intent_of};
use crate::decide::marks::Wanted;
use crate::drain::{self, Context, OnDeadline, Span};
use crate::explain::case::{Case, Now, view};
use crate::explain::explanation::{ActionTold, DrainTold, Explanation, InstanceTold, LeaderTold};
use crate::explain::facts::{Facts, Subject};
use crate::explain::next::{self, Scene};
use crate::explain::options::House;
use crate::explain::pods::{Pods, pods};
use crate::explain::words::{between, future, meaning, past, span};
use crate::explain::{leader, marks, stranger};

/// Explains what was read: which state, what holds it, what comes next. Pure.
pub fn explain(facts: &Facts, house: &House, now: Now) -> Explanation {
    let leader = leader::leader(&facts.leases, &house.lease, now.wall);
    let mut told = Explanation {
        subject: match &facts.subject {
            Subject::Node(name) => format!("Node {}", one_line(name)),
            Subject::Instance(id) => format!("Instance {}", one_line(id)),
        },
        at: now.wall,
        unknown: unknown(facts, now.wall, &leader),
        leader,
        ..Explanation::default()
    };
    match Case::new(facts, house, now) {
        Some(case) => ours(&mut told, facts, &case),
        None => stranger::explain(&mut told, facts, house, now),
    }
    told
}

fn ours(told: &mut Explanation, facts: &Facts, case: &Case<'_>) {
    let (Some(instance), Some(phase)) = (case.instance(), case.phase()) else { return };
    let meaning = meaning(&instance.state, instance.direction);
    told.found = true;
    told.instance = Some(InstanceTold {
        id: case.id().to_owned(),
        group: one_line(&instance.group),
        state: one_line(instance.state.as_str()),
        phase: phase.as_str(),
        meaning: meaning.clone(),
    });
    let wanted = case.wanted();
    told.node = facts.own_nodes().first().map(|node| node_told(node, case.house, case.now, wanted.as_ref()));
    told.action = action(case);
    let context = case.situation().unwrap_or_default();
    let seen = pods(facts, case.house, &context, case.now);
    if is_drained(case) {
        told.drain = Some(drain_told(case, facts, &context, seen.as_ref().ok()));
    }
    let scene = Scene { facts, case, told, pods: seen.as_ref().ok() };
    let (summary, next, remedies) =
        (next::summary(&scene, &meaning), next::next(&scene), next::remedies(&scene));
    (told.summary, told.next, told.remedies) = (summary, next, remedies);
}

/// Tells of a Node; see [`marks::told`].
pub(super) fn node_told(
    node: &Node,
    house: &House,
    now: Now,
    wanted: Option<&Wanted>,
) -> crate::explain::explanation::NodeTold {
    marks::told(node, &view(node, now), wanted, &house.keys)
}

/// Whether pods are being moved away, or will be once this and that has come.
fn is_drained(case: &Case<'_>) -> bool {
    let drains = |work: Work| match work {
        Work::Terminate { .. } | Work::EmptyLeak { .. } => true,
        Work::Complete { .. } | Work::CompleteNodeless { .. } => false,
    };
    let off_limits = case.node().is_some_and(crate::nodes::NodeView::is_off_limits);
    case.node().is_some()
        && !off_limits
        && (case.work().is_some_and(drains) || case.later_work().is_some_and(drains))
}

fn action(case: &Case<'_>) -> Option<ActionTold> {
    let (hook, timeouts) = case.hook()?;
    let ours = hook == case.house.rules.names.termination;
    let intent = case.intent().filter(|_| ours);
    let began = intent.as_ref().map(|intent| intent.since);
    let ends = began.and_then(|began| began.checked_add(timeouts.global_timeout).ok());
    let completed = intent.and_then(|intent| intent.completed);
    let now = case.now.wall;
    let told = match (completed, began, ends) {
        (Some(at), ..) => format!("{hook}: the controller completed it at {}", past(at, now)),
        (None, Some(began), Some(ends)) => format!(
            "{hook}: open by the Node's record since {}; it ends at {} whatever happens, and {} after its last heartbeat",
            past(began, now),
            future(ends, now),
            span(timeouts.heartbeat_timeout)
        ),
        _ => format!(
            "{hook}: since when it is open is not known, for no API lists open actions; it ends {} after it began whatever happens, and {} after its last heartbeat",
            span(timeouts.global_timeout),
            span(timeouts.heartbeat_timeout)
        ),
    };
    Some(ActionTold { hook: hook.to_owned(), began, ends, completed, told })
}

fn drain_told(case: &Case<'_>, facts: &Facts, context: &Context, pods: Option<&Pods>) -> DrainTold {
    let first = case.intent().and_then(|intent| intent.first_eviction);
    let span = first.map(|first| patience(case, facts, context, first, pods));
    let acts = context.deadline_now || case.house.policy.on_deadline != OnDeadline::Wait;
    let forces = match case.house.policy.on_deadline {
        OnDeadline::Force => true,
        OnDeadline::Wait => context.deadline_now,
        OnDeadline::Abandon => false,
    };
    let ends_lease = matches!(case.later_work(), Some(Work::Terminate { .. }));
    DrainTold {
        first_eviction: first,
        forced_from: span.filter(|_| forces && ends_lease).map(|span| span.forced_from),
        deadline: span.filter(|_| acts && ends_lease).map(|span| span.until),
        pods_left: pods.map(|pods| pods.left.len()),
        pods: pods.map(|pods| pods.left.clone()).unwrap_or_default(),
        pods_staying: pods.map_or(0, |pods| pods.staying),
    }
}

fn patience(
    case: &Case<'_>,
    facts: &Facts,
    context: &Context,
    first: Timestamp,
    pods: Option<&Pods>,
) -> Span {
    // A leader that came later gives the pods at least some minutes anew.
    let leases = facts.leases.as_deref().unwrap_or_default();
    let acquired = leases.iter().filter_map(|lease| Some(lease.spec.as_ref()?.acquire_time.as_ref()?.0));
    let taken_over = acquired.max().filter(|at| *at > first && leases.len() == 1);
    let grace = pods.map(|pods| pods.longest_grace).unwrap_or_default();
    let (mono, wall) = (case.now.mono.into_std(), case.now.wall);
    drain::span(first, taken_over, grace, &case.house.policy, context, mono, wall)
}

/// What could not be found out, one line each.
fn unknown(facts: &Facts, now: Timestamp, leader: &LeaderTold) -> Vec<String> {
    let mut lines = Vec::new();
    let mut failed = |what: &str, why: Option<&String>| {
        if let Some(why) = why {
            lines.push(format!("{what}: {}", one_line(why)));
        }
    };
    failed("Nodes", facts.nodes.as_ref().err());
    failed("Pods on the Node", facts.pods.as_ref().err());
    failed("Disruption budgets", facts.budgets.as_ref().err());
    failed("The lifecycle state (Auto Scaling)", facts.listed.as_ref().err());
    failed("The hooks of its group (Auto Scaling)", facts.hooks.as_ref().err());
    let unreadable = |node: &&Node| {
        let view = view(node, Now { mono: tokio::time::Instant::now(), wall: now });
        view.annotations.contains_key(crate::intent::ANNOTATION) && intent_of(&view).is_none()
    };
    if facts.own_nodes().iter().any(unreadable) {
        lines.push(format!(
            "The record of the termination: the annotation {} cannot be read",
            crate::intent::ANNOTATION
        ));
    }
    if let Some(ahead) = leader.renewed.map(|at| between(now, at)).filter(|ahead| ahead.as_secs() >= 5) {
        lines.push(format!("Exact times: this machine's clock is {} behind the cluster's", span(ahead)));
    }
    lines
}
