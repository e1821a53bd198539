//! The metadata service of an instance, asked by the SDK's own client and by hand.

use std::io::ErrorKind;
use std::time::Duration;

use aws_config::imds::client::error::ImdsError;
use aws_sdk_autoscaling::types::WarmPoolState;
use aws_simulator::{ImdsFault, InstanceInfo, Options, Simulator};

use crate::bed::{PATIENCE, ask, client, complete, desire, group, launch_hook, only, raw, start};

const TARGET: &str = "/latest/meta-data/autoscaling/target-lifecycle-state";
const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "X-aws-ec2-metadata-token";

fn imds(instance: &InstanceInfo) -> aws_config::imds::Client {
    aws_config::imds::Client::builder()
        .endpoint(&instance.imds_endpoint)
        .expect("an address")
        .max_attempts(1)
        .build()
}

fn status(error: &ImdsError) -> Option<u16> {
    let ImdsError::ErrorResponse(context) = error else { return None };
    Some(context.response().status().as_u16())
}

async fn token(instance: &InstanceInfo) -> String {
    let (status, token) = ask(&instance.imds_endpoint, "PUT", "/latest/api/token", &[(TTL, "60")]).await;
    assert_eq!(status, 200);
    token
}

/// A simulator with one serving instance.
async fn serving() -> (Simulator, InstanceInfo) {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let instance = only(&simulator, "InService").await;
    (simulator, instance)
}

#[tokio::test]
async fn the_sdk_reads_what_an_instance_is() {
    let (simulator, instance) = serving().await;
    let imds = imds(&instance);
    for (path, expected) in [
        ("/latest/meta-data/instance-id", instance.id.as_str()),
        ("/latest/meta-data/placement/availability-zone", instance.zone.as_str()),
        ("/latest/meta-data/placement/region", "us-east-1"),
        ("/latest/meta-data/tags/instance/aws:autoscaling:groupName", "g"),
        ("/2021-07-15/meta-data/autoscaling/target-lifecycle-state", "InService"),
        (TARGET, "InService"),
    ] {
        assert_eq!(imds.get(path).await.expect(path).as_ref(), expected, "{path}");
    }
    let document = imds.get("/latest/dynamic/instance-identity/document").await.expect("a document");
    assert!(document.as_ref().contains(&instance.id));
    let missing = imds.get("/latest/meta-data/spot/instance-action").await.expect_err("none");
    assert_eq!(status(&missing), Some(404));

    let calls = simulator.imds_calls(&instance.id);
    assert_eq!((calls[0].method.as_str(), calls[0].path.as_str()), ("PUT", "/latest/api/token"));
    assert_eq!(calls.iter().filter(|call| call.path == TARGET).count(), 1);
    assert_eq!(calls.last().map(|call| call.status), Some(404));
}

#[tokio::test]
async fn an_instance_keeps_its_address_and_refuses_while_it_is_off() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    launch_hook(&client).await;
    client
        .put_warm_pool()
        .auto_scaling_group_name("g")
        .max_group_prepared_capacity(1)
        .pool_state(WarmPoolState::Stopped)
        .send()
        .await
        .expect("a pool");
    let booting = only(&simulator, "Warmed:Pending:Wait").await;
    assert_eq!(imds(&booting).get(TARGET).await.expect("a target").as_ref(), "Warmed:Stopped");

    complete(&client, &booting.id).send().await.expect("entering the pool");
    let stopped = only(&simulator, "Warmed:Stopped").await;
    assert_eq!(stopped.imds_endpoint, booting.imds_endpoint);
    let refused = raw(&stopped.imds_endpoint, "GET / HTTP/1.1\r\n\r\n").await.expect_err("it is off");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);

    desire(&client, 1).await;
    let back = only(&simulator, "Pending:Wait").await;
    assert_eq!(back.imds_endpoint, booting.imds_endpoint);
    assert_eq!(imds(&back).get(TARGET).await.expect("a target").as_ref(), "InService");
}

#[tokio::test]
async fn a_connection_that_was_open_does_not_outlive_the_power() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let instance = only(&simulator, "InService").await;
    let imds = imds(&instance);
    imds.get(TARGET).await.expect("a target");
    desire(&client, 0).await;
    simulator.wait_until("it is gone", PATIENCE, <[_]>::is_empty).await.expect("in time");
    // The client has a connection and a token from before.
    assert!(imds.get(TARGET).await.is_err());
}

#[tokio::test]
async fn a_request_in_flight_is_cut_with_the_power() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let instance = only(&simulator, "InService").await;
    simulator.imds_fault(&instance.id, Some(ImdsFault::Hang));
    let request = format!("GET {TARGET} HTTP/1.1\r\nHost: x\r\n\r\n");
    let hanging = raw(&instance.imds_endpoint, request);
    let off = async {
        simulator
            .wait_until("the request arrived", PATIENCE, |_| !simulator.imds_calls(&instance.id).is_empty())
            .await
            .expect("in time");
        desire(&client, 0).await;
    };
    let (answer, ()) = tokio::join!(hanging, off);
    // An end or a reset, long before the client's patience ends.
    assert!(
        answer.as_ref().map_or_else(|error| error.kind() == ErrorKind::ConnectionReset, String::is_empty),
        "{answer:?}"
    );
}

