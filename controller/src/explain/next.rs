//! What happens next, in sentences, and what its owner can do about it.

use std::collections::BTreeSet;

use lifecycle::LifecycleState;

use crate::decide::Phase;
use crate::decide::jobs::Work;
use crate::decide::marks::has_served;
use crate::drain::OnDeadline;
use crate::explain::case::Case;
use crate::explain::explanation::{Explanation, PodTold, Remedy};
use crate::explain::facts::{AnyHook, Facts};
use crate::explain::pods::Pods;
use crate::explain::stranger::kubectl;
use crate::explain::words::{count, future, past, span};
use crate::intent::Destination;

/// All that the sentences are made from.
pub(super) struct Scene<'a> {
    pub(super) facts: &'a Facts,
    pub(super) case: &'a Case<'a>,
    /// What is told already.
    pub(super) told: &'a Explanation,
    pub(super) pods: Option<&'a Pods>,
}

/// The whole in one sentence.
pub(super) fn summary(scene: &Scene<'_>, meaning: &str) -> String {
    let pods = match scene.told.drain.as_ref().filter(|_| is_open(scene)).and_then(|drain| drain.pods_left) {
        Some(0) => "; no pod that has to go is left on it".to_owned(),
        Some(1) => "; 1 pod has to go".to_owned(),
        Some(left) => format!("; {left} pods have to go"),
        None => String::new(),
    };
    let nobody = match left_alone(scene) {
        Some(why) => format!("; the controller leaves it alone: {why}"),
        None if scene.told.leader.known && scene.told.leader.holder.is_none() => {
            "; nobody leads, so nothing is done for it".to_owned()
        }
        None => String::new(),
    };
    format!("{} is {meaning}{pods}{nobody}.", name(scene))
}

fn name(scene: &Scene<'_>) -> String {
    let id = scene.case.id();
    match scene.case.node().map(|node| node.name.as_str()) {
        Some(node) if node != id => format!("Node {node} (instance {id})"),
        Some(_) => format!("Node {id}"),
        None => format!("Instance {id}"),
    }
}

fn is_open(scene: &Scene<'_>) -> bool {
    scene.told.action.as_ref().is_none_or(|action| action.completed.is_none())
}

fn left_alone<'a>(scene: &Scene<'a>) -> Option<&'a str> {
    scene.told.node.as_ref()?.left_alone.as_deref()
}

/// What happens next.
pub(super) fn next(scene: &Scene<'_>) -> Vec<String> {
    let mut next = Vec::new();
    if left_alone(scene).is_some() {
        next.push(
            "The controller neither marks nor drains it, and keeps no lifecycle action of it alive."
                .to_owned(),
        );
        next.extend(times_out(scene));
        return next;
    }
    if scene.told.leader.known && scene.told.leader.holder.is_none() {
        next.push("Nothing of what follows happens before a controller leads.".to_owned());
        next.extend(times_out(scene));
    }
    next.extend(marks(scene));
    match scene.case.phase() {
        Some(Phase::Warm) => warm(scene, &mut next),
        Some(Phase::Joining) => joining(scene, &mut next),
        Some(Phase::InService) => in_service(scene, &mut next),
        Some(Phase::Leaving) => leaving(scene, &mut next),
        Some(Phase::Released) => {
            next.push(
                "The controller does nothing for it until it comes back into service or leaves.".to_owned(),
            );
        }
        Some(Phase::Unknown) => {
            next.push(
                "The controller keeps it closed and evicts nothing until the state is one that it knows."
                    .to_owned(),
            );
        }
        None => {}
    }
    if scene.case.group().is_none() {
        next.push("The hooks of its group are not known, so neither is who holds it.".to_owned());
    }
    next
}

/// Marks that should be there and are not, or the other way round.
fn marks(scene: &Scene<'_>) -> Option<String> {
    let due = &scene.told.node.as_ref()?.marks_due;
    let group = &scene.told.instance.as_ref()?.group;
    (!due.is_empty()).then(|| {
        format!(
            "Within seconds the controller will {}; if it does not, group {group} or this Node may be out of its scope.",
            due.join(", ")
        )
    })
}

