//! Time that passes in slices: a world that does little in one go comes to the same as one that does all.

use std::time::{Duration, SystemTime};

use aws_simulator::world::{Command, DescribeGroups, Event, HookResult, HookTransition, Reply};

use crate::bed::{Bed, put_hook};

/// A group whose instances all fail to launch, over and over.
fn churn() -> Bed {
    let mut bed = Bed::new();
    bed.group(5);
    bed.run(put_hook(HookTransition::Launching, HookResult::Abandon));
    bed
}

/// All that happens until `end`, in slices of so many things; and how many slices it took.
fn slices(bed: &mut Bed, things: usize, end: SystemTime) -> (Vec<Event>, usize) {
    bed.world.at_most(things);
    let (mut events, mut count) = (Vec::new(), 0);
    while bed.world.next_deadline().is_some_and(|due| due <= end) {
        events.extend(bed.world.advance(end));
        count += 1;
    }
    (events, count)
}

#[test]
fn slices_add_up_to_what_happens_in_one_go() {
    let mut bed = churn();
    let end = bed.now + Duration::from_hours(1);
    let whole = bed.world.clone().advance(end);
    let (by_one, things) = slices(&mut Bed { world: bed.world.clone(), ..churn() }, 1, end);
    assert!(things > 100, "{things}");
    assert_eq!(by_one, whole);
    let (by_seven, count) = slices(&mut bed, 7, end);
    assert_eq!(by_seven, whole);
    assert_eq!(count, things.div_ceil(7), "each slice does seven things");
}

#[test]
fn an_operation_finds_a_world_that_is_behind_as_it_stands() {
    let mut bed = churn();
    bed.world.at_most(3);
    bed.now += Duration::from_hours(1);
    let groups = bed.run(Command::DescribeGroups(DescribeGroups::default()));
    assert!(matches!(groups, Reply::Groups { .. }), "{groups:?}");
    let due = bed.world.next_deadline().expect("more to do");
    assert!(due < bed.now, "the rest waits");
    bed.desire(0);
    assert!(bed.world.next_deadline().is_some_and(|next| next < bed.now), "it still does");
    bed.world.at_most(usize::MAX);
    bed.pass(Duration::ZERO);
    assert!(bed.ids().is_empty(), "and then all of it happens");
}
