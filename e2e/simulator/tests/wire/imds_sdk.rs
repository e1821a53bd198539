//! The SDK's own client at a metadata service: its tokens, how it tries again, and what it makes of broken answers.

use std::time::Duration;

use aws_config::imds::Client;
use aws_config::imds::client::Builder;
use aws_config::imds::client::error::ImdsError;
use aws_simulator::{ImdsFault, InstanceInfo, Simulator};

use crate::bed::{PATIENCE, ask, group, only, start};

const ID: &str = "/latest/meta-data/instance-id";
const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "X-aws-ec2-metadata-token";

async fn serving() -> (Simulator, InstanceInfo) {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let instance = only(&simulator, "InService").await;
    (simulator, instance)
}

fn builder(instance: &InstanceInfo) -> Builder {
    Client::builder().endpoint(&instance.imds_endpoint).expect("an address")
}

/// How often a token was asked for, and how often something else.
fn asked(simulator: &Simulator, instance: &InstanceInfo) -> (usize, usize) {
    let calls = simulator.imds_calls(&instance.id);
    let tokens = calls.iter().filter(|call| call.method == "PUT").count();
    (tokens, calls.len() - tokens)
}

#[tokio::test]
async fn one_token_serves_many_reads() {
    let (simulator, instance) = serving().await;
    let imds = builder(&instance).build();
    for _ in 0..3 {
        assert_eq!(imds.get(ID).await.expect("an id").as_ref(), instance.id);
    }
    assert_eq!(asked(&simulator, &instance), (1, 3));
}

/// The SDK keeps a token until two minutes before its end, whatever the service says meanwhile.
#[tokio::test]
async fn a_token_near_its_end_is_fetched_anew_and_one_that_the_service_forgot_is_not() {
    let (simulator, instance) = serving().await;
    let short = builder(&instance).token_ttl(Duration::from_secs(100)).build();
    for _ in 0..2 {
        short.get(ID).await.expect("an id");
    }
    assert_eq!(asked(&simulator, &instance), (2, 2));

    let long = builder(&instance).max_attempts(2).build();
    long.get(ID).await.expect("an id");
    simulator.forget_imds_tokens(&instance.id);
    let error = long.get(ID).await.expect_err("by the forgotten token");
    let ImdsError::ErrorResponse(context) = error else { panic!("{error:?}") };
    assert_eq!(context.response().status().as_u16(), 401);
    assert_eq!(asked(&simulator, &instance), (3, 5), "it tried twice, both times with the old token");
    assert_eq!(builder(&instance).build().get(ID).await.expect("by a new client").as_ref(), instance.id);
}

#[tokio::test]
async fn a_token_ends_with_its_lifetime() {
    let (_simulator, instance) = serving().await;
    let (_, token) = ask(&instance.imds_endpoint, "PUT", "/latest/api/token", &[(TTL, "1")]).await;
    // Whether it is still good depends on how quick this is; that it ends does not.
    let mut status = 200;
    while status == 200 {
        status = ask(&instance.imds_endpoint, "GET", ID, &[(TOKEN, &token)]).await.0;
    }
    assert_eq!(status, 401);
}

#[tokio::test]
async fn what_is_not_there_is_told_from_what_failed() {
    let (simulator, instance) = serving().await;
    let imds = builder(&instance).max_attempts(1).build();
    for (fault, expected) in [
        (ImdsFault::NoTarget, 404),
        (ImdsFault::Reads(401), 401),
        (ImdsFault::Reads(403), 403),
        (ImdsFault::Reads(503), 503),
    ] {
        simulator.imds_fault(&instance.id, Some(fault.clone()));
        let path = "/latest/meta-data/autoscaling/target-lifecycle-state";
        let error = imds.get(path).await.expect_err("refused");
        let ImdsError::ErrorResponse(context) = error else { panic!("{fault:?}: {error:?}") };
        assert_eq!(context.response().status().as_u16(), expected, "{fault:?}");
    }
}

#[tokio::test]
async fn a_failing_read_is_tried_again_until_it_works() {
    let (simulator, instance) = serving().await;
    simulator.imds_fault(&instance.id, Some(ImdsFault::Reads(500)));
    let imds = builder(&instance).max_attempts(10).build();
    let mended = async {
        simulator
            .wait_until("it tried twice", PATIENCE, |_| asked(&simulator, &instance).1 >= 2)
            .await
            .expect("in time");
        simulator.imds_fault(&instance.id, None);
    };
    let (read, ()) = tokio::join!(imds.get(ID), mended);
    assert_eq!(read.expect("in the end").as_ref(), instance.id);
}

#[tokio::test]
async fn broken_answers_are_errors_or_what_they_are() {
    let (simulator, instance) = serving().await;
    let imds = builder(&instance).max_attempts(1).read_timeout(Duration::from_secs(20)).build();
    imds.get(ID).await.expect("a token");
    let fault = |fault| simulator.imds_fault(&instance.id, Some(fault));

    fault(ImdsFault::Garbage(vec![0xff, 0xfe, 0x00]));
    assert!(imds.get(ID).await.is_err(), "not UTF-8");
    fault(ImdsFault::Garbage(vec![b'x'; 1 << 20]));
    assert_eq!(imds.get(ID).await.expect("a megabyte").as_ref().len(), 1 << 20);
    fault(ImdsFault::Garbage(Vec::new()));
    assert_eq!(imds.get(ID).await.expect("nothing").as_ref(), "");
    fault(ImdsFault::Html);
    assert!(imds.get(ID).await.expect("a page").as_ref().starts_with("<!DOCTYPE html>"));
    fault(ImdsFault::Cut);
    assert!(imds.get(ID).await.is_err(), "half an answer");
    fault(ImdsFault::Trickle(Duration::from_millis(1)));
    assert_eq!(imds.get(ID).await.expect("slowly").as_ref(), instance.id);
}

#[tokio::test]
async fn a_throttled_service_refuses_what_is_too_much() {
    let (simulator, instance) = serving().await;
    simulator.imds_fault(&instance.id, Some(ImdsFault::Throttle { per_second: 3 }));
    let mut statuses = Vec::new();
    for _ in 0..200 {
        statuses.push(ask(&instance.imds_endpoint, "GET", ID, &[]).await.0);
    }
    // Without a token: 401 where it is let in.
    assert_eq!(statuses[..3], [401, 401, 401]);
    assert!(statuses.contains(&503), "{statuses:?}");
}
