//! Every step between two lifecycle states that the documentation draws: each is taken, and no other.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_simulator::world::HookResult::{Abandon, Continue};
use aws_simulator::world::HookTransition::{Launching, Terminating};
use aws_simulator::world::{Command, Event, PoolState, PutWarmPool, State};

use crate::bed::{BOOT, Bed, CHECK, by_instance};
use crate::life_bed::{attach, detach, enter, exit, health};
use crate::reach::{pool_for_returns, reach, set_retention};
use crate::refresh_bed::replacing;

/// Kept apart from the simulator's own tables. A pool member's state at rest is any of the three; giving up a launch
/// leads straight to its termination.
const STEPS: &[(&str, &[&str])] = &[
    ("", &["Pending", "Warmed:Pending"]),
    ("Pending", &["Pending:Wait", "InService", "Terminating"]),
    ("Pending:Wait", &["Pending:Proceed", "Terminating"]),
    ("Pending:Proceed", &["InService", "Terminating"]),
    ("InService", &["ReplacingRootVolume", "Terminating", "Warmed:Pending", "EnteringStandby", "Detaching"]),
    ("EnteringStandby", &["Standby", "Terminating"]),
    ("Standby", &["Pending", "Detaching", "Terminating"]),
    ("Detaching", &["Detached"]),
    ("Detached", &["Pending"]),
    ("ReplacingRootVolume", &["ReplacingRootVolume:Wait", "RootVolumeReplaced", "Terminating"]),
    ("ReplacingRootVolume:Wait", &["ReplacingRootVolume:Proceed", "Terminating"]),
    ("ReplacingRootVolume:Proceed", &["RootVolumeReplaced", "Terminating"]),
    ("RootVolumeReplaced", &["Pending:Wait", "InService", "Terminating"]),
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

const POOL: [&str; 3] = ["Warmed:Stopped", "Warmed:Running", "Warmed:Hibernated"];

/// The table as pairs.
fn documented() -> BTreeSet<(String, String)> {
    let mut pairs = BTreeSet::new();
    for (from, next) in STEPS {
        for to in next.iter().flat_map(|to| if *to == "POOL" { POOL.to_vec() } else { vec![*to] }) {
            pairs.insert(((*from).to_owned(), to.to_owned()));
        }
    }
    pairs
}

/// True if the documentation draws this step.
pub(crate) fn is_documented(from: &str, to: &str) -> bool {
    documented().contains(&(from.to_owned(), to.to_owned()))
}

/// What is done to an instance in some state. A refusal is as good as a change.
type Deed = fn(&mut Bed, &str);

const DEEDS: [(&str, Deed); 22] = [
    ("nothing", |_, _| {}),
    ("put hooks", |bed, _| {
        for transition in [Launching, Terminating] {
            bed.hook(transition, Abandon);
        }
    }),
    ("continue a launch", |bed, id| answer(bed, id, Launching, Continue)),
    ("abandon a launch", |bed, id| answer(bed, id, Launching, Abandon)),
    ("continue a termination", |bed, id| answer(bed, id, Terminating, Continue)),
    ("abandon a termination", |bed, id| answer(bed, id, Terminating, Abandon)),
    ("abandon a termination and keep it", |bed, id| {
        bed.run(set_retention(true));
        answer(bed, id, Terminating, Abandon);
    }),
    ("terminate it", |bed, id| attempt(bed, Command::TerminateInstance { id: id.into(), decrement: false })),
    ("scale to none", |bed, _| bed.desire(0)),
    ("scale to two", |bed, _| bed.desire(2)),
    ("scale to none with reuse", |bed, _| {
        attempt(bed, pool_for_returns());
        bed.desire(0);
    }),
    ("enter standby", |bed, id| attempt(bed, enter(&[id], false))),
    ("exit standby", |bed, id| attempt(bed, exit(&[id]))),
    ("detach", |bed, id| attempt(bed, detach(&[id], false))),
    ("attach", |bed, id| attempt(bed, attach(&[id]))),
    ("call it unhealthy", |bed, id| attempt(bed, health(id, false))),
    ("terminate its machine", |bed, id| {
        let ids = vec![id.to_owned()];
        let _ = bed.try_ec2(aws_simulator::world::ec2::Command::Terminate { ids });
        bed.pass(CHECK);
    }),
    ("shrink the pool", |bed, _| prepare(bed, 0, PoolState::Stopped)),
    ("stop more through hooks", |bed, _| prepare(bed, 3, PoolState::Stopped)),
    ("hibernate more through hooks", |bed, _| prepare(bed, 3, PoolState::Hibernated)),
    ("keep more running through hooks", |bed, _| prepare(bed, 3, PoolState::Running)),
    ("replace its root volume", |bed, _| attempt(bed, Command::StartRefresh(replacing()))),
];

fn attempt(bed: &mut Bed, command: Command) {
    let _ = bed.attempt(command);
}

fn answer(
    bed: &mut Bed,
    id: &str,
    transition: aws_simulator::world::HookTransition,
    result: aws_simulator::world::HookResult,
) {
    attempt(bed, Command::Complete { action: by_instance(id, transition), result });
}

/// Has the pool hold this many, and lets its new ones through the hook at its entry.
fn prepare(bed: &mut Bed, size: u32, state: PoolState) {
    bed.hook(Launching, Continue);
    let (min, state) = (Some(size), Some(state));
    attempt(
        bed,
        Command::PutWarmPool(PutWarmPool {
            group: "g".into(),
            max_prepared: Some(Some(0)),
            min,
            state,
            reuse: None,
        }),
    );
    bed.pass(BOOT);
    for id in bed.ids() {
        answer(bed, &id, Launching, Continue);
    }
}

#[test]
fn every_documented_step_is_taken_and_no_other() {
    let mut taken = BTreeSet::new();
    for state in State::ALL {
        for (_, deed) in DEEDS {
            let (mut bed, id) = reach(state);
            deed(&mut bed, &id);
            bed.pass(Duration::from_mins(10));
            for event in bed.events {
                if let Event::LifecycleChanged { from, to, .. } = event {
                    taken.insert((from.unwrap_or_default(), to));
                }
            }
        }
    }
    let documented = documented();
    let never: Vec<_> = documented.difference(&taken).collect();
    assert!(never.is_empty(), "never taken: {never:?}");
    let wrong: Vec<_> = taken.difference(&documented).collect();
    assert!(wrong.is_empty(), "not documented: {wrong:?}");
}

#[test]
fn every_state_is_left_and_entered() {
    let documented = documented();
    for (index, state) in State::ALL.into_iter().enumerate() {
        assert_eq!(state as usize, index, "{state:?} is out of order in the list of all");
        let text = state.as_str();
        assert!(documented.iter().any(|(_, to)| to == text), "nothing leads to {text}");
        let is_last = matches!(state, State::Terminated | State::WarmedTerminated);
        assert_eq!(documented.iter().any(|(from, _)| from == text), !is_last, "from {text}");
    }
    let names: BTreeSet<_> = State::ALL.map(State::as_str).into();
    assert!(STEPS.iter().all(|(from, _)| from.is_empty() || names.contains(from)));
}
