//! What holds whatever is asked, in whatever order, at whatever time.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_simulator::world::{Command, Event, Page, Power, Process, Reply};
use proptest::prelude::*;

use crate::bed::Bed;
use crate::deeds::{Deed, deeds};
use crate::play::{free, group, pool_size, run, settle};
use crate::refresh_bed::refreshes;
use crate::steps::is_documented;

/// The states of those who count towards the desired capacity.
const SERVING: [&str; 8] = [
    "Pending",
    "Pending:Wait",
    "Pending:Proceed",
    "InService",
    "ReplacingRootVolume",
    "ReplacingRootVolume:Wait",
    "ReplacingRootVolume:Proceed",
    "RootVolumeReplaced",
];

/// The states of those who count towards the size of the pool.
const POOLED: [&str; 6] = [
    "Warmed:Pending",
    "Warmed:Pending:Wait",
    "Warmed:Pending:Proceed",
    "Warmed:Stopped",
    "Warmed:Running",
    "Warmed:Hibernated",
];

/// True for what lets a group have more or fewer than it desires.
fn keeps_from_size(deed: &Deed) -> bool {
    let exceeds = matches!(deed, Deed::Refresh { max_healthy: Some(_), .. });
    exceeds || matches!(deed, Deed::Suspend(_) | Deed::Protect(..) | Deed::ProtectNew(_))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_every_hook_answered_group_and_pool_reach_their_sizes(deeds in proptest::collection::vec(deeds(), 0..40)) {
        let mut bed = run(1, &deeds);
        free(&mut bed);
        settle(&mut bed);
        // Whoever came late to be retained or protected was on its way before.
        free(&mut bed);
        settle(&mut bed);
        let group = group(&mut bed);
        let states = bed.states();
        let Some(group) = group else {
            // It was deleted: whoever is left belongs to no group.
            prop_assert!(states.iter().all(String::is_empty), "{:?}", states);
            return Ok(());
        };
        let count = |wanted: &str| states.iter().filter(|state| *state == wanted).count();
        let beside = count("Standby") + count("");
        prop_assert_eq!(count("InService"), group.desired as usize, "{:?}", states);
        prop_assert_eq!(states.len() - count("InService") - beside, pool_size(&group), "{:?}", states);
        prop_assert!((group.min..=group.max).contains(&group.desired), "{:?}", group);
    }

    #[test]
    fn at_rest_only_a_suspension_or_protection_keeps_a_group_from_its_size(
        deeds in proptest::collection::vec(deeds(), 0..40)
    ) {
        let mut bed = run(1, &deeds);
        settle(&mut bed);
        let Some(group) = group(&mut bed) else { return Ok(()) };
        let desired = group.desired as usize;
        let serving: Vec<_> = group.instances.iter().filter(|one| one.state == "InService").collect();
        let has = |process| group.life.suspended.contains_key(&process);
        prop_assert!(serving.len() >= desired || has(Process::Launch), "{:?}", group);
        let surplus = serving.len() > desired && serving.iter().any(|one| !one.protected);
        // A refresh that waits in the middle keeps what it launched before.
        let waits = has(Process::Launch) || has(Process::InstanceRefresh);
        let waits = waits && refreshes(&mut bed).first().is_some_and(|refresh| !refresh.status.is_over());
        prop_assert!(!surplus || has(Process::Terminate) || waits, "{:?}", group);
        let unhealthy = serving.iter().any(|one| !one.healthy);
        prop_assert!(!unhealthy || has(Process::ReplaceUnhealthy) || has(Process::Terminate), "{:?}", group);
    }

    #[test]
    fn capacity_adds_up_at_every_moment(deeds in proptest::collection::vec(deeds(), 0..40)) {
        // Nothing may keep the group from its size, and nothing let it exceed it for now.
        let deeds: Vec<_> = deeds.into_iter().filter(|deed| !keeps_from_size(deed)).collect();
        for end in 0..=deeds.len() {
            let mut bed = run(1, &deeds[..end]);
            let Some(group) = group(&mut bed) else { continue };
            prop_assert!((group.min..=group.max).contains(&group.desired), "{:?}", group);
            let serving = |state: &String| SERVING.contains(&state.as_str());
            let states = bed.states();
            let serving = states.iter().filter(|state| serving(state)).count();
            prop_assert_eq!(serving, group.desired as usize, "{:?}", states);
            let pooled = |state: &&String| POOLED.contains(&state.as_str());
            let (pooled, size) = (states.iter().filter(pooled).count(), pool_size(&group));
            prop_assert!(pooled >= size, "{} of {}: {:?}", pooled, size, states);
            // Who is on its way back is drained before it goes anywhere else.
            let returning = states.iter().filter(|state| state.starts_with("Warmed:Pending")).count();
            prop_assert!(pooled <= size + returning, "{} of {}: {:?}", pooled, size, states);
        }
    }

    #[test]
    fn an_instance_is_in_exactly_one_place(deeds in proptest::collection::vec(deeds(), 0..40)) {
        let mut bed = run(1, &deeds);
        let (mut members, mut warm) = (Vec::new(), Vec::new());
        if let Some(group) = group(&mut bed) {
            members.extend(group.instances.into_iter().map(|one| one.id));
            let command = Command::DescribeWarmPool { group: "g".into(), page: Page::default() };
            let Reply::WarmPool { instances, .. } = bed.run(command) else { panic!("not a pool") };
            warm = instances;
        }
        let command = Command::DescribeInstances { ids: Vec::new(), page: Page::default() };
        let Reply::Instances { instances: known, .. } = bed.run(command) else { panic!("not instances") };
        let machines: Vec<_> = bed.world.machines().collect();
        let all: BTreeSet<_> = machines.iter().map(|machine| &machine.view.id).collect();
        prop_assert_eq!(all.len(), machines.len(), "an id is there twice");
        for machine in &machines {
            let id = &machine.view.id;
            let places = [
                members.contains(id),
                warm.iter().any(|one| one.id == *id),
                machine.view.group.is_empty(),
            ];
            prop_assert_eq!(places.iter().filter(|is_there| **is_there).count(), 1, "{:?}", machine);
            prop_assert_eq!(known.iter().any(|one| one.id == *id), !machine.view.group.is_empty());
            prop_assert_eq!(warm.iter().any(|one| one.id == *id), machine.view.state.starts_with("Warmed:"));
        }
    }

    #[test]
    fn no_instance_is_held_twice_by_one_hook(deeds in proptest::collection::vec(deeds(), 0..40)) {
        let mut open = BTreeSet::new();
        for event in run(1, &deeds).events {
            match event {
                Event::ActionOpened { id, hook, .. } => prop_assert!(open.insert((id, hook))),
                Event::ActionCompleted { id, hook, .. } => { open.remove(&(id, hook)); }
                Event::Heartbeat { .. } | Event::LifecycleChanged { .. } | Event::PowerChanged { .. } => {}
            }
        }
    }

    #[test]
    fn states_change_only_along_the_documented_steps(deeds in proptest::collection::vec(deeds(), 0..40)) {
        for event in run(1, &deeds).events {
            if let Event::LifecycleChanged { from, to, .. } = event {
                let from = from.unwrap_or_default();
                prop_assert!(is_documented(&from, &to), "{} -> {}", from, to);
            }
        }
    }

    #[test]
    fn every_action_has_a_token_of_its_own_and_ends_at_most_once(deeds in proptest::collection::vec(deeds(), 0..40)) {
        let (mut opened, mut open) = (BTreeSet::new(), BTreeSet::new());
        for event in run(1, &deeds).events {
            match event {
                Event::ActionOpened { token, .. } => {
                    prop_assert!(opened.insert(token.clone()), "the token {} was there before", token);
                    open.insert(token);
                }
                Event::ActionCompleted { token, .. } => prop_assert!(open.remove(&token), "{} was not open", token),
                Event::Heartbeat { token, .. } => prop_assert!(open.contains(&token), "{} was not open", token),
                Event::LifecycleChanged { .. } | Event::PowerChanged { .. } => {}
            }
        }
    }

    #[test]
    fn an_instance_waits_exactly_while_an_action_holds_it(deeds in proptest::collection::vec(deeds(), 0..40)) {
        let bed = run(1, &deeds);
        let mut open = BTreeSet::new();
        for event in &bed.events {
            match event {
                Event::ActionOpened { id, token, .. } => { open.insert((id.clone(), token.clone())); }
                Event::ActionCompleted { id, token, .. } => { open.remove(&(id.clone(), token.clone())); }
                Event::Heartbeat { .. } | Event::LifecycleChanged { .. } | Event::PowerChanged { .. } => {}
            }
        }
        for machine in bed.world.machines() {
            let held = open.iter().any(|(id, _)| *id == machine.view.id);
            prop_assert_eq!(machine.view.state.ends_with(":Wait"), held, "{:?}", machine);
        }
    }

    #[test]
    fn power_fits_the_state(mut deeds in proptest::collection::vec(deeds(), 0..40)) {
        // EC2 does to a machine whatever it is asked.
        deeds.retain(|deed| !deed.is_of_ec2());
        for machine in run(1, &deeds).world.machines() {
            let fits = match machine.view.state.as_str() {
                "Warmed:Stopped" => machine.power == Power::Off,
                "Warmed:Hibernated" => machine.power == Power::Hibernated,
                // Whatever it was in the pool.
                state if state.starts_with("Warmed:Terminating") => true,
                _ => machine.power == Power::On,
            };
            prop_assert!(fits, "{:?}", machine);
        }
    }

    #[test]
    fn one_long_step_of_time_gives_the_same_as_many_short_ones(deeds in proptest::collection::vec(deeds(), 0..30)) {
        let (mut long, mut short) = (run(1, &deeds), run(1, &deeds));
        long.pass(Duration::from_mins(10));
        for _ in 0..600 {
            short.pass(Duration::from_secs(1));
        }
        prop_assert_eq!(long.events, short.events);
    }

    #[test]
    fn time_never_goes_back(deeds in proptest::collection::vec(deeds(), 0..30)) {
        let mut bed = run(1, &deeds);
        let before = bed.now;
        bed.world.advance(before - Duration::from_hours(1));
        bed.pass(Duration::from_mins(10));
        let times: Vec<_> = bed.events.iter().map(at).collect();
        prop_assert!(times.is_sorted());
        prop_assert!(bed.world.next_deadline().is_none_or(|next| next > bed.now));
    }

    #[test]
    fn the_same_seed_and_deeds_give_the_same_world_another_seed_other_ids(deeds in proptest::collection::vec(deeds(), 0..20)) {
        let (one, again, other) = (run(1, &deeds), run(1, &deeds), run(2, &deeds));
        prop_assert_eq!(&one.events, &again.events);
        let ids = |bed: &Bed| bed.ids().into_iter().collect::<BTreeSet<_>>();
        prop_assert!(ids(&one).is_disjoint(&ids(&other)));
    }
}

fn at(event: &Event) -> std::time::SystemTime {
    match event {
        Event::LifecycleChanged { at, .. }
        | Event::PowerChanged { at, .. }
        | Event::ActionOpened { at, .. }
        | Event::Heartbeat { at, .. }
        | Event::ActionCompleted { at, .. } => *at,
    }
}
