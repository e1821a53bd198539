//! The condition `node-gate.io/Drained`: how far a node's drain is, who holds it up, and when patience ends.
//!
//! It is what a human reads first at night; so it names the blockers in plain words, and it goes when its drain is history.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::blockers::{Group, clipped, groups, pods};
use crate::drain::OnDeadline;
use crate::nodes::{NodeView, Told};
use crate::status::{ActionStatus, DrainStatus, InstanceStatus};

/// Its type.
pub const TYPE: &str = "node-gate.io/Drained";
/// The longest message, in bytes.
const LIMIT: usize = 1024;

/// What the condition says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Its status: `True` once no pod that has to go is left, else `False`.
    pub drained: bool,
    /// One word.
    pub reason: String,
    /// The whole story in words.
    pub message: String,
}

/// What should become of the condition on a Node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Nothing is known that would change it.
    Keep,
    /// It goes: the node is in service, or not ours any more.
    Absent,
    /// It should say this.
    Says(Condition),
}

/// What the condition on a Node should say; `instance` is the one behind it, if it is ours.
pub fn wish(
    node: &NodeView,
    instance: Option<&InstanceStatus>,
    on_deadline: OnDeadline,
    now: Timestamp,
) -> Wish {
    let stands = node.drained.as_ref().map(|told| &told.says);
    if node.is_off_limits() {
        return Wish::Keep;
    }
    let Some(instance) = instance else {
        // Its instance may only be out of sight; our label goes when the Node has left our care.
        return if node.labels.contains_key(crate::decide::marks::STATE_LABEL) {
            Wish::Keep
        } else {
            absent(stands)
        };
    };
    let undone = stands.is_some_and(|says| !says.drained);
    match (instance.phase, &instance.drain, &instance.action) {
        ("in_service" | "released", _, _) => absent(stands),
        (_, Some(drain), action) => {
            draining(drain, action.is_some(), on_deadline, now).map_or(Wish::Keep, Wish::Says)
        }
        ("leaving", None, Some(action)) if action.completed => ended(action, undone),
        ("leaving", None, None) if undone && !is_final(stands) => Wish::Says(Condition {
            drained: false,
            reason: "ActionEnded".to_owned(),
            message:
                "The lifecycle action ended before the node was drained: nothing holds the instance any \
                      more, and pods that are left die with it."
                    .to_owned(),
        }),
        // A drain of a node in the pool that does not run has nothing to say, neither here nor at the next start.
        ("warm", None, _) if undone => Wish::Absent,
        _ => Wish::Keep,
    }
}

fn absent(stands: Option<&Condition>) -> Wish {
    if stands.is_some() { Wish::Absent } else { Wish::Keep }
}

/// True if nothing can follow: what stands was said when the action ended.
fn is_final(stands: Option<&Condition>) -> bool {
    stands.is_some_and(|says| ["ActionEnded", "Abandoned"].contains(&says.reason.as_str()))
}

fn ended(action: &ActionStatus, undone: bool) -> Wish {
    let hook = &action.hook;
    let (drained, reason, message) = match action.result {
        Some("abandoned") => (
            false,
            "Abandoned",
            format!(
                "Patience ended with pods left, so the lifecycle action of hook {hook} was abandoned as configured; \
                 pods that are left die with the instance."
            ),
        ),
        Some("already_gone") => (
            true,
            "Drained",
            format!("No pod is left; the lifecycle action of hook {hook} had ended without us."),
        ),
        Some(_) => {
            (true, "Drained", format!("No pod is left; the lifecycle action of hook {hook} is completed."))
        }
        // An earlier leader completed it; only what it left undone is to be said.
        None if undone => {
            (true, "Drained", format!("No pod is left; the lifecycle action of hook {hook} is completed."))
        }
        None => return Wish::Keep,
    };
    Wish::Says(Condition { drained, reason: reason.to_owned(), message })
}

