//! What queues are told about lifecycle actions, compared with messages of AWS.

use std::collections::BTreeSet;
use std::time::SystemTime;

use aws_sdk_autoscaling::Client;
use aws_simulator::{CompletedBy, Envelope, Event, Simulator};
use serde_json::Value;

use crate::bed::{PATIENCE, desire, group, launch_hook, only, queue, refusal, sqs, start};

const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:q";
const ROLE: &str = "arn:aws:iam::000000000000:role/hooks";

/// A direct message as it was captured from AWS.
const DIRECT: &str = r#"{"Origin":"EC2","LifecycleHookName":"h","Destination":"AutoScalingGroup",
    "AccountId":"123456789012","RequestId":"5a062a09-2965-8413-43f9-83bd8649c9eb",
    "LifecycleTransition":"autoscaling:EC2_INSTANCE_LAUNCHING","AutoScalingGroupName":"g",
    "Service":"AWS Auto Scaling","Time":"2023-09-11T03:30:33.136Z","EC2InstanceId":"i-0853dfa8ce1627af9",
    "LifecycleActionToken":"917070d0-a303-474b-a36c-a5e38a19de5e"}"#;
/// The same of a test notification.
const TEST: &str = r#"{"AccountId":"123456789012","RequestId":"c0f77046-9a4e-4fcf-8594-34b174a83c04",
    "AutoScalingGroupARN":"arn","AutoScalingGroupName":"g","Service":"AWS Auto Scaling",
    "Event":"autoscaling:TEST_NOTIFICATION","Time":"2023-09-11T03:03:14.022Z"}"#;
/// The same of an event.
const EVENT: &str = r#"{"version":"0","id":"325b8d01-f6b4-3b69-740c-3717302f6eac",
    "detail-type":"EC2 Instance-launch Lifecycle Action","source":"aws.autoscaling","account":"000000000000",
    "time":"2026-09-27T11:22:10Z","region":"us-east-1",
    "resources":["arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:42e32da7-714a-4b2b-8760-c3c529f92d45:autoScalingGroupName/g"],
    "detail":{"LifecycleActionToken":"36b210eb-0e5d-4ddf-b153-acd86a82e85c","AutoScalingGroupName":"g",
    "LifecycleHookName":"h","EC2InstanceId":"i-065912b0a0b011658",
    "LifecycleTransition":"autoscaling:EC2_INSTANCE_LAUNCHING","Origin":"EC2",
    "Destination":"AutoScalingGroup","Action":"Launch"}}"#;
