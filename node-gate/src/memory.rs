//! What the gate remembers from one look to the next: since when, and which answers still count.
//!
//! Pure as well: time comes in. Nothing of this survives the process, on purpose: an instance that comes back from the
//! pool keeps its id and its disk, so a memory that outlives a boot would open the gate on the wrong one.

use std::mem::discriminant;
use std::time::{Duration, Instant};

use lifecycle::Target;

use crate::gate::{Answer, Api, Imds, Observation};
use crate::imds::Look;
use crate::pace;

/// See the module.
#[derive(Debug, Default)]
pub struct Memory {
    look: Option<Look>,
    /// The latest target that was read, also if IMDS has failed since.
    last_target: Option<Imds>,
    unsettled_since: Option<Instant>,
    api: Option<Api>,
    useless_looks: u32,
    next_look: Option<Instant>,
    questions: u32,
    next_question: Option<Instant>,
}

impl Memory {
    /// Takes in a look at IMDS. True if it differs from the one before: what the API said, or is saying, was about another
    /// situation then, and no longer counts.
    pub fn saw(&mut self, look: Look, now: Instant) -> bool {
        self.useless_looks = if look.is_useless() { self.useless_looks.saturating_add(1) } else { 0 };
        self.next_look = Some(now + pace::pause(self.useless_looks));
        let differs = self.look.as_ref().is_none_or(|last| last.imds != look.imds || last.tag != look.tag);
        if differs {
            self.api = None;
        }
        match &look.imds {
            // IMDS out of order: says nothing about the target, and the time already waited for one stays waited.
            Imds::Failing(_) => {}
            Imds::NoTarget | Imds::Target(Target::Unknown(_)) => {
                if look.identified {
                    self.unsettled_since.get_or_insert(now);
                }
            }
            Imds::Target(_) => self.unsettled_since = None,
        }
        if !matches!(look.imds, Imds::Failing(_)) && self.last_target.as_ref() != Some(&look.imds) {
            self.last_target = Some(look.imds.clone());
            // Only a new target earns a new first question; an IMDS that comes and goes must not become a storm.
            self.questions = 0;
            self.next_question = None;
        }
        self.look = Some(look);
        differs
    }

    /// Says whether IMDS may be looked at again already.
    pub fn may_look(&self, now: Instant) -> bool {
        self.next_look.is_none_or(|due| now >= due)
    }

    /// Takes note that the machine has slept: what IMDS did before says nothing about now.
    pub fn woke(&mut self) {
        self.useless_looks = 0;
        self.next_look = None;
    }

    /// Takes in an answer of the API.
    pub fn heard(&mut self, answer: Answer) {
        let before = match &self.api {
            Some(last) if discriminant(&last.answer) == discriminant(&answer) => last.in_a_row,
            Some(_) | None => 0,
        };
        self.api = Some(Api { answer, in_a_row: before.saturating_add(1) });
    }

    /// All of it, as [`crate::gate::decide`] wants it; `None` before the first look.
    pub fn observation(&self, now: Instant) -> Option<Observation> {
        let look = self.look.as_ref()?;
        Some(Observation {
            imds: look.imds.clone(),
            identified: look.identified,
            tag: look.tag.clone(),
            unsettled_for: self.unsettled_since.map_or(Duration::ZERO, |since| now.duration_since(since)),
            api: self.api.clone(),
        })
    }

    /// Says whether the next question may go out, and if so counts it as sent; `random` in 0..1 spreads the one after it.
    pub fn may_ask(&mut self, now: Instant, random: f64) -> bool {
        if self.next_question.is_some_and(|due| now < due) {
            return false;
        }
        self.questions = self.questions.saturating_add(1);
        self.next_question = Some(now + pace::wait(self.questions, random));
        true
    }
}

#[cfg(test)]
mod tests;
