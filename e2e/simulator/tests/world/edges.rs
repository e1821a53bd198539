//! Every operation on a member, in every state a member can be in.

use aws_simulator::world::HookResult::Continue;
use aws_simulator::world::HookTransition::{Launching, Terminating};
use aws_simulator::world::{Command, PoolState};

use crate::bed::{A_WHILE, BOOT, Bed, STEP};
use crate::life_bed::{attach, detach, enter, exit, health, protect};

const IN_SERVICE: &str = "is not in InService.";
const STANDBY: &str = "is not in Standby.";
const EITHER: &str = "is not in InService or Standby.";
const PROTECTABLE: &str = "is not in InService or EnteringStandby or Standby.";
const STRANGER: &str = "is not part of Auto Scaling group g.";
const UNKNOWN: &str = "Instance Id not found - No managed instance found for instance ID: ";
const TAKEN: &str = "is already part of AutoScalingGroup:g";
const WARM: &str = "is in the warm pool";

/// What an operation leads to: the member's state right after it and the desired capacity, or the words of the refusal.
type Outcome = Result<(&'static str, u32), &'static str>;

/// The outcomes in the order of `OPERATIONS`.
type Row = (&'static str, [Outcome; 9]);

/// What is done to an instance.
type Deed = fn(&str) -> Command;

const OPERATIONS: [(&str, Deed); 9] = [
    ("enter standby, decrementing", |id| enter(&[id], true)),
    ("enter standby", |id| enter(&[id], false)),
    ("exit standby", |id| exit(&[id])),
    ("detach, decrementing", |id| detach(&[id], true)),
    ("detach", |id| detach(&[id], false)),
    ("attach", |id| attach(&[id])),
    ("protect", |id| protect(&[id], true)),
    ("call unhealthy", |id| health(id, false)),
    ("terminate, decrementing", |id| Command::TerminateInstance { id: id.into(), decrement: true }),
];

const ROWS: [Row; 15] = [
    row_in_the_group("Pending", 1, Ok(("Terminating", 0))),
    row_in_the_group("Pending:Wait", 1, Ok(("Terminating", 0))),
    row_in_the_group("Pending:Proceed", 1, Ok(("Terminating", 0))),
    (
        "InService",
        [
            Ok(("EnteringStandby", 0)),
            Ok(("EnteringStandby", 1)),
            Err(STANDBY),
            Ok(("Detaching", 0)),
            Ok(("Detaching", 1)),
            Err(TAKEN),
            Ok(("InService", 1)),
            Ok(("Terminating", 1)),
            Ok(("Terminating", 0)),
        ],
    ),
    (
        "EnteringStandby",
        [
            Err(IN_SERVICE),
            Err(IN_SERVICE),
            Err(STANDBY),
            Err(EITHER),
            Err(EITHER),
            Err(TAKEN),
            Ok(("EnteringStandby", 0)),
            Ok(("EnteringStandby", 0)),
            Ok(("Terminating", 0)),
        ],
    ),
    (
        "Standby",
        [
            Err(IN_SERVICE),
            Err(IN_SERVICE),
            Ok(("Pending", 1)),
            Ok(("Detaching", 0)),
            Ok(("Detaching", 0)),
            Err(TAKEN),
            Ok(("Standby", 0)),
            Ok(("Standby", 0)),
            Ok(("Terminating", 0)),
        ],
    ),
    row_in_the_group("Detaching", 0, Err("is being detached")),
    row_in_the_group("Terminating", 0, Ok(("Terminating", 0))),
    row_in_the_group("Terminating:Wait", 0, Ok(("Terminating:Wait", 0))),
    row_in_the_group("Warmed:Pending", 0, Err(WARM)),
    row_in_the_group("Warmed:Pending:Wait", 0, Err(WARM)),
    row_in_the_group("Warmed:Running", 0, Err(WARM)),
    (
        "Warmed:Stopped",
        [
            Err(IN_SERVICE),
            Err(IN_SERVICE),
            Err(STANDBY),
            Err(EITHER),
            Err(EITHER),
            Err(TAKEN),
            Err(PROTECTABLE),
            Ok(("Warmed:Terminating", 0)),
            Err(WARM),
        ],
    ),
    row_in_the_group("Warmed:Terminating", 0, Err(WARM)),
    (
        "",
        [
            Err(STRANGER),
            Err(STRANGER),
            Err(STRANGER),
            Err(STRANGER),
            Err(STRANGER),
            Ok(("Pending", 1)),
            Err(STRANGER),
            Err(UNKNOWN),
            Err(UNKNOWN),
        ],
    ),
];

/// A member that can neither be moved nor protected; whether it is well does not matter for now.
const fn row_in_the_group(state: &'static str, desired: u32, terminated: Outcome) -> Row {
    let unwell = match state.as_bytes() {
        // The one pool that runs is as ready as the stopped one.
        b"Warmed:Running" => Ok(("Warmed:Terminating", desired)),
        _ => Ok((state, desired)),
    };
    (
        state,
        [
            Err(IN_SERVICE),
            Err(IN_SERVICE),
            Err(STANDBY),
            Err(EITHER),
            Err(EITHER),
            Err(TAKEN),
            Err(PROTECTABLE),
            unwell,
            terminated,
        ],
    )
}

/// A group `g` with one instance in this state.
fn reach(state: &str) -> (Bed, String) {
    let mut bed = Bed::new();
    bed.group(0);
    match state {
        "Pending:Wait" | "Pending:Proceed" | "Warmed:Pending:Wait" => bed.hook(Launching, Continue),
        "Terminating:Wait" => bed.hook(Terminating, Continue),
        _ => {}
    }
    if state.starts_with("Warmed:") {
        let kept = if state == "Warmed:Running" { PoolState::Running } else { PoolState::Stopped };
        bed.pool(1, kept, false);
    } else {
        bed.desire(1);
    }
    let id = bed.only();
    match state {
        "Pending" | "Warmed:Pending" => return (bed, id),
        "Pending:Wait" | "Warmed:Pending:Wait" => bed.pass(BOOT),
        "Pending:Proceed" => {
            bed.pass(BOOT);
            bed.complete(&id, Launching, Continue);
        }
        _ => bed.pass(A_WHILE),
    }
    match state {
        "EnteringStandby" => drop(bed.run(enter(&[&id], true))),
        "Standby" => {
            bed.run(enter(&[&id], true));
            bed.pass(A_WHILE);
        }
        "Detaching" => drop(bed.run(detach(&[&id], true))),
        "" => {
            bed.run(detach(&[&id], true));
            bed.pass(A_WHILE);
        }
        "Terminating" => bed.desire(0),
        "Terminating:Wait" => {
            bed.desire(0);
            bed.pass(STEP);
        }
        "Warmed:Terminating" => {
            drop(bed.run(Command::DeleteWarmPool { group: "g".into(), force: true }));
        }
        _ => {}
    }
    assert_eq!(bed.state(&id), state);
    (bed, id)
}

#[test]
fn each_operation_does_in_each_state_what_the_table_says() {
    for (state, outcomes) in ROWS {
        for ((operation, command), outcome) in OPERATIONS.iter().zip(outcomes) {
            let (mut bed, id) = reach(state);
            let before = (bed.state(&id), bed.desired(), bed.states());
            match (bed.attempt(command(&id)), outcome) {
                (Ok(_), Ok((next, desired))) => {
                    assert_eq!(
                        (bed.state(&id).as_str(), bed.desired()),
                        (next, desired),
                        "{state}: {operation}"
                    );
                }
                (Err(error), Err(words)) => {
                    assert_eq!((error.status, error.code.as_str()), (400, "ValidationError"));
                    assert!(error.message.contains(words), "{state}: {operation}: {error:?}");
                    assert_eq!((bed.state(&id), bed.desired(), bed.states()), before, "{state}: {operation}");
                }
                (result, outcome) => panic!("{state}: {operation}: {result:?} instead of {outcome:?}"),
            }
        }
    }
}

#[test]
fn the_metadata_service_names_where_the_member_goes() {
    for (state, target) in [
        ("Pending", Some("InService")),
        ("InService", Some("InService")),
        ("EnteringStandby", Some("Standby")),
        ("Standby", Some("Standby")),
        ("Detaching", Some("Detached")),
        ("", None),
        ("Terminating", Some("Terminated")),
        ("Warmed:Stopped", Some("Warmed:Stopped")),
        ("Warmed:Terminating", Some("Warmed:Terminated")),
    ] {
        let (bed, id) = reach(state);
        assert_eq!(bed.target(&id), target, "{state}");
    }
}
