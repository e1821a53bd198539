//! Whose place others take, in which order, and how much of the group serves meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_simulator::world::{
    Command, CreateGroup, GroupSettings, Process, RefreshPreferences, RefreshStatus, StartRefresh, Tree,
    UpdateGroup,
};

use crate::bed::{A_WHILE, BOOT, Bed, STEP};
use crate::life_bed::{health, protect, resume, suspend};
use crate::refresh_bed::newest;

const A_DAY: Duration = Duration::from_hours(24);
const A_DAY_BUT_A_MINUTE: Duration = Duration::from_mins(24 * 60 - 1);

fn policy(min: i32, max: i32) -> GroupSettings {
    let text = |number: i32| Tree::Text(number.to_string());
    let fields = [("MinHealthyPercentage", text(min)), ("MaxHealthyPercentage", text(max))];
    let fields = fields.map(|(name, tree)| (name.to_owned(), tree));
    let repeated = BTreeMap::from([("InstanceMaintenancePolicy", Tree::Fields(fields.into()))]);
    GroupSettings { repeated, ..GroupSettings::default() }
}

fn settings(settings: GroupSettings) -> Command {
    Command::UpdateGroup(UpdateGroup { name: "g".into(), settings, ..UpdateGroup::default() })
}

/// The group `g` of this many in service, and no room for more.
fn full(desired: u32, settings: GroupSettings) -> (Bed, Vec<String>) {
    let mut bed = Bed::new();
    let group = CreateGroup {
        name: "g".into(),
        max: desired,
        desired: Some(desired),
        settings,
        ..Default::default()
    };
    bed.run(Command::CreateGroup(group));
    bed.pass(A_WHILE);
    let ids = bed.ids();
    (bed, ids)
}

fn in_service(bed: &Bed) -> usize {
    bed.states().iter().filter(|state| *state == "InService").count()
}

/// How many serve or are to serve.
fn counted(bed: &Bed) -> usize {
    bed.states().iter().filter(|state| !state.starts_with("Terminating")).count()
}

/// Lets everything happen; the fewest in service, and the most that were there, leavers left out.
fn extremes(bed: &mut Bed, time: Duration) -> (usize, usize) {
    let (mut least, mut most) = (in_service(bed), counted(bed));
    let end = bed.now + time;
    while bed.now < end {
        (least, most) = (least.min(in_service(bed)), most.max(counted(bed)));
        bed.pass(STEP);
    }
    (least, most)
}

#[test]
fn a_policy_of_a_hundred_percent_has_another_in_service_before_the_unhealthy_one_goes() {
    let (mut bed, ids) = full(1, policy(100, 110));
    bed.run(health(&ids[0], false));
    assert_eq!(bed.states(), ["InService", "Pending"]);
    bed.pass(BOOT);
    assert_eq!(bed.state(&ids[0]), "InService");
    bed.pass(STEP);
    assert_eq!(bed.states(), ["InService", "Terminating"]);
    assert_eq!(bed.state(&ids[0]), "Terminating");
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["InService"]);

    let (mut bed, ids) = full(1, GroupSettings::default());
    bed.run(health(&ids[0], false));
    assert_eq!(bed.states(), ["Pending", "Terminating"], "without a policy nobody waits");
}

#[test]
fn the_policy_bounds_what_is_replaced_at_once() {
    for (min, max, least, most) in [
        (100, 100, 3, 4),
        (90, 100, 3, 4),
        (50, 100, 2, 4),
        (0, 100, 0, 4),
        (100, 125, 4, 5),
        (100, 200, 4, 8),
        (75, 150, 3, 6),
    ] {
        let (mut bed, ids) = full(4, policy(min, max));
        for id in &ids {
            bed.run(health(id, false));
        }
        let seen = extremes(&mut bed, Duration::from_mins(5));
        assert_eq!(seen, (least, most), "{min} to {max}");
        assert_eq!(bed.states(), ["InService"; 4]);
        assert!(bed.ids().iter().all(|id| !ids.contains(id)), "all are others");
    }
}

