//! Events that are lost, late, doubled or overtaken: decided by the seed, and over when it is cleared.

use std::time::Duration;

use aws_simulator::world::HookTransition::Launching;
use aws_simulator::world::{Command, HookResult};
use aws_simulator::world::{EventFault, EventKind, EventTrouble, PutHook};

use crate::bed::{A_WHILE, BOOT, Bed};
use crate::events::{queue, told};

const HOURS: Duration = Duration::from_hours(3);

/// A bed whose queue `q` is told of launches that were successful, with this trouble.
fn troubled(seed: u64, trouble: EventTrouble, share: f64) -> Bed {
    let mut bed = Bed::with_seed(seed);
    queue(&mut bed, "q");
    bed.world.route_events("q", &[EventKind::LaunchSuccessful, EventKind::TerminateSuccessful]);
    bed.world.event_fault(EventFault { trouble, share, kinds: vec![EventKind::LaunchSuccessful] });
    bed.group(0);
    bed
}

/// Scales out by one and tells which launches came, by the capacity they led to.
fn launches(bed: &mut Bed, desired: std::ops::RangeInclusive<u32>) -> Vec<u32> {
    for size in desired {
        bed.desire(size);
        bed.pass(A_WHILE);
    }
    numbers(bed)
}

fn numbers(bed: &mut Bed) -> Vec<u32> {
    told(bed, "q")
        .iter()
        .map(|event| {
            let cause = event["detail"]["Cause"].as_str().expect("a cause").trim_end_matches('.');
            cause.rsplit(' ').next().and_then(|size| size.parse().ok()).expect("a size")
        })
        .collect()
}

#[test]
fn a_lost_event_never_comes_and_the_next_ones_do_once_it_is_cleared() {
    let mut bed = troubled(1, EventTrouble::Lost, 1.0);
    assert!(launches(&mut bed, 1..=3).is_empty());
    bed.pass(HOURS * 10);
    assert!(numbers(&mut bed).is_empty());
    bed.world.clear_event_faults();
    assert_eq!(launches(&mut bed, 4..=5), [4, 5]);
}

#[test]
fn a_late_event_comes_hours_later_with_its_own_time() {
    let mut bed = troubled(1, EventTrouble::Late(HOURS), 1.0);
    assert!(launches(&mut bed, 1..=1).is_empty());
    // Cleared, what is on its way stays late.
    bed.world.clear_event_faults();
    bed.pass(HOURS.saturating_sub(A_WHILE * 2));
    assert!(told(&mut bed, "q").is_empty());
    bed.pass(A_WHILE * 2);
    let late = told(&mut bed, "q");
    assert_eq!(late.len(), 1);
    assert_eq!(late[0]["time"], "2027-01-15T08:00:11Z");
}

#[test]
fn a_doubled_event_comes_twice_the_same() {
    let mut bed = troubled(1, EventTrouble::Twice, 1.0);
    bed.desire(1);
    bed.pass(A_WHILE);
    let twice = told(&mut bed, "q");
    assert_eq!(twice.len(), 2);
    assert_eq!(twice[0], twice[1]);
}

#[test]
fn an_overtaken_event_comes_after_the_next_one() {
    let mut bed = troubled(1, EventTrouble::Overtaken, 1.0);
    bed.desire(1);
    bed.pass(A_WHILE);
    assert!(numbers(&mut bed).is_empty());
    bed.world.clear_event_faults();
    assert_eq!(launches(&mut bed, 2..=2), [2, 1]);
}

#[test]
fn an_event_that_nothing_overtakes_comes_after_a_minute() {
    let mut bed = troubled(1, EventTrouble::Overtaken, 1.0);
    bed.desire(1);
    bed.pass(A_WHILE);
    bed.pass(Duration::from_mins(1));
    assert_eq!(numbers(&mut bed), [1]);
}

#[test]
fn other_kinds_come_as_ever() {
    let mut bed = troubled(1, EventTrouble::Lost, 1.0);
    bed.desire(1);
    bed.pass(A_WHILE);
    bed.desire(0);
    bed.pass(A_WHILE);
    let all = told(&mut bed, "q");
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["detail-type"], "EC2 Instance Terminate Successful");
}

#[test]
fn a_share_is_decided_by_the_seed() {
    let come = |seed| launches(&mut troubled(seed, EventTrouble::Lost, 0.5), 1..=9);
    assert_eq!(come(1), come(1));
    let counts: Vec<_> = (1..=8).map(|seed| come(seed).len()).collect();
    let all: usize = counts.iter().sum();
    assert!((18..=54).contains(&all), "about half of 72: {counts:?}");
    assert!((2..=8).any(|seed| come(seed) != come(1)));
}

#[test]
fn a_lost_message_of_a_hook_does_not_let_its_instance_go() {
    let mut bed = Bed::new();
    queue(&mut bed, "q");
    bed.group(0);
    let hook = PutHook {
        name: "launch".into(),
        transition: Some(Launching),
        default_result: Some(HookResult::Continue),
        target: Some("arn:aws:sqs:us-east-1:000000000000:q".into()),
        role: Some("arn:aws:iam::000000000000:role/hooks".into()),
        ..PutHook::default()
    };
    let lost = EventFault { trouble: EventTrouble::Lost, share: 1.0, kinds: Vec::new() };
    bed.world.event_fault(lost);
    bed.run(Command::PutHook { group: "g".into(), hook });
    assert_eq!(told(&mut bed, "q").len(), 1, "a test message is met by no trouble");
    bed.desire(1);
    bed.pass(BOOT + A_WHILE);
    assert_eq!(bed.states(), ["Pending:Wait"]);
    assert!(told(&mut bed, "q").is_empty());
}