fn warm(scene: &Scene<'_>, next: &mut Vec<String>) {
    use LifecycleState as S;
    let case = scene.case;
    let Some(instance) = case.instance() else { return };
    let off = [S::WarmedStopped, S::WarmedHibernated].contains(&instance.state);
    if let Some(node) = case.node() {
        next.push(if has_served(node) {
            "Its Node is left from when it served, as it should be with reuse on scale-in.".to_owned()
        } else {
            "A machine in the pool should have no Node: this one joined while it was warmed.".to_owned()
        });
        next.push(match (off, scene.pods.map(|pods| pods.left.len())) {
            (true, _) => {
                "The controller keeps it closed; the machine is off, so nobody can end its pods.".to_owned()
            }
            (false, Some(0)) => "The controller keeps it closed; no pod that has to go is on it.".to_owned(),
            (false, _) => {
                "The controller keeps it closed and moves its pods away, within their budgets.".to_owned()
            }
        });
    } else if off || instance.state == S::WarmedRunning {
        next.push("It has no Node, as it should be: node-gate keeps kubelet from joining.".to_owned());
    }
    let names = &case.house.rules.names;
    let group = case.group();
    if instance.state == S::WarmedPendingWait {
        let both = group.is_some_and(|group| group.termination.is_some()) && case.hook().is_none();
        if both {
            next.push(format!(
                "Which hook holds it cannot be known from here: {} if it comes back from service, else a launch hook. The controller finds out by a heartbeat, which explain does not send.",
                names.termination
            ));
        }
        if group.is_some_and(|group| group.launch.is_some()) {
            next.push(format!(
                "If {} holds it, the controller completes that once the instance has been warmed up for {}, counted from when it first saw it.",
                names.launch, span(case.house.rules.patience.warm_up)
            ));
        } else if !both {
            next.push(format!(
                "No hook of ours holds it: the group has no launch hook named {}.",
                names.launch
            ));
        }
        next.extend(others(scene, false));
    } else if instance.phase() == Phase::Warm {
        next.push("When its group takes it into service, its gate opens, and the controller lifts its taints once it is InService.".to_owned());
    }
}

fn joining(scene: &Scene<'_>, next: &mut Vec<String>) {
    let case = scene.case;
    let Some(instance) = case.instance() else { return };
    let launch = &case.house.rules.names.launch;
    if instance.state == LifecycleState::PendingWait {
        match (case.hook(), case.node()) {
            (None, _) if case.group().is_some() => {
                next.push(format!("No hook of ours holds it: the group has no launch hook named {launch}."));
            }
            (None, _) => {}
            (Some(_), Some(node)) if node.ready.is => next.push(format!(
                "Its Node is Ready: the controller completes {launch} once that was reported after it came, within a minute at the latest."
            )),
            (Some(_), Some(_)) => next.push(format!("The controller completes {launch} when its Node is Ready, which it is not yet.")),
            (Some(_), None) => next.push(format!("The controller completes {launch} when its Node is Ready; it has no Node yet.")),
        }
        next.extend(others(scene, false));
    } else if case.node().is_none() {
        next.push("Its Node joins when its gate has opened.".to_owned());
    }
    next.push("The controller takes its taints away once it is InService.".to_owned());
}

fn in_service(scene: &Scene<'_>, next: &mut Vec<String>) {
    let case = scene.case;
    let hook = &case.house.rules.names.termination;
    match case.node() {
        None => next.push("It has no Node: its gate holds, or kubelet does not get through. See `systemctl status node-gate kubelet` on the machine.".to_owned()),
        Some(node) if !node.ready.is => next.push("Its Node is not Ready: see kubelet on the machine.".to_owned()),
        Some(node) if node.unschedulable && !scene.told.node.as_ref().is_some_and(|node| node.cordoned_by_us) => {
            next.push("It is cordoned, but not by the controller, which therefore leaves it so.".to_owned());
        }
        Some(_) => {}
    }
    match case.group().map(|group| group.termination) {
        Some(Some(_)) if case.node().is_some() => {
            let pods = scene.pods.map_or_else(String::new, |pods| format!(" ({} now)", count(pods.left.len(), "pod")));
            next.push(format!(
                "Nothing, until its group takes it out: then the controller cordons it, drains it{pods} and completes {hook}."
            ));
            next.extend(blocked_now(scene));
        }
        Some(Some(_)) => next.push(format!(
            "When its group takes it out and there is still no Node, the controller completes {hook} after {}.",
            span(case.house.rules.patience.node)
        )),
        Some(None) => next.push(no_hook(hook)),
        None => {}
    }
}

