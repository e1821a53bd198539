use super::*;
use crate::reason::{Hold, Open};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn clock() -> Clock {
    Clock { now: at("2026-11-21T07:03:05Z"), booted: at("2026-11-21T06:59:48Z") }
}

fn status(state: State, since: &str) -> Status {
    Status {
        state,
        reason: "warm".into(),
        message: "target Warmed:Stopped: the instance belongs to the warm pool".into(),
        since: at(since),
        started: at("2026-11-21T07:00:00Z"),
        waits_for: "target InService in IMDS".into(),
        instance: Some("i-065912b0a0b011658".into()),
        pid: 612,
    }
}

fn holds() -> Vec<Hold> {
    let (group, state, problem) =
        (|| "blue".to_owned(), || "Pending:Wait".to_owned(), || "HTTP 503".to_owned());
    vec![
        Hold::Starting,
        Hold::Warm { target: "Warmed:Stopped".into() },
        Hold::Dying,
        Hold::ImdsFailing { problem: problem() },
        Hold::NoTarget,
        Hold::UnknownTarget { target: "SomethingNew".into() },
        Hold::Asking,
        Hold::AskingForGroup,
        Hold::NotYet { state: state() },
        Hold::Unlisted,
        Hold::ApiTrouble { problem: "Throttling (HTTP 400): Rate exceeded".into() },
        Hold::ForeignGroup { group: group() },
        Hold::OutOfGroup { state: "Standby".into() },
        Hold::TaggedOnly { group: group(), problem: None },
        Hold::TaggedOnly { group: group(), problem: Some("AccessDenied (HTTP 403): no right".into()) },
        Hold::Unrecorded { problem: "No space left on device (os error 28)".into() },
    ]
}

fn opens() -> Vec<Open> {
    vec![
        Open::InService { group: None },
        Open::InService { group: Some("blue".into()) },
        Open::Released { target: "Standby".into() },
        Open::Listed { state: "EnteringStandby".into() },
        Open::NoGroup,
        Open::ByHand { by: "ubuntu".into(), reason: "the pool is stuck, ticket 7".into() },
        Open::Unknown { problem: "AccessDenied (HTTP 403): no right".into() },
    ]
}

/// Fails to compile when there is a new reason, which then belongs into the lists above and into the number here.
fn number_of_hold(hold: &Hold) -> usize {
    match hold {
        Hold::Starting => 0,
        Hold::Warm { .. } => 1,
        Hold::Dying => 2,
        Hold::ImdsFailing { .. } => 3,
        Hold::NoTarget => 4,
        Hold::UnknownTarget { .. } => 5,
        Hold::Asking => 6,
        Hold::AskingForGroup => 7,
        Hold::NotYet { .. } => 8,
        Hold::Unlisted => 9,
        Hold::ApiTrouble { .. } => 10,
        Hold::ForeignGroup { .. } => 11,
        Hold::OutOfGroup { .. } => 12,
        Hold::TaggedOnly { .. } => 13,
        Hold::Unrecorded { .. } => 14,
    }
}

fn number_of_open(open: &Open) -> usize {
    match open {
        Open::InService { .. } => 0,
        Open::Released { .. } => 1,
        Open::Listed { .. } => 2,
        Open::NoGroup => 3,
        Open::ByHand { .. } => 4,
        Open::Unknown { .. } => 5,
    }
}

/// Each reason as `node-gate status` tells it, to people and to scripts, in `told.txt`: what is changed there is changed for all
/// who read it.
#[test]
fn each_reason_is_told_as_it_is_written_down() {
    let mut numbers: Vec<_> = holds().iter().map(number_of_hold).collect();
    numbers.dedup();
    assert_eq!(numbers, (0..15).collect::<Vec<_>>());
    let mut numbers: Vec<_> = opens().iter().map(number_of_open).collect();
    numbers.dedup();
    assert_eq!(numbers, (0..6).collect::<Vec<_>>());

    let holds = holds().into_iter().map(|hold| (State::Held, hold.code(), hold.to_string()));
    let opens = opens().into_iter().map(|open| (State::Opened, open.code(), open.to_string()));
    let mut told = String::new();
    for (state, reason, message) in holds.chain(opens) {
        let status = Status { reason: reason.into(), message, ..status(state, "2026-11-21T07:01:00Z") };
        told += &describe(&status, &clock(), true);
        told += &serde_json::to_string(&status).unwrap();
        told += "\n\n";
    }
    assert!(told == include_str!("told.txt"), "this is told, and not what is in told.txt:\n{told}");
}

