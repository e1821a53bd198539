//! Turning points of drains and of the lifecycle actions that they are for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Event, Told, forget, hash, stamp};
use crate::blockers::groups;
use crate::condition::outlook;
use crate::drain::OnDeadline;
use crate::status::{ActionStatus, DrainStatus, InstanceStatus, Status};

/// Who refuses for a shorter time holds nobody up: pods of one budget leave one after the other.
const STANDS: SignedDuration = SignedDuration::from_secs(5);

/// The drains as last seen, and what was told of them.
#[derive(Debug)]
pub struct Drains {
    on_deadline: OnDeadline,
    /// When we began to look: what began before has been told by whoever led then.
    since: Timestamp,
    seen: BTreeMap<String, Seen>,
}

#[derive(Debug)]
struct Seen {
    before: InstanceStatus,
    /// The Node that it has, or had when it last had one.
    node: Option<String>,
    /// The first eviction of the drain that the rest is about.
    drain: Option<Timestamp>,
    told: BTreeSet<String>,
    /// Since when something stands that is only told once it has stood for a while.
    stands: BTreeMap<String, Timestamp>,
}

impl Drains {
    /// Looks from now on.
    pub fn new(on_deadline: OnDeadline, since: Timestamp) -> Self {
        Drains { on_deadline, since, seen: BTreeMap::new() }
    }

    /// Takes in how things stand, and tells what has turned since the last time.
    pub fn look(&mut self, status: &Status, now: Timestamp) -> Told {
        forget(&mut self.seen, &status.instances);
        let mut told = Told::new();
        for (id, after) in &status.instances {
            // Its Node may go faster than we look; how its drain ended is told of the Node that it had.
            let had = self.seen.get(id).and_then(|seen| seen.node.clone());
            let Some(node) = after.node.clone().or(had).filter(|_| !after.ignored) else {
                self.seen.remove(id);
                continue;
            };
            let seen = self.seen.entry(id.clone()).or_insert_with(|| Seen::new(after));
            seen.node = Some(node.clone());
            let look = Look { on_deadline: self.on_deadline, since: self.since, now };
            let events = seen.turned(id, after, &look);
            told.extend(events.into_iter().map(|event| (node.clone(), event)));
            if seen.before != *after {
                seen.before = after.clone();
            }
        }
        told
    }
}

/// What a look at one instance needs to know besides.
struct Look {
    on_deadline: OnDeadline,
    since: Timestamp,
    now: Timestamp,
}

impl Seen {
    fn new(now: &InstanceStatus) -> Self {
        Seen {
            before: now.clone(),
            node: now.node.clone(),
            drain: None,
            told: BTreeSet::new(),
            stands: BTreeMap::new(),
        }
    }

    fn turned(&mut self, id: &str, after: &InstanceStatus, look: &Look) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(drain) = &after.drain
            && let Some(first) = drain.first_eviction
        {
            if self.drain != Some(first) {
                *self = Seen { drain: Some(first), node: self.node.take(), ..Seen::new(&self.before) };
                if first < look.since {
                    self.told.insert("Draining".to_owned());
                }
            }
            events.extend(self.drains(drain, first, look));
        }
        events.extend(self.ended(id, after, look.now));
        if after.drain.is_none() && after.phase != "leaving" {
            *self = Seen { node: self.node.take(), ..Seen::new(&self.before) };
        }
        events
    }

    fn drains(&mut self, drain: &DrainStatus, first: Timestamp, look: &Look) -> Vec<Event> {
        let mut events = Vec::new();
        let left = outlook(drain, look.on_deadline, look.now);
        let mut tell = |key: &str, warning, reason, note: &str| {
            if self.told.insert(key.to_owned()) {
                let told_by = format!("{}-{:x}", stamp(first), hash(key));
                events.push(Event::new(warning, reason, note, &told_by));
            }
        };
        tell("Draining", false, "Draining", &format!("{left}."));
        let groups = groups(&drain.blockers);
        let mut stand: Vec<(String, String)> = Vec::new();
        for group in groups.iter().filter(|group| group.refuses) {
            stand.push((group.key.clone(), format!("{}. {left}.", group.sentence())));
        }
        if drain.drained {
            stand.push(("Drained".to_owned(), String::new()));
        }
        self.stands.retain(|key, _| stand.iter().any(|(other, _)| other == key));
        for (key, note) in stand {
            let since = *self.stands.entry(key.clone()).or_insert(look.now);
            if look.now.duration_since(since) < STANDS {
                continue;
            }
            if key == "Drained" {
                let note = "No pod is left; the lifecycle action is not completed yet, trying again.";
                tell(&key, false, "Drained", note);
            } else {
                tell(&key, true, "Blocked", &note);
            }
        }
        if drain.forced > 0 {
            tell(
                "DeadlinePassed",
                true,
                "DeadlinePassed",
                &format!("Pods were deleted past their budgets. {left}."),
            );
        }
        events
    }

    /// The end of a lifecycle action, in whatever way.
    fn ended(&self, id: &str, after: &InstanceStatus, now: Timestamp) -> Option<Event> {
        let before = self.before.action.as_ref().filter(|action| !action.completed)?;
        let hook = &before.hook;
        let drained = match self.drain.filter(|_| self.before.phase == "leaving") {
            Some(first) => {
                format!(
                    "No pod is left, {} s after the first eviction; the",
                    now.duration_since(first).as_secs()
                )
            }
            None => "The".to_owned(),
        };
        let (warning, reason, note) = match &after.action {
            Some(ActionStatus { completed: true, result: Some(result), .. }) => match *result {
                "completed" => (
                    false,
                    "Completed",
                    format!(
                        "{drained} lifecycle action of hook {hook} is completed: instance {id} may go on."
                    ),
                ),
                "abandoned" => (
                    true,
                    "Abandoned",
                    format!(
                        "Patience ended with pods left: the lifecycle action of hook {hook} is abandoned as \
                         configured, pods that are left die with instance {id}."
                    ),
                ),
                _ => (
                    true,
                    "ActionEnded",
                    format!("{drained} lifecycle action of hook {hook} had already ended without us."),
                ),
            },
            None if after.state != self.before.state => self.ended_without_us(id, hook)?,
            Some(_) | None => return None,
        };
        let told_by = stamp(self.drain.unwrap_or(now));
        Some(Event::new(warning, reason, &note, &told_by))
    }

    /// It ended while its drain ran: somebody else completed it, or it timed out.
    fn ended_without_us(&self, id: &str, hook: &str) -> Option<(bool, &'static str, String)> {
        let drain = self.before.drain.as_ref().filter(|_| self.before.phase == "leaving")?;
        // We may have looked too seldom to see that it was completed; a node stays empty for a while before it is.
        if drain.drained || drain.pods_left == 0 {
            let note = format!("No pod is left, and the lifecycle action of hook {hook} has ended.");
            return Some((false, "Completed", note));
        }
        let left = crate::blockers::pods(drain.pods_left);
        let note = format!(
            "The lifecycle action of hook {hook} ended without us, by a timeout or by somebody else, with {left} \
             left: nothing holds instance {id} any more."
        );
        Some((true, "ActionEnded", note))
    }
}

#[cfg(test)]
mod tests;
