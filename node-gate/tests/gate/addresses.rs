//! IMDS at two addresses: the one that answers is believed, and the other only where that one is silent.

use std::io::ErrorKind;

use aws_simulator::{ImdsFault, InstanceInfo};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::bed::{Bed, Gate};

/// What a gate is told where it may find IMDS at either of two.
fn either(first: &str, second: &str) -> String {
    format!("{first},{second}")
}

/// A gate for which the metadata services of two instances are two addresses of one.
fn gate_at(bed: &Bed, first: &str, second: &str, args: &[&str]) -> Gate {
    Gate::start(&either(first, second), &bed.simulator.endpoint(), args, &[])
}

async fn two_serving(bed: &Bed) -> (InstanceInfo, InstanceInfo) {
    let mut both = bed.serving(2).await;
    (both.remove(0), both.remove(0))
}

#[tokio::test]
async fn an_address_that_refuses_is_not_overruled_by_one_that_says_in_service() {
    let bed = Bed::start().await;
    let (first, second) = two_serving(&bed).await;
    for status in [400, 401, 403, 404, 429, 500, 503] {
        bed.simulator.imds_fault(&first.id, Some(ImdsFault::Status(status)));
        let mut gate = gate_at(&bed, &first.imds_endpoint, &second.imds_endpoint, &["--grace", "0s"]);
        gate.says("holding: IMDS gives no usable answer").await;
        let asked = bed.simulator.imds_calls(&first.id).len();
        bed.until("further looks", || bed.simulator.imds_calls(&first.id).len() >= asked + 2).await;
        assert!(gate.is_holding(), "{status}: {:#?}", gate.said);
        assert_eq!(bed.simulator.imds_calls(&second.id), [], "{status}");
    }
    assert_eq!(bed.gate_calls(), []);
}

#[tokio::test]
async fn nonsense_and_a_404_in_the_grace_time_are_answers_too() {
    let bed = Bed::start().await;
    let (first, second) = two_serving(&bed).await;
    for (fault, says) in [
        (ImdsFault::NoTarget, "holding: IMDS has no target lifecycle state yet"),
        (ImdsFault::Html, "holding: IMDS gives no usable answer"),
        (ImdsFault::Garbage(vec![b'x'; 1_000_000]), "holding: IMDS gives no usable answer"),
        (ImdsFault::Reads(401), "holding: IMDS gives no usable answer"),
        (ImdsFault::Target("Warmed:Running".into()), "holding: target Warmed:Running"),
    ] {
        bed.simulator.imds_fault(&first.id, Some(fault));
        let mut gate = gate_at(&bed, &first.imds_endpoint, &second.imds_endpoint, &[]);
        gate.says(says).await;
        let asked = bed.simulator.imds_calls(&first.id).len();
        bed.until("further looks", || bed.simulator.imds_calls(&first.id).len() >= asked + 2).await;
        assert!(gate.is_holding(), "{:#?}", gate.said);
        assert_eq!(bed.simulator.imds_calls(&second.id), []);
    }
}

#[tokio::test]
async fn where_the_first_address_is_silent_the_second_one_counts() {
    let bed = Bed::start().await;
    let (first, second) = two_serving(&bed).await;
    for silent in [ImdsFault::Unreachable, ImdsFault::Hang] {
        bed.simulator.imds_fault(&first.id, Some(silent));
        let mut gate = gate_at(&bed, &first.imds_endpoint, &second.imds_endpoint, &[]);
        gate.opens().await;
    }
}

#[tokio::test]
async fn the_address_that_answered_is_kept_until_it_is_silent_and_then_the_other_counts_again() {
    let bed = Bed::start().await;
    let (first, second) = two_serving(&bed).await;
    let fault = |of: &InstanceInfo, fault| bed.simulator.imds_fault(&of.id, Some(fault));
    let says = |target: &str| ImdsFault::Target(target.into());
    fault(&first, ImdsFault::Unreachable);
    fault(&second, says("Warmed:Stopped"));
    let mut gate = gate_at(&bed, &first.imds_endpoint, &second.imds_endpoint, &[]);
    gate.says("holding: target Warmed:Stopped").await;
    // The first is back, and is not asked: the second goes on answering.
    fault(&first, says("InService"));
    bed.polls(&second, 10).await;
    assert!(gate.is_holding());
    assert_eq!(bed.simulator.imds_calls(&first.id), []);

    fault(&first, says("Warmed:Running"));
    fault(&second, ImdsFault::Unreachable);
    gate.says("holding: target Warmed:Running").await;
    fault(&first, ImdsFault::Unreachable);
    gate.says("holding: IMDS gives no usable answer: 127.0.0.1: ").await;
    fault(&second, says("InService"));
    gate.opens().await;
}

#[tokio::test]
async fn a_gate_whose_imds_has_an_ipv6_address_only_holds_and_opens() {
    let listener = match TcpListener::bind("[::1]:0").await {
        Ok(listener) => listener,
        Err(err) if matches!(err.kind(), ErrorKind::AddrNotAvailable | ErrorKind::Unsupported) => {
            eprintln!("not tested here, for this machine has no IPv6 on loopback: {err}");
            return;
        }
        Err(err) => panic!("{err}"),
    };
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let six = format!("http://{}", listener.local_addr().unwrap());
    let to = instance.imds_endpoint.trim_start_matches("http://").to_owned();
    // Ends with the test's runtime.
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let Ok(mut service) = TcpStream::connect(&to).await else { continue };
            tokio::spawn(async move { copy_bidirectional(&mut caller, &mut service).await });
        }
    });
    // Region and identity as well can come from there alone.
    let args = ["--until", "in-service"];
    let env = [("AWS_REGION", "")];
    let imds = either("http://127.0.0.1:9", &six);
    let mut gate = Gate::start(&imds, &bed.simulator.endpoint(), &args, &env);
    gate.says("holding: target Warmed:Running").await;
    bed.polls(&instance, 5).await;
    assert!(gate.is_holding());
    bed.scale_to(1).await;
    gate.opens().await;
    let calls = bed.simulator.imds_calls(&instance.id);
    assert!(
        calls.iter().any(|call| call.path.ends_with("/placement/region")),
        "the region is asked for there"
    );
}
