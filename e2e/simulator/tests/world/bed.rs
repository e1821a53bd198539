//! A world, its time, and everything that happened in it.

use std::time::{Duration, SystemTime};

use aws_simulator::world::{
    ActionRef, AwsError, Command, CompletedBy, CreateGroup, Event, HookResult, HookTransition, PoolState,
    Power, PutHook, PutWarmPool, Reply, Settings, World,
};

pub(crate) const BOOT: Duration = Duration::from_secs(10);
pub(crate) const STOP: Duration = Duration::from_secs(5);
pub(crate) const STEP: Duration = Duration::from_secs(1);
/// How long the health check takes to see what happened to a machine.
pub(crate) const CHECK: Duration = Duration::from_secs(30);
/// Long enough for any journey without a hook.
pub(crate) const A_WHILE: Duration = Duration::from_secs(20);

pub(crate) struct Bed {
    pub(crate) world: World,
    pub(crate) now: SystemTime,
    pub(crate) events: Vec<Event>,
}

impl Bed {
    pub(crate) fn new() -> Self {
        Self::with_seed(1)
    }

    pub(crate) fn with_seed(seed: u64) -> Self {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        let settings = Settings {
            seed,
            min_heartbeat_timeout: Duration::from_secs(30),
            boot_time: BOOT,
            stop_time: STOP,
            step_time: STEP,
            no_target_time: Duration::ZERO,
            health_check_time: CHECK,
        };
        Bed { world: World::new(settings, now), now, events: Vec::new() }
    }

    pub(crate) fn attempt(&mut self, command: Command) -> Result<Reply, AwsError> {
        let reply = self.world.handle(self.now, command);
        self.events.extend(self.world.advance(self.now));
        reply
    }

    pub(crate) fn run(&mut self, command: Command) -> Reply {
        self.attempt(command).expect("the operation is in order")
    }

    pub(crate) fn refused(&mut self, command: Command) -> AwsError {
        self.attempt(command).expect_err("the operation is out of order")
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.events.extend(self.world.advance(self.now));
    }

    /// A group `g` of up to 9 instances.
    pub(crate) fn group(&mut self, desired: u32) {
        let group = CreateGroup { name: "g".into(), max: 9, desired: Some(desired), ..Default::default() };
        self.run(Command::CreateGroup(group));
    }

    pub(crate) fn desire(&mut self, desired: u32) {
        self.run(Command::SetDesired { group: "g".into(), desired });
    }

    /// A pool that holds `size` instances whatever the group's size.
    pub(crate) fn pool(&mut self, size: u32, state: PoolState, reuse: bool) {
        self.run(Command::PutWarmPool(PutWarmPool {
            group: "g".into(),
            max_prepared: Some(Some(0)),
            min: Some(size),
            state: Some(state),
            reuse: Some(reuse),
        }));
    }

    /// A hook with a heartbeat timeout of a minute; its name is `launch` or `terminate`.
    pub(crate) fn hook(&mut self, transition: HookTransition, default_result: HookResult) {
        self.run(put_hook(transition, default_result));
    }

    pub(crate) fn complete(&mut self, id: &str, transition: HookTransition, result: HookResult) {
        self.run(Command::Complete { action: by_instance(id, transition), result });
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.world.machines().map(|machine| machine.view.id).collect()
    }

    /// The one instance there is.
    pub(crate) fn only(&self) -> String {
        let ids = self.ids();
        assert_eq!(ids.len(), 1, "{ids:?}");
        ids[0].clone()
    }

    /// The states of all instances, sorted.
    pub(crate) fn states(&self) -> Vec<String> {
        let mut states: Vec<_> = self.world.machines().map(|machine| machine.view.state).collect();
        states.sort();
        states
    }

    pub(crate) fn state(&self, id: &str) -> String {
        self.world.machine(id).expect("an instance of this id").view.state
    }

    pub(crate) fn power(&self, id: &str) -> Power {
        self.world.machine(id).expect("an instance of this id").power
    }

    pub(crate) fn target(&self, id: &str) -> Option<&'static str> {
        self.world.machine(id).expect("an instance of this id").target
    }

    /// Every state an instance has been in since the last call for it, in order.
    pub(crate) fn path(&mut self, id: &str) -> Vec<String> {
        let mut path = Vec::new();
        self.events.retain(|event| match event {
            Event::LifecycleChanged { id: this, to, .. } if this == id => {
                path.push(to.clone());
                false
            }
            Event::LifecycleChanged { .. }
            | Event::PowerChanged { .. }
            | Event::ActionOpened { .. }
            | Event::Heartbeat { .. }
            | Event::ActionCompleted { .. } => true,
        });
        path
    }

    /// The tokens of all actions opened so far, in order.
    pub(crate) fn tokens(&self) -> Vec<String> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::ActionOpened { token, .. } => Some(token.clone()),
                Event::LifecycleChanged { .. }
                | Event::PowerChanged { .. }
                | Event::Heartbeat { .. }
                | Event::ActionCompleted { .. } => None,
            })
            .collect()
    }

    /// How all actions ended so far, in order.
    pub(crate) fn endings(&self) -> Vec<(HookResult, CompletedBy)> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::ActionCompleted { result, by, .. } => Some((*result, *by)),
                Event::LifecycleChanged { .. }
                | Event::PowerChanged { .. }
                | Event::Heartbeat { .. }
                | Event::ActionOpened { .. } => None,
            })
            .collect()
    }
}

pub(crate) fn put_hook(transition: HookTransition, default_result: HookResult) -> Command {
    let hook = PutHook {
        name: name(transition).into(),
        transition: Some(transition),
        heartbeat_timeout: Some(Duration::from_mins(1)),
        default_result: Some(default_result),
        ..PutHook::default()
    };
    Command::PutHook { group: "g".into(), hook }
}

pub(crate) fn name(transition: HookTransition) -> &'static str {
    match transition {
        HookTransition::Launching => "launch",
        HookTransition::Terminating => "terminate",
    }
}

pub(crate) fn by_instance(id: &str, transition: HookTransition) -> ActionRef {
    ActionRef { group: "g".into(), hook: name(transition).into(), token: None, instance: Some(id.to_owned()) }
}

pub(crate) fn by_token(token: &str, transition: HookTransition) -> ActionRef {
    ActionRef { token: Some(token.to_owned()), instance: None, ..by_instance("", transition) }
}
