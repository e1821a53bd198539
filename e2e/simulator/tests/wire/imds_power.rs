//! What a metadata service makes of its machine's power: tokens, and connections.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use aws_simulator::{InstanceInfo, Power, Simulator};

use crate::bed::{PATIENCE, ask, group, only, post, start};

const TTL: (&str, &str) = ("X-aws-ec2-metadata-token-ttl-seconds", "21600");

async fn serving() -> (Simulator, InstanceInfo) {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    client
        .suspend_processes()
        .auto_scaling_group_name("g")
        .scaling_processes("HealthCheck")
        .send()
        .await
        .expect("nobody looks");
    let instance = only(&simulator, "InService").await;
    (simulator, instance)
}

async fn token(instance: &InstanceInfo) -> String {
    ask(&instance.imds_endpoint, "PUT", "/latest/api/token", &[TTL]).await.1
}

/// The status of a read with this token.
async fn read(instance: &InstanceInfo, token: &str) -> u16 {
    let token = [("X-aws-ec2-metadata-token", token)];
    ask(&instance.imds_endpoint, "GET", "/latest/meta-data/instance-id", &token).await.0
}

async fn ec2(simulator: &Simulator, id: &str, action: &str) {
    let form = format!("Action={action}&Version=2016-11-15&InstanceId.1={id}");
    let (status, body) = post(&simulator.endpoint(), form.as_bytes()).await;
    assert_eq!(status, 200, "{body}");
}

async fn reach(simulator: &Simulator, power: Power) {
    let what = format!("it is {}", power.as_str());
    simulator.wait_until(&what, PATIENCE, |all| all[0].power == power).await.expect("in time");
}

#[tokio::test]
async fn a_token_is_worth_nothing_after_a_hibernation_or_a_stop_and_a_new_one_works() {
    for (stop, off) in [("StopInstances&Hibernate=true", Power::Hibernated), ("StopInstances", Power::Off)] {
        let (simulator, instance) = serving().await;
        let before = token(&instance).await;
        assert_eq!(read(&instance, &before).await, 200);
        ec2(&simulator, &instance.id, stop).await;
        reach(&simulator, off).await;
        ec2(&simulator, &instance.id, "StartInstances").await;
        reach(&simulator, Power::On).await;
        assert_eq!(read(&instance, &before).await, 401, "{stop}");
        let after = token(&instance).await;
        assert_eq!(read(&instance, &after).await, 200);
    }
}

#[tokio::test]
async fn a_token_outlives_a_reboot_and_a_service_that_was_not_to_be_reached() {
    let (simulator, instance) = serving().await;
    let token = token(&instance).await;
    ec2(&simulator, &instance.id, "RebootInstances").await;
    assert_eq!(read(&instance, &token).await, 200);
    simulator.imds_fault(&instance.id, Some(aws_simulator::ImdsFault::Unreachable));
    simulator.imds_fault(&instance.id, None);
    assert_eq!(read(&instance, &token).await, 200);
}

/// How a connection that waits for its answer ends: the bytes that came, or the error.
fn ending(mut stream: TcpStream) -> Result<usize, ErrorKind> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).map_err(|error| error.kind())
}

#[tokio::test]
async fn an_open_connection_ends_with_the_power_without_an_answer() {
    let (simulator, instance) = serving().await;
    let address = instance.imds_endpoint.trim_start_matches("http://").to_owned();
    let idle = TcpStream::connect(&address).expect("a connection");
    let mut half = TcpStream::connect(&address).expect("a connection");
    half.write_all(b"GET /latest/meta-data/instance-id HTTP/1.1\r\nHost:").expect("half a request");
    // Later connections are taken after earlier ones, so that by its answer both are served.
    assert_eq!(read(&instance, "none").await, 401);
    for stream in [&idle, &half] {
        stream.set_read_timeout(Some(PATIENCE)).expect("a patience");
    }
    let ends = tokio::task::spawn_blocking(move || [ending(idle), ending(half)]);
    ec2(&simulator, &instance.id, "StopInstances").await;
    for end in ends.await.expect("no panic") {
        // Whoever had sent something that was not read may see a reset instead of the end.
        assert!(matches!(end, Ok(0) | Err(ErrorKind::ConnectionReset)), "{end:?}");
    }
}

#[tokio::test]
async fn each_answer_is_the_last_of_its_connection_and_ends_cleanly() {
    let (_simulator, instance) = serving().await;
    let address = instance.imds_endpoint.trim_start_matches("http://").to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // No wish for an end.
        let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer)
    });
    let answer = answer.await.expect("no panic").expect("an end without a reset");
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("connection: close\r\n"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1);
}
