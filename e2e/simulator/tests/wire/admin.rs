//! What drives the simulator from outside Rust.

use serde_json::{Value, json};

use crate::bed::{CALLER, ask, group, only, queue, raw, refusal, split, sqs, start};

/// A request with a JSON body.
pub(crate) async fn send(endpoint: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let request = format!(
        "{method} /_simulator/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    split(&raw(endpoint, request).await.expect("an answer"))
}

pub(crate) async fn get(endpoint: &str, path: &str) -> Value {
    let (status, body) = send(endpoint, "GET", path, "").await;
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).expect("JSON")
}

async fn post(endpoint: &str, path: &str, body: Value) -> Value {
    let (status, answer) = send(endpoint, "POST", path, &body.to_string()).await;
    assert_eq!(status, 200, "{path}: {answer}");
    serde_json::from_str(&answer).expect("JSON")
}

#[tokio::test]
async fn the_index_names_every_endpoint_and_each_is_there() {
    let (simulator, _) = start().await;
    let endpoint = simulator.endpoint();
    let index = get(&endpoint, "").await;
    let rows = index.as_array().expect("a list");
    assert!(rows.len() > 15);
    for row in rows {
        let (method, path) =
            (row["method"].as_str().expect("a method"), row["path"].as_str().expect("a path"));
        let path = path.strip_prefix("/_simulator/").expect("below the root").replace("ID", "x");
        let (status, body) = send(&endpoint, method, &path, "").await;
        assert!(
            !body.contains("there is no /_simulator/") && status != 405,
            "{method} {path}: {status} {body}"
        );
        let (status, body) = send(&endpoint, "PATCH", &path, "").await;
        assert_eq!(status, 405, "{path}");
        assert!(body.starts_with("allowed here: ") && body.contains(method), "{path}: {body}");
    }
    let (status, body) = send(&endpoint, "GET", "dance", "").await;
    assert_eq!(
        (status, body.as_str()),
        (404, "there is no /_simulator/dance: GET /_simulator/ lists what there is\n")
    );
    assert_eq!(ask(&endpoint, "GET", "/_simulator", &[]).await.0, 200);
    assert_eq!(ask(&endpoint, "GET", "/_simulatorx", &[]).await.0, 404);
}

#[tokio::test]
async fn a_fault_is_set_listed_and_taken_back() {
    let (simulator, client) = start().await;
    let endpoint = simulator.endpoint();
    let describe = || client.describe_auto_scaling_groups().send();
    let sent =
        json!({ "operation": "DescribeAutoScalingGroups", "fault": "deny", "caller": CALLER, "times": 5 });
    let id = post(&endpoint, "faults", sent).await["id"].clone();
    assert_eq!(refusal(describe().await).0, "AccessDenied");
    assert!(client.describe_auto_scaling_instances().send().await.is_ok());
    let listed = get(&endpoint, "faults").await;
    let expected = json!([{
        "id": id, "operation": "DescribeAutoScalingGroups", "fault": "deny",
        "caller": CALLER, "times": 5, "applied": 1,
    }]);
    assert_eq!(listed, expected);
    assert_eq!(send(&endpoint, "DELETE", &format!("faults/{id}"), "").await.0, 200);
    assert!(describe().await.is_ok());
    assert_eq!(send(&endpoint, "DELETE", &format!("faults/{id}"), "").await.0, 404);
    post(&endpoint, "faults", json!({ "fault": "throttle" })).await;
    assert_eq!(refusal(describe().await).0, "Throttling");
    assert_eq!(send(&endpoint, "DELETE", "faults", "").await.0, 200);
    assert!(describe().await.is_ok());
}

#[tokio::test]
async fn every_fault_can_be_set_and_comes_back_as_it_was_sent() {
    let (simulator, _) = start().await;
    let endpoint = simulator.endpoint();
    for (own, listed) in [
        (json!({ "fault": "throttle", "share": 0.5 }), None),
        (json!({ "fault": "deny", "group": "g", "instance": "i-1" }), None),
        (json!({ "fault": "fail", "status": 503, "code": "ServiceUnavailable" }), None),
        (json!({ "fault": "delay", "milliseconds": 20 }), None),
        (json!({ "fault": "reset", "times": 1 }), None),
        (json!({ "fault": "lose-reply" }), None),
        (json!({ "fault": "token-bucket", "capacity": 10, "refillPerSecond": 2.5 }), None),
        (json!({ "fault": "stale", "milliseconds": 1000 }), None),
        (json!({ "fault": "unlisted-after-launch", "milliseconds": 1000 }), None),
        (json!({ "fault": "unlisted-while-moving", "milliseconds": 1000 }), None),
        (json!({ "fault": "deny", "caller": null }), Some(json!({ "fault": "deny" }))),
    ] {
        let id = post(&endpoint, "faults", own.clone()).await["id"].clone();
        let mut expected = listed.unwrap_or(own);
        expected["id"] = id;
        expected["operation"] = "*".into();
        expected["applied"] = 0.into();
        assert_eq!(get(&endpoint, "faults").await, json!([expected]));
        send(&endpoint, "DELETE", "faults", "").await;
    }
}

