//! What is done in the properties: a random mix of all operations, and what brings it to rest. Who adds an operation to the
//! simulator adds a deed here.

use std::time::Duration;

use aws_simulator::world::{
    Command, DescribeGroups, GroupSettings, GroupView, HookResult, HookTransition, PoolState, Process,
    PutWarmPool, Reply, UpdateGroup,
};
use proptest::prelude::*;

use crate::bed::{Bed, by_instance};
use crate::life_bed::{attach, detach, enter, exit, health, protect, resume, suspend};

/// Something a user, a controller or time does. Numbers pick among what there is.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
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
    EnterStandby(usize, bool),
    ExitStandby(usize),
    Detach(usize, bool),
    Attach(usize),
    Protect(usize, bool),
    ProtectNew(bool),
    Health(usize, bool),
    Suspend(Process),
    Resume(Process),
    Retain(bool),
}

pub(crate) fn deeds() -> impl Strategy<Value = Deed> {
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
        4 => life(),
    ]
}

/// What only concerns members.
fn life() -> impl Strategy<Value = Deed> {
    let pick = any::<usize>;
    let process = || {
        proptest::sample::select(vec![
            Process::Launch,
            Process::Terminate,
            Process::ReplaceUnhealthy,
            Process::HealthCheck,
        ])
    };
    prop_oneof![
        2 => (pick(), any::<bool>()).prop_map(|(pick, decrement)| Deed::EnterStandby(pick, decrement)),
        2 => pick().prop_map(Deed::ExitStandby),
        2 => (pick(), any::<bool>()).prop_map(|(pick, decrement)| Deed::Detach(pick, decrement)),
        2 => pick().prop_map(Deed::Attach),
        2 => (pick(), any::<bool>()).prop_map(|(pick, protected)| Deed::Protect(pick, protected)),
        1 => any::<bool>().prop_map(Deed::ProtectNew),
        2 => (pick(), any::<bool>()).prop_map(|(pick, healthy)| Deed::Health(pick, healthy)),
        1 => process().prop_map(Deed::Suspend),
        1 => process().prop_map(Deed::Resume),
        1 => any::<bool>().prop_map(Deed::Retain),
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
        Deed::EnterStandby(index, decrement) => enter(&[&pick(bed, *index)], *decrement),
        Deed::ExitStandby(index) => exit(&[&pick(bed, *index)]),
        Deed::Detach(index, decrement) => detach(&[&pick(bed, *index)], *decrement),
        Deed::Attach(index) => attach(&[&pick(bed, *index)]),
        Deed::Protect(index, protected) => protect(&[&pick(bed, *index)], *protected),
        Deed::ProtectNew(protects_new) => Command::UpdateGroup(UpdateGroup {
            name: group(),
            protects_new: Some(*protects_new),
            ..UpdateGroup::default()
        }),
        Deed::Health(index, healthy) => health(&pick(bed, *index), *healthy),
        Deed::Suspend(process) => suspend(&[*process]),
        Deed::Resume(process) => resume(&[*process]),
        Deed::Retain(retain) => set_retention(*retain),
    };
    let _ = bed.attempt(command);
}

/// Answers every hook with CONTINUE until nothing is left to happen.
pub(crate) fn settle(bed: &mut Bed) {
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

/// Lifts whatever keeps the group from its sizes: suspensions, protection, retention.
pub(crate) fn free(bed: &mut Bed) {
    bed.run(resume(&[]));
    bed.run(set_retention(false));
    for id in bed.ids() {
        let _ = bed.attempt(protect(&[&id], false));
        if bed.state(&id).ends_with(":Retained") {
            bed.run(Command::TerminateInstance { id, decrement: false });
        }
    }
    let unprotected = UpdateGroup { name: "g".into(), protects_new: Some(false), ..UpdateGroup::default() };
    bed.run(Command::UpdateGroup(unprotected));
}

fn set_retention(retain: bool) -> Command {
    let settings = GroupSettings { retain: Some(retain), ..GroupSettings::default() };
    Command::UpdateGroup(UpdateGroup { name: "g".into(), settings, ..UpdateGroup::default() })
}

/// The group as described, with its instances.
pub(crate) fn group(bed: &mut Bed) -> GroupView {
    let all = DescribeGroups { include_instances: true, ..DescribeGroups::default() };
    let Reply::Groups { mut groups, .. } = bed.run(Command::DescribeGroups(all)) else {
        panic!("not groups")
    };
    groups.remove(0)
}

/// The size the pool of a group should have.
pub(crate) fn pool_size(group: &GroupView) -> usize {
    let Some(pool) = &group.pool else { return 0 };
    pool.min.max(pool.max_prepared.unwrap_or(group.max).saturating_sub(group.desired)) as usize
}

pub(crate) fn run(seed: u64, deeds: &[Deed]) -> Bed {
    let mut bed = Bed::with_seed(seed);
    bed.group(2);
    for deed in deeds {
        perform(&mut bed, deed);
    }
    bed
}
