//! What is left of the metadata service of a terminated instance.

use std::io::{BufRead, BufReader, ErrorKind};
use std::process::Stdio;
use std::time::Duration;

use aws_simulator::{InstanceInfo, Options, Simulator};

use crate::admin::send;
use crate::bed::{PATIENCE, ask, client, desire, group, only, post, raw, start};
use crate::serve::{Running, program};

async fn ended(simulator: &Simulator) {
    simulator.wait_until("it is gone", PATIENCE, <[_]>::is_empty).await.expect("in time");
}

#[tokio::test]
async fn its_port_refuses_and_its_record_stays_for_a_while() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let instance = only(&simulator, "InService").await;
    assert_eq!(ask(&instance.imds_endpoint, "GET", "/latest/", &[]).await.0, 401);
    desire(&client, 0).await;
    ended(&simulator).await;
    refuses(&instance.imds_endpoint).await;
    let calls = simulator.imds_calls(&instance.id);
    assert_eq!(calls.iter().map(|call| call.path.as_str()).collect::<Vec<_>>(), ["/latest/"]);
    let known = simulator.instance(&instance.id).expect("remembered");
    assert_eq!((known.lifecycle_state.as_str(), known.imds_endpoint), ("Terminated", instance.imds_endpoint));
    // A fault that is mended does not bring it back.
    simulator.imds_fault(&instance.id, None);
    refuses(&simulator.instance(&instance.id).expect("remembered").imds_endpoint).await;
}

/// Waits until nobody listens there; the port is closed beside the end of the instance.
async fn refuses(endpoint: &str) {
    let refused = async {
        while raw(endpoint, "GET / HTTP/1.1\r\n\r\n").await.map_err(|err| err.kind())
            != Err(ErrorKind::ConnectionRefused)
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("in time");
}

#[tokio::test]
async fn after_an_hour_nothing_is_left() {
    // So slow a boot that the next one serves when the first has been gone for an hour.
    let options = Options { speed: 1000.0, boot_time: Duration::from_mins(65), ..Options::default() };
    let simulator = Simulator::start(options).await.expect("a simulator");
    let client = client(&simulator.endpoint());
    group(&client, 1).await;
    let [first] = &simulator.instances()[..] else { panic!("not one instance") };
    assert_eq!(ask(&first.imds_endpoint, "GET", "/latest/", &[]).await.0, 401);
    client
        .terminate_instance_in_auto_scaling_group()
        .instance_id(&first.id)
        .should_decrement_desired_capacity(false)
        .send()
        .await
        .expect("the end");
    let path = format!("imds-calls?instance={}", first.id);
    assert_eq!(send(&simulator.endpoint(), "GET", &path, "").await.0, 200);
    let serves = |all: &[InstanceInfo]| all.iter().any(|info| info.lifecycle_state == "InService");
    simulator.wait_until("another one serves", PATIENCE, serves).await.expect("in time");
    assert_eq!((simulator.instance(&first.id), simulator.imds_calls(&first.id)), (None, Vec::new()));
    assert_eq!(send(&simulator.endpoint(), "GET", &path, "").await.0, 404);
}

fn descriptors(running: &Running) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", running.0.id())).expect("a list of descriptors").count()
}

/// Waits until a program has so many descriptors: it opens and closes them beside its answers.
async fn until(running: &Running, what: &str, fits: impl Fn(usize) -> bool) {
    let reached = async {
        while !fits(descriptors(running)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, reached).await;
    assert!(waited.is_ok(), "{what}: {}", descriptors(running));
}

/// Asks until an answer has this text in it.
async fn reach(endpoint: &str, form: &str, text: &str) {
    let reached = async {
        while !post(endpoint, form.as_bytes()).await.1.contains(text) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("in time");
}

#[tokio::test]
async fn a_program_that_runs_for_long_does_not_run_out_of_descriptors() {
    const COUNT: usize = 200;
    let mut child = program()
        .args(["serve", "--boot-time", "0s", "--stop-time", "0s"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut endpoint = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut endpoint).expect("a line");
    let (endpoint, running) = (endpoint.trim(), Running(child));
    let version = "Version=2011-01-01&AutoScalingGroupName=g";
    let made = "MinSize=0&MaxSize=500&LaunchTemplate.LaunchTemplateName=template&AvailabilityZones.member.1=us-east-1a";
    post(endpoint, format!("Action=CreateAutoScalingGroup&{version}&{made}").as_bytes()).await;
    let groups = format!("Action=DescribeAutoScalingGroups&{version}");
    let desire = |size: usize| format!("Action=SetDesiredCapacity&{version}&DesiredCapacity={size}");
    let before = descriptors(&running);
    for _ in 0..3 {
        post(endpoint, desire(COUNT).as_bytes()).await;
        // Each has a port and listens there; a connection or two may be on their way out.
        until(&running, "many descriptors", |count| count > before + COUNT + COUNT / 2).await;
        post(endpoint, desire(0).as_bytes()).await;
        reach(endpoint, &groups, "<Instances></Instances>").await;
        until(&running, "few descriptors", |count| count < before + COUNT / 2).await;
    }
}
