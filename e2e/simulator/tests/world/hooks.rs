//! Hooks: who ends an action, when, and what follows.

use std::time::Duration;

use aws_simulator::world::HookResult::{Abandon, Continue};
use aws_simulator::world::HookTransition::{Launching, Terminating};
use aws_simulator::world::{ActionRef, Command, CompletedBy, HookResult, PoolState, PutHook, Reply};

use crate::bed::{A_WHILE, BOOT, Bed, STEP, STOP, by_instance, by_token};

const MINUTE: Duration = Duration::from_mins(1);

/// A bed whose only instance is held by its termination hook.
fn held(default_result: HookResult) -> (Bed, String) {
    let mut bed = Bed::new();
    bed.group(1);
    bed.hook(Terminating, default_result);
    bed.pass(A_WHILE);
    let id = bed.only();
    bed.desire(0);
    bed.pass(STEP);
    assert_eq!(bed.state(&id), "Terminating:Wait");
    (bed, id)
}

#[test]
fn a_termination_waits_for_its_hook_and_then_ends() {
    let (mut bed, id) = held(Abandon);
    bed.complete(&id, Terminating, Continue);
    assert_eq!(bed.state(&id), "Terminating:Proceed");
    bed.pass(STOP);
    assert_eq!(bed.state(&id), "Terminated");
    assert!(bed.ids().is_empty());
    assert_eq!(bed.endings(), [(Continue, CompletedBy::Completed)]);
}

#[test]
fn without_a_heartbeat_the_default_result_is_applied_when_the_timeout_ends() {
    let (mut bed, id) = held(Abandon);
    bed.pass(Duration::from_millis(59_999));
    assert_eq!(bed.state(&id), "Terminating:Wait");
    bed.pass(Duration::from_millis(1));
    assert_eq!(bed.state(&id), "Terminating:Proceed");
    assert_eq!(bed.endings(), [(Abandon, CompletedBy::TimedOut)]);
}

#[test]
fn a_heartbeat_gives_a_full_period_again() {
    let (mut bed, id) = held(Continue);
    bed.pass(Duration::from_secs(59));
    bed.run(Command::Heartbeat(by_instance(&id, Terminating)));
    bed.pass(Duration::from_secs(59));
    assert_eq!(bed.state(&id), "Terminating:Wait");
    bed.pass(Duration::from_secs(1));
    assert_eq!(bed.endings(), [(Continue, CompletedBy::TimedOut)]);
}

#[test]
fn heartbeats_do_not_reach_beyond_a_hundred_periods() {
    let (mut bed, id) = held(Continue);
    for _ in 0..199 {
        bed.pass(MINUTE / 2);
        bed.run(Command::Heartbeat(by_instance(&id, Terminating)));
    }
    assert_eq!(bed.state(&id), "Terminating:Wait");
    bed.pass(MINUTE / 2);
    assert_eq!(bed.endings(), [(Continue, CompletedBy::GlobalTimeout)]);
}

#[test]
fn an_abandoned_launch_is_terminated_through_the_termination_hook_and_replaced() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.hook(Launching, Continue);
    bed.hook(Terminating, Continue);
    bed.desire(1);
    let id = bed.only();
    bed.pass(BOOT);
    bed.complete(&id, Launching, Abandon);
    assert_eq!(bed.states(), ["Pending", "Terminating"]);
    bed.pass(STEP);
    assert_eq!(bed.state(&id), "Terminating:Wait");
}

#[test]
fn an_abandoned_warming_leaves_the_pool_and_is_replaced() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.hook(Launching, Abandon);
    bed.pool(1, PoolState::Stopped, false);
    bed.pass(BOOT + MINUTE);
    assert_eq!(bed.endings(), [(Abandon, CompletedBy::TimedOut)]);
    assert_eq!(bed.states(), ["Warmed:Pending", "Warmed:Terminating"]);
}

#[test]
fn of_two_hooks_both_must_continue_but_one_may_abandon() {
    for (result, others_withdrawn) in [(Continue, false), (Abandon, true)] {
        let mut bed = Bed::new();
        bed.group(1);
        bed.hook(Terminating, Continue);
        let second = PutHook { name: "second".into(), transition: Some(Terminating), ..Default::default() };
        bed.run(Command::PutHook { group: "g".into(), hook: second });
        bed.pass(A_WHILE);
        let id = bed.only();
        bed.desire(0);
        bed.pass(STEP);
        bed.complete(&id, Terminating, result);
        let expected = if others_withdrawn { "Terminating:Proceed" } else { "Terminating:Wait" };
        assert_eq!(bed.state(&id), expected, "after {result}");
        let withdrawn = bed.endings().iter().any(|(_, by)| *by == CompletedBy::Withdrawn);
        assert_eq!(withdrawn, others_withdrawn);
    }
}

