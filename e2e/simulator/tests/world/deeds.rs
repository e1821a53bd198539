//! What is done in the properties: a random mix of all operations. Who adds an operation to the simulator adds a deed here.

use aws_simulator::world::{HookResult, HookTransition, PoolState, Process};
use proptest::prelude::*;

use crate::automation::{Automation, automation};

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
    DeleteGroup(bool),
    CreateGroup(u32),
    Refresh { volumes: bool, wanted: bool, min_healthy: u32, max_healthy: Option<u32>, pauses: bool },
    CancelRefresh(bool),
    RollbackRefresh,
    RunMachine,
    EndMachine(usize),
    StopMachine(usize, bool),
    StartMachine(usize),
    RebootMachine(usize),
    Automation(Automation),
}

impl Deed {
    /// True if EC2 is asked, behind the back of the group.
    pub(crate) fn is_of_ec2(&self) -> bool {
        matches!(
            self,
            Deed::RunMachine
                | Deed::EndMachine(_)
                | Deed::StopMachine(..)
                | Deed::StartMachine(_)
                | Deed::RebootMachine(_)
        )
    }
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
        1 => prop_oneof![1 => any::<bool>().prop_map(Deed::DeleteGroup), 3 => (0..4_u32).prop_map(Deed::CreateGroup)],
        4 => life(),
        3 => refresh(),
        2 => machine(),
        3 => automation().prop_map(Deed::Automation),
    ]
}

/// What brings a group up to date.
fn refresh() -> impl Strategy<Value = Deed> {
    let max_healthy = proptest::option::of(100..=200_u32);
    prop_oneof![
        4 => (any::<bool>(), any::<bool>(), 0..=100_u32, max_healthy, any::<bool>()).prop_map(
            |(volumes, wanted, min_healthy, max_healthy, pauses)| Deed::Refresh {
                volumes, wanted, min_healthy, max_healthy, pauses,
            }
        ),
        1 => any::<bool>().prop_map(Deed::CancelRefresh),
        1 => Just(Deed::RollbackRefresh),
    ]
}

/// What EC2 does with machines.
fn machine() -> impl Strategy<Value = Deed> {
    let pick = any::<usize>;
    prop_oneof![
        Just(Deed::RunMachine),
        pick().prop_map(Deed::EndMachine),
        (pick(), any::<bool>()).prop_map(|(pick, hibernate)| Deed::StopMachine(pick, hibernate)),
        pick().prop_map(Deed::StartMachine),
        pick().prop_map(Deed::RebootMachine),
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
