//! How the world looked before: for calls that must not see it as it is.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use crate::broken::View;
use crate::fault::{Fault, Only};
use crate::shared::Inner;
use crate::world::{Event, World};

/// So many former worlds are kept. With more changes than that, every second one is forgotten, and an answer may be older
/// than it should.
const MOST_WORLDS: usize = 64;

/// Former worlds while somebody wants to see them, and who set out when.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// How far back; none keeps nothing.
    wished: Option<Duration>,
    worlds: VecDeque<World>,
    /// When an instance last set out from group to pool or back.
    set_out: BTreeMap<String, SystemTime>,
}

impl Past {
    /// Keeps so much of the past from now on.
    pub(crate) fn wish(&mut self, age: Option<Duration>, world: &mut World) {
        self.wished = age;
        match age {
            None => self.worlds.clear(),
            Some(_) if self.worlds.is_empty() => self.worlds.push_back(world.copy()),
            Some(_) => {}
        }
    }

    /// Takes note of what happened.
    pub(crate) fn note(&mut self, events: &[Event]) {
        for event in events {
            let Event::LifecycleChanged { at, id, from: Some(from), to, .. } = event else { continue };
            if to == "Terminated" || to == "Warmed:Terminated" {
                self.set_out.remove(id);
            } else if from.starts_with("Warmed:") != to.starts_with("Warmed:") {
                self.set_out.insert(id.clone(), *at);
            }
        }
    }

    /// Forgets an instance that the world has forgotten.
    pub(crate) fn forget(&mut self, id: &str) {
        self.set_out.remove(id);
    }

    /// Keeps the world as it is now, if somebody will want to see it.
    pub(crate) fn keep(&mut self, world: &mut World) {
        let Some(age) = self.wished else { return };
        let world = world.copy();
        let until = world.moment().checked_sub(age);
        self.worlds.push_back(world);
        // The newest one that is old enough is still needed.
        while let Some(second) = self.worlds.get(1)
            && until.is_some_and(|until| second.moment() <= until)
        {
            self.worlds.pop_front();
        }
        if self.worlds.len() > MOST_WORLDS {
            let mut keep = false;
            self.worlds.retain(|_| {
                keep = !keep;
                keep
            });
        }
    }

    /// The world as it was at `moment`, or the oldest known.
    fn at(&self, moment: SystemTime) -> Option<&World> {
        let old_enough = self.worlds.iter().rev().find(|world| world.moment() <= moment);
        old_enough.or(self.worlds.front())
    }
}

impl Inner {
    /// Puts a fault in force; its number.
    pub(crate) fn break_operation(
        &mut self,
        operation: &str,
        fault: Fault,
        only: Only,
        now: SystemTime,
    ) -> u64 {
        let number = self.faults.add(operation, fault, only, now);
        self.past.wish(self.faults.oldest_view(), &mut self.world);
        number
    }

    /// Ends one fault; false if there is none of this number.
    pub(crate) fn mend(&mut self, number: u64) -> bool {
        let is_mended = self.faults.remove(number);
        self.past.wish(self.faults.oldest_view(), &mut self.world);
        is_mended
    }

    /// Keeps the world as it is now, if somebody will want to see it.
    pub(crate) fn keep_past(&mut self) {
        self.past.keep(&mut self.world);
    }

    /// Ends all faults.
    pub(crate) fn mend_all(&mut self) {
        self.faults.clear();
        self.past.wish(None, &mut self.world);
    }

    /// The world as a call sees it, to be read from; none if it sees it as it is.
    pub(crate) fn seen(&mut self, now: SystemTime, view: &View) -> Option<World> {
        let former = match now.checked_sub(view.age) {
            Some(moment) if view.age > Duration::ZERO => self.past.at(moment).cloned(),
            _ => None,
        };
        if former.is_none() && view.new.is_empty() && view.moving.is_empty() {
            return None;
        }
        let mut world = former.unwrap_or_else(|| self.world.copy());
        let set_out = &self.past.set_out;
        let is_young = |since: SystemTime, time: Duration| since + time > now;
        world.hide(|id, group, launched| {
            let is_new =
                |(time, only): &(Duration, Only)| is_young(launched, *time) && is_about(only, id, group);
            let is_moving = |(time, only): &(Duration, Only)| {
                set_out.get(id).is_some_and(|since| is_young(*since, *time)) && is_about(only, id, group)
            };
            view.new.iter().any(is_new) || view.moving.iter().any(is_moving)
        });
        Some(world)
    }
}

fn is_about(only: &Only, id: &str, group: &str) -> bool {
    only.instance.as_deref().is_none_or(|wish| wish == id)
        && only.group.as_deref().is_none_or(|wish| wish == group)
}