#[test]
fn an_action_may_be_named_by_its_token_alone() {
    let (mut bed, id) = held(Abandon);
    let token = bed.tokens().pop().expect("an action");
    bed.run(Command::Heartbeat(by_token(&token, Terminating)));
    bed.run(Command::Complete { action: by_token(&token, Terminating), result: Continue });
    assert_eq!(bed.state(&id), "Terminating:Proceed");
}

#[test]
fn an_action_that_is_not_open_is_refused_in_awss_words() {
    let (mut bed, id) = held(Abandon);
    let token = bed.tokens().pop().expect("an action");
    bed.complete(&id, Terminating, Continue);
    let again = Command::Complete { action: by_token(&token, Terminating), result: Continue };
    let error = bed.refused(again);
    assert_eq!((error.code.as_str(), error.status), ("ValidationError", 400));
    assert_eq!(error.message, format!("No active Lifecycle Action found with token {token}"));
    let error = bed.refused(Command::Heartbeat(by_instance(&id, Terminating)));
    assert_eq!(error.message, format!("No active Lifecycle Action found with instance ID {id}"));
}

#[test]
fn an_action_is_not_open_before_the_instance_waits() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.hook(Launching, Continue);
    bed.desire(1);
    let id = bed.only();
    let complete = || Command::Complete { action: by_instance(&id, Launching), result: Continue };
    assert!(bed.refused(complete()).message.starts_with("No active Lifecycle Action found"));
    bed.pass(BOOT);
    bed.run(complete());
}

#[test]
fn a_heartbeat_for_the_other_kind_of_hook_tells_the_direction() {
    let mut bed = Bed::new();
    bed.group(0);
    bed.hook(Launching, Continue);
    bed.hook(Terminating, Continue);
    bed.pool(1, PoolState::Stopped, false);
    bed.pass(BOOT);
    let id = bed.only();
    assert_eq!(bed.state(&id), "Warmed:Pending:Wait");
    assert!(bed.attempt(Command::Heartbeat(by_instance(&id, Terminating))).is_err(), "entering");
    assert!(bed.attempt(Command::Heartbeat(by_instance(&id, Launching))).is_ok());
}

#[test]
fn an_action_needs_a_known_group_a_known_hook_and_a_token_or_an_instance() {
    let (mut bed, id) = held(Abandon);
    let good = by_instance(&id, Terminating);
    for bad in [
        ActionRef { group: "nobody's".into(), ..good.clone() },
        ActionRef { hook: "nobody's".into(), ..good.clone() },
        ActionRef { instance: None, ..good.clone() },
    ] {
        let error = bed.refused(Command::Heartbeat(bad));
        assert_eq!(error.code, "ValidationError");
        assert!(!error.message.contains("No active"), "{error:?}");
    }
    assert!(bed.attempt(Command::Heartbeat(good)).is_ok());
}

#[test]
fn a_deleted_hook_lets_its_instances_go() {
    let (mut bed, id) = held(Abandon);
    bed.run(Command::DeleteHook { group: "g".into(), hook: "terminate".into() });
    assert_eq!(bed.state(&id), "Terminating:Proceed");
    assert_eq!(bed.endings(), [(Continue, CompletedBy::Withdrawn)]);
}

#[test]
fn a_hook_made_after_the_launch_does_not_hold_it() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(BOOT);
    bed.hook(Launching, Abandon);
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["InService"]);
    assert!(bed.tokens().is_empty());
}

#[test]
fn hooks_are_described_with_awss_defaults() {
    let mut bed = Bed::new();
    bed.group(0);
    let hook = PutHook { name: "h".into(), transition: Some(Terminating), ..Default::default() };
    bed.run(Command::PutHook { group: "g".into(), hook });
    let Reply::Hooks { hooks, .. } = bed.run(Command::DescribeHooks { group: "g".into(), names: Vec::new() })
    else {
        panic!("not hooks")
    };
    assert_eq!(hooks[0].heartbeat_timeout, Duration::from_hours(1));
    assert_eq!(hooks[0].global_timeout, Duration::from_hours(48), "100 hours are too many");
    assert_eq!(hooks[0].default_result, Abandon);
}

#[test]
fn heartbeat_timeouts_outside_the_limits_are_refused() {
    let mut bed = Bed::new();
    bed.group(0);
    let put = |seconds| Command::PutHook {
        group: "g".into(),
        hook: PutHook {
            name: "h".into(),
            transition: Some(Terminating),
            heartbeat_timeout: Some(Duration::from_secs(seconds)),
            ..Default::default()
        },
    };
    for seconds in [0, 29, 7201] {
        assert_eq!(bed.refused(put(seconds)).code, "ValidationError", "{seconds}");
    }
    for seconds in [30, 7200] {
        bed.run(put(seconds));
    }
}