#[test]
fn a_new_one_has_to_be_warm_before_the_old_one_goes() {
    let mut settings = policy(100, 200);
    settings.instance_warmup = Some(Some(60));
    let (mut bed, ids) = full(1, settings);
    bed.pass(Duration::from_mins(2));
    bed.run(health(&ids[0], false));
    bed.pass(Duration::from_secs(60));
    assert_eq!(bed.states(), ["InService", "InService"]);
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["InService"]);
    assert_ne!(bed.ids(), ids);
}

#[test]
fn one_that_is_healthy_again_stays_and_the_group_gets_its_size_back() {
    let (mut bed, ids) = full(2, policy(100, 150));
    bed.run(health(&ids[0], false));
    assert_eq!(bed.states(), ["InService", "InService", "Pending"]);
    bed.run(health(&ids[0], true));
    bed.pass(A_WHILE);
    assert_eq!(in_service(&bed), 2);
    assert_eq!(bed.states().len(), 2);
}

#[test]
fn a_policy_is_taken_away_by_minus_one_and_refused_if_it_is_none() {
    let (mut bed, ids) = full(1, policy(100, 110));
    for (min, max) in [(-1, 100), (100, -1), (101, 150), (90, 99), (90, 201), (50, 151), (-2, -2)] {
        let error = bed.refused(settings(policy(min, max)));
        assert_eq!(error.code, "ValidationError", "{min} to {max}");
        assert!(error.message.contains("maintenance policy"), "{}", error.message);
    }
    let mut half = policy(100, 110);
    half.repeated.insert("InstanceMaintenancePolicy", Tree::Fields(BTreeMap::new()));
    bed.refused(settings(half));
    bed.run(settings(policy(-1, -1)));
    bed.run(health(&ids[0], false));
    assert_eq!(bed.states(), ["Pending", "Terminating"]);
}

#[test]
fn without_its_processes_nobody_is_replaced_and_nobody_launched_for_it() {
    for process in [Process::Terminate, Process::ReplaceUnhealthy] {
        for settings in [GroupSettings::default(), policy(100, 200)] {
            let (mut bed, ids) = full(2, settings);
            bed.run(suspend(&[process]));
            bed.run(health(&ids[0], false));
            bed.pass(A_DAY);
            assert_eq!((bed.states(), bed.ids()), (vec!["InService".to_owned(); 2], ids.clone()));
            bed.run(resume(&[process]));
            bed.pass(A_WHILE * 2);
            assert!(!bed.ids().contains(&ids[0]), "{process:?}");
        }
    }
}

#[test]
fn a_refresh_goes_by_the_policy_unless_it_is_told_its_own_bounds() {
    let own = RefreshPreferences { min_healthy: Some(0), max_healthy: Some(100), ..Default::default() };
    for (preferences, told, seen) in
        [(RefreshPreferences::default(), (Some(100), Some(150)), (4, 6)), (own, (Some(0), Some(100)), (0, 4))]
    {
        let (mut bed, ids) = full(4, policy(100, 150));
        let refresh = StartRefresh { group: "g".into(), preferences, ..StartRefresh::default() };
        bed.run(Command::StartRefresh(refresh));
        assert_eq!(extremes(&mut bed, Duration::from_mins(5)), seen);
        let refresh = newest(&mut bed);
        assert_eq!((refresh.preferences.min_healthy, refresh.preferences.max_healthy), told);
        assert_eq!(refresh.status, RefreshStatus::Successful);
        assert!(bed.ids().iter().all(|id| !ids.contains(id)));
    }
}

fn lifetime(seconds: u32) -> GroupSettings {
    GroupSettings { max_lifetime: Some(seconds), ..GroupSettings::default() }
}

#[test]
fn whose_time_is_over_is_replaced_one_at_a_time_or_a_tenth_of_the_group() {
    for (desired, at_once) in [(1, 1), (3, 1), (19, 1), (20, 2)] {
        let (mut bed, ids) = full(desired, lifetime(86_400));
        let size = usize::try_from(desired).expect("a few");
        bed.pass(A_DAY_BUT_A_MINUTE);
        assert_eq!((bed.ids(), in_service(&bed)), (ids.clone(), size), "a day is not over");
        let (least, most) = extremes(&mut bed, Duration::from_mins(20));
        assert_eq!((size - least, most), (at_once, size), "of {desired}");
        assert_eq!(in_service(&bed), size);
        assert!(bed.ids().iter().all(|id| !ids.contains(id)), "all are others");
    }
}