/// The fields of an SNS notification, by its documentation.
const SNS: [&str; 10] = [
    "Message",
    "MessageId",
    "Signature",
    "SignatureVersion",
    "SigningCertURL",
    "Subject",
    "Timestamp",
    "TopicArn",
    "Type",
    "UnsubscribeURL",
];

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn fields(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Every text of a real message that says nothing about one instance must be the same here.
fn agree(seen: &Value, real: &Value, names: &[&str]) {
    assert_eq!(fields(seen), fields(real));
    for name in names {
        assert_eq!(seen[name], real[name], "{name}");
    }
}

fn moment(text: &Value) -> SystemTime {
    let text = text.as_str().expect("a time");
    assert!(text.ends_with('Z'), "{text}");
    text.parse::<jiff::Timestamp>().expect("a time").into()
}

/// The next message of the queue, deleted.
async fn next(simulator: &Simulator, url: &str) -> Value {
    let client = sqs(simulator);
    let received = client.receive_message().queue_url(url).wait_time_seconds(20).send().await;
    let received = received.expect("an answer");
    let message = received.messages().first().expect("a message");
    let delete = client.delete_message().queue_url(url);
    delete.receipt_handle(message.receipt_handle().expect("a handle")).send().await.expect("deleted");
    parse(message.body().expect("a body"))
}

fn is_empty(simulator: &Simulator, url: &str) -> bool {
    simulator.queue(url).is_some_and(|info| info.visible + info.in_flight + info.delayed == 0)
}

fn hook(
    client: &Client,
) -> aws_sdk_autoscaling::operation::put_lifecycle_hook::builders::PutLifecycleHookFluentBuilder {
    client
        .put_lifecycle_hook()
        .auto_scaling_group_name("g")
        .lifecycle_hook_name("h")
        .lifecycle_transition("autoscaling:EC2_INSTANCE_LAUNCHING")
        .heartbeat_timeout(30)
}

#[tokio::test]
async fn a_hooks_target_gets_the_test_notification_and_then_each_action() {
    let (simulator, client) = start().await;
    let url = queue(&sqs(&simulator)).await;
    group(&client, 0).await;
    hook(&client).notification_target_arn(ARN).role_arn(ROLE).send().await.expect("a hook");
    let test = next(&simulator, &url).await;
    let mut real = parse(TEST);
    real["AccountId"] = "000000000000".into();
    agree(&test, &real, &["AccountId", "AutoScalingGroupName", "Service", "Event"]);
    let arn = test["AutoScalingGroupARN"].as_str().expect("an arn").to_owned();
    let groups = client.describe_auto_scaling_groups().send().await.expect("groups");
    assert_eq!(groups.auto_scaling_groups()[0].auto_scaling_group_arn(), Some(arn.as_str()));
    assert!(is_empty(&simulator, &url));

    let mut events = simulator.subscribe();
    desire(&client, 1).await;
    let direct = next(&simulator, &url).await;
    let mut real = parse(DIRECT);
    real["AccountId"] = "000000000000".into();
    let same = [
        "AccountId",
        "Origin",
        "LifecycleHookName",
        "Destination",
        "LifecycleTransition",
        "AutoScalingGroupName",
        "Service",
    ];
    agree(&direct, &real, &same);
    let held = only(&simulator, "Pending:Wait").await;
    assert_eq!(direct["EC2InstanceId"], held.id.as_str());
    assert!(moment(&direct["Time"]) <= SystemTime::now());
    let token = loop {
        if let Event::ActionOpened { token, .. } = events.recv().await.expect("events") {
            break token;
        }
    };
    assert_eq!(direct["LifecycleActionToken"], token);
    assert!(is_empty(&simulator, &url));
}

#[tokio::test]
async fn a_hooks_target_role_and_metadata_are_described_told_and_cleared() {
    let (simulator, client) = start().await;
    let url = queue(&sqs(&simulator)).await;
    group(&client, 0).await;
    let put = hook(&client).notification_target_arn(ARN).role_arn(ROLE).notification_metadata("mine");
    put.send().await.expect("a hook");
    let describe = || async {
        let hooks = client.describe_lifecycle_hooks().auto_scaling_group_name("g").send().await;
        hooks.expect("hooks").lifecycle_hooks()[0].clone()
    };
    // What is not named stays.
    hook(&client).heartbeat_timeout(31).send().await.expect("a hook");
    let described = describe().await;
    assert_eq!(described.notification_target_arn(), Some(ARN));
    assert_eq!(described.role_arn(), Some(ROLE));
    assert_eq!(described.notification_metadata(), Some("mine"));
    next(&simulator, &url).await;
    desire(&client, 1).await;
    assert_eq!(next(&simulator, &url).await["NotificationMetadata"], "mine");

    hook(&client).notification_target_arn("").send().await.expect("a hook");
    assert_eq!(describe().await.notification_target_arn(), None);
    desire(&client, 2).await;
    let held = |all: &[aws_simulator::InstanceInfo]| {
        all.len() == 2 && all.iter().all(|one| one.lifecycle_state == "Pending:Wait")
    };
    simulator.wait_until("both are held", PATIENCE, held).await.expect("in time");
    assert!(is_empty(&simulator, &url), "a cleared target is told nothing");
}

#[tokio::test]
async fn a_target_that_is_no_queue_is_refused_in_awss_words() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    let (code, message) = refusal(hook(&client).notification_target_arn(ARN).role_arn(ROLE).send().await);
    assert_eq!(code, "ValidationError");
    assert_eq!(
        message,
        format!(
            "Unable to publish test message to notification target {ARN} using IAM role {ROLE}. Please check your \
             target and role configuration and try to put lifecycle hook again."
        )
    );
    let hooks = client.describe_lifecycle_hooks().auto_scaling_group_name("g").send().await.expect("hooks");
    assert!(hooks.lifecycle_hooks().is_empty());
    queue(&sqs(&simulator)).await;
    assert!(hook(&client).notification_target_arn(ARN).send().await.is_err(), "nor without a role");
}

