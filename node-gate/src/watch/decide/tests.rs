//! The whole table, then what has to hold for all that can be seen.

use proptest::prelude::*;

use super::*;

const AFTER: Duration = Duration::from_mins(20);
const NOT_YET: Duration = Duration::from_secs(1199);
const TARGETS: [&str; 10] = [
    "InService",
    "Standby",
    "Detached",
    "Terminated",
    "Warmed:Stopped",
    "Warmed:Running",
    "Warmed:Hibernated",
    "Warmed:Terminated",
    "Warmed:Dreaming",
    "SomethingNew",
];

fn policy() -> Policy {
    Policy { rehold: true, after: AFTER }
}

fn target(text: &str) -> Seen {
    Seen {
        imds: Imds::Target(text.into()),
        turned_for: Some(Duration::from_secs(5)),
        answer: None,
        state: None,
        reheld: false,
    }
}

impl Seen {
    fn after(mut self, turned_for: Duration) -> Self {
        self.turned_for = Some(turned_for);
        self
    }

    fn heard(mut self, answer: Answer) -> Self {
        if let Answer::Listed { state, .. } = &answer {
            self.state = Some(state.clone());
        }
        self.answer = Some(answer);
        self
    }
}

fn listed(state: &str) -> Answer {
    Answer::Listed { group: "blue".into(), state: state.into() }
}

fn no_answers() -> [Answer; 3] {
    [Answer::Unlisted, Answer::NoAccess("AccessDenied".into()), Answer::Failing("Throttling".into())]
}

/// The step in a word, for tables.
fn step(seen: &Seen) -> &'static str {
    match decide(seen, &policy()) {
        Step::Look(_) => "look",
        Step::Ask(_) => "ask",
        Step::Rehold(_) => "rehold",
    }
}

#[test]
fn each_target_has_its_step() {
    let table = [
        // target, before the API was asked, once it says that the instance has arrived
        ("InService", "look", "look"),
        ("Standby", "look", "look"),
        ("Detached", "look", "look"),
        ("Terminated", "look", "look"),
        ("Warmed:Stopped", "look", "look"),
        ("Warmed:Running", "ask", "rehold"),
        ("Warmed:Hibernated", "ask", "rehold"),
        ("Warmed:Terminated", "look", "look"),
        ("Warmed:Dreaming", "ask", "rehold"),
        ("SomethingNew", "look", "look"),
    ];
    for (text, before, arrived) in table {
        assert_eq!(step(&target(text)), before, "{text}");
        assert_eq!(step(&target(text).heard(listed("Warmed:Running"))), arrived, "{text}");
    }
    for imds in [Imds::NoTarget, Imds::Failing("HTTP 500".into())] {
        let seen = Seen { imds, ..target("Warmed:Running").after(AFTER * 2).heard(listed("Warmed:Running")) };
        assert_eq!(step(&seen), "look", "{seen:?}");
    }
}

#[test]
fn only_a_state_past_all_hooks_on_the_way_into_the_pool_is_arrival() {
    for state in LifecycleState::all().chain(["Warmed:Dreaming".into()]) {
        let arrived = ["Warmed:Pending:Proceed", "Warmed:Stopped", "Warmed:Running", "Warmed:Hibernated"]
            .contains(&state.as_str());
        let seen = target("Warmed:Running").heard(listed(state.as_str()));
        assert_eq!(step(&seen), if arrived { "rehold" } else { "ask" }, "{state}");
        let late = seen.after(AFTER * 100);
        assert_eq!(step(&late), if arrived { "rehold" } else { "ask" }, "{state}, hours later");
    }
}

#[test]
fn where_the_api_never_told_time_does() {
    for answer in no_answers() {
        let seen = target("Warmed:Running").heard(answer);
        assert_eq!(step(&seen.clone().after(NOT_YET)), "ask", "{seen:?}");
        assert_eq!(step(&seen.clone().after(AFTER)), "rehold", "{seen:?}");
    }
    assert_eq!(step(&target("Warmed:Running").after(AFTER)), "ask", "it is asked at least once");
}

