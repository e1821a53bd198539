//! What changes a group's sizes without a user at hand, for the random mix: scaling policies and scheduled actions.

use std::time::{Duration, SystemTime};

use aws_simulator::world::{
    Adjustment, Command, Number, PolicyCommand, PolicyKind, PolicyRef, PutPolicy, PutSchedule,
    ScheduleCommand, Step, Tree,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::activities::all;
use crate::deeds::deeds;
use crate::play::run;

/// Names of policies and actions, few, so that they meet again.
const NAMES: [&str; 2] = ["a", "b"];

/// An operation on policies or schedules of the group `g`. Times are in seconds from when it is asked for.
#[derive(Debug, Clone)]
pub(crate) enum Automation {
    PutPolicy {
        name: &'static str,
        kind: PolicyKind,
        enabled: bool,
    },
    DeletePolicy(&'static str),
    /// Puts one and executes it as its kind wants it.
    Apply {
        name: &'static str,
        kind: PolicyKind,
        distance: i32,
    },
    Execute {
        name: &'static str,
        honor_cooldown: bool,
        distance: Option<i32>,
    },
    /// `SetDesiredCapacity` that honours the cooldown.
    Desire(u32),
    Schedule(Vec<Planned>),
    Unschedule(Vec<&'static str>),
}

/// A scheduled action that comes once after so long, or every minute until then.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    name: &'static str,
    after: u64,
    recurs: bool,
    min: Option<u32>,
    max: Option<u32>,
    desired: Option<u32>,
}

impl Planned {
    fn action(&self, now: SystemTime) -> PutSchedule {
        let end = now + Duration::from_secs(self.after);
        PutSchedule {
            name: self.name.into(),
            start: (!self.recurs).then_some(end),
            end: self.recurs.then_some(end),
            recurrence: self.recurs.then(|| "* * * * *".into()),
            time_zone: None,
            min: self.min,
            max: self.max,
            desired: self.desired,
        }
    }
}

impl Automation {
    pub(crate) fn commands(&self, now: SystemTime) -> Vec<Command> {
        if let Automation::Apply { name, kind, distance } = self.clone() {
            let distance = matches!(kind, PolicyKind::Step { .. }).then_some(distance);
            let put = Automation::PutPolicy { name, kind, enabled: true };
            let execute = Automation::Execute { name, honor_cooldown: false, distance };
            return [put, execute].iter().flat_map(|one| one.commands(now)).collect();
        }
        vec![self.command(now)]
    }

    fn command(&self, now: SystemTime) -> Command {
        let group = || "g".to_owned();
        let policy = |name: &str| PolicyRef { group: Some(group()), name: name.to_owned() };
        match self.clone() {
            Automation::Apply { .. } => unreachable!("two commands"),
            Automation::PutPolicy { name, kind, enabled } => {
                let put = PutPolicy { group: group(), name: name.to_owned(), kind, enabled };
                Command::Policy(PolicyCommand::Put(put))
            }
            Automation::DeletePolicy(name) => Command::Policy(PolicyCommand::Delete(policy(name))),
            Automation::Execute { name, honor_cooldown, distance } => {
                let breach = distance.and_then(|distance| number(distance).zip(number(0)));
                Command::Policy(PolicyCommand::Execute { policy: policy(name), honor_cooldown, breach })
            }
            Automation::Desire(desired) => Command::Policy(PolicyCommand::Desire { group: group(), desired }),
            Automation::Schedule(planned) => {
                let mut actions: Vec<_> = planned.iter().map(|one| one.action(now)).collect();
                Command::Schedule(match actions.len() {
                    1 => ScheduleCommand::Put { group: group(), action: actions.remove(0) },
                    _ => ScheduleCommand::PutAll { group: group(), actions },
                })
            }
            Automation::Unschedule(names) => Command::Schedule(match names[..] {
                [name] => ScheduleCommand::Delete { group: group(), name: name.to_owned() },
                _ => ScheduleCommand::DeleteAll {
                    group: group(),
                    names: names.into_iter().map(str::to_owned).collect(),
                },
            }),
        }
    }
}

fn number(value: i32) -> Option<Number> {
    Number::new(f64::from(value))
}

pub(crate) fn automation() -> impl Strategy<Value = Automation> {
    let name = || proptest::sample::select(&NAMES[..]);
    let names = proptest::collection::vec(name(), 1..4);
    let distance = proptest::option::of(-30..30_i32);
    prop_oneof![
        1 => (name(), kind(), proptest::bool::weighted(0.8))
            .prop_map(|(name, kind, enabled)| Automation::PutPolicy { name, kind, enabled }),
        1 => name().prop_map(Automation::DeletePolicy),
        4 => (name(), kind(), -30..30_i32)
            .prop_map(|(name, kind, distance)| Automation::Apply { name, kind, distance }),
        2 => (name(), proptest::bool::weighted(0.3), distance).prop_map(|(name, honor_cooldown, distance)| {
            Automation::Execute { name, honor_cooldown, distance }
        }),
        1 => (0..6_u32).prop_map(Automation::Desire),
        3 => proptest::collection::vec(planned(), 1..4).prop_map(Automation::Schedule),
        1 => names.prop_map(Automation::Unschedule),
    ]
}

fn planned() -> impl Strategy<Value = Planned> {
    let size = || proptest::option::of(0..7_u32);
    let when = (proptest::sample::select(&NAMES[..]), 0..400_u64, any::<bool>());
    (when, size(), size(), size()).prop_map(|((name, after, recurs), min, max, desired)| Planned {
        name,
        after,
        recurs,
        min,
        max,
        desired,
    })
}

fn kind() -> impl Strategy<Value = PolicyKind> {
    let how = || {
        prop_oneof![
            Just(Adjustment::Change),
            Just(Adjustment::Exact),
            proptest::option::of(1..3_u32).prop_map(Adjustment::Percent),
        ]
    };
    let tracking = PolicyKind::TargetTracking { configuration: Tree::Text("50".into()), warmup: None };
    prop_oneof![
        4 => (how(), -4..5_i32, proptest::option::of(0..120_u32))
            .prop_map(|(how, by, cooldown)| PolicyKind::Simple { how, by, cooldown }),
        4 => (how(), -4..5_i32, -4..5_i32).prop_map(|(how, below, above)| PolicyKind::Step {
            how,
            steps: vec![
                Step { lower: None, upper: number(0), by: below },
                Step { lower: number(0), upper: None, by: above },
            ],
            warmup: None,
            aggregation: None,
        }),
        1 => Just(tracking),
    ]
}

/// Without it the properties could hold because nothing of this ever takes effect.
#[test]
fn the_random_mix_executes_policies_and_scheduled_actions() {
    let mut runner = TestRunner::deterministic();
    let mut causes = String::new();
    for _ in 0..50 {
        let deeds = proptest::collection::vec(deeds(), 40).new_tree(&mut runner).expect("deeds").current();
        let mut bed = run(1, &deeds);
        bed.pass(Duration::from_mins(10));
        causes.extend(all(&mut bed).into_iter().map(|activity| activity.cause));
    }
    for told in NAMES.map(|name| format!("executed policy {name} changing the desired capacity from ")) {
        assert!(causes.contains(&told), "{told}");
    }
    for told in NAMES.map(|name| format!("the scheduled action {name} executed. Setting ")) {
        assert!(causes.contains(&told), "{told}");
    }
}
