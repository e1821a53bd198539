//! How long things take, told and changed while the simulator runs.

use aws_simulator::{Options, Simulator};
use serde_json::{Value, json};

use crate::admin::send;
use crate::bed::{PATIENCE, ask, client, desire, group, only};

async fn times(simulator: &Simulator, method: &str, body: &str) -> (u16, String) {
    send(&simulator.endpoint(), method, "times", body).await
}

/// What the metadata service says of the target state, without asking for a token first.
async fn target(simulator: &Simulator, id: &str) -> u16 {
    let options = aws_simulator::MetadataChange { tokens_required: Some(false), ..Default::default() };
    simulator.imds_options(id, options);
    let endpoint = simulator.instance(id).expect("an instance").imds_endpoint;
    ask(&endpoint, "GET", "/latest/meta-data/autoscaling/target-lifecycle-state", &[]).await.0
}

#[tokio::test]
async fn times_are_told_as_the_options_say_and_change_one_by_one() {
    let simulator = Simulator::start(Options::default()).await.expect("a simulator");
    let (status, told) = times(&simulator, "GET", "").await;
    let mut expected = json!({
        "bootMilliseconds": 300, "stopMilliseconds": 100, "stepMilliseconds": 50, "noTargetMilliseconds": 0,
        "healthCheckMilliseconds": 100,
    });
    assert_eq!((status, serde_json::from_str::<Value>(&told).expect("JSON")), (200, expected.clone()));
    for name in [
        "bootMilliseconds",
        "stopMilliseconds",
        "stepMilliseconds",
        "noTargetMilliseconds",
        "healthCheckMilliseconds",
    ] {
        expected[name] = json!(7);
        let (status, told) = times(&simulator, "POST", &json!({ name: 7 }).to_string()).await;
        assert_eq!((status, serde_json::from_str::<Value>(&told).expect("JSON")), (200, expected.clone()));
    }
    for body in [r#"{"bootMilliseconds": -1}"#, r#"{"bootMilliseconds": 86400001}"#, r#"{"boot": 1}"#] {
        assert_eq!(times(&simulator, "POST", body).await.0, 400, "{body}");
    }
    let (status, allowed) = times(&simulator, "DELETE", "").await;
    assert_eq!((status, allowed.as_str()), (405, "allowed here: GET, POST\n"));
}

#[tokio::test]
async fn a_change_holds_for_what_begins_later() {
    let simulator = Simulator::start(Options::default()).await.expect("a simulator");
    let client = client(&simulator.endpoint());
    group(&client, 1).await;
    let first = only(&simulator, "InService").await;
    assert_eq!(target(&simulator, &first.id).await, 200);
    let body = r#"{"noTargetMilliseconds": 3600000, "bootMilliseconds": 86400000}"#;
    assert_eq!(times(&simulator, "POST", body).await.0, 200);
    assert_eq!(target(&simulator, &first.id).await, 404, "it is not an hour old");
    desire(&client, 2).await;
    let boots = |all: &[aws_simulator::InstanceInfo]| all.iter().any(|one| one.lifecycle_state == "Pending");
    simulator.wait_until("another boots", PATIENCE, boots).await.expect("in time");
    assert_eq!(times(&simulator, "POST", r#"{"noTargetMilliseconds": 0}"#).await.0, 200);
    assert_eq!(target(&simulator, &first.id).await, 200);
}
