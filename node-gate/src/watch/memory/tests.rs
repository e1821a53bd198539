//! Turns: when one begins, what ends it, and that none is acted upon twice.

use proptest::prelude::*;

use super::*;
use crate::watch::decide::{Policy, Step, decide};

fn target(text: &str) -> Imds {
    Imds::Target(text.into())
}

fn listed(state: &str) -> Answer {
    Answer::Listed { group: "blue".into(), state: state.into() }
}

fn failing() -> Imds {
    Imds::Failing("HTTP 500".into())
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn turned_for(memory: &Memory, now: Instant) -> Option<Duration> {
    memory.seen(now).unwrap().turned_for
}

#[test]
fn a_turn_begins_with_the_pool_and_ends_with_any_other_word() {
    let start = Instant::now();
    for other in [target("InService"), target("Terminated"), target("SomethingNew"), Imds::NoTarget] {
        let mut memory = Memory::new(true);
        assert!(memory.seen(start).is_none(), "nothing was seen");
        memory.saw(target("InService"), start);
        assert_eq!(turned_for(&memory, start), None);
        memory.saw(target("Warmed:Running"), start + seconds(10));
        memory.saw(target("Warmed:Running"), start + seconds(15));
        memory.heard(listed("Warmed:Pending:Wait"));
        let seen = memory.seen(start + seconds(16)).unwrap();
        assert_eq!(seen.turned_for, Some(seconds(6)));
        assert_eq!(seen.state, Some(LifecycleState::WarmedPendingWait));

        memory.saw(other.clone(), start + seconds(20));
        memory.heard(listed("Warmed:Running"));
        let seen = memory.seen(start + seconds(20)).unwrap();
        assert_eq!((seen.turned_for, seen.answer, seen.state), (None, None, None), "{other:?}");
        memory.saw(target("Warmed:Running"), start + seconds(30));
        assert_eq!(turned_for(&memory, start + seconds(31)), Some(seconds(1)));
    }
}

#[test]
fn the_pool_in_which_the_gate_was_opened_is_no_turn_until_it_was_left() {
    let now = Instant::now();
    let mut memory = Memory::new(false);
    for seen in ["Warmed:Running", "SomethingNew", "Warmed:Running", "Terminated", "Warmed:Hibernated"] {
        memory.saw(target(seen), now);
        assert_eq!(turned_for(&memory, now), None, "{seen}");
    }
    memory.saw(Imds::NoTarget, now);
    memory.saw(target("Warmed:Running"), now);
    assert_eq!(turned_for(&memory, now), None, "a moment without a target is no service");
    memory.saw(target("InService"), now);
    memory.saw(target("Warmed:Running"), now);
    assert_eq!(turned_for(&memory, now), Some(Duration::ZERO));
}

#[test]
fn a_short_silence_of_imds_changes_nothing_and_a_long_one_counts_anew() {
    let start = Instant::now();
    let mut memory = Memory::new(true);
    memory.saw(target("Warmed:Running"), start);
    memory.heard(listed("Warmed:Pending:Wait"));
    memory.saw(failing(), start + seconds(5));
    memory.saw(target("Warmed:Running"), start + LONGEST_GAP);
    assert_eq!(turned_for(&memory, start + LONGEST_GAP), Some(LONGEST_GAP));
    memory.reheld();

    let late = start + LONGEST_GAP * 2 + seconds(1);
    memory.saw(failing(), late);
    memory.saw(target("Warmed:Running"), late);
    let seen = memory.seen(late).unwrap();
    assert_eq!((seen.turned_for, seen.answer, seen.state), (Some(Duration::ZERO), None, None));
    assert!(seen.reheld, "what was done stays done");
}

#[test]
fn a_hibernation_counts_anew_as_well() {
    let start = Instant::now();
    let mut memory = Memory::new(true);
    memory.woke(start);
    memory.saw(target("Warmed:Hibernated"), start);
    memory.heard(listed("Warmed:Pending:Proceed"));
    let later = start + seconds(30);
    memory.woke(later);
    let seen = memory.seen(later).unwrap();
    assert_eq!((seen.turned_for, seen.answer, seen.state), (Some(Duration::ZERO), None, None));
}

#[test]
fn the_last_state_outlives_a_silence_of_the_api() {
    let now = Instant::now();
    let mut memory = Memory::new(true);
    memory.saw(target("Warmed:Running"), now);
    memory.heard(listed("Warmed:Pending:Wait"));
    memory.heard(Answer::Failing("Throttling".into()));
    let seen = memory.seen(now).unwrap();
    assert_eq!(seen.answer, Some(Answer::Failing("Throttling".into())));
    assert_eq!(seen.state, Some(LifecycleState::WarmedPendingWait));
}

#[test]
fn questions_are_asked_in_a_turn_only_and_back_off_to_half_a_minute() {
    let start = Instant::now();
    let mut memory = Memory::new(true);
    memory.saw(target("InService"), start);
    assert!(!memory.may_ask(start, 0.0), "no question without a turn");
    for random in [0.0, 1.0] {
        memory.saw(target("InService"), start);
        memory.saw(target("Warmed:Running"), start);
        let mut now = start;
        let mut waits = Vec::new();
        for _ in 0..7 {
            assert!(memory.may_ask(now, random));
            assert!(!memory.may_ask(now, random), "one question at a time");
            let mut wait = Duration::ZERO;
            while !memory.may_ask_peek(now + wait) {
                wait += seconds(1);
            }
            waits.push(wait.as_secs());
            now += wait;
        }
        let wanted = if random < 0.5 { [1, 2, 4, 8, 15, 15, 15] } else { [2, 4, 8, 16, 30, 30, 30] };
        assert_eq!(waits, wanted);
    }
}

impl Memory {
    fn may_ask_peek(&self, now: Instant) -> bool {
        self.turn.as_ref().and_then(|turn| turn.next_question).is_none_or(|due| now >= due)
    }
}

/// What may happen to a watch.
#[derive(Debug, Clone)]
enum Happening {
    Look(Imds),
    Answer(Answer),
    Woke,
    Time(u64),
}

fn any_happening() -> impl Strategy<Value = Happening> {
    let targets = ["InService", "Warmed:Running", "Warmed:Hibernated", "Warmed:Stopped", "Terminated"];
    let states =
        ["InService", "Warmed:Pending", "Warmed:Pending:Wait", "Warmed:Pending:Proceed", "Warmed:Running"];
    prop_oneof![
        6 => proptest::sample::select(targets.to_vec()).prop_map(|text| Happening::Look(target(text))),
        1 => Just(Happening::Look(failing())),
        1 => Just(Happening::Look(Imds::NoTarget)),
        4 => proptest::sample::select(states.to_vec()).prop_map(|state| Happening::Answer(listed(state))),
        1 => Just(Happening::Answer(Answer::Failing("Throttling".into()))),
        1 => Just(Happening::Woke),
        3 => (1_u64..3000).prop_map(Happening::Time),
    ]
}

proptest! {
    #[test]
    fn a_turn_is_acted_upon_once_and_never_while_the_api_says_wait(
        happenings in proptest::collection::vec(any_happening(), 0..60),
        was_out in any::<bool>(),
    ) {
        let policy = Policy { rehold: true, after: seconds(1200) };
        let mut memory = Memory::new(was_out);
        let mut now = Instant::now();
        let mut said = None;
        // Kept by hand: was the target something else since the gate was last told to hold anew, and when was it the pool?
        let mut left = was_out;
        let mut in_pool = now;
        let mut is_in_pool = false;
        for happening in happenings {
            match happening {
                Happening::Look(imds) => {
                    let pool = matches!(&imds, Imds::Target(target) if is_pool(target));
                    let silence = matches!(imds, Imds::Failing(_));
                    if !silence && (!pool || now.duration_since(in_pool) > LONGEST_GAP) {
                        said = None;
                    }
                    if pool {
                        in_pool = now;
                    }
                    is_in_pool = pool || (silence && is_in_pool);
                    left |= imds == target("InService");
                    memory.saw(imds, now);
                }
                Happening::Answer(answer) => {
                    // What is said before the turn is no word on it.
                    if let Answer::Listed { state, .. } = &answer
                        && is_in_pool
                    {
                        said = Some(state.clone());
                    }
                    memory.heard(answer);
                }
                Happening::Woke => {
                    said = None;
                    memory.woke(now);
                }
                Happening::Time(passed) => now += seconds(passed),
            }
            let Some(seen) = memory.seen(now) else { continue };
            if matches!(decide(&seen, &policy), Step::Rehold(_)) {
                prop_assert!(left, "once a turn");
                prop_assert_ne!(&said, &Some(LifecycleState::WarmedPendingWait));
                left = false;
                memory.reheld();
            }
        }
    }
}