#[tokio::test]
async fn calls_are_listed_counted_and_forgotten() {
    let (simulator, client) = start().await;
    let endpoint = simulator.endpoint();
    group(&client, 0).await;
    client.describe_auto_scaling_groups().send().await.expect("groups");
    client.describe_warm_pool().auto_scaling_group_name("no").send().await.expect_err("no group");
    let calls = get(&endpoint, "calls").await;
    let operations: Vec<_> =
        calls.as_array().expect("a list").iter().map(|call| call["operation"].clone()).collect();
    assert_eq!(operations, ["CreateAutoScalingGroup", "DescribeAutoScalingGroups", "DescribeWarmPool"]);
    let last = &calls[2];
    assert_eq!(
        (&last["status"], &last["error"], &last["caller"]),
        (&json!(400), &json!("ValidationError"), &json!(CALLER))
    );
    assert_eq!(last["params"], json!({ "AutoScalingGroupName": "no" }));
    let number = |query: &str| format!("calls?{query}");
    for (query, count) in [
        ("operation=DescribeWarmPool".to_owned(), 1),
        ("operation=DescribeTags".to_owned(), 0),
        (format!("caller={CALLER}"), 3),
        ("caller=nobody".to_owned(), 0),
        (format!("after={}", calls[0]["number"]), 2),
        ("limit=1".to_owned(), 1),
        ("since=2020-01-01T00:00:00Z".to_owned(), 3),
        ("since=2120-01-01T00:00:00Z".to_owned(), 0),
    ] {
        let found = get(&endpoint, &number(&query)).await;
        assert_eq!(found.as_array().map(Vec::len), Some(count), "{query}");
    }
    let newest = get(&endpoint, "calls?limit=1").await;
    assert_eq!(newest[0]["operation"], "DescribeWarmPool");
    let expected = json!({ "total": 3, "operations": {
        "CreateAutoScalingGroup": { "200": 1 },
        "DescribeAutoScalingGroups": { "200": 1 },
        "DescribeWarmPool": { "400": 1 },
    }});
    assert_eq!(get(&endpoint, "calls/count").await, expected);
    assert_eq!(get(&endpoint, "calls/count?operation=DescribeWarmPool").await["total"], 1);
    assert_eq!(get(&endpoint, "calls/count?caller=nobody").await["total"], 0);
    assert_eq!(send(&endpoint, "DELETE", "calls", "").await.0, 200);
    assert_eq!(get(&endpoint, "calls").await, json!([]));
    assert_eq!(get(&endpoint, "calls/count").await["total"], 0);
    assert!(simulator.calls().is_empty());
}

#[tokio::test]
async fn what_happens_to_an_instance_can_be_told_from_outside() {
    let (simulator, client) = start().await;
    let endpoint = simulator.endpoint();
    group(&client, 1).await;
    let instance = only(&simulator, "InService").await;
    let (id, imds) = (instance.id, instance.imds_endpoint);
    let of = |what: &str| format!("instances/{id}/{what}");
    assert_eq!(get(&endpoint, &format!("instances/{id}")).await["id"], json!(id));

    post(&endpoint, &of("state"), json!({ "state": "InLimbo:Wait" })).await;
    let listed = client.describe_auto_scaling_instances().send().await.expect("a list");
    assert_eq!(listed.auto_scaling_instances()[0].lifecycle_state(), Some("InLimbo:Wait"));

    let read = || ask(&imds, "PUT", "/latest/api/token", &[("x-aws-ec2-metadata-token-ttl-seconds", "60")]);
    assert_eq!(read().await.0, 200);
    post(&endpoint, &of("imds-fault"), json!({ "fault": "status", "status": 503 })).await;
    assert_eq!(read().await.0, 503);
    assert_eq!(send(&endpoint, "DELETE", &of("imds-fault"), "").await.0, 200);
    assert_eq!(read().await.0, 200);
    let calls = get(&endpoint, &format!("imds-calls?instance={id}")).await;
    let statuses: Vec<_> =
        calls.as_array().expect("a list").iter().map(|call| call["status"].clone()).collect();
    assert_eq!(statuses, [200, 503, 200]);

    post(&endpoint, &of("machine"), json!({ "spot": true })).await;
    post(&endpoint, &of("spot-interruption"), json!({ "action": "stop" })).await;
    post(&endpoint, &of("rebalance"), json!({})).await;
    post(&endpoint, &of("maintenance"), json!({ "code": "system-reboot", "beginMilliseconds": 5000 })).await;
}

#[tokio::test]
async fn a_queue_is_told_about_actions_and_counted() {
    let (simulator, client) = start().await;
    let endpoint = simulator.endpoint();
    let url = queue(&sqs(&simulator)).await;
    post(&endpoint, "routes", json!({ "queueUrl": url, "envelope": "eventbridge" })).await;
    let (status, line) =
        send(&endpoint, "POST", "routes", r#"{"queueUrl":"http://x/000000000000/no","envelope":"sns"}"#)
            .await;
    assert_eq!((status, line.as_str()), (404, "there is no queue http://x/000000000000/no\n"));
    group(&client, 0).await;
    crate::bed::launch_hook(&client).await;
    crate::bed::desire(&client, 1).await;
    only(&simulator, "Pending:Wait").await;
    let rows = get(&endpoint, "queues").await;
    assert_eq!((&rows[0]["name"], &rows[0]["url"]), (&json!("q"), &json!(url)));
    assert!(rows[0]["visible"].as_u64() >= Some(1), "{rows}");
}
