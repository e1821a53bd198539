//! Carries out deeds, and brings what they leave to rest.

use std::time::Duration;

use aws_simulator::world::{
    Command, DescribeGroups, GroupView, HookResult, HookTransition, PutWarmPool, RefreshPreferences,
    RefreshStrategy, Reply, StartRefresh, UpdateGroup, Wanted, ec2,
};

use crate::bed::{Bed, by_instance, put_hook};
use crate::deeds::Deed;
use crate::life_bed::{attach, detach, enter, exit, health, protect, resume, suspend};
use crate::reach::set_retention;
use crate::refresh_bed::{mixed, policy};

fn pick(bed: &Bed, index: usize) -> String {
    let ids = bed.ids();
    if ids.is_empty() { "i-0".into() } else { ids[index % ids.len()].clone() }
}

/// Does it; a refusal is as good an outcome as any.
fn perform(bed: &mut Bed, deed: &Deed) {
    let group = || "g".to_owned();
    let command = match deed {
        Deed::Pass(seconds) => return bed.pass(Duration::from_secs(*seconds)),
        Deed::Hook(transition, result) => put_hook(*transition, *result),
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
        Deed::DeleteGroup(force) => Command::DeleteGroup { name: group(), force: *force },
        Deed::CreateGroup(desired) => Command::CreateGroup(mixed(*desired)),
        Deed::Refresh { volumes, wanted, min_healthy, max_healthy, pauses } => {
            let strategy =
                if *volumes { RefreshStrategy::ReplaceRootVolume } else { RefreshStrategy::Rolling };
            let preferences = RefreshPreferences {
                min_healthy: Some(*min_healthy),
                max_healthy: *max_healthy,
                checkpoints: if *pauses { vec![50, 100] } else { Vec::new() },
                bake_time: pauses.then_some(60),
                ..RefreshPreferences::default()
            };
            let wanted = wanted.then(|| Wanted::Mixed(policy("2", Some("ami-2"))));
            Command::StartRefresh(StartRefresh { group: group(), strategy, wanted, preferences })
        }
        Deed::CancelRefresh(wait) => Command::CancelRefresh { group: group(), wait: *wait },
        Deed::RollbackRefresh => Command::RollbackRefresh { group: group() },
        Deed::Automation(automation) => {
            for command in automation.commands(bed.now) {
                let _ = bed.attempt(command);
            }
            return;
        }
        Deed::RunMachine => return drop(bed.run_one()),
        Deed::EndMachine(index) => return ask_ec2(bed, *index, |ids| ec2::Command::Terminate { ids }),
        Deed::StopMachine(index, hibernate) => {
            let hibernate = *hibernate;
            return ask_ec2(bed, *index, |ids| ec2::Command::Stop { ids, hibernate });
        }
        Deed::StartMachine(index) => return ask_ec2(bed, *index, |ids| ec2::Command::Start { ids }),
        Deed::RebootMachine(index) => return ask_ec2(bed, *index, |ids| ec2::Command::Reboot { ids }),
    };
    let _ = bed.attempt(command);
}

fn ask_ec2(bed: &mut Bed, index: usize, command: impl Fn(Vec<String>) -> ec2::Command) {
    let ids = vec![pick(bed, index)];
    let _ = bed.try_ec2(command(ids));
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
    let unprotected = UpdateGroup { name: "g".into(), protects_new: Some(false), ..UpdateGroup::default() };
    // There may be no group any more, or none that can be changed.
    for command in [resume(&[]), set_retention(false), Command::UpdateGroup(unprotected)] {
        let _ = bed.attempt(command);
    }
    for id in bed.ids() {
        let _ = bed.attempt(protect(&[&id], false));
        if bed.state(&id).ends_with(":Retained") {
            bed.run(Command::TerminateInstance { id, decrement: false });
        }
    }
}

/// The group as described, with its instances; none if it was deleted.
pub(crate) fn group(bed: &mut Bed) -> Option<GroupView> {
    let all = DescribeGroups { include_instances: true, ..DescribeGroups::default() };
    let Reply::Groups { mut groups, .. } = bed.run(Command::DescribeGroups(all)) else {
        panic!("not groups")
    };
    groups.pop()
}

/// The size the pool of a group should have.
pub(crate) fn pool_size(group: &GroupView) -> usize {
    let Some(pool) = &group.pool else { return 0 };
    pool.min.max(pool.max_prepared.unwrap_or(group.max).saturating_sub(group.desired)) as usize
}

pub(crate) fn run(seed: u64, deeds: &[Deed]) -> Bed {
    let mut bed = Bed::with_seed(seed);
    bed.run(Command::CreateGroup(mixed(2)));
    for deed in deeds {
        perform(&mut bed, deed);
    }
    bed
}
