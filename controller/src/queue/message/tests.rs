use proptest::prelude::*;
use serde_json::json;

use super::*;

const LAUNCH: &str = r#"{"version":"0","id":"325b8d01-f6b4-3b69-740c-3717302f6eac","detail-type":"EC2 Instance-launch Lifecycle Action",
 "source":"aws.autoscaling","account":"000000000000","time":"2026-09-27T11:22:10Z","region":"us-east-1",
 "resources":["arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:42e32da7-714a-4b2b-8760-c3c529f92d45:autoScalingGroupName/my-asg"],
 "detail":{"LifecycleActionToken":"36b210eb-0e5d-4ddf-b153-acd86a82e85c","AutoScalingGroupName":"my-asg",
  "LifecycleHookName":"launch","EC2InstanceId":"i-065912b0a0b011658",
  "LifecycleTransition":"autoscaling:EC2_INSTANCE_LAUNCHING",
  "Origin":"WarmPool","Destination":"AutoScalingGroup","Action":"Launch"}}"#;
const RETURNING: &str = r#"{"LifecycleActionToken":"3a2007f3-2075-49cb-882c-9149ff2309aa","AutoScalingGroupName":"my-asg","LifecycleHookName":"terminate","EC2InstanceId":"i-0e9cf378e10b086ab","LifecycleTransition":"autoscaling:EC2_INSTANCE_TERMINATING","Origin":"AutoScalingGroup","Destination":"WarmPool","Action":"Terminate"}"#;
const DIRECT: &str = r#"{"Origin":"EC2","LifecycleHookName":"h","Destination":"AutoScalingGroup","AccountId":"123456789012",
 "RequestId":"5a062a09-2965-8413-43f9-83bd8649c9eb","LifecycleTransition":"autoscaling:EC2_INSTANCE_LAUNCHING",
 "AutoScalingGroupName":"g","Service":"AWS Auto Scaling","Time":"2023-09-11T03:30:33.136Z",
 "EC2InstanceId":"i-0853dfa8ce1627af9","LifecycleActionToken":"917070d0-a303-474b-a36c-a5e38a19de5e"}"#;
const OUTCOME: &str = r#"{"detail-type":"EC2 Instance Launch Successful","source":"aws.autoscaling","time":"2026-09-27T11:21:53Z",
 "detail":{"Origin":"EC2","Destination":"WarmPool","Action":"Launch",
  "RequestId":"1fe6838a-6148-0dde-afac-f85bdd2939b8","ActivityId":"1fe6838a-6148-0dde-afac-f85bdd2939b8",
  "EC2InstanceId":"i-065912b0a0b011658","StatusCode":"InProgress","StatusMessage":"","AutoScalingGroupName":"my-asg"}}"#;
const NOTIFIED: &str = r#"{"AccountId":"123456789012","RequestId":"c0f77046-9a4e-4fcf-8594-34b174a83c04","AutoScalingGroupARN":"arn:aws:autoscaling:x","AutoScalingGroupName":"g","Service":"AWS Auto Scaling","Event":"autoscaling:TEST_NOTIFICATION","Time":"2023-09-11T03:03:14.022Z"}"#;

fn sns(message: &str) -> String {
    json!({"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:us-east-1:1:t",
        "Subject": "Auto Scaling:  Lifecycle action 'TERMINATING' for instance i-1 in progress.",
        "Message": message, "Timestamp": "2026-09-27T11:22:10.000Z"})
    .to_string()
}

fn bridge(source: &str, detail: &Value) -> String {
    json!({"version": "0", "source": source, "detail-type": "x", "time": "2026-09-27T11:22:10Z", "detail": detail})
        .to_string()
}

#[test]
fn an_event_of_a_launch_is_read_as_captured() {
    let told = Told {
        group: "my-asg".into(),
        hook: "launch".into(),
        token: Some("36b210eb-0e5d-4ddf-b153-acd86a82e85c".into()),
        terminating: false,
        origin: Some(Place::WarmPool),
        destination: Some(Place::AutoScalingGroup),
        at: Some("2026-09-27T11:22:10Z".parse().unwrap()),
    };
    assert_eq!(Message::read(LAUNCH), Message::Action { instance: "i-065912b0a0b011658".into(), told });
}

