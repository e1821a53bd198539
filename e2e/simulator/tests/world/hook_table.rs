//! What follows on the end of a hook, for every direction and every way to end; and how large a pool is.

use std::time::Duration;

use aws_simulator::world::HookResult::{self, Abandon, Continue};
use aws_simulator::world::HookTransition::{self, Launching, Terminating};
use aws_simulator::world::{
    Command, CompletedBy, CreateGroup, DescribeGroups, GroupSettings, PoolState, PutHook, PutWarmPool, Reply,
    UpdateGroup,
};

use crate::bed::{A_WHILE, BOOT, Bed, STEP, by_instance, by_token};

const MINUTE: Duration = Duration::from_mins(1);

/// How an action ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Answer(HookResult),
    Silence(HookResult),
    Heartbeats(HookResult),
}

/// A bed with one instance that a hook of this default holds in this state.
fn held(state: &str, default_result: HookResult, retain: bool) -> (Bed, String, HookTransition) {
    let mut bed = Bed::new();
    let settings = GroupSettings { retain: Some(retain), ..GroupSettings::default() };
    bed.group(0);
    bed.run(Command::UpdateGroup(UpdateGroup { name: "g".into(), settings, ..UpdateGroup::default() }));
    let pool = |bed: &mut Bed, min, prepared| {
        bed.run(Command::PutWarmPool(PutWarmPool {
            group: "g".into(),
            max_prepared: Some(Some(prepared)),
            min: Some(min),
            state: Some(PoolState::Running),
            reuse: Some(true),
        }));
    };
    let transition = match state {
        "cold Pending:Wait" | "Warmed:Pending:Wait" | "warm Pending:Wait" => Launching,
        _ => Terminating,
    };
    if state == "warm Pending:Wait" {
        pool(&mut bed, 0, 1);
        bed.pass(A_WHILE);
    }
    if state != "warm Pending:Wait" && transition == Launching {
        bed.hook(transition, default_result);
    }
    match state {
        "cold Pending:Wait" => bed.desire(1),
        "warm Pending:Wait" => {
            bed.hook(transition, default_result);
            bed.desire(1);
        }
        "Warmed:Pending:Wait" => pool(&mut bed, 0, 1),
        "Terminating:Wait" | "returning Warmed:Pending:Wait" => {
            if state != "Terminating:Wait" {
                pool(&mut bed, 0, 1);
            }
            bed.desire(1);
            bed.pass(A_WHILE);
            bed.hook(transition, default_result);
            bed.desire(0);
        }
        _ => {
            pool(&mut bed, 1, 0);
            bed.pass(A_WHILE);
            bed.hook(transition, default_result);
            pool(&mut bed, 0, 0);
        }
    }
    bed.pass(if transition == Launching && state != "warm Pending:Wait" { BOOT } else { STEP });
    let id = bed.only();
    assert_eq!(bed.state(&id), state.rsplit(' ').next().unwrap_or_default(), "{state}");
    (bed, id, transition)
}

#[test]
fn every_end_of_a_hook_leads_where_the_documentation_says() {
    // The state held, then the next state after CONTINUE, after ABANDON, and after ABANDON with retention.
    for (state, after_continue, after_abandon, retained) in [
        ("cold Pending:Wait", "Pending:Proceed", "Terminating", "Terminating"),
        ("warm Pending:Wait", "Pending:Proceed", "Terminating", "Terminating"),
        ("Warmed:Pending:Wait", "Warmed:Pending:Proceed", "Warmed:Terminating", "Warmed:Terminating"),
        ("Terminating:Wait", "Terminating:Proceed", "Terminating:Proceed", "Terminating:Retained"),
        (
            "returning Warmed:Pending:Wait",
            "Warmed:Pending:Proceed",
            "Warmed:Pending:Proceed",
            "Warmed:Pending:Retained",
        ),
        (
            "Warmed:Terminating:Wait",
            "Warmed:Terminating:Proceed",
            "Warmed:Terminating:Proceed",
            "Warmed:Terminating:Retained",
        ),
    ] {
        for retain in [false, true] {
            for result in [Continue, Abandon] {
                for end in [End::Answer(result), End::Silence(result), End::Heartbeats(result)] {
                    // An answer goes against the default, so that the two are told apart.
                    let default_result = match end {
                        End::Answer(Continue) => Abandon,
                        End::Answer(Abandon) => Continue,
                        End::Silence(default) | End::Heartbeats(default) => default,
                    };
                    let (mut bed, id, transition) = held(state, default_result, retain);
                    let by = match end {
                        End::Answer(answer) => {
                            bed.complete(&id, transition, answer);
                            CompletedBy::Completed
                        }
                        End::Silence(_) => {
                            bed.pass(MINUTE);
                            CompletedBy::TimedOut
                        }
                        End::Heartbeats(_) => {
                            for _ in 0..199 {
                                bed.pass(MINUTE / 2);
                                bed.run(Command::Heartbeat(by_instance(&id, transition)));
                            }
                            bed.pass(MINUTE / 2);
                            CompletedBy::GlobalTimeout
                        }
                    };
                    let expected = match result {
                        Continue => after_continue,
                        Abandon if retain => retained,
                        Abandon => after_abandon,
                    };
                    assert_eq!(bed.state(&id), expected, "{state}, {end:?}, retain: {retain}");
                    assert_eq!(bed.endings(), [(result, by)], "{state}, {end:?}");
                }
            }
        }
    }
}

