//! IMDS out of order: held, said, and open as soon as it works again.

use std::time::Duration;

use aws_simulator::ImdsFault;

use crate::bed::Bed;

#[tokio::test]
async fn whatever_imds_does_wrong_the_gate_holds_and_then_opens() {
    let html = b"<html><body>It works! InService</body></html>".to_vec();
    let faults = [
        ImdsFault::Status(400),
        ImdsFault::Status(401),
        ImdsFault::Status(403),
        // Of everything, the instance id included: that is IMDS switched off, not an instance of no group.
        ImdsFault::Status(404),
        ImdsFault::Status(500),
        ImdsFault::Status(503),
        ImdsFault::Slow(Duration::from_secs(5)),
        ImdsFault::Hang,
        ImdsFault::Unreachable,
        ImdsFault::Garbage(html),
        ImdsFault::Garbage(Vec::new()),
        ImdsFault::Garbage(vec![0xff, 0xfe, 0x00]),
        ImdsFault::Garbage(vec![b'x'; 20_000_000]),
        // A word, so maybe a state of the future, but then the same word for the instance's id.
        ImdsFault::Garbage(b"OK".to_vec()),
    ];
    let bed = Bed::start().await;
    let instances = bed.serving(i32::try_from(faults.len()).unwrap()).await;
    let mut gates = Vec::new();
    for (instance, fault) in instances.iter().zip(&faults) {
        bed.simulator.imds_fault(&instance.id, Some(fault.clone()));
        gates.push(bed.gate(instance, &["--grace", "0s"]));
    }
    for gate in &mut gates {
        gate.says("holding: IMDS gives no usable answer").await;
    }
    // Not a wait for something: the time in which nothing may happen, and all of these take longer than one look.
    tokio::time::sleep(Duration::from_secs(3)).await;
    for ((gate, fault), instance) in gates.iter_mut().zip(&faults).zip(&instances) {
        assert!(gate.is_holding(), "{fault:?}: {:#?}", gate.said);
        assert_eq!(gate.status()["reason"], "imds-failing", "{fault:?}");
        // 60 looks at this poll interval, if it were not left alone.
        let requests = bed.simulator.imds_calls(&instance.id).len();
        assert!(requests <= 20, "{fault:?}: {requests}");
    }
    assert_eq!(bed.gate_calls(), [], "an IMDS that fails is no reason to ask the API");

    for instance in &instances {
        bed.simulator.imds_fault(&instance.id, None);
    }
    for gate in &mut gates {
        gate.opens().await;
        assert!(gate.said.len() <= 4, "a line a change, none a poll: {:#?}", gate.said);
    }
}

#[tokio::test]
async fn imds_failing_in_the_middle_of_the_wait_is_survived() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let mut gate = bed.gate(&instance, &[]);
    gate.says("holding: target Warmed:Running").await;
    for fault in [ImdsFault::Status(401), ImdsFault::Unreachable, ImdsFault::Hang] {
        bed.simulator.imds_fault(&instance.id, Some(fault));
        gate.says("holding: IMDS gives no usable answer").await;
        bed.simulator.imds_fault(&instance.id, None);
        gate.says("holding: target Warmed:Running").await;
    }
    bed.scale_to(1).await;
    gate.opens().await;
}

#[tokio::test]
async fn other_targets_are_held_or_opened_as_the_table_says() {
    let bed = Bed::start().await;
    let table = [
        ("Warmed:Stopped", "warm"),
        ("Warmed:Dreaming", "warm"),
        ("Terminated", "terminated"),
        ("SomethingNew", "unknown-target"),
        ("Standby", "released"),
        ("Detached", "released"),
    ];
    let instances = bed.serving(i32::try_from(table.len()).unwrap()).await;
    for (instance, (target, reason)) in instances.iter().zip(table) {
        bed.simulator.imds_fault(&instance.id, Some(ImdsFault::Target(target.into())));
        let mut gate = bed.gate(instance, &[]);
        if reason == "released" {
            gate.opens().await;
        } else {
            bed.polls(instance, 10).await;
            assert!(gate.is_holding(), "{target}");
        }
        assert_eq!(gate.status()["reason"], reason, "{target}");
    }
    assert_eq!(bed.gate_calls(), []);
}

#[tokio::test]
async fn a_404_is_held_for_the_grace_time_without_a_call_and_then_the_api_decides() {
    let bed = Bed::start().await;
    let instances = bed.serving(2).await;
    for instance in &instances {
        bed.simulator.imds_fault(&instance.id, Some(ImdsFault::NoTarget));
    }
    let mut patient = bed.gate(&instances[0], &["--grace", "1h"]);
    patient.says("holding: IMDS has no target lifecycle state yet").await;
    bed.polls(&instances[0], 20).await;
    assert!(patient.is_holding());
    assert_eq!(bed.gate_calls(), []);

    bed.simulator.force_state(&instances[1].id, "Warmed:Running");
    let mut asking = bed.gate(&instances[1], &["--grace", "200ms"]);
    asking.says("holding: IMDS has no target lifecycle state yet").await;
    asking.says("holding: Auto Scaling says Warmed:Running").await;
    assert!(asking.is_holding());
    bed.simulator.force_state(&instances[1].id, "InService");
    asking.opens().await;
    assert_eq!(asking.status()["reason"], "listed");
}

#[tokio::test]
async fn a_tag_that_names_a_group_holds_a_404_while_the_api_may_not_be_asked() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    bed.simulator.imds_fault(&instance.id, Some(ImdsFault::NoTarget));
    bed.simulator.fault("*", aws_simulator::Fault::Deny);
    let mut gate = bed.gate(&instance, &["--grace", "0s", "--on-unknown", "open"]);
    gate.says("holding: a tag says group blue, and Auto Scaling gives no answer: AccessDenied").await;
    bed.until("four refusals", || bed.gate_calls().len() >= 4).await;
    assert!(gate.is_holding());
    bed.simulator.clear_faults();
    gate.opens().await;
}
