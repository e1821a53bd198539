//! Who leaves when a group shrinks, by zones and termination policies.

use std::time::Duration;

use aws_simulator::world::{Command, CreateGroup, GroupSettings, LaunchTemplate, Process, Tree, UpdateGroup};

use crate::bed::{A_WHILE, Bed};
use crate::life_bed::{protect, resume, suspend};

/// What a group launches from.
#[derive(Clone, Copy)]
enum Source {
    Template(&'static str, &'static str),
    Configuration(&'static str),
}

fn policies(names: &[&str]) -> GroupSettings {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    GroupSettings { termination_policies: Some(names), ..GroupSettings::default() }
}

fn change(settings: GroupSettings) -> UpdateGroup {
    UpdateGroup { name: "g".into(), settings, ..UpdateGroup::default() }
}

impl Bed {
    /// A group `g` in one zone, for launches by hand.
    fn in_one_zone(names: &[&str]) -> Bed {
        let mut bed = Bed::new();
        bed.run(Command::CreateGroup(CreateGroup {
            name: "g".into(),
            max: 9,
            desired: Some(0),
            zones: vec!["us-east-1a".into()],
            settings: policies(names),
            ..CreateGroup::default()
        }));
        bed
    }

    /// One more from this, in service; its id.
    fn one_more(&mut self, from: Source) -> String {
        let mut update = change(GroupSettings::default());
        match from {
            Source::Template(id, version) => {
                update.launch_template =
                    Some(LaunchTemplate { id: Some(id.into()), name: None, version: Some(version.into()) });
            }
            Source::Configuration(name) => {
                update.settings.repeated.insert("LaunchConfigurationName", Tree::Text(name.into()));
            }
        }
        self.run(Command::UpdateGroup(update));
        let before = self.ids();
        let desired = u32::try_from(before.len()).expect("a few") + 1;
        self.desire(desired);
        self.pass(A_WHILE);
        self.ids().into_iter().find(|id| !before.contains(id)).expect("a new one")
    }