#[test]
fn a_held_gate_tells_since_when_why_and_for_what() {
    let text = describe(&status(State::Held, "2026-11-21T07:01:00Z"), &clock(), true);
    assert_eq!(
        text,
        "node-gate: holding for 3m 5s, since 2026-11-21 07:00:00 UTC\n      \
         why: target Warmed:Stopped: the instance belongs to the warm pool\n \
         so since: 2026-11-21 07:01:00 UTC (2m 5s ago)\n\
         waits for: target InService in IMDS\n \
         instance: i-065912b0a0b011658\n"
    );
    let first = Status { instance: None, ..status(State::Held, "2026-11-21T07:00:00Z") };
    let text = describe(&first, &clock(), true);
    assert!(!text.contains("so since") && !text.contains("instance:"), "{text}");
}

#[test]
fn a_gate_whose_process_died_does_not_pretend_to_hold() {
    let text = describe(&status(State::Held, "2026-11-21T07:00:00Z"), &clock(), false);
    let but = "      but: process 612, which wrote this, is not running: see journalctl -u node-gate\n";
    assert!(text.ends_with(but), "{text}");
}

#[test]
fn an_open_gate_and_a_stopped_one_tell_when() {
    let text = describe(&status(State::Opened, "2026-11-21T07:02:00Z"), &clock(), false);
    assert!(text.starts_with("node-gate: opened at 2026-11-21 07:02:00 UTC, after 2m\n"), "{text}");
    assert!(!text.contains("but:") && !text.contains("waits for"), "{text}");
    let message = "ended by SIGTERM, not opened".into();
    let stopped = Status { message, ..status(State::Stopped, "2026-11-21T07:02:00Z") };
    assert_eq!(
        describe(&stopped, &clock(), false),
        "node-gate: stopped at 2026-11-21 07:02:00 UTC, not opened\n      \
         why: ended by SIGTERM, not opened\n \
         instance: i-065912b0a0b011658\n"
    );
}

#[test]
fn a_status_from_before_the_machine_was_started_says_so() {
    let later = Clock { booted: at("2026-11-22T06:00:00Z"), now: at("2026-11-22T06:01:00Z") };
    let but = "      but: that was before this machine was started, at 2026-11-22 06:00:00 UTC: \
        the gate has not run since\n";
    for state in [State::Held, State::Opened, State::Stopped] {
        let status = status(state, "2026-11-21T07:02:00Z");
        let text = describe(&status, &later, false);
        assert!(text.ends_with(but) && !text.contains("process 612"), "{text}");
        assert!(!describe(&status, &clock(), true).contains("but:"));
    }
    // A clock that was set forward since makes the beginning look older than the machine; a process that runs is no relic.
    let text = describe(&status(State::Held, "2026-11-21T07:02:00Z"), &later, true);
    assert!(!text.contains("but:"), "{text}");
}

#[test]
fn processes_are_known_to_run_or_not() {
    assert!(is_running(std::process::id()));
    assert!(is_running(1), "whether or not it is ours");
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    for gone in [child.id(), 0, u32::MAX] {
        assert!(!is_running(gone), "{gone}");
    }
}

#[test]
fn this_machine_was_started_before_now() {
    let clock = Clock::read();
    assert!(clock.booted < clock.now);
    let fresh =
        Status { since: clock.now, started: clock.now, ..status(State::Held, "2026-11-21T07:00:00Z") };
    assert!(!clock.is_stale(&fresh));
    assert!(clock.is_stale(&Status {
        since: at("2020-01-01T00:00:00Z"),
        started: at("2020-01-01T00:00:00Z"),
        ..fresh
    }));
}
