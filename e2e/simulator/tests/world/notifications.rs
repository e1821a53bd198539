//! Notification configurations: made, described and deleted; and what topics are told.

use aws_simulator::sqs;
use aws_simulator::world::HookTransition::Launching;
use aws_simulator::world::{
    Command, Event, HookResult, NotificationType, NotificationView, Page, PutHook, PutNotifications, Reply,
};
use serde_json::{Value, json};

use crate::bed::{A_WHILE, BOOT, Bed};
use crate::events::{normal, queue, told};

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:scaling";

fn put(topic: &str, types: &[NotificationType]) -> Command {
    Command::PutNotifications(PutNotifications {
        group: "g".into(),
        topic: topic.into(),
        types: types.to_vec(),
    })
}

fn describe(bed: &mut Bed, groups: &[&str], page: Page) -> (Vec<NotificationView>, Option<String>) {
    let groups = groups.iter().map(|name| (*name).to_owned()).collect();
    let Reply::Notifications { notifications, next } =
        bed.run(Command::DescribeNotifications { groups, page })
    else {
        panic!("not notifications")
    };
    (notifications, next)
}

/// A group `g`, and a queue `q` that subscribed to the topic.
fn subscribed() -> Bed {
    let mut bed = Bed::new();
    queue(&mut bed, "q");
    bed.world.subscribe_queue(TOPIC, "q");
    bed.group(0);
    bed
}

fn inner(notification: &Value) -> Value {
    serde_json::from_str(notification["Message"].as_str().expect("text")).expect("JSON")
}

#[test]
fn a_topic_is_told_a_test_and_then_what_it_asked_for_as_it_was_captured() {
    let mut bed = subscribed();
    bed.run(put(TOPIC, &[NotificationType::Launch]));
    let test = told(&mut bed, "q");
    assert_eq!(test.len(), 1);
    assert_eq!(test[0]["Subject"], "Auto Scaling: test notification for group \"g\"");
    assert_eq!(inner(&test[0])["Event"], "autoscaling:TEST_NOTIFICATION");

    bed.desire(1);
    bed.pass(A_WHILE);
    let launch = told(&mut bed, "q");
    assert_eq!(launch.len(), 1);
    assert_eq!(launch[0]["TopicArn"], TOPIC);
    assert_eq!(launch[0]["Subject"], "Auto Scaling: launch for group \"g\"");
    assert_eq!(
        normal(&inner(&launch[0])),
        json!({
            "Origin": "EC2",
            "Destination": "AutoScalingGroup",
            "Progress": 50,
            "AccountId": "000000000000",
            "Description": "Launching a new EC2 instance: i-ID",
            "RequestId": "UUID",
            "EndTime": "2027-01-15T08:00:11.000Z",
            "AutoScalingGroupARN":
                "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:UUID:autoScalingGroupName/g",
            "ActivityId": "UUID",
            "StartTime": "2027-01-15T08:00:00.000Z",
            "Service": "AWS Auto Scaling",
            "Time": "2027-01-15T08:00:11.000Z",
            "EC2InstanceId": "i-ID",
            "StatusCode": "InProgress",
            "StatusMessage": "",
            "Details": {
                "Availability Zone": "us-east-1a",
                "Availability Zone ID": "use1-az6",
                "Subnet ID": "subnet-00000000000000061"
            },
            "AutoScalingGroupName": "g",
            "Cause": "At 2027-01-15T08:00:00Z a user request explicitly set group desired capacity changing the desired \
                      capacity from 0 to 1.  At 2027-01-15T08:00:00Z an instance was started in response to a difference \
                      between desired and actual capacity, increasing the capacity from 0 to 1.",
            "Event": "autoscaling:EC2_INSTANCE_LAUNCH"
        })
    );
    bed.desire(0);
    bed.pass(A_WHILE);
    assert!(told(&mut bed, "q").is_empty(), "nobody asked for terminations");
}

#[test]
fn each_type_tells_its_outcome() {
    let mut bed = subscribed();
    bed.run(put(TOPIC, &NotificationType::ALL));
    bed.hook(Launching, HookResult::Abandon);
    bed.desire(1);
    bed.pass(BOOT);
    let id = bed.only();
    bed.complete(&id, Launching, HookResult::Abandon);
    bed.desire(0);
    bed.pass(A_WHILE);
    let events: Vec<_> = told(&mut bed, "q").iter().map(|one| inner(one)["Event"].clone()).collect();
    assert_eq!(
        events,
        [
            "autoscaling:TEST_NOTIFICATION",
            "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
            // The replacement, which was taken back.
            "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
            "autoscaling:EC2_INSTANCE_TERMINATE",
            "autoscaling:EC2_INSTANCE_TERMINATE",
        ]
    );
}

