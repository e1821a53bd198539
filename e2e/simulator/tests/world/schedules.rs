//! Scheduled actions at their times.

use std::time::{Duration, SystemTime};

use aws_simulator::world::{
    Command, DescribeActivities, DescribeGroups, LifeCommand, Page, Process, PutSchedule, Reply,
    ScheduleCommand, ScheduleReply, ScheduleView,
};

use crate::bed::{A_WHILE, Bed};

const HOUR: Duration = Duration::from_hours(1);

fn put(bed: &mut Bed, action: PutSchedule) {
    bed.run(Command::Schedule(ScheduleCommand::Put { group: "g".into(), action }));
}

fn wish(name: &str, start: SystemTime, desired: u32) -> PutSchedule {
    PutSchedule { name: name.into(), start: Some(start), desired: Some(desired), ..PutSchedule::default() }
}

fn listed(bed: &mut Bed) -> Vec<ScheduleView> {
    let describe = ScheduleCommand::Describe {
        group: None,
        names: vec![],
        since: None,
        until: None,
        page: Page::default(),
    };
    let reply = bed.run(Command::Schedule(describe));
    let Reply::Schedule(ScheduleReply::Actions { actions, .. }) = reply else { panic!("{reply:?}") };
    actions
}

fn sizes(bed: &mut Bed) -> (u32, u32, u32) {
    let reply = bed.run(Command::DescribeGroups(DescribeGroups::default()));
    let Reply::Groups { groups, .. } = reply else { panic!("{reply:?}") };
    (groups[0].min, groups[0].max, groups[0].desired)
}

#[test]
fn an_action_changes_the_group_at_its_time_and_once() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    let start = bed.now + HOUR;
    put(&mut bed, PutSchedule { min: Some(2), max: Some(7), ..wish("up", start, 3) });
    assert_eq!(bed.world.next_deadline(), Some(start));
    bed.pass(Duration::from_secs(3599));
    assert_eq!(sizes(&mut bed), (0, 9, 1), "not yet");
    bed.pass(Duration::from_secs(1));
    assert_eq!(sizes(&mut bed), (2, 7, 3));
    assert!(listed(&mut bed).is_empty(), "it does not come again");
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["InService"; 3]);
    let Reply::Activities { activities, .. } =
        bed.run(Command::DescribeActivities(DescribeActivities::default()))
    else {
        panic!("no activities")
    };
    let cause = &activities[0].cause;
    assert!(cause.contains("the scheduled action up executed. Setting min size from 0 to 2."), "{cause}");
    assert!(cause.contains("Setting desired capacity from 1 to 3."), "{cause}");
}

#[test]
fn a_recurrence_comes_again_until_its_end() {
    let mut bed = Bed::new();
    bed.group(0);
    // The bed's time is on the hour.
    let action = PutSchedule {
        recurrence: Some("30 * * * *".into()),
        end: Some(bed.now + 3 * HOUR),
        desired: Some(2),
        name: "again".into(),
        ..PutSchedule::default()
    };
    put(&mut bed, action);
    for round in 0..3 {
        let due = listed(&mut bed)[0].due;
        assert_eq!(due, bed.now + HOUR / 2, "{round}");
        bed.pass(HOUR / 2);
        assert_eq!(sizes(&mut bed).2, 2, "{round}");
        bed.desire(0);
        bed.pass(HOUR / 2);
    }
    assert!(listed(&mut bed).is_empty(), "its end has come");
    bed.pass(24 * HOUR);
    assert_eq!(sizes(&mut bed).2, 0);
}

#[test]
fn a_start_comes_before_the_first_recurrence() {
    let mut bed = Bed::new();
    bed.group(0);
    let start = bed.now + HOUR / 4;
    put(&mut bed, PutSchedule { recurrence: Some("30 * * * *".into()), ..wish("both", start, 1) });
    bed.pass(HOUR / 4);
    assert_eq!(sizes(&mut bed).2, 1);
    assert_eq!(listed(&mut bed)[0].due, start + HOUR / 4);
}

#[test]
fn while_scheduled_actions_are_suspended_they_are_passed_over() {
    let mut bed = Bed::new();
    bed.group(0);
    let suspend = |processes| LifeCommand::Suspend { group: "g".into(), processes };
    let start = bed.now + HOUR;
    put(&mut bed, wish("up", start, 3));
    put(&mut bed, PutSchedule { recurrence: Some("0 * * * *".into()), ..wish("more", start + HOUR, 4) });
    bed.run(Command::Life(suspend(vec![Process::ScheduledActions])));
    bed.pass(HOUR + HOUR);
    assert_eq!(sizes(&mut bed).2, 0);
    let names: Vec<_> = listed(&mut bed).into_iter().map(|view| view.action.name).collect();
    assert_eq!(names, ["more"], "its time has passed, and the other's comes again");
    bed.run(Command::Life(LifeCommand::Resume { group: "g".into(), processes: vec![] }));
    assert_eq!(sizes(&mut bed).2, 0, "nothing is made up for");
    bed.pass(HOUR);
    assert_eq!(sizes(&mut bed).2, 4);
}

#[test]
fn what_is_wanted_is_brought_within_the_limits_and_contradictions_change_nothing() {
    let mut bed = Bed::new();
    bed.group(3);
    let now = bed.now;
    put(&mut bed, PutSchedule { max: Some(2), desired: None, ..wish("max", now + HOUR, 0) });
    bed.pass(HOUR);
    assert_eq!(sizes(&mut bed), (0, 2, 2));
    put(&mut bed, wish("above", now + 2 * HOUR, 8));
    bed.pass(HOUR);
    assert_eq!(sizes(&mut bed), (0, 2, 2));
    put(&mut bed, PutSchedule { min: Some(5), desired: None, ..wish("contradiction", now + 3 * HOUR, 0) });
    bed.pass(HOUR);
    assert_eq!(sizes(&mut bed), (0, 2, 2));
    assert!(listed(&mut bed).is_empty());
}

#[test]
fn a_deleted_group_takes_its_actions_along() {
    let mut bed = Bed::new();
    bed.group(0);
    let start = bed.now + HOUR;
    put(&mut bed, wish("up", start, 3));
    bed.run(Command::DeleteGroup { name: "g".into(), force: false });
    bed.group(0);
    bed.pass(2 * HOUR);
    assert_eq!(sizes(&mut bed).2, 0);
}
