//! Every operation on a member, in every state a member can be in.

use aws_simulator::world::{Command, State};

use crate::life_bed::{attach, detach, enter, exit, health, protect};
use crate::reach::reach;

const IN_SERVICE: &str = "is not in InService.";
const STANDBY: &str = "is not in Standby.";
const EITHER: &str = "is not in InService or Standby.";
const PROTECTABLE: &str = "is not in InService or EnteringStandby or Standby.";
const STRANGER: &str = "is not part of Auto Scaling group g.";
const UNKNOWN: &str = "Instance Id not found - No managed instance found for instance ID: ";
const TAKEN: &str = "is already part of AutoScalingGroup:g";
const WARM: &str = "is in the warm pool";
const KEPT: &str = "is retained and not part of the desired capacity";
const NO_MACHINE: &str = "Invalid Instance ID(s): [";

/// What an operation leads to: the member's state right after it and the desired capacity, or the words of the refusal.
type Outcome = Result<(&'static str, u32), &'static str>;

/// The outcomes in the order of `OPERATIONS`.
type Row = (State, [Outcome; 9]);

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

const ROWS: [Row; 29] = [
    moving(State::Pending, 1, Ok(("Terminating", 0))),
    moving(State::PendingWait, 1, Ok(("Terminating", 0))),
    moving(State::PendingProceed, 1, Ok(("Terminating", 0))),
    (
        State::InService,
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
    moving(State::Terminating, 0, Ok(("Terminating", 0))),
    moving(State::TerminatingWait, 0, Ok(("Terminating:Wait", 0))),
    moving(State::TerminatingProceed, 0, Ok(("Terminating:Proceed", 0))),
    moving(State::TerminatingRetained, 0, Err(KEPT)),
    gone(State::Terminated, Err(NO_MACHINE)),
    (
        State::EnteringStandby,
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
        State::Standby,
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
    moving(State::Detaching, 0, Err("is being detached")),
    gone(State::Detached, Ok(("Pending", 1))),
    moving(State::ReplacingRootVolume, 1, Ok(("Terminating", 0))),
    moving(State::ReplacingRootVolumeWait, 1, Ok(("Terminating", 0))),
    moving(State::ReplacingRootVolumeProceed, 1, Ok(("Terminating", 0))),
    moving(State::RootVolumeReplaced, 1, Ok(("Terminating", 0))),
    moving(State::WarmedPending, 0, Err(WARM)),
    moving(State::WarmedPendingWait, 0, Err(WARM)),
    moving(State::WarmedPendingProceed, 0, Err(WARM)),
    moving(State::WarmedPendingRetained, 0, Err(KEPT)),
    prepared(State::WarmedStopped),
    prepared(State::WarmedRunning),
    prepared(State::WarmedHibernated),
    moving(State::WarmedTerminating, 0, Err(WARM)),
    moving(State::WarmedTerminatingWait, 0, Err(WARM)),
    moving(State::WarmedTerminatingProceed, 0, Err(WARM)),
    moving(State::WarmedTerminatingRetained, 0, Err(KEPT)),
    gone(State::WarmedTerminated, Err(NO_MACHINE)),
];

/// A member that can neither be moved nor protected; whether it is well does not matter for now.
const fn moving(state: State, desired: u32, terminated: Outcome) -> Row {
    in_the_group(state, Ok((state.as_str(), desired)), terminated)
}

/// A member of the pool at rest; an unwell one goes.
const fn prepared(state: State) -> Row {
    in_the_group(state, Ok(("Warmed:Terminating", 0)), Err(WARM))
}

const fn in_the_group(state: State, unwell: Outcome, terminated: Outcome) -> Row {
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

/// No member any more.
const fn gone(state: State, attached: Outcome) -> Row {
    (
        state,
        [
            Err(STRANGER),
            Err(STRANGER),
            Err(STRANGER),
            Err(STRANGER),
            Err(STRANGER),
            attached,
            Err(STRANGER),
            Err(UNKNOWN),
            Err(UNKNOWN),
        ],
    )
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
                        "{state:?}: {operation}"
                    );
                }
                (Err(error), Err(words)) => {
                    assert_eq!((error.status, error.code.as_str()), (400, "ValidationError"));
                    assert!(error.message.contains(words), "{state:?}: {operation}: {error:?}");
                    assert_eq!(
                        (bed.state(&id), bed.desired(), bed.states()),
                        before,
                        "{state:?}: {operation}"
                    );
                }
                (result, outcome) => panic!("{state:?}: {operation}: {result:?} instead of {outcome:?}"),
            }
        }
    }
}

#[test]
fn the_table_has_one_row_for_each_state() {
    assert_eq!(ROWS.map(|(state, _)| state), State::ALL);
}

/// What the metadata service says in this state.
fn target(state: State) -> Option<&'static str> {
    match state {
        State::Pending
        | State::PendingWait
        | State::PendingProceed
        | State::InService
        | State::ReplacingRootVolume
        | State::ReplacingRootVolumeWait
        | State::ReplacingRootVolumeProceed
        | State::RootVolumeReplaced => Some("InService"),
        State::Terminating
        | State::TerminatingWait
        | State::TerminatingProceed
        | State::TerminatingRetained
        | State::Terminated => Some("Terminated"),
        State::EnteringStandby | State::Standby => Some("Standby"),
        State::Detaching => Some("Detached"),
        State::Detached => None,
        State::WarmedPending
        | State::WarmedPendingWait
        | State::WarmedPendingProceed
        | State::WarmedStopped => Some("Warmed:Stopped"),
        // Kept on its way into a pool whose members run.
        State::WarmedPendingRetained | State::WarmedRunning => Some("Warmed:Running"),
        State::WarmedHibernated => Some("Warmed:Hibernated"),
        State::WarmedTerminating
        | State::WarmedTerminatingWait
        | State::WarmedTerminatingProceed
        | State::WarmedTerminatingRetained
        | State::WarmedTerminated => Some("Warmed:Terminated"),
    }
}

#[test]
fn the_metadata_service_names_where_the_member_goes() {
    for state in State::ALL {
        let (bed, id) = reach(state);
        assert_eq!(bed.target(&id), target(state), "{state:?}");
    }
}