#[tokio::test]
async fn the_token_rules_are_those_of_version_2() {
    let (_simulator, instance) = serving().await;
    let endpoint = &instance.imds_endpoint;
    let put =
        |headers: &'static [(&'static str, &'static str)]| ask(endpoint, "PUT", "/latest/api/token", headers);
    assert_eq!(put(&[]).await.0, 400, "no lifetime");
    assert_eq!(put(&[(TTL, "0")]).await.0, 400);
    assert_eq!(put(&[(TTL, "21601")]).await.0, 400);
    assert_eq!(put(&[(TTL, "60"), ("X-Forwarded-For", "10.0.0.1")]).await.0, 403);
    let token = token(&instance).await;
    let get = |token: &'static str| async move { ask(endpoint, "GET", TARGET, &[(TOKEN, token)]).await.0 };
    assert_eq!(ask(endpoint, "GET", TARGET, &[]).await.0, 401, "no token");
    assert_eq!(get("guess").await, 401);
    assert_eq!(ask(endpoint, "GET", TARGET, &[(TOKEN, &token)]).await, (200, "InService".to_owned()));
    assert_eq!(ask(endpoint, "POST", TARGET, &[(TOKEN, &token)]).await.0, 405);
    assert_eq!(ask(endpoint, "GET", "/latest/nothing", &[(TOKEN, &token)]).await.0, 404);
}

#[tokio::test]
async fn a_token_of_one_instance_is_worth_nothing_at_another() {
    let (simulator, client) = start().await;
    group(&client, 2).await;
    let both = simulator.wait_until("two run", PATIENCE, |all| all.len() == 2).await.expect("in time");
    let token = token(&both[0]).await;
    assert_eq!(ask(&both[0].imds_endpoint, "GET", TARGET, &[(TOKEN, &token)]).await.0, 200);
    assert_eq!(ask(&both[1].imds_endpoint, "GET", TARGET, &[(TOKEN, &token)]).await.0, 401);
}

#[tokio::test]
async fn a_new_instance_may_have_no_target_for_a_moment() {
    let options = Options { not_in_service_404: Duration::from_hours(1), ..Options::default() };
    let simulator = Simulator::start(options).await.expect("a simulator");
    group(&client(&simulator.endpoint()), 1).await;
    let instance = only(&simulator, "InService").await;
    let imds = imds(&instance);
    assert_eq!(status(&imds.get(TARGET).await.expect_err("no target")), Some(404));
    assert!(imds.get("/latest/meta-data/instance-id").await.is_ok());
}

#[tokio::test]
async fn every_fault_shows_and_can_be_mended() {
    let (simulator, instance) = serving().await;
    let id = instance.id.as_str();
    let token = token(&instance).await;
    let get = |path: &'static str| ask(&instance.imds_endpoint, "GET", path, &[]);
    let get_with = |path: &'static str, token: String| {
        let endpoint = instance.imds_endpoint.clone();
        async move { ask(&endpoint, "GET", path, &[(TOKEN, &token)]).await }
    };
    let other = "/latest/meta-data/instance-id";

    simulator.imds_fault(id, Some(ImdsFault::Status(503)));
    assert_eq!(get(TARGET).await.0, 503);
    assert_eq!(ask(&instance.imds_endpoint, "PUT", "/latest/api/token", &[(TTL, "60")]).await.0, 503);

    simulator.imds_fault(id, Some(ImdsFault::NoTarget));
    assert_eq!(get_with(TARGET, token.clone()).await.0, 404);
    assert_eq!(get_with(other, token.clone()).await.0, 200);

    simulator.imds_fault(id, Some(ImdsFault::Target("Dreaming".into())));
    assert_eq!(get_with(TARGET, token.clone()).await, (200, "Dreaming".to_owned()));
    assert_eq!(get_with(other, token.clone()).await.1, id);

    simulator.imds_fault(id, Some(ImdsFault::Garbage(b"}{".to_vec())));
    assert_eq!(get_with(other, token.clone()).await, (200, "}{".to_owned()));

    simulator.imds_fault(id, Some(ImdsFault::Slow(Duration::from_millis(200))));
    let asked = std::time::Instant::now();
    assert_eq!(get_with(other, token.clone()).await.0, 200);
    assert!(asked.elapsed() >= Duration::from_millis(200));

    simulator.imds_fault(id, Some(ImdsFault::Unreachable));
    let refused = raw(&instance.imds_endpoint, "GET / HTTP/1.1\r\n\r\n").await.expect_err("unreachable");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);

    simulator.imds_fault(id, Some(ImdsFault::Hang));
    let arrived = simulator.wait_until("the request arrived", PATIENCE, |_| {
        simulator.imds_calls(id).last().is_some_and(|call| call.status == 0)
    });
    tokio::select! {
        answer = get(TARGET) => panic!("it answered: {answer:?}"),
        arrived = arrived => { arrived.expect("in time"); }
    }

    simulator.imds_fault(id, None);
    assert_eq!(get_with(TARGET, token).await, (200, "InService".to_owned()));
}