#[test]
fn a_hooks_own_notification_is_read_as_captured() {
    let Message::Action { instance, told } = Message::read(DIRECT) else { panic!("not an action") };
    assert_eq!(instance, "i-0853dfa8ce1627af9");
    assert_eq!(told.token.as_deref(), Some("917070d0-a303-474b-a36c-a5e38a19de5e"));
    assert_eq!(told.at, Some("2023-09-11T03:30:33.136Z".parse().unwrap()));
    let Message::Action { told, .. } = Message::read(RETURNING) else { panic!("not an action") };
    assert!(told.terminating);
    assert_eq!((told.destination, told.at), (Some(Place::WarmPool), None));
}

#[test]
fn an_envelope_of_sns_changes_nothing() {
    for inner in [LAUNCH, DIRECT, RETURNING, OUTCOME, NOTIFIED] {
        assert_eq!(Message::read(&sns(inner)), Message::read(inner));
    }
}

#[test]
fn a_test_notification_is_one_wherever_its_mark_stands() {
    assert_eq!(Message::read(NOTIFIED), Message::Test);
    let other = json!({"LifecycleTransition": TEST, "AutoScalingGroupName": "g"}).to_string();
    assert_eq!(Message::read(&other), Message::Test);
}

#[test]
fn other_events_only_name_instances() {
    let instances = vec!["i-065912b0a0b011658".to_owned()];
    assert_eq!(Message::read(OUTCOME), Message::Event { instances: instances.clone() });
    let stopped = json!({"instance-id": "i-065912b0a0b011658", "state": "stopped"});
    assert_eq!(Message::read(&bridge("aws.ec2", &stopped)), Message::Event { instances: instances.clone() });
    let health =
        json!({"service": "EC2", "affectedEntities": [{"entityValue": "i-065912b0a0b011658"}, {}, 3]});
    assert_eq!(Message::read(&bridge("aws.health", &health)), Message::Event { instances });
    let refresh = json!({"InstanceRefreshId": "x"});
    assert_eq!(Message::read(&bridge("aws.autoscaling", &refresh)), Message::Event { instances: Vec::new() });
}

#[test]
fn garbage_is_unreadable() {
    let long = format!("{{\"EC2InstanceId\":\"i-0853dfa8ce1627af9\",\"x\":\"{}\"}}", "x".repeat(LONGEST));
    let twice = sns(&sns(DIRECT));
    let texts =
        ["", "{", "[]", "null", "hello", "{}", r#"{"detail-type":"x"}"#, &long, &twice, &"[".repeat(9_999)];
    for text in texts {
        assert!(matches!(Message::read(text), Message::Unreadable(_)), "{text:.40}");
    }
}

#[test]
fn only_what_looks_like_an_instance_id_is_one() {
    let named = |id: &str| Message::read(&json!({"EC2InstanceId": id}).to_string()).instances().to_vec();
    for id in ["i-12345678", "i-0853dfa8ce1627af9"] {
        assert_eq!(named(id), [id]);
    }
    for id in [
        "",
        "i-",
        "i-1234567",
        "i-0853dfa8ce1627af90",
        "i-1234567G",
        "i-12345678\n",
        "x-12345678",
        "I-12345678",
    ] {
        assert!(named(id).is_empty(), "{id:?}");
    }
}

#[test]
fn names_and_tokens_that_cannot_be_are_left_out() {
    let with = |key: &str, value: &str| {
        let mut body: Value = serde_json::from_str(RETURNING).unwrap();
        body[key] = json!(value);
        Message::read(&body.to_string())
    };
    assert!(matches!(with("AutoScalingGroupName", "a\nb"), Message::Event { .. }));
    assert!(matches!(with("LifecycleHookName", &"h".repeat(256)), Message::Event { .. }));
    for token in ["", "x", "3a2007f3-2075-49cb-882c-9149ff2309a\n"] {
        assert!(
            matches!(with("LifecycleActionToken", token), Message::Action { told, .. } if told.token.is_none())
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        Message::read(&text);
        Message::read(&sns(&text));
        Message::read(&bridge("aws.autoscaling", &json!({"EC2InstanceId": text, "LifecycleTransition": text})));
    }

    #[test]
    fn no_cut_or_bent_message_makes_it_panic(at in 0usize..600, to in any::<char>()) {
        for whole in [LAUNCH, DIRECT, OUTCOME, NOTIFIED] {
            let mut bent: Vec<char> = whole.chars().collect();
            let at = at % bent.len();
            Message::read(&bent[..at].iter().collect::<String>());
            bent[at] = to;
            for id in Message::read(&bent.iter().collect::<String>()).instances() {
                prop_assert!(is_instance_id(id));
            }
        }
    }
}