#[test]
fn configurations_are_described_a_type_a_row_replaced_and_deleted() {
    let mut bed = subscribed();
    bed.run(put(TOPIC, &[NotificationType::Terminate, NotificationType::Launch]));
    let kinds = |bed: &mut Bed| -> Vec<_> {
        describe(bed, &["g"], Page::default()).0.into_iter().map(|view| view.kind).collect()
    };
    assert_eq!(kinds(&mut bed), [NotificationType::Launch, NotificationType::Terminate]);
    let (first, next) = describe(&mut bed, &[], Page { max: Some(1), token: None });
    assert_eq!((first.len(), first[0].topic.as_str()), (1, TOPIC));
    let (second, end) = describe(&mut bed, &[], Page { max: Some(1), token: next });
    assert_eq!((second[0].kind, end), (NotificationType::Terminate, None));
    bed.run(put(TOPIC, &[NotificationType::LaunchError]));
    assert_eq!(kinds(&mut bed), [NotificationType::LaunchError]);
    told(&mut bed, "q");
    bed.run(Command::DeleteNotifications { group: "g".into(), topic: TOPIC.into() });
    assert!(kinds(&mut bed).is_empty());
    bed.desire(1);
    bed.pass(A_WHILE);
    assert!(told(&mut bed, "q").is_empty());
}

#[test]
fn a_topic_that_is_not_there_and_a_group_that_is_not_there_are_refused() {
    let mut bed = subscribed();
    let unknown = bed.refused(put("arn:aws:sns:us-east-1:000000000000:other", &[NotificationType::Launch]));
    assert!(unknown.message.starts_with("Unable to publish test message"), "{unknown:?}");
    // A queue is no topic.
    assert!(bed.attempt(put("arn:aws:sqs:us-east-1:000000000000:q", &[NotificationType::Launch])).is_err());
    assert!(bed.attempt(put(TOPIC, &[])).is_err());
    for command in [
        Command::DeleteNotifications { group: "nobody's".into(), topic: TOPIC.into() },
        Command::DescribeNotifications { groups: vec!["nobody's".into()], page: Page::default() },
    ] {
        assert!(bed.refused(command).message.contains("nobody's not found"));
    }
    for number in 0..10 {
        let topic = format!("{TOPIC}{number}");
        bed.world.subscribe_queue(&topic, "q");
        bed.run(put(&topic, &[NotificationType::Launch]));
    }
    assert_eq!(bed.refused(put(TOPIC, &[NotificationType::Launch])).code, "LimitExceeded");
}

#[test]
fn a_hook_whose_queue_can_take_no_more_holds_all_the_same_and_one_whose_queue_is_gone_does_not() {
    let mut bed = Bed::new();
    bed.group(0);
    queue(&mut bed, "q");
    queue(&mut bed, "other");
    let hook = PutHook {
        name: "launch".into(),
        transition: Some(Launching),
        target: Some("arn:aws:sqs:us-east-1:000000000000:q".into()),
        role: Some("arn:aws:iam::000000000000:role/hooks".into()),
        ..PutHook::default()
    };
    bed.run(Command::PutHook { group: "g".into(), hook });
    // Nobody reads the other queue, until there is no room for anything.
    for size in [1 << 20, 1 << 10, 1] {
        let message = sqs::NewMessage { body: "x".repeat(size), ..sqs::NewMessage::default() };
        let send = sqs::Command::Send { queue: "other".into(), message };
        while bed.world.handle_queue(bed.now, send.clone()).is_ok() {}
    }
    bed.desire(1);
    bed.pass(BOOT + A_WHILE);
    assert_eq!(bed.states(), ["Pending:Wait"]);

    bed.world.handle_queue(bed.now, sqs::Command::DeleteQueue("q".into())).expect("deleted");
    let held = bed.only();
    bed.desire(2);
    bed.pass(BOOT + A_WHILE);
    let ended: Vec<_> = bed
        .events
        .iter()
        .filter_map(|event| if let Event::ActionCompleted { id, .. } = event { Some(id) } else { None })
        .collect();
    assert!(!ended.is_empty(), "nobody can hear of it");
    assert!(!ended.contains(&&held), "what is held already stays so");
}

#[test]
fn a_hook_tells_its_topic_in_the_envelope_of_sns() {
    let mut bed = subscribed();
    let hook = PutHook {
        name: "launch".into(),
        transition: Some(Launching),
        target: Some(TOPIC.into()),
        role: Some("arn:aws:iam::000000000000:role/hooks".into()),
        ..PutHook::default()
    };
    bed.run(Command::PutHook { group: "g".into(), hook });
    bed.desire(1);
    bed.pass(BOOT);
    let all = told(&mut bed, "q");
    assert_eq!(all.len(), 2);
    let id = bed.only();
    let subject = format!("Auto Scaling:  Lifecycle action 'LAUNCHING' for instance {id} in progress.");
    assert_eq!((&all[1]["Subject"], &all[1]["TopicArn"]), (&json!(subject), &json!(TOPIC)));
    let message = inner(&all[1]);
    assert_eq!((&message["EC2InstanceId"], &message["LifecycleHookName"]), (&json!(id), &json!("launch")));
    assert_eq!(bed.states(), ["Pending:Wait"]);
    assert!(message.get("Action").is_none());
}
