//! How much work it is to keep a group at its size.

use std::time::{Duration, SystemTime};

use super::super::command::{Command, CreateGroup, GroupSettings, PutHook, PutWarmPool};
use super::super::event::{Event, HookResult, HookTransition};
use super::super::{Settings, World};

const SIZE: u32 = 200;

/// A world with an empty group `g`, and what else `more` asks for.
fn world(settings: GroupSettings, more: &[Command]) -> World {
    let second = Duration::from_secs(1);
    let times = Settings {
        seed: 1,
        min_heartbeat_timeout: second,
        boot_time: second,
        stop_time: second,
        step_time: second,
        no_target_time: Duration::ZERO,
        health_check_time: second,
    };
    let mut world = World::new(times, SystemTime::UNIX_EPOCH);
    let group = CreateGroup { name: "g".into(), max: 2 * SIZE, settings, ..CreateGroup::default() };
    world.handle(world.now, Command::CreateGroup(group)).expect("a group");
    for command in more {
        world.handle(world.now, command.clone()).expect("an operation in order");
    }
    world
}

fn pool(reuse: bool) -> Command {
    let pool = PutWarmPool { group: "g".into(), min: Some(3), reuse: Some(reuse), ..PutWarmPool::default() };
    Command::PutWarmPool(pool)
}

fn hook(transition: HookTransition, default_result: HookResult) -> Command {
    let hook = PutHook {
        name: format!("{transition:?}"),
        transition: Some(transition),
        heartbeat_timeout: Some(Duration::from_secs(5)),
        default_result: Some(default_result),
        ..PutHook::default()
    };
    Command::PutHook { group: "g".into(), hook }
}

/// Every member arrives and leaves. If each arrival went through all of them, a group of thousands would keep the simulator
/// from answering for minutes.
#[test]
fn an_arrival_looks_at_no_other_member() {
    let hooks = || {
        [HookTransition::Launching, HookTransition::Terminating]
            .map(|transition| hook(transition, HookResult::Continue))
            .to_vec()
    };
    for (what, more) in [
        ("a plain group", vec![]),
        ("hooks", hooks()),
        ("a pool", vec![pool(false)]),
        ("a pool that takes back", vec![pool(true)]),
        ("a pool and hooks", [vec![pool(false)], hooks()].concat()),
    ] {
        let mut world = world(GroupSettings::default(), &more);
        for desired in [SIZE, 0] {
            let now = world.now;
            world.handle(now, Command::SetDesired { group: "g".into(), desired }).expect("a size");
            let before = world.instances.looks.get();
            world.advance(now + Duration::from_mins(10));
            let looks = world.instances.looks.get() - before;
            assert!(looks < 20, "{what}: {looks} looks at all members on the way to {desired}");
        }
    }
}

/// AWS's default of a launch hook: whoever is not answered for is replaced, each by one.
#[test]
fn a_replacement_looks_at_no_other_member() {
    let mut world = world(GroupSettings::default(), &[hook(HookTransition::Launching, HookResult::Abandon)]);
    let now = world.now;
    world.handle(now, Command::SetDesired { group: "g".into(), desired: SIZE }).expect("a size");
    let before = world.instances.looks.get();
    // All of them are abandoned once, and launched anew.
    let events = world.advance(now + Duration::from_secs(7));
    let opened = events.iter().filter(|event| matches!(event, Event::ActionCompleted { .. })).count();
    assert_eq!(opened, SIZE as usize);
    let looks = world.instances.looks.get() - before;
    assert!(looks < 20, "{looks} looks at all members");
}
