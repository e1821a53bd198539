//! What the watch remembers from one look to the next: since when the target has been the pool, and what the API said since.
//!
//! Pure as well: time comes in. A *turn* is the time in which the target is the pool without a word to the contrary.

use std::time::{Duration, Instant};

use lifecycle::{LifecycleState, Target};

use super::decide::{Seen, is_pool};
use crate::gate::{Answer, Imds};

/// The shortest and the longest wait between two questions to the API. Nobody waits for the answer, but an instance that will be
/// hibernated has little time between the end of the drain and its sleep.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// In a longer silence of IMDS the target may have been another meanwhile, and a new drain may have begun.
const LONGEST_GAP: Duration = Duration::from_mins(1);

/// See the module.
#[derive(Debug)]
pub struct Memory {
    imds: Option<Imds>,
    was_out: bool,
    turn: Option<Turn>,
}

#[derive(Debug)]
struct Turn {
    since: Instant,
    seen: Instant,
    answer: Option<Answer>,
    state: Option<LifecycleState>,
    reheld: bool,
    questions: u32,
    next_question: Option<Instant>,
}

impl Turn {
    fn begin(now: Instant) -> Turn {
        Turn {
            since: now,
            seen: now,
            answer: None,
            state: None,
            reheld: false,
            questions: 0,
            next_question: None,
        }
    }
}

impl Memory {
    /// Begins. `was_out`: the gate opened because the instance was out of the pool; if it did not, being in the pool means nothing
    /// before the instance was seen out of it.
    pub fn new(was_out: bool) -> Self {
        Memory { imds: None, was_out, turn: None }
    }

    /// Takes in a look at IMDS.
    pub fn saw(&mut self, imds: Imds, now: Instant) {
        match &imds {
            // Says nothing about the target.
            Imds::Failing(_) => {}
            Imds::NoTarget => self.turn = None,
            Imds::Target(target) if is_pool(target) => self.saw_pool(now),
            Imds::Target(target) => {
                // A word that is not known, or of an instance that dies, is no service.
                self.was_out |= matches!(target, Target::InService | Target::Standby | Target::Detached);
                self.turn = None;
            }
        }
        self.imds = Some(imds);
    }

    fn saw_pool(&mut self, now: Instant) {
        match &mut self.turn {
            Some(turn) if now.duration_since(turn.seen) <= LONGEST_GAP => turn.seen = now,
            Some(turn) => turn.restart(now),
            None if self.was_out => self.turn = Some(Turn::begin(now)),
            None => {}
        }
    }

    /// The machine has woken from hibernation: what is known about the turn is as old as the sleep was long.
    pub fn woke(&mut self, now: Instant) {
        if let Some(turn) = &mut self.turn {
            turn.restart(now);
        }
    }

    /// Takes in an answer of the API.
    pub fn heard(&mut self, answer: Answer) {
        let Some(turn) = &mut self.turn else { return };
        if let Answer::Listed { state, .. } = &answer {
            turn.state = Some(state.clone());
        }
        turn.answer = Some(answer);
    }

    /// Takes note that the gate was told to hold anew: nothing more is to be done until the instance has been out of the pool.
    pub fn reheld(&mut self) {
        self.was_out = false;
        if let Some(turn) = &mut self.turn {
            turn.reheld = true;
        }
    }

    /// All of it, as [`super::decide::decide`] wants it; `None` before the first look.
    pub fn seen(&self, now: Instant) -> Option<Seen> {
        let turn = self.turn.as_ref();
        Some(Seen {
            imds: self.imds.clone()?,
            turned_for: turn.map(|turn| now.duration_since(turn.since)),
            answer: turn.and_then(|turn| turn.answer.clone()),
            state: turn.and_then(|turn| turn.state.clone()),
            reheld: turn.is_some_and(|turn| turn.reheld),
        })
    }

    /// Says whether the next question may go out, and if so counts it as sent; `random` in 0..1 spreads the one after it.
    pub fn may_ask(&mut self, now: Instant, random: f64) -> bool {
        let Some(turn) = &mut self.turn else { return false };
        if turn.next_question.is_some_and(|due| now < due) {
            return false;
        }
        // 2, 4, 8, 16, 30, 30 … s, each of it somewhere in its upper half.
        let full = FIRST_WAIT.saturating_mul(1 << turn.questions.min(4)).min(LONGEST_WAIT);
        turn.questions = turn.questions.saturating_add(1);
        turn.next_question = Some(now + full.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0));
        true
    }
}

impl Turn {
    /// Counts anew. What has been done in this turn stays done: at most once a turn, also if some of it was not seen.
    fn restart(&mut self, now: Instant) {
        *self = Turn { reheld: self.reheld, ..Turn::begin(now) };
    }
}

#[cfg(test)]
mod tests;