#[tokio::test]
async fn a_hook_whose_queue_is_gone_ends_at_once_by_its_default_result() {
    let (simulator, client) = start().await;
    let url = queue(&sqs(&simulator)).await;
    group(&client, 0).await;
    let put = hook(&client).notification_target_arn(ARN).role_arn(ROLE).default_result("CONTINUE");
    put.send().await.expect("a hook");
    sqs(&simulator).delete_queue().queue_url(&url).send().await.expect("deleted");
    let mut events = simulator.subscribe();
    desire(&client, 1).await;
    only(&simulator, "InService").await;
    let by = loop {
        if let Event::ActionCompleted { by, .. } = events.recv().await.expect("events") {
            break by;
        }
    };
    assert_eq!(by, CompletedBy::TimedOut);
}

#[tokio::test]
async fn a_route_tells_every_action_in_its_shape() {
    for envelope in [Envelope::EventBridge, Envelope::Sns, Envelope::Direct] {
        let (simulator, client) = start().await;
        let url = queue(&sqs(&simulator)).await;
        group(&client, 0).await;
        launch_hook(&client).await;
        simulator.route(&url, envelope);
        desire(&client, 1).await;
        let seen = next(&simulator, &url).await;
        let held = only(&simulator, "Pending:Wait").await;
        let id = held.id.as_str();
        match envelope {
            Envelope::EventBridge => {
                agree(&seen, &parse(EVENT), &["version", "detail-type", "source", "account", "region"]);
                let text = seen["resources"][0].as_str().expect("an arn");
                assert!(text.ends_with(":autoScalingGroupName/g"), "{text}");
                assert_eq!(seen["time"].as_str().map(str::len), Some("2026-09-27T11:22:10Z".len()));
                assert!(moment(&seen["time"]) <= SystemTime::now());
                let same = [
                    "AutoScalingGroupName",
                    "LifecycleHookName",
                    "LifecycleTransition",
                    "Origin",
                    "Destination",
                    "Action",
                ];
                agree(&seen["detail"], &parse(EVENT)["detail"], &same);
                assert_eq!(seen["detail"]["EC2InstanceId"], id);
            }
            Envelope::Sns => {
                assert_eq!(fields(&seen), SNS.into());
                let subject =
                    format!("Auto Scaling:  Lifecycle action 'LAUNCHING' for instance {id} in progress.");
                assert_eq!((&seen["Type"], &seen["Subject"]), (&"Notification".into(), &subject.into()));
                let inner = parse(seen["Message"].as_str().expect("text"));
                agree(&inner, &parse(DIRECT), &["LifecycleTransition", "Service"]);
                assert_eq!(inner["EC2InstanceId"], id);
            }
            Envelope::Direct => agree(&seen, &parse(DIRECT), &["LifecycleTransition", "Origin", "Service"]),
        }
        assert!(is_empty(&simulator, &url));
    }
}

#[tokio::test]
async fn the_way_to_the_pool_is_told_by_its_destination_alone() {
    let (simulator, client) = start().await;
    let url = queue(&sqs(&simulator)).await;
    simulator.route(&url, Envelope::EventBridge);
    group(&client, 1).await;
    only(&simulator, "InService").await;
    let reuse = aws_sdk_autoscaling::types::InstanceReusePolicy::builder().reuse_on_scale_in(true).build();
    let pool = client.put_warm_pool().auto_scaling_group_name("g").max_group_prepared_capacity(1);
    pool.instance_reuse_policy(reuse).send().await.expect("a pool");
    let put = hook(&client).lifecycle_transition("autoscaling:EC2_INSTANCE_TERMINATING");
    put.send().await.expect("a hook");
    desire(&client, 0).await;
    let detail = next(&simulator, &url).await["detail"].clone();
    let way =
        ["Origin", "Destination", "Action"].map(|name| detail[name].as_str().unwrap_or_default().to_owned());
    assert_eq!(way, ["AutoScalingGroup", "WarmPool", "Terminate"]);
}