/// What would be in the way of a drain that began now.
fn blocked_now(scene: &Scene<'_>) -> Option<String> {
    let blocks = |pod: &&PodTold| ["budget", "many_budgets", "finalizer"].contains(&pod.kind);
    let blocked: Vec<&PodTold> = scene.pods?.left.iter().filter(blocks).collect();
    let reasons: BTreeSet<&str> = blocked.iter().map(|pod| pod.reason.as_str()).collect();
    let reasons: Vec<&str> = reasons.into_iter().take(3).collect();
    (!blocked.is_empty()).then(|| {
        format!("Of these, {} could not be evicted now: {}.", count(blocked.len(), "pod"), reasons.join("; "))
    })
}

fn no_hook(hook: &str) -> String {
    format!("The group has no hook named {hook}: a scale-in will not wait for a drain.")
}

fn leaving(scene: &Scene<'_>, next: &mut Vec<String>) {
    let case = scene.case;
    let Some(instance) = case.instance() else { return };
    let hook = &case.house.rules.names.termination;
    if let Some(done) = scene.told.action.as_ref().and_then(|action| action.completed) {
        next.push(format!(
            "Our part is done: {hook} was completed at {}. Auto Scaling moves it on when no other hook holds it.",
            past(done, case.now.wall)
        ));
        next.extend(others(scene, true));
        return;
    }
    match case.group() {
        None => return,
        Some(group) if group.termination.is_none() => {
            next.push(no_hook(hook));
            next.extend(others(scene, true));
            return;
        }
        Some(_) => {}
    }
    if case.destination().is_none() {
        use LifecycleState as S;
        let before = [S::Terminating, S::WarmedTerminating, S::ReplacingRootVolume, S::WarmedPending];
        let kept = [S::TerminatingRetained, S::WarmedTerminatingRetained, S::WarmedPendingRetained];
        next.push(if before.contains(&instance.state) {
            format!("When {hook} holds it, the controller drains it; until then it only keeps new pods away.")
        } else if kept.contains(&instance.state) {
            "No hook waits any more: it stays until its owner terminates or detaches it.".to_owned()
        } else {
            "No hook waits any more, so nothing can be drained: Auto Scaling goes on.".to_owned()
        });
        return;
    }
    match case.work().or_else(|| case.later_work()) {
        Some(Work::Terminate { .. }) => draining(scene, next),
        Some(Work::Complete { why, .. }) => next.push(format!("The controller completes {hook} at once: {why}.")),
        Some(Work::CompleteNodeless { .. }) => next.push(match case.nameless() {
            Some(node) => format!(
                "It has no Node, but Node {} has no provider id and might be its own: the controller keeps {hook} alive until that is known.",
                lifecycle::one_line(node)
            ),
            None => format!(
                "It has no Node. The controller completes {hook} once it has seen none for {}, and no Node without a provider id either.",
                span(case.house.rules.patience.node)
            ),
        }),
        Some(Work::EmptyLeak { .. }) | None => next.push(match (&scene.facts.nodes, case.nameless()) {
            (Err(_), _) => format!("Whether it has a Node is not known, so neither is whether it is drained before {hook} is completed."),
            (Ok(_), Some(node)) => format!(
                "It has no Node, but Node {} has no provider id and might be its own: the controller keeps {hook} alive until that is known.",
                lifecycle::one_line(node)
            ),
            (Ok(_), None) => format!("The controller keeps {hook} alive."),
        }),
    }
    next.extend(others(scene, true));
}

fn draining(scene: &Scene<'_>, next: &mut Vec<String>) {
    let case = scene.case;
    let now = case.now.wall;
    let Some(drain) = &scene.told.drain else { return };
    let (hook, policy) = (&case.house.rules.names.termination, &case.house.policy);
    let then = match case.destination() {
        Some(Destination::WarmPool) => "the instance goes back to the warm pool",
        Some(Destination::NewRootVolume) => "the instance gets its new root volume",
        Some(Destination::Terminated) | None => "the instance is terminated",
    };
    if case.intent().is_none() {
        next.push("First the controller records the termination on the Node, then it drains.".to_owned());
    }
    if drain.pods_left == Some(0) {
        next.push(format!(
            "No pod has to go any more: the controller completes {hook} within seconds, and {then}."
        ));
        return;
    }
    next.push("The controller evicts what is left within its budgets, asks again at least every 10s after a refusal, and keeps the action alive meanwhile.".to_owned());
    match (policy.on_deadline, drain.deadline, drain.forced_from) {
        (_, Some(_), Some(from)) if deadline_now(scene) || from <= now => {
            next.push("Its patience is over: it deletes what is left, past the budgets.".to_owned());
        }
        (_, Some(until), Some(from)) => next.push(format!(
            "From {} on it deletes what is left, past the budgets; the last pods at {}.",
            future(from, now), future(until, now)
        )),
        (OnDeadline::Abandon, Some(until), None) => next.push(format!(
            "At {} it abandons the action: the instance goes with the pods that are left, or is kept and billed.", future(until, now)
        )),
        (OnDeadline::Wait, ..) => next.push(format!(
            "It goes on so until the action ends{}; then the instance goes with the pods that are left.", end(scene)
        )),
        (_, None, _) => next.push(format!(
            "{} after its first eviction it {}.", span(policy.deadline),
            if policy.on_deadline == OnDeadline::Abandon { "abandons the action" } else { "has deleted what is left, past the budgets" }
        )),
        (OnDeadline::Force, Some(_), None) => {}
    }
    next.push(format!("When no pod is left, it completes {hook}, and {then}."));
}