    /// Who leaves when the group shrinks to nothing one by one, as places in `ids`.
    fn order(&mut self, ids: &[String]) -> Vec<usize> {
        let mut order = Vec::new();
        for left in (0..ids.len()).rev() {
            let before = self.ids();
            self.desire(u32::try_from(left).expect("a few"));
            self.pass(A_WHILE);
            let after = self.ids();
            let gone: Vec<_> = before.iter().filter(|id| !after.contains(id)).collect();
            assert_eq!(gone.len(), 1);
            order.push(ids.iter().position(|id| id == gone[0]).expect("one of them"));
        }
        order
    }
}

#[test]
fn each_policy_chooses_by_what_it_is_named_after() {
    use Source::{Configuration, Template};
    let alike = [Template("lt-1", "1"); 3];
    let versions = [Template("lt-1", "10"), Template("lt-1", "9"), Template("lt-1", "11")];
    let mixed = [Template("lt-1", "5"), Template("lt-0", "7"), Template("lt-1", "4")];
    let floating = [Template("lt-1", "$Latest"), Template("lt-1", "3"), Template("lt-1", "$Latest")];
    let configurations = [Configuration("new"), Configuration("old"), Configuration("new")];
    let both = [Template("lt-1", "1"), Configuration("c"), Template("lt-1", "1")];
    let cases: &[(&[&str], [Source; 3], [usize; 3])] = &[
        (&["OldestInstance"], versions, [0, 1, 2]),
        (&["NewestInstance"], versions, [2, 1, 0]),
        (&["OldestLaunchTemplate"], alike, [0, 1, 2]),
        (&["OldestLaunchTemplate"], versions, [1, 0, 2]),
        (&["OldestLaunchTemplate"], mixed, [1, 2, 0]),
        (&["OldestLaunchTemplate"], floating, [1, 0, 2]),
        (&["OldestLaunchConfiguration"], versions, [0, 1, 2]),
        (&["OldestLaunchConfiguration"], configurations, [1, 0, 2]),
        (&["AllocationStrategy"], versions, [0, 1, 2]),
        (&["Default"], alike, [0, 1, 2]),
        (&["Default"], versions, [1, 0, 2]),
        (&["Default"], configurations, [1, 0, 2]),
        (&["Default"], both, [1, 0, 2]),
        (&["OldestLaunchTemplate", "NewestInstance"], alike, [2, 1, 0]),
        (&["OldestLaunchTemplate", "NewestInstance"], floating, [1, 2, 0]),
        (&["NewestInstance", "OldestLaunchTemplate"], floating, [2, 1, 0]),
    ];
    for (index, (names, launches, order)) in cases.iter().enumerate() {
        let mut bed = Bed::in_one_zone(names);
        let ids: Vec<_> = launches.iter().map(|from| bed.one_more(*from)).collect();
        assert_eq!(bed.order(&ids), order, "case {index}: {names:?}");
    }
}

#[test]
fn who_is_closest_to_the_next_hour_of_its_bill_leaves() {
    let half = Duration::from_mins(30);
    for (names, wait, order) in [
        (["ClosestToNextInstanceHour"], Duration::ZERO, [0, 1]),
        (["ClosestToNextInstanceHour"], half, [1, 0]),
        (["Default"], half, [1, 0]),
        (["OldestInstance"], half, [0, 1]),
    ] {
        let mut bed = Bed::in_one_zone(&names);
        let first = bed.one_more(Source::Template("lt-1", "1"));
        bed.pass(half);
        let second = bed.one_more(Source::Template("lt-1", "1"));
        // The first begins its second hour meanwhile.
        bed.pass(wait);
        assert_eq!(bed.order(&[first, second]), order, "{names:?} after {wait:?}");
    }
}

/// The oldest in zone a, two newer ones in zone b.
fn unbalanced(names: &[&str]) -> (Bed, Vec<String>) {
    let mut bed = Bed::in_one_zone(names);
    let mut ids = vec![bed.one_more(Source::Template("lt-1", "1"))];
    let zones = vec!["us-east-1b".into()];
    bed.run(Command::UpdateGroup(UpdateGroup { zones, ..change(GroupSettings::default()) }));
    ids.extend((0..2).map(|_| bed.one_more(Source::Template("lt-1", "2"))));
    (bed, ids)
}

#[test]
fn the_zone_with_the_most_comes_before_any_policy() {
    for (names, order) in [
        (["Default"], [1, 0, 2]),
        (["OldestInstance"], [1, 0, 2]),
        (["OldestLaunchTemplate"], [1, 0, 2]),
        (["NewestInstance"], [2, 1, 0]),
    ] {
        let (mut bed, ids) = unbalanced(&names);
        assert_eq!(bed.order(&ids), order, "{names:?}");
    }
}

#[test]
fn a_zone_where_nobody_may_go_is_passed_by() {
    let (mut bed, ids) = unbalanced(&["Default"]);
    bed.run(protect(&[&ids[1], &ids[2]], true));
    bed.desire(2);
    assert_eq!(bed.state(&ids[0]), "Terminating");
    let (mut bed, ids) = unbalanced(&["Default"]);
    bed.run(protect(&[&ids[1]], true));
    bed.desire(2);
    assert_eq!(bed.state(&ids[2]), "Terminating");
}

#[test]
fn many_at_once_are_the_same_as_one_by_one() {
    let (mut one_by_one, ids) = unbalanced(&["Default"]);
    let order = one_by_one.order(&ids);
    let (mut bed, ids) = unbalanced(&["Default"]);
    bed.desire(1);
    let stays: Vec<_> = ids.iter().filter(|id| bed.state(id) == "InService").collect();
    assert_eq!(stays, [&ids[order[2]]]);
}

#[test]
fn a_changed_policy_holds_from_then_on() {
    let mut bed = Bed::in_one_zone(&["OldestInstance"]);
    let ids: Vec<_> = (0..3).map(|_| bed.one_more(Source::Template("lt-1", "1"))).collect();
    bed.run(suspend(&[Process::Terminate]));
    bed.desire(2);
    bed.run(Command::UpdateGroup(change(policies(&["NewestInstance"]))));
    assert_eq!(bed.states(), ["InService"; 3]);
    bed.run(resume(&[]));
    assert_eq!(bed.state(&ids[2]), "Terminating");
}

#[test]
fn policies_that_are_none_or_not_built_are_refused_and_change_nothing() {
    let mut bed = Bed::in_one_zone(&["NewestInstance"]);
    for (name, part) in [
        ("Oldest", "Termination policy Oldest is not valid"),
        ("default", "Termination policy default is not valid"),
        ("arn:aws:lambda:us-east-1:000000000000:function:f:1", "not supported by this simulator"),
    ] {
        let mut bad = change(policies(&["Default", name]));
        bad.max = Some(3);
        let error = bed.refused(Command::UpdateGroup(bad));
        assert_eq!(error.code, "ValidationError");
        assert!(error.message.contains(part), "{}", error.message);
        let group = CreateGroup { name: "h".into(), settings: policies(&[name]), ..CreateGroup::default() };
        assert!(bed.refused(Command::CreateGroup(group)).message.contains(part));
    }
    let ids: Vec<_> = (0..2).map(|_| bed.one_more(Source::Template("lt-1", "1"))).collect();
    assert_eq!(bed.order(&ids), [1, 0]);
}
