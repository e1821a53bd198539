//! What the describing operations list, and how they page.

use aws_simulator::world::{
    Command, CreateGroup, DescribeGroups, Filter, FilterOn, GroupView, InstanceView, Page, PoolState, Reply,
    Tag,
};

use crate::bed::{A_WHILE, Bed};

fn groups(bed: &mut Bed, request: DescribeGroups) -> (Vec<GroupView>, Option<String>) {
    let reply = bed.run(Command::DescribeGroups(request));
    let Reply::Groups { groups, next } = reply else { panic!("{reply:?}") };
    (groups, next)
}

fn instances(bed: &mut Bed, ids: Vec<String>, page: Page) -> (Vec<InstanceView>, Option<String>) {
    let reply = bed.run(Command::DescribeInstances { ids, page });
    let Reply::Instances { instances, next } = reply else { panic!("{reply:?}") };
    (instances, next)
}

#[test]
fn members_of_the_pool_are_listed_by_the_pool_and_by_id_but_not_with_the_group() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pool(1, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    let (listed, _) = groups(&mut bed, DescribeGroups { include_instances: true, ..Default::default() });
    assert_eq!(listed[0].instances.iter().map(|view| &*view.state).collect::<Vec<_>>(), ["InService"]);
    assert_eq!(listed[0].pool_size, 1);
    let pool = bed.run(Command::DescribeWarmPool { group: "g".into(), page: Page::default() });
    let Reply::WarmPool { instances: members, .. } = pool else { panic!("{pool:?}") };
    assert_eq!(members.iter().map(|view| &*view.state).collect::<Vec<_>>(), ["Warmed:Stopped"]);
    assert_eq!(instances(&mut bed, Vec::new(), Page::default()).0.len(), 2);
}

#[test]
fn instances_are_left_out_of_the_groups_if_nobody_wants_them() {
    let mut bed = Bed::new();
    bed.group(1);
    let (listed, _) = groups(&mut bed, DescribeGroups::default());
    assert!(listed[0].instances.is_empty());
}

#[test]
fn unknown_ids_are_left_out_and_more_than_fifty_are_refused() {
    let mut bed = Bed::new();
    bed.group(1);
    let id = bed.only();
    let (listed, _) = instances(&mut bed, vec!["i-0unknown".into(), id.clone()], Page::default());
    assert_eq!(listed.iter().map(|view| &view.id).collect::<Vec<_>>(), [&id]);
    let many = vec![id; 51];
    let error = bed.refused(Command::DescribeInstances { ids: many.clone(), page: Page::default() });
    assert_eq!(error.code, "ValidationError");
    assert_eq!(instances(&mut bed, many[..50].to_vec(), Page::default()).0.len(), 1);
}

#[test]
fn terminated_instances_are_not_listed() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    let id = bed.only();
    bed.desire(0);
    bed.pass(A_WHILE);
    assert_eq!(bed.state(&id), "Terminated");
    assert!(instances(&mut bed, vec![id], Page::default()).0.is_empty());
}

#[test]
fn pages_join_to_the_whole_and_end() {
    let mut bed = Bed::new();
    bed.group(7);
    let (mut seen, mut page) = (Vec::new(), Page { max: Some(3), token: None });
    let mut pages = 0;
    loop {
        let (part, next) = instances(&mut bed, Vec::new(), page.clone());
        seen.extend(part.into_iter().map(|view| view.id));
        pages += 1;
        match next {
            Some(token) => page.token = Some(token),
            None => break,
        }
    }
    assert_eq!((pages, seen), (3, bed.ids()));
}

#[test]
fn a_made_up_token_and_a_page_too_large_are_refused() {
    let mut bed = Bed::new();
    bed.group(1);
    let describe = |page| Command::DescribeInstances { ids: Vec::new(), page };
    let made_up = Page { max: None, token: Some("guess".into()) };
    assert_eq!(bed.refused(describe(made_up)).code, "InvalidNextToken");
    for max in [0, 51] {
        let error = bed.refused(describe(Page { max: Some(max), token: None }));
        assert_eq!(error.code, "ValidationError", "{max}");
    }
}

#[test]
fn groups_are_found_by_their_tags() {
    let mut bed = Bed::new();
    for (name, key, value) in [("a", "team", "red"), ("b", "team", "blue"), ("c", "owner", "red")] {
        let tags = vec![Tag { key: key.into(), value: value.into(), propagate: false }];
        bed.run(Command::CreateGroup(CreateGroup { name: name.into(), tags, ..Default::default() }));
    }
    let filter = |on, values: &[&str]| Filter { on, values: values.iter().map(|&v| v.to_owned()).collect() };
    let team = || FilterOn::Tag("team".into());
    for (filters, expected) in [
        (vec![], &["a", "b", "c"][..]),
        (vec![filter(team(), &["red"])], &["a"]),
        (vec![filter(team(), &["red", "blue"])], &["a", "b"]),
        (vec![filter(FilterOn::TagKey, &["team"])], &["a", "b"]),
        (vec![filter(FilterOn::TagValue, &["red"])], &["a", "c"]),
        (vec![filter(FilterOn::TagKey, &["team"]), filter(FilterOn::TagValue, &["red"])], &["a"]),
        (vec![filter(team(), &["green"])], &[]),
    ] {
        let (found, _) = groups(&mut bed, DescribeGroups { filters: filters.clone(), ..Default::default() });
        let names: Vec<_> = found.iter().map(|view| view.name.as_str()).collect();
        assert_eq!(names, expected, "{filters:?}");
    }
}

#[test]
fn a_forced_state_is_shown_until_the_instance_moves_on() {
    let mut bed = Bed::new();
    bed.group(1);
    let id = bed.only();
    bed.world.force_state(bed.now, &id, "Dreaming");
    assert_eq!(instances(&mut bed, vec![id.clone()], Page::default()).0[0].state, "Dreaming");
    bed.pass(A_WHILE);
    assert_eq!(bed.state(&id), "InService");
}