#[test]
fn where_it_told_once_and_fell_silent_no_clock_overrules_it() {
    for answer in no_answers() {
        let seen = target("Warmed:Running").heard(listed("Warmed:Pending:Wait")).heard(answer);
        assert_eq!(step(&seen.after(AFTER * 100)), "ask");
    }
}

#[test]
fn a_gate_that_was_opened_in_the_pool_stays_open() {
    let seen = Seen { turned_for: None, ..target("Warmed:Running").heard(listed("Warmed:Running")) };
    assert_eq!(decide(&seen, &policy()), Step::Look(Wait::OpenedInPool { target: "Warmed:Running".into() }));
}

#[test]
fn nothing_is_done_twice_and_nothing_unasked() {
    let seen = target("Warmed:Running").heard(listed("Warmed:Running"));
    assert_eq!(step(&seen), "rehold");
    assert_eq!(step(&Seen { reheld: true, ..seen.clone() }), "look");
    let unasked = Policy { rehold: false, after: Duration::ZERO };
    assert_eq!(decide(&seen, &unasked), Step::Look(Wait::NotWanted { target: "Warmed:Running".into() }));
}

fn any_imds() -> impl Strategy<Value = Imds> {
    prop_oneof![
        8 => proptest::sample::select(&TARGETS[..]).prop_map(|text| Imds::Target(text.into())),
        1 => Just(Imds::NoTarget),
        1 => Just(Imds::Failing("HTTP 500".into())),
    ]
}

fn any_state() -> impl Strategy<Value = LifecycleState> {
    let all: Vec<_> = LifecycleState::all().chain(["Warmed:Dreaming".into()]).collect();
    proptest::sample::select(all)
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        any_state().prop_map(|state| listed(state.as_str())),
        proptest::sample::select(no_answers().to_vec()),
    ]
}

prop_compose! {
    /// What the memory can hold: the last answers, in their order, of one turn or of none.
    fn any_seen()(
        imds in any_imds(),
        turned_for in proptest::option::weighted(0.8, (0_u64..4000).prop_map(Duration::from_secs)),
        answers in proptest::collection::vec(any_answer(), 0..4),
        reheld in any::<bool>(),
    ) -> Seen {
        let mut seen = Seen { imds, turned_for, answer: None, state: None, reheld: false };
        if seen.turned_for.is_some() {
            seen.reheld = reheld;
            for answer in answers {
                seen = seen.heard(answer);
            }
        }
        seen
    }
}

proptest! {
    #[test]
    fn holding_anew_needs_a_pool_a_turn_and_the_end_of_the_drain(seen in any_seen(), after in 0_u64..4000) {
        let policy = Policy { rehold: true, after: Duration::from_secs(after) };
        if let Step::Rehold(why) = decide(&seen, &policy) {
            let alive = matches!(&seen.imds, Imds::Target(target)
                if is_pool(target) && *target != Target::WarmedStopped);
            prop_assert!(alive && !seen.reheld);
            let turned_for = seen.turned_for.unwrap();
            match &seen.state {
                Some(state) => {
                    prop_assert!(!state.as_str().ends_with(":Wait") && state.as_str().starts_with("Warmed:"));
                    prop_assert_eq!(why, Rehold::Arrived { state: state.clone() });
                }
                None => prop_assert!(turned_for >= policy.after && seen.answer.is_some()),
            }
        }
    }

    #[test]
    fn without_the_wish_nothing_happens(seen in any_seen(), after in 0_u64..4000) {
        let policy = Policy { rehold: false, after: Duration::from_secs(after) };
        prop_assert!(matches!(decide(&seen, &policy), Step::Look(_)));
    }

    #[test]
    fn the_api_is_asked_only_after_a_turn(seen in any_seen()) {
        if matches!(decide(&seen, &policy()), Step::Ask(_)) {
            prop_assert!(seen.turned_for.is_some() && !seen.reheld);
        }
    }

    #[test]
    fn deciding_twice_gives_the_same(seen in any_seen()) {
        prop_assert_eq!(decide(&seen, &policy()), decide(&seen, &policy()));
    }
}
