//! The delivery of events, driven from outside Rust.

use aws_simulator::Simulator;
use serde_json::{Value, json};

use crate::admin::send;
use crate::bed::{PATIENCE, desire, group, queue, sqs, start};

const LAUNCHED: &str = "EC2 Instance Launch Successful";
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:lifecycle";

async fn post(simulator: &Simulator, path: &str, body: Value) {
    let answer = send(&simulator.endpoint(), "POST", path, &body.to_string()).await;
    assert_eq!(answer, (200, "{}".to_owned()), "{path} {body}");
}

/// Scales the group `g` to so many, and waits until they serve: by then everything about it is told.
async fn grow(simulator: &Simulator, client: &aws_sdk_autoscaling::Client, size: usize) {
    desire(client, i32::try_from(size).expect("a small number")).await;
    let serve = |all: &[aws_simulator::InstanceInfo]| {
        all.iter().filter(|one| one.lifecycle_state == "InService").count() == size
    };
    simulator.wait_until("all serve", PATIENCE, serve).await.expect("instances in service");
}

/// The bodies that wait in the queue.
async fn bodies(simulator: &Simulator, url: &str) -> Vec<Value> {
    let read = sqs(simulator).receive_message().queue_url(url).max_number_of_messages(10).send().await;
    let messages = read.expect("messages").messages.unwrap_or_default();
    let body = |body: Option<String>| serde_json::from_str(&body.expect("a body")).expect("JSON");
    messages.into_iter().map(|message| body(message.body)).collect()
}

#[tokio::test]
async fn a_rule_tells_one_kind_of_events_and_its_trouble_comes_and_goes() {
    let (simulator, client) = start().await;
    let url = queue(&sqs(&simulator)).await;
    let seen = || simulator.queue(&url).expect("a queue").visible;
    post(&simulator, "rules", json!({ "queueUrl": url, "detailType": LAUNCHED })).await;
    group(&client, 0).await;
    grow(&simulator, &client, 1).await;
    assert_eq!(seen(), 1);

    post(&simulator, "event-faults", json!({ "trouble": "twice", "detailType": LAUNCHED })).await;
    grow(&simulator, &client, 2).await;
    assert_eq!(seen(), 3);

    assert_eq!(send(&simulator.endpoint(), "DELETE", "event-faults", "").await.0, 200);
    post(&simulator, "event-faults", json!({ "trouble": "lost" })).await;
    grow(&simulator, &client, 3).await;
    assert_eq!(seen(), 3);

    assert_eq!(send(&simulator.endpoint(), "DELETE", "event-faults", "").await.0, 200);
    post(&simulator, "event-faults", json!({ "trouble": "lost", "detailType": "AWS Health Event" })).await;
    grow(&simulator, &client, 4).await;
    assert_eq!(seen(), 4, "what is lost is another kind");
    let told = bodies(&simulator, &url).await;
    assert!(told.iter().all(|body| body["detail-type"] == LAUNCHED), "{told:?}");
}

#[tokio::test]
async fn a_queue_hears_of_a_topic_it_subscribed_to() {
    let (simulator, client) = start().await;
    let url = queue(&sqs(&simulator)).await;
    group(&client, 0).await;
    post(&simulator, "subscriptions", json!({ "queueUrl": url, "topicArn": TOPIC })).await;
    let put = client.put_notification_configuration().auto_scaling_group_name("g").topic_arn(TOPIC);
    put.notification_types("autoscaling:EC2_INSTANCE_LAUNCH").send().await.expect("a configuration");
    let told = bodies(&simulator, &url).await;
    assert_eq!(told.len(), 1, "a test notification: {told:?}");
    assert_eq!((&told[0]["Type"], &told[0]["TopicArn"]), (&json!("Notification"), &json!(TOPIC)));
}

#[tokio::test]
async fn a_wrong_body_is_refused_with_one_line_and_changes_nothing() {
    let (simulator, client) = start().await;
    let url = queue(&sqs(&simulator)).await;
    let nowhere = "http://127.0.0.1:1/000000000000/other";
    for (path, body, status, line) in [
        (
            "event-faults",
            json!({}),
            400,
            "`trouble` is missing: it must be one of lost, late, twice, overtaken",
        ),
        (
            "event-faults",
            json!({ "trouble": "odd" }),
            400,
            "`trouble` is \"odd\": it must be one of lost, late, twice, overtaken",
        ),
        (
            "event-faults",
            json!({ "trouble": "late" }),
            400,
            "`milliseconds` is missing: it must be a whole number from 0 to 86400000",
        ),
        (
            "event-faults",
            json!({ "trouble": "lost", "share": 2 }),
            400,
            "`share` is 2: it must be a number from 0 to 1",
        ),
        (
            "event-faults",
            json!({ "trouble": "lost", "detailType": "x" }),
            400,
            "`detailType` is \"x\": it must be a detail-type like \"EC2 Instance-terminate Lifecycle Action\"",
        ),
        (
            "rules",
            json!({ "queueUrl": nowhere }),
            404,
            "there is no queue http://127.0.0.1:1/000000000000/other",
        ),
        ("rules", json!({}), 400, "`queueUrl` is missing: it must be the address of a queue"),
        (
            "rules",
            json!({ "queueUrl": url, "kinds": [] }),
            400,
            "`kinds` is unknown here: the fields are queueUrl, detailType",
        ),
        (
            "subscriptions",
            json!({ "queueUrl": url }),
            400,
            "`topicArn` is missing: it must be the arn of a topic",
        ),
        (
            "subscriptions",
            json!({ "topicArn": TOPIC }),
            400,
            "`queueUrl` is missing: it must be the address of a queue",
        ),
    ] {
        let (seen, text) = send(&simulator.endpoint(), "POST", path, &body.to_string()).await;
        assert_eq!(seen, status, "{path} {body}: {text}");
        assert_eq!(text, format!("{line}\n"), "{path} {body}");
    }
    group(&client, 0).await;
    grow(&simulator, &client, 1).await;
    assert_eq!(simulator.queue(&url).expect("a queue").visible, 0);
}