#[test]
fn no_lifetime_lasts_forever() {
    for none in [GroupSettings::default(), lifetime(0)] {
        let (mut bed, ids) = full(2, lifetime(86_400));
        bed.run(settings(lifetime(0)));
        bed.run(settings(none));
        bed.pass(A_DAY * 30);
        assert_eq!(bed.ids(), ids);
    }
    let (mut bed, ids) = full(1, GroupSettings::default());
    bed.pass(A_DAY * 2);
    bed.run(settings(lifetime(86_400)));
    assert_eq!(bed.state(&ids[0]), "Terminating", "it holds for instances that are there already");
}

#[test]
fn protected_ones_and_those_of_a_group_that_cannot_replace_outlive_their_time() {
    let (mut bed, ids) = full(2, lifetime(86_400));
    bed.run(protect(&[&ids[0]], true));
    bed.pass(A_DAY + Duration::from_mins(5));
    assert!(bed.ids().contains(&ids[0]) && !bed.ids().contains(&ids[1]));
    bed.run(protect(&[&ids[0]], false));
    assert_eq!(bed.state(&ids[0]), "Terminating");

    for process in [Process::Launch, Process::Terminate] {
        let (mut bed, ids) = full(1, lifetime(86_400));
        bed.run(suspend(&[process]));
        bed.pass(A_DAY * 2);
        assert_eq!(bed.ids(), ids, "{process:?}");
        bed.run(resume(&[process]));
        assert_eq!(bed.state(&ids[0]), "Terminating");
    }
}

#[test]
fn a_policy_holds_for_those_whose_time_is_over() {
    let (mut bed, ids) = full(2, GroupSettings { repeated: policy(100, 150).repeated, ..lifetime(86_400) });
    bed.pass(A_DAY_BUT_A_MINUTE);
    assert_eq!(extremes(&mut bed, Duration::from_mins(5)), (2, 3));
    assert!(bed.ids().iter().all(|id| !ids.contains(id)));
}

fn recommend(bed: &mut Bed, id: &str) {
    bed.make_spot(id);
    bed.world.recommend_rebalance(bed.now, id).expect("a recommendation");
}

fn rebalances() -> GroupSettings {
    GroupSettings { capacity_rebalance: Some(true), ..GroupSettings::default() }
}

#[test]
fn for_one_that_ec2_may_want_back_another_serves_before_it_goes() {
    let (mut bed, ids) = full(2, rebalances());
    recommend(&mut bed, &ids[0]);
    assert_eq!(bed.states(), ["InService", "InService", "Pending"]);
    assert_eq!(extremes(&mut bed, Duration::from_mins(1)), (2, 3));
    assert_eq!((bed.states().len(), bed.ids().contains(&ids[0])), (2, false));
    assert!(bed.ids().contains(&ids[1]));
}

#[test]
fn a_group_exceeds_its_size_by_no_more_than_a_tenth_for_them() {
    for (desired, most) in [(2, 3), (10, 11), (11, 13)] {
        let (mut bed, ids) = full(desired, rebalances());
        for id in &ids {
            recommend(&mut bed, id);
        }
        let size = usize::try_from(desired).expect("a few");
        assert_eq!(extremes(&mut bed, Duration::from_mins(10)), (size, most));
        assert!(bed.ids().iter().all(|id| !ids.contains(id)));
    }
}

#[test]
fn a_recommendation_alone_changes_nothing() {
    let (mut bed, ids) = full(2, GroupSettings::default());
    recommend(&mut bed, &ids[0]);
    bed.pass(A_WHILE);
    assert_eq!(bed.ids(), ids);
    bed.run(settings(rebalances()));
    assert_eq!(bed.states(), ["InService", "InService", "Pending"], "it holds once the group is told");

    for process in [Process::Launch, Process::Terminate] {
        let (mut bed, ids) = full(2, rebalances());
        bed.run(suspend(&[process]));
        recommend(&mut bed, &ids[0]);
        bed.pass(A_WHILE);
        assert_eq!(bed.ids(), ids, "{process:?}");
    }
}