fn end(scene: &Scene<'_>) -> String {
    let ends = scene.told.action.as_ref().and_then(|action| action.ends);
    ends.map(|ends| format!(" at {}", future(ends, scene.case.now.wall))).unwrap_or_default()
}

fn deadline_now(scene: &Scene<'_>) -> bool {
    let node = scene.case.node();
    node.and_then(|node| node.annotations.get("node-gate.io/deadline")).is_some_and(|value| value == "now")
}

/// What becomes of an action of ours that nobody keeps alive.
fn times_out(scene: &Scene<'_>) -> Option<String> {
    let (hook, timeouts) = scene.case.hook()?;
    if !is_open(scene) {
        return None;
    }
    let result = hooks(scene)
        .find(|any| any.name == hook)
        .map_or("its default result", |any| any.default_result.as_str());
    Some(format!(
        "Without heartbeats {hook} times out {} after the last one, and Auto Scaling goes on with {result}, whatever still runs on the machine.",
        span(timeouts.heartbeat_timeout)
    ))
}

fn hooks<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a AnyHook> {
    scene.facts.hooks.iter().flatten().flat_map(|hooks| hooks.all.iter())
}

/// Hooks that are not ours and may hold it, too.
fn others(scene: &Scene<'_>, terminating: bool) -> Option<String> {
    let names = &scene.case.house.rules.names;
    let ours = if terminating { &names.termination } else { &names.launch };
    let others = hooks(scene).filter(|any| any.terminating == terminating && any.name != *ours);
    let names: Vec<String> = others.map(|any| lifecycle::one_line(&any.name)).collect();
    let waits = scene.case.instance().is_some_and(|instance| instance.state.is_waiting());
    (waits && !names.is_empty())
        .then(|| format!("It may also be held by what is not ours to complete: {}.", names.join(", ")))
}

/// What its owner can do.
pub(super) fn remedies(scene: &Scene<'_>) -> Vec<Remedy> {
    let case = scene.case;
    let Some(node) = case.node() else { return Vec::new() };
    let annotate =
        |text: &str| kubectl(case.house, &format!("annotate --overwrite node {} {text}", node.name));
    if node.annotations.get("node-gate.io/ignore").is_some_and(|value| value == "true") {
        return vec![Remedy {
            command: annotate("node-gate.io/ignore-"),
            effect: "the controller looks after it again".to_owned(),
        }];
    }
    let drains = case.destination().is_some() && left_alone(scene).is_none() && is_open(scene);
    let Some(drain) = scene.told.drain.as_ref().filter(|_| drains) else { return Vec::new() };
    let mut remedies = Vec::new();
    let forces = case.house.policy.on_deadline != OnDeadline::Abandon;
    if drain.pods_left != Some(0) && !deadline_now(scene) {
        remedies.push(Remedy {
            command: annotate("node-gate.io/deadline=now"),
            effect: if forces {
                "the deadline is now: the controller deletes what is left, past the budgets".to_owned()
            } else {
                "the deadline is now: the controller abandons the action".to_owned()
            },
        });
    }
    let heartbeat = case.hook().map(|(_, hook)| span(hook.heartbeat_timeout)).unwrap_or_default();
    remedies.push(Remedy {
        command: annotate("node-gate.io/ignore=true"),
        effect: format!(
            "the controller lets go of it: no evictions, no heartbeats; the action times out within {heartbeat} unless you complete it"
        ),
    });
    remedies
}
