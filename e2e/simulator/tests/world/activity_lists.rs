//! Lists of activities: their order, their pages, and how long anything is remembered.

use std::time::Duration;

use aws_simulator::world::{ActivityView, Command, CreateGroup, DescribeActivities, Page, Reply};

use crate::activities::ask;
use crate::bed::{A_WHILE, Bed, STEP};

#[test]
fn activities_are_listed_the_latest_first_in_pages_and_by_id() {
    let mut bed = Bed::new();
    bed.group(5);
    let everything = ask(&mut bed, DescribeActivities::default());
    let mut paged = Vec::new();
    let mut page = Page { max: Some(2), token: None };
    loop {
        let request = DescribeActivities { page: page.clone(), ..Default::default() };
        let Reply::Activities { activities, next } = bed.run(Command::DescribeActivities(request)) else {
            panic!("not activities")
        };
        assert!(activities.len() <= 2);
        paged.extend(activities);
        // What begins between pages does not shift them.
        bed.pass(STEP);
        if next.is_none() {
            break;
        }
        page.token = next;
    }
    let ids = |all: &[ActivityView]| all.iter().map(|view| view.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&paged), ids(&everything));
    let wanted = vec![everything[3].id.clone(), "nobody's".to_owned()];
    let found = ask(&mut bed, DescribeActivities { ids: wanted, ..Default::default() });
    assert_eq!(ids(&found), [everything[3].id.clone()]);

    let bad_token = Page { max: None, token: Some("after:me".into()) };
    let error = bed
        .refused(Command::DescribeActivities(DescribeActivities { page: bad_token, ..Default::default() }));
    assert_eq!(error.code, "InvalidNextToken");
    for (max, ids) in [(Some(101), 0), (Some(0), 0), (None, 51)] {
        let page = Page { max, token: None };
        let request = DescribeActivities { ids: vec!["a".into(); ids], page, ..Default::default() };
        assert_eq!(bed.refused(Command::DescribeActivities(request)).code, "ValidationError");
    }
}

#[test]
fn the_past_of_a_deleted_group_is_told_only_to_those_who_ask_for_it() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    bed.run(Command::DeleteGroup { name: "g".into(), force: true });
    bed.pass(A_WHILE);
    // Another group of the same name has a past of its own.
    bed.group(0);
    let of = |include_deleted| DescribeActivities {
        group: Some("g".into()),
        include_deleted,
        ..Default::default()
    };
    assert!(ask(&mut bed, of(false)).is_empty());
    let past = ask(&mut bed, of(true));
    assert_eq!(past.len(), 2);
    assert!(past.iter().all(|view| view.is_of_deleted_group));
    let unknown = DescribeActivities { group: Some("nobody's".into()), ..Default::default() };
    assert_eq!(bed.refused(Command::DescribeActivities(unknown)).code, "ValidationError");
}

#[test]
fn the_memory_has_an_end_in_number_and_in_time() {
    let mut bed = Bed::new();
    bed.run(Command::CreateGroup(CreateGroup { name: "g".into(), max: 900, ..Default::default() }));
    for desired in [900, 0, 300] {
        bed.desire(desired);
        bed.pass(A_WHILE);
    }
    let count = |bed: &mut Bed| {
        let mut page = Page::default();
        let mut count = 0;
        loop {
            let request = DescribeActivities { page: page.clone(), ..Default::default() };
            let Reply::Activities { activities, next } = bed.run(Command::DescribeActivities(request)) else {
                panic!("not activities")
            };
            count += activities.len();
            let Some(token) = next else { return count };
            page.token = Some(token);
        }
    };
    assert_eq!(count(&mut bed), 1000);
    bed.pass(Duration::from_hours(43 * 24));
    assert_eq!(count(&mut bed), 0);
}
