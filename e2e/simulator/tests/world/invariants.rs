//! What holds whatever is asked, in whatever order, at whatever time.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_simulator::world::{
    Command, DescribeGroups, Event, HookResult, HookTransition, PoolState, Power, PutWarmPool, Reply,
    UpdateGroup,
};
use proptest::prelude::*;

use crate::bed::{Bed, by_instance};

/// Every step between two states that the documentation draws, kept apart from the simulator's own tables. A pool
/// member's state at rest is any of the three; giving up a launch leads straight to its termination.
const STEPS: &[(&str, &[&str])] = &[
    ("", &["Pending", "Warmed:Pending"]),
    ("Pending", &["Pending:Wait", "InService", "Terminating"]),
    ("Pending:Wait", &["Pending:Proceed", "Terminating"]),
    ("Pending:Proceed", &["InService", "Terminating"]),
    ("InService", &["Terminating", "Warmed:Pending"]),
    ("Terminating", &["Terminating:Wait", "Terminated"]),
    ("Terminating:Wait", &["Terminating:Proceed", "Terminating:Retained"]),
    ("Terminating:Retained", &["Terminating"]),
    ("Terminating:Proceed", &["Terminated"]),
    ("Terminated", &[]),
    ("Warmed:Pending", &["Warmed:Pending:Wait", "POOL", "Warmed:Terminating"]),
    ("Warmed:Pending:Wait", &["Warmed:Pending:Proceed", "Warmed:Pending:Retained", "Warmed:Terminating"]),
    ("Warmed:Pending:Retained", &["Warmed:Terminating"]),
    ("Warmed:Pending:Proceed", &["POOL", "Warmed:Terminating"]),
    ("Warmed:Stopped", &["Pending", "Warmed:Terminating"]),
    ("Warmed:Running", &["Pending", "Warmed:Terminating"]),
    ("Warmed:Hibernated", &["Pending", "Warmed:Terminating"]),
    ("Warmed:Terminating", &["Warmed:Terminating:Wait", "Warmed:Terminated"]),
    ("Warmed:Terminating:Wait", &["Warmed:Terminating:Proceed", "Warmed:Terminating:Retained"]),
    ("Warmed:Terminating:Retained", &["Warmed:Terminating"]),
    ("Warmed:Terminating:Proceed", &["Warmed:Terminated"]),
    ("Warmed:Terminated", &[]),
];

fn is_documented(from: &str, to: &str) -> bool {
    let to =
        if ["Warmed:Stopped", "Warmed:Running", "Warmed:Hibernated"].contains(&to) { "POOL" } else { to };
    STEPS.iter().any(|(state, next)| *state == from && next.contains(&to))
}

/// Something a user, a controller or time does. Numbers pick among what there is.
#[derive(Debug, Clone)]
enum Deed {
    Pass(u64),
    Desire(u32),
    Resize(u32, u32),
    Pool { prepared: Option<u32>, min: u32, state: PoolState, reuse: bool },
    DropPool,
    Hook(HookTransition, HookResult),
    Unhook(HookTransition),
    Complete(usize, HookTransition, HookResult),
    Heartbeat(usize, HookTransition),
    Terminate(usize, bool),
}

fn deeds() -> impl Strategy<Value = Deed> {
    let transition = || prop_oneof![Just(HookTransition::Launching), Just(HookTransition::Terminating)];
    let result = || prop_oneof![3 => Just(HookResult::Continue), 1 => Just(HookResult::Abandon)];
    let state = prop_oneof![Just(PoolState::Stopped), Just(PoolState::Running), Just(PoolState::Hibernated)];
    prop_oneof![
        6 => (0..90_u64).prop_map(Deed::Pass),
        3 => (0..6_u32).prop_map(Deed::Desire),
        1 => (0..3_u32, 2..7_u32).prop_map(|(min, max)| Deed::Resize(min, max)),
        2 => (proptest::option::of(0..7_u32), 0..3_u32, state, any::<bool>())
            .prop_map(|(prepared, min, state, reuse)| Deed::Pool { prepared, min, state, reuse }),
        1 => Just(Deed::DropPool),
        1 => (transition(), result()).prop_map(|(transition, result)| Deed::Hook(transition, result)),
        1 => transition().prop_map(Deed::Unhook),
        4 => (any::<usize>(), transition(), result())
            .prop_map(|(pick, transition, result)| Deed::Complete(pick, transition, result)),
        2 => (any::<usize>(), transition()).prop_map(|(pick, transition)| Deed::Heartbeat(pick, transition)),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(pick, decrement)| Deed::Terminate(pick, decrement)),
    ]
}