#[test]
fn each_of_several_hooks_has_an_action_of_its_own_at_pool_entry_and_at_pool_exit() {
    let mut bed = Bed::new();
    bed.group(0);
    for name in ["first", "second", "third"] {
        let hook = PutHook { name: name.into(), transition: Some(Launching), ..PutHook::default() };
        bed.run(Command::PutHook { group: "g".into(), hook });
    }
    bed.pool(1, PoolState::Running, false);
    for (waiting, proceeding) in
        [("Warmed:Pending:Wait", "Warmed:Pending:Proceed"), ("Pending:Wait", "Pending:Proceed")]
    {
        let before = bed.tokens().len();
        bed.pass(BOOT);
        let id = bed.ids().into_iter().find(|id| bed.state(id) == waiting).expect("one that waits");
        let tokens = bed.tokens()[before..before + 3].to_vec();
        for (name, token) in ["first", "second", "third"].iter().zip(&tokens) {
            assert_eq!(bed.state(&id), waiting, "until the last of them");
            let mut action = by_token(token, Launching);
            action.hook = (*name).to_owned();
            bed.run(Command::Complete { action, result: Continue });
        }
        assert_eq!(bed.state(&id), proceeding);
        bed.pass(STEP);
        bed.desire(1);
    }
}

#[test]
fn a_change_of_a_hook_counts_from_the_next_action_on() {
    let (mut bed, id, _) = held("Terminating:Wait", Abandon, true);
    bed.hook(Terminating, Continue);
    bed.pass(MINUTE);
    assert_eq!(bed.state(&id), "Terminating:Retained", "the open action keeps the default it opened with");
    bed.run(Command::TerminateInstance { id: id.clone(), decrement: false });
    bed.pass(STEP + MINUTE);
    assert_eq!(bed.state(&id), "Terminating:Proceed");
}

#[test]
fn a_pool_is_as_large_as_the_documented_formula_says() {
    // Minimum, maximum and desired of the group; the pool's minimum and limit; the pool's size.
    for (min, max, desired, pool_min, prepared, size) in [
        // As captured on a managed node group: three, not one.
        (1, 4, 1, 1, None, 3),
        (0, 4, 4, 0, None, 0),
        (0, 4, 4, 2, None, 2),
        (0, 9, 3, 0, Some(5), 2),
        (0, 9, 3, 4, Some(5), 4),
        (0, 9, 5, 0, Some(3), 0),
        (0, 9, 5, 1, Some(3), 1),
        (0, 2, 1, 0, Some(6), 5),
    ] {
        let mut bed = Bed::new();
        let desired = Some(desired);
        bed.run(Command::CreateGroup(CreateGroup {
            name: "g".into(),
            min,
            max,
            desired,
            ..Default::default()
        }));
        bed.run(Command::PutWarmPool(PutWarmPool {
            group: "g".into(),
            max_prepared: Some(prepared),
            min: Some(pool_min),
            ..PutWarmPool::default()
        }));
        let Reply::Groups { groups, .. } = bed.run(Command::DescribeGroups(DescribeGroups::default())) else {
            panic!("not groups")
        };
        assert_eq!(groups[0].pool_size, size, "{max} {desired:?} {pool_min} {prepared:?}");
    }
}
