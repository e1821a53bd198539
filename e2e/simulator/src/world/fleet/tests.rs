//! The indexes against a look at all instances.

use std::time::Duration;

use proptest::prelude::*;

use super::super::PoolState;
use super::super::instance::Stage;
use super::super::journey::Journey;
use super::super::{Command, CreateGroup, Settings, World};
use super::*;

const GROUPS: [&str; 3] = ["a", "b", "c"];
const WAYS: [Journey; 5] =
    [Journey::Launch, Journey::Warm(PoolState::Stopped), Journey::Park, Journey::Retire, Journey::Terminate];

/// Seven instances, all in group `a` and under way.
fn fleet() -> Fleet {
    let settings = Settings {
        seed: 1,
        min_heartbeat_timeout: Duration::from_secs(30),
        boot_time: Duration::from_secs(1),
        stop_time: Duration::from_secs(1),
        step_time: Duration::from_secs(1),
        no_target_time: Duration::ZERO,
        health_check_time: Duration::from_secs(1),
    };
    let mut world = World::new(settings, SystemTime::UNIX_EPOCH);
    let group = CreateGroup { name: "a".into(), max: 7, desired: Some(7), ..CreateGroup::default() };
    world.handle(SystemTime::UNIX_EPOCH, Command::CreateGroup(group)).expect("a group");
    std::mem::take(&mut world.instances)
}

#[derive(Debug, Clone)]
enum Change {
    Look,
    Move(usize),
    Due(u64),
    Rest,
    Ail(bool),
    Go(Journey),
    Recommend,
    Settle(&'static str),
    Remove,
    ComeBack,
}

fn changes() -> impl Strategy<Value = (usize, Change)> {
    let change = prop_oneof![
        Just(Change::Look),
        (0..GROUPS.len()).prop_map(Change::Move),
        (0..5_u64).prop_map(Change::Due),
        Just(Change::Rest),
        any::<bool>().prop_map(Change::Ail),
        proptest::sample::select(&WAYS[..]).prop_map(Change::Go),
        Just(Change::Recommend),
        proptest::sample::select(&["us-east-1a", "us-east-1b"][..]).prop_map(Change::Settle),
        Just(Change::Remove),
        Just(Change::ComeBack),
    ];
    (0..7_usize, change)
}

fn apply(fleet: &mut Fleet, gone: &mut Vec<Instance>, id: &str, change: Change) {
    match (change, fleet.get_mut(id)) {
        (Change::Move(group), Some(instance)) => GROUPS[group].clone_into(&mut instance.group),
        (Change::Due(second), Some(instance)) => {
            let until = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            instance.stage = Stage::LastStretch { until };
        }
        (Change::Rest, Some(instance)) => instance.stage = Stage::AtRest,
        (Change::Ail(unhealthy), Some(instance)) => instance.life.unhealthy = unhealthy,
        (Change::Go(journey), Some(instance)) => instance.journey = journey,
        (Change::Recommend, Some(instance)) => instance.warnings.rebalance = Some(SystemTime::UNIX_EPOCH),
        (Change::Settle(zone), Some(instance)) => zone.clone_into(&mut instance.zone),
        (Change::Remove, Some(_)) => gone.extend(fleet.remove(id)),
        (Change::ComeBack, _) => {
            if let Some(instance) = gone.pop() {
                fleet.insert(instance.id.clone(), instance);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn the_indexes_say_what_a_look_at_all_would(changes in proptest::collection::vec(changes(), 0..60)) {
        let mut fleet = fleet();
        let mut gone = Vec::new();
        let ids: Vec<_> = fleet.values().map(|instance| instance.id.clone()).collect();
        for (index, change) in changes {
            apply(&mut fleet, &mut gone, &ids[index], change);
            let due = fleet.values().filter_map(|instance| Some((instance.due()?, instance.id.as_str()))).min();
            prop_assert_eq!(fleet.next_due(), due);
            for group in GROUPS {
                let all = || fleet.values().filter(|instance| instance.group == group);
                let tally = all().map(Tally::of).fold(Tally::default(), Tally::plus);
                prop_assert_eq!(fleet.tally(group), tally);
                let mut spread = Spread::default();
                all().for_each(|instance| spread.add(instance));
                prop_assert_eq!(fleet.spread(group), spread);
                let all = all();
                let all: Vec<_> = all.map(|instance| &instance.id).collect();
                let found: Vec<_> = fleet.of_group(group).map(|instance| &instance.id).collect();
                prop_assert_eq!(found, all);
            }
        }
    }
}