fn pick(bed: &Bed, index: usize) -> String {
    let ids = bed.ids();
    if ids.is_empty() { "i-0".into() } else { ids[index % ids.len()].clone() }
}

/// Does it; a refusal is as good an outcome as any.
fn perform(bed: &mut Bed, deed: &Deed) {
    let group = || "g".to_owned();
    let command = match deed {
        Deed::Pass(seconds) => return bed.pass(Duration::from_secs(*seconds)),
        Deed::Hook(transition, result) => return bed.hook(*transition, *result),
        Deed::Desire(desired) => Command::SetDesired { group: group(), desired: *desired },
        Deed::Resize(min, max) => {
            let (min, max) = (Some(*min), Some(*max));
            Command::UpdateGroup(UpdateGroup { name: group(), min, max, ..UpdateGroup::default() })
        }
        Deed::Pool { prepared, min, state, reuse } => Command::PutWarmPool(PutWarmPool {
            group: group(),
            max_prepared: Some(*prepared),
            min: Some(*min),
            state: Some(*state),
            reuse: Some(*reuse),
        }),
        Deed::DropPool => Command::DeleteWarmPool { group: group(), force: true },
        Deed::Unhook(transition) => {
            Command::DeleteHook { group: group(), hook: crate::bed::name(*transition).into() }
        }
        Deed::Complete(index, transition, result) => {
            Command::Complete { action: by_instance(&pick(bed, *index), *transition), result: *result }
        }
        Deed::Heartbeat(index, transition) => {
            Command::Heartbeat(by_instance(&pick(bed, *index), *transition))
        }
        Deed::Terminate(index, decrement) => {
            Command::TerminateInstance { id: pick(bed, *index), decrement: *decrement }
        }
    };
    let _ = bed.attempt(command);
}

/// Answers every hook with CONTINUE until nothing is left to happen.
fn settle(bed: &mut Bed) {
    for _ in 0..1000 {
        for id in bed.ids() {
            for transition in [HookTransition::Launching, HookTransition::Terminating] {
                let action = by_instance(&id, transition);
                let _ = bed.attempt(Command::Complete { action, result: HookResult::Continue });
            }
        }
        let Some(next) = bed.world.next_deadline() else { return };
        let wait = next.duration_since(bed.now).unwrap_or_default();
        bed.pass(wait);
    }
    panic!("it never comes to rest: {:?}", bed.states());
}

/// The group's desired capacity, and the size its pool should have.
fn wanted(bed: &mut Bed) -> (usize, usize) {
    let Reply::Groups { groups, .. } = bed.run(Command::DescribeGroups(DescribeGroups::default())) else {
        panic!("not groups")
    };
    let group = &groups[0];
    let pool = group
        .pool
        .as_ref()
        .map_or(0, |pool| pool.min.max(pool.max_prepared.unwrap_or(group.max).saturating_sub(group.desired)));
    (group.desired as usize, pool as usize)
}

fn run(seed: u64, deeds: &[Deed]) -> Bed {
    let mut bed = Bed::with_seed(seed);
    bed.group(2);
    for deed in deeds {
        perform(&mut bed, deed);
    }
    bed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_every_hook_answered_group_and_pool_reach_their_sizes(deeds in proptest::collection::vec(deeds(), 0..40)) {
        let mut bed = run(1, &deeds);
        settle(&mut bed);
        let (desired, pool) = wanted(&mut bed);
        let states = bed.states();
        let serving = states.iter().filter(|state| *state == "InService").count();
        prop_assert_eq!(serving, desired, "{:?}", states);
        prop_assert_eq!(states.len() - serving, pool, "{:?}", states);
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
    fn power_fits_the_state(deeds in proptest::collection::vec(deeds(), 0..40)) {
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
