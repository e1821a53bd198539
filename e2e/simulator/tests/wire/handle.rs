//! The handle that tests hold.

use std::time::Duration;

use aws_simulator::{Event, Options, Power, Simulator};

use crate::bed::{PATIENCE, ask, client, group, only, raw, start};

#[tokio::test]
async fn it_stops_when_the_last_handle_is_dropped() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let (endpoint, imds) = (simulator.endpoint(), only(&simulator, "InService").await.imds_endpoint);
    let other = simulator.clone();
    drop(simulator);
    assert_eq!(ask(&endpoint, "GET", "/_simulator/instances", &[]).await.0, 200);
    drop(other);
    for address in [endpoint, imds] {
        let refused = raw(&address, "GET / HTTP/1.1\r\n\r\n").await.expect_err("it stopped");
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    }
}

#[tokio::test]
async fn whoever_hears_that_an_instance_was_switched_on_can_reach_it() {
    let (simulator, client) = start().await;
    let mut events = simulator.subscribe();
    group(&client, 1).await;
    let id = loop {
        match events.recv().await.expect("an event") {
            Event::PowerChanged { id, power: Power::On, .. } => break id,
            Event::PowerChanged { .. }
            | Event::LifecycleChanged { .. }
            | Event::ActionOpened { .. }
            | Event::Heartbeat { .. }
            | Event::ActionCompleted { .. } => {}
        }
    };
    let instance = simulator.instance(&id).expect("an instance");
    assert_eq!(ask(&instance.imds_endpoint, "GET", "/", &[]).await.0, 401);
}

#[tokio::test]
async fn a_wait_in_vain_names_what_it_waited_for_and_what_it_saw() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let id = only(&simulator, "InService").await.id;
    let error = simulator
        .wait_until("pigs fly", Duration::from_millis(10), |_| false)
        .await
        .expect_err("they do not")
        .to_string();
    assert!(error.contains("pigs fly") && error.contains(&format!("{id} InService on")), "{error}");
}

#[tokio::test]
async fn a_forced_state_is_what_the_api_reports() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let id = only(&simulator, "InService").await.id;
    simulator.force_state(&id, "Warmed:Dreaming");
    let answer = client.describe_auto_scaling_instances().instance_ids(&id).send().await.expect("an answer");
    assert_eq!(answer.auto_scaling_instances()[0].lifecycle_state(), Some("Warmed:Dreaming"));
    simulator.force_state(&id, "InService");
    only(&simulator, "InService").await;
}

#[tokio::test]
async fn faster_time_is_for_those_who_ask_for_it() {
    let options = Options { speed: 600.0, boot_time: Duration::from_mins(5), ..Options::default() };
    let simulator = Simulator::start(options).await.expect("a simulator");
    group(&client(&simulator.endpoint()), 1).await;
    simulator
        .wait_until("five simulated minutes passed", PATIENCE, |all| all[0].lifecycle_state == "InService")
        .await
        .expect("in time");
}

#[tokio::test]
async fn two_seeds_have_no_instance_id_in_common() {
    let mut ids = std::collections::BTreeSet::new();
    for seed in [1, 2] {
        let simulator = Simulator::start(Options { seed, ..Options::default() }).await.expect("a simulator");
        group(&client(&simulator.endpoint()), 5).await;
        ids.extend(simulator.instances().into_iter().map(|info| info.id));
    }
    assert_eq!(ids.len(), 10);
}

#[tokio::test]
async fn only_loopback_and_a_running_clock_are_accepted() {
    for options in [
        Options { listen: "0.0.0.0:0".parse().expect("an address"), ..Options::default() },
        Options { speed: 0.0, ..Options::default() },
        Options { speed: f64::NAN, ..Options::default() },
    ] {
        assert!(Simulator::start(options).await.is_err());
    }
}
