//! A group `g` with one instance, in any lifecycle state there is.

use aws_simulator::world::HookResult::{Abandon, Continue};
use aws_simulator::world::HookTransition::{Launching, Terminating};
use aws_simulator::world::{
    Command, GroupSettings, HookResult, HookTransition, PoolState, PutWarmPool, State, UpdateGroup,
};

use crate::bed::{A_WHILE, BOOT, Bed, STEP, STOP};
use crate::life_bed::{detach, enter};
use crate::refresh_bed::{mixed_group, replacing};

/// A bed with one instance in this state, and its id. Only the hooks are there that hold it or let it go.
pub(crate) fn reach(state: State) -> (Bed, String) {
    let (bed, id) = lead(state);
    // Who belongs to no group has no state.
    let shown = if state == State::Detached { "" } else { state.as_str() };
    assert_eq!(bed.state(&id), shown);
    (bed, id)
}

fn lead(state: State) -> (Bed, String) {
    match state {
        State::Pending => launched(None),
        State::PendingWait => pass(launched(Some(Launching)), BOOT),
        State::PendingProceed => end(lead(State::PendingWait), Launching, Continue),
        State::InService => pass(launched(None), A_WHILE),
        State::Terminating => leaving(None),
        State::TerminatingWait => pass(leaving(Some(Terminating)), STEP),
        State::TerminatingProceed => end(lead(State::TerminatingWait), Terminating, Continue),
        State::TerminatingRetained => retained(lead(State::TerminatingWait)),
        State::Terminated => pass(leaving(None), A_WHILE),
        State::EnteringStandby => {
            let (mut bed, id) = lead(State::InService);
            bed.run(enter(&[&id], true));
            (bed, id)
        }
        State::Standby => pass(lead(State::EnteringStandby), A_WHILE),
        State::Detaching => {
            let (mut bed, id) = lead(State::InService);
            bed.run(detach(&[&id], true));
            (bed, id)
        }
        State::Detached => pass(lead(State::Detaching), A_WHILE),
        State::ReplacingRootVolume => replaced(None),
        State::ReplacingRootVolumeWait => pass(replaced(Some(Terminating)), STEP),
        State::ReplacingRootVolumeProceed => end(lead(State::ReplacingRootVolumeWait), Terminating, Continue),
        State::RootVolumeReplaced => pass(lead(State::ReplacingRootVolumeProceed), STOP),
        State::WarmedPending => warmed(PoolState::Stopped, None),
        State::WarmedPendingWait => pass(warmed(PoolState::Stopped, Some(Launching)), BOOT),
        State::WarmedPendingProceed => end(lead(State::WarmedPendingWait), Launching, Continue),
        State::WarmedPendingRetained => retained(returning()),
        State::WarmedStopped => pass(warmed(PoolState::Stopped, None), A_WHILE),
        State::WarmedRunning => pass(warmed(PoolState::Running, None), A_WHILE),
        State::WarmedHibernated => pass(warmed(PoolState::Hibernated, None), A_WHILE),
        State::WarmedTerminating => retiring(None),
        State::WarmedTerminatingWait => pass(retiring(Some(Terminating)), STEP),
        State::WarmedTerminatingProceed => end(lead(State::WarmedTerminatingWait), Terminating, Continue),
        State::WarmedTerminatingRetained => retained(lead(State::WarmedTerminatingWait)),
        State::WarmedTerminated => pass(retiring(None), A_WHILE),
    }
}

/// Says whether `g` keeps those whose termination is abandoned.
pub(crate) fn set_retention(retain: bool) -> Command {
    let settings = GroupSettings { retain: Some(retain), ..GroupSettings::default() };
    Command::UpdateGroup(UpdateGroup { name: "g".into(), settings, ..UpdateGroup::default() })
}

/// A pool that keeps one instance while the group has none, and takes it back.
pub(crate) fn pool_for_returns() -> Command {
    Command::PutWarmPool(PutWarmPool {
        group: "g".into(),
        max_prepared: Some(Some(1)),
        min: Some(0),
        state: Some(PoolState::Running),
        reuse: Some(true),
    })
}

fn pass((mut bed, id): (Bed, String), time: std::time::Duration) -> (Bed, String) {
    bed.pass(time);
    (bed, id)
}

fn end((mut bed, id): (Bed, String), transition: HookTransition, result: HookResult) -> (Bed, String) {
    bed.complete(&id, transition, result);
    (bed, id)
}

/// Under a policy that keeps it, abandons the termination of one that is held.
fn retained((mut bed, id): (Bed, String)) -> (Bed, String) {
    bed.run(set_retention(true));
    end((bed, id), Terminating, Abandon)
}

fn put(bed: &mut Bed, hook: Option<HookTransition>) {
    if let Some(hook) = hook {
        bed.hook(hook, Continue);
    }
}

fn launched(hook: Option<HookTransition>) -> (Bed, String) {
    let mut bed = Bed::new();
    bed.group(0);
    put(&mut bed, hook);
    bed.desire(1);
    let id = bed.only();
    (bed, id)
}

fn warmed(kept: PoolState, hook: Option<HookTransition>) -> (Bed, String) {
    let mut bed = Bed::new();
    bed.group(0);
    put(&mut bed, hook);
    bed.pool(1, kept, false);
    let id = bed.only();
    (bed, id)
}

fn leaving(hook: Option<HookTransition>) -> (Bed, String) {
    let (mut bed, id) = lead(State::InService);
    put(&mut bed, hook);
    bed.desire(0);
    (bed, id)
}

fn retiring(hook: Option<HookTransition>) -> (Bed, String) {
    let (mut bed, id) = lead(State::WarmedStopped);
    put(&mut bed, hook);
    bed.run(Command::DeleteWarmPool { group: "g".into(), force: true });
    (bed, id)
}

/// Held on its way back into a pool that wants nobody else by then.
fn returning() -> (Bed, String) {
    let (mut bed, id) = lead(State::InService);
    bed.hook(Terminating, Continue);
    bed.run(pool_for_returns());
    bed.desire(0);
    bed.pass(STEP);
    bed.pool(0, PoolState::Running, true);
    (bed, id)
}

fn replaced(hook: Option<HookTransition>) -> (Bed, String) {
    let mut bed = mixed_group(1);
    put(&mut bed, hook);
    bed.run(Command::StartRefresh(replacing()));
    let id = bed.only();
    (bed, id)
}