/// None before the node's pods are known.
fn draining(
    drain: &DrainStatus,
    for_action: bool,
    on_deadline: OnDeadline,
    now: Timestamp,
) -> Option<Condition> {
    if drain.drained {
        // a leaked node is emptied for no action
        let message =
            if for_action { "No pod is left; completing the lifecycle action." } else { "No pod is left." };
        return Some(Condition { drained: true, reason: "Drained".to_owned(), message: message.to_owned() });
    }
    drain.first_eviction?;
    let groups = groups(&drain.blockers);
    let reason = if is_over(drain, now) {
        "DeadlinePassed"
    } else if groups.iter().any(|group| group.refuses) {
        "Blocked"
    } else {
        "Draining"
    };
    let mut message = format!("{}.", outlook(drain, on_deadline, now));
    say_groups(&mut message, &groups);
    Some(Condition { drained: false, reason: reason.to_owned(), message: clipped(&message, LIMIT) })
}

fn is_over(drain: &DrainStatus, now: Timestamp) -> bool {
    drain.forced > 0 || drain.deadline.is_some_and(|deadline| deadline <= now)
}

/// "4 pods left, evicted until 12:13:00 UTC at the latest, then forced": how many are left, and how long they still have.
/// At the latest, because what has a grace period is forced so early that it ends by then.
pub fn outlook(drain: &DrainStatus, on_deadline: OnDeadline, now: Timestamp) -> String {
    let left = pods(drain.pods_left);
    let Some(deadline) = drain.deadline else { return format!("{left} left") };
    let deadline = moment(deadline, now);
    match on_deadline {
        OnDeadline::Abandon => format!("{left} left, the drain is given up at {deadline}"),
        OnDeadline::Force | OnDeadline::Wait if is_over(drain, now) => {
            let ends = if drain.deadline <= Some(now) { "ended" } else { "ends" };
            format!("{left} left, being forced: patience {ends} at {deadline}")
        }
        OnDeadline::Force | OnDeadline::Wait => {
            format!("{left} left, evicted until {deadline} at the latest, then forced")
        }
    }
}

/// As many groups as fit.
fn say_groups(message: &mut String, groups: &[Group]) {
    /// Room for the words about those that do not fit.
    const RESERVE: usize = 40;
    for (said, group) in groups.iter().enumerate() {
        let sentence = group.sentence();
        let fits = message.len() + sentence.len() + 2 + RESERVE <= LIMIT;
        let more = format!("And {} more reasons", groups.len() - said);
        message.extend([" ", if fits { &sentence } else { &more }, "."]);
        if !fits {
            return;
        }
    }
}

/// A time for people: of today without the date.
pub fn moment(time: Timestamp, now: Timestamp) -> String {
    let date = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
    let format = if date(time) == date(now) { "%H:%M:%S UTC" } else { "%Y-%m-%d %H:%M:%S UTC" };
    time.strftime(format).to_string()
}

/// The strategic merge patch of `nodes/status` that fulfils a wish, other conditions left alone; none if there is nothing
/// to write. It names the Node's UID, so that it never meets another Node of the same name.
pub fn patch(node: &NodeView, wish: &Wish, now: Timestamp) -> Option<Value> {
    let condition = match wish {
        Wish::Keep => return None,
        Wish::Absent => json!({"type": TYPE, "$patch": "delete"}),
        Wish::Says(says) => {
            let status = if says.drained { "True" } else { "False" };
            json!({
                "type": TYPE,
                "status": status,
                "reason": says.reason,
                "message": says.message,
                // written on change only: this is when it was last true, not a sign of life
                "lastHeartbeatTime": seconds(now),
                "lastTransitionTime": seconds(since(node.drained.as_ref(), says).unwrap_or(now)),
            })
        }
    };
    Some(json!({"metadata": {"uid": node.uid}, "status": {"conditions": [condition]}}))
}

/// Since when it has the status that it will have, if that does not change now.
fn since(stands: Option<&Told>, says: &Condition) -> Option<Timestamp> {
    stands.filter(|told| told.says.drained == says.drained)?.since
}

/// The API counts in whole seconds.
fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests;
