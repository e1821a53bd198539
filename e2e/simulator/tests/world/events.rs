//! What the bus tells: whole bodies, compared with those captured from AWS or documented; and who is told what.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_simulator::sqs;
use aws_simulator::world::HookResult::{Abandon, Continue};
use aws_simulator::world::HookTransition::{Launching, Terminating};
use aws_simulator::world::{Command, Envelope, EventKind, MaintenanceCode, PoolState, SpotAction};
use serde_json::{Value, json};

use crate::bed::{A_WHILE, BOOT, Bed, STEP};

/// A queue of this name.
pub(crate) fn queue(bed: &mut Bed, name: &str) {
    let create =
        sqs::Command::Create { queue: name.into(), attributes: BTreeMap::new(), tags: BTreeMap::new() };
    bed.world.handle_queue(bed.now, create).expect("a queue");
}

/// All messages of a queue, deleted, in order.
pub(crate) fn told(bed: &mut Bed, name: &str) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let wanted = sqs::Receive { queue: name.into(), max: Some(10), ..sqs::Receive::default() };
        let reply = bed.world.handle_queue(bed.now, sqs::Command::Receive(wanted)).expect("messages");
        let sqs::Reply::Messages(messages) = reply else { panic!("not messages") };
        if messages.is_empty() {
            return all;
        }
        for message in messages {
            all.push(serde_json::from_str(&message.body).expect("JSON"));
            let delete = sqs::Command::Delete { queue: name.into(), handle: message.handle };
            bed.world.handle_queue(bed.now, delete).expect("deleted");
        }
    }
}

/// A bed whose queue `q` is told events of these kinds.
fn told_of(kinds: &[EventKind]) -> Bed {
    let mut bed = Bed::new();
    queue(&mut bed, "q");
    bed.world.route_events("q", kinds);
    bed
}

/// Puts a fixed text in the place of every id and UUID, which differ from world to world.
pub(crate) fn normal(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), normal(value))).collect(),
        Value::Array(all) => all.iter().map(normal).collect(),
        Value::String(text) => {
            let mut words = String::new();
            for part in text.split_inclusive([' ', '/', ':', ',', '.', '"']) {
                let word = part.trim_end_matches([' ', '/', ':', ',', '.', '"']);
                let is_uuid = word.len() == 36 && word.matches('-').count() == 4;
                let is_id = word.len() == 19 && word.starts_with("i-");
                let name = if is_uuid {
                    "UUID"
                } else if is_id {
                    "i-ID"
                } else {
                    word
                };
                words += name;
                words += &part[word.len()..];
            }
            json!(words)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn detail_types(all: &[Value]) -> Vec<&str> {
    all.iter().map(|event| event["detail-type"].as_str().unwrap_or_default()).collect()
}

#[test]
fn the_entry_into_the_pool_is_told_as_it_was_captured() {
    let mut bed = told_of(&[EventKind::LaunchSuccessful]);
    bed.group(0);
    bed.pass(Duration::from_millis(419));
    bed.pool(1, PoolState::Stopped, false);
    bed.pass(A_WHILE);
    let all = told(&mut bed, "q");
    assert_eq!(all.len(), 1);
    // Ids, names and times apart, the event of AWS.
    assert_eq!(
        normal(&all[0]),
        json!({
            "version": "0",
            "id": "UUID",
            "detail-type": "EC2 Instance Launch Successful",
            "source": "aws.autoscaling",
            "account": "000000000000",
            "time": "2027-01-15T08:00:15Z",
            "region": "us-east-1",
            "resources": [
                "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:UUID:autoScalingGroupName/g",
                "arn:aws:ec2:us-east-1:000000000000:instance/i-ID"
            ],
            "detail": {
                "Origin": "EC2",
                "Destination": "WarmPool",
                "Action": "Launch",
                "Description": "Launching a new EC2 instance into warm pool: i-ID",
                "StartTime": "2027-01-15T08:00:00.419Z",
                "EndTime": "2027-01-15T08:00:15.419Z",
                "RequestId": "UUID",
                "ActivityId": "UUID",
                "EC2InstanceId": "i-ID",
                "StatusCode": "InProgress",
                "StatusMessage": "",
                "Details": {
                    "Availability Zone": "us-east-1a",
                    "Availability Zone ID": "use1-az6",
                    "Subnet ID": "subnet-00000000000000061"
                },
                "Cause": "At 2027-01-15T08:00:00Z a user request put a new WarmPool with MinSize: 1 and \
                          MaxGroupPreparedCapacity: 0 changing the capacity of WarmPool from 0 to 1.  At \
                          2027-01-15T08:00:00Z an instance was started in response to a difference between desired and \
                          actual capacity, increasing the capacity from 0 to 1.",
                "AutoScalingGroupName": "g"
            }
        })
    );
    let detail = &all[0]["detail"];
    assert_eq!(detail["RequestId"], detail["ActivityId"]);
    assert_eq!(detail["EC2InstanceId"], bed.only().as_str());
}

#[test]
fn every_end_of_a_journey_is_told_once_with_its_ends() {
    const OUTCOMES: [EventKind; 4] = [
        EventKind::LaunchSuccessful,
        EventKind::LaunchUnsuccessful,
        EventKind::TerminateSuccessful,
        EventKind::TerminateUnsuccessful,
    ];
    let mut bed = told_of(&OUTCOMES);
    let short = |all: Vec<Value>| -> Vec<String> {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        all.iter()
            .map(|event| {
                let detail = &event["detail"];
                let (from, to) = (word(&detail["Origin"]), word(&detail["Destination"]));
                let kind = word(&event["detail-type"]).replace("EC2 Instance ", "");
                format!("{kind} {from}>{to} {}", word(&detail["StatusCode"]))
            })
            .collect()
    };
    bed.group(1);
    bed.pass(A_WHILE);
    assert_eq!(short(told(&mut bed, "q")), ["Launch Successful EC2>AutoScalingGroup InProgress"]);
    bed.pool(1, PoolState::Running, true);
    bed.pass(A_WHILE);
    assert_eq!(short(told(&mut bed, "q")), ["Launch Successful EC2>WarmPool InProgress"]);
    // The pool is full: no way back.
    bed.desire(0);
    bed.pass(A_WHILE);
    assert_eq!(short(told(&mut bed, "q")), ["Terminate Successful AutoScalingGroup>EC2 InProgress"]);
    bed.desire(1);
    bed.pass(STEP * 2);
    assert_eq!(short(told(&mut bed, "q")), ["Launch Successful WarmPool>AutoScalingGroup InProgress"]);
    bed.hook(Terminating, Continue);
    bed.run(Command::DeleteWarmPool { group: "g".into(), force: true });
    bed.pass(Duration::from_mins(5));
    let gone = short(told(&mut bed, "q"));
    let held = "Terminate Successful WarmPool>EC2 MidTerminatingLifecycleAction".to_owned();
    assert!(gone.contains(&held), "{gone:?}");
    bed.hook(Launching, Abandon);
    bed.desire(2);
    bed.pass(BOOT + Duration::from_mins(1));
    assert_eq!(short(told(&mut bed, "q")), ["Launch Unsuccessful EC2>AutoScalingGroup Failed"]);
}

#[test]
fn the_power_of_a_machine_is_told_step_by_step() {
    let mut bed = told_of(&[EventKind::StateChange]);
    let states = |bed: &mut Bed| -> Vec<String> {
        let all = told(bed, "q");
        all.iter().map(|event| event["detail"]["state"].as_str().unwrap_or_default().to_owned()).collect()
    };
    bed.group(0);
    bed.pool(1, PoolState::Stopped, false);
    bed.pass(Duration::ZERO);
    let first = told(&mut bed, "q");
    assert_eq!(
        normal(&first[0]),
        json!({
            "version": "0",
            "id": "UUID",
            "detail-type": "EC2 Instance State-change Notification",
            "source": "aws.ec2",
            "account": "000000000000",
            "time": "2027-01-15T08:00:00Z",
            "region": "us-east-1",
            "resources": ["arn:aws:ec2:us-east-1:000000000000:instance/i-ID"],
            "detail": { "instance-id": "i-ID", "state": "pending" }
        })
    );
    assert_eq!(first.len(), 1);
    bed.pass(A_WHILE);
    let warmed = states(&mut bed);
    assert_eq!(warmed.last().map(String::as_str), Some("stopped"));
    assert_eq!(warmed.iter().filter(|state| *state == "stopping").count(), 1, "{warmed:?}");
    bed.run(Command::PutWarmPool(aws_simulator::world::PutWarmPool {
        group: "g".into(),
        min: Some(0),
        max_prepared: Some(Some(1)),
        ..Default::default()
    }));
    bed.desire(1);
    bed.pass(A_WHILE);
    let started = states(&mut bed);
    assert_eq!(started, ["pending", "running"]);
    bed.desire(0);
    bed.pass(A_WHILE * 2);
    let ended = states(&mut bed);
    // The pool is filled again meanwhile, by another machine.
    assert_eq!(ended.iter().filter(|state| *state == "shutting-down").count(), 1, "{ended:?}");
    assert_eq!(ended.iter().filter(|state| *state == "terminated").count(), 1, "{ended:?}");
}

#[test]
fn warnings_are_told_as_documented_and_an_interruption_is_carried_out() {
    const WARNINGS: [EventKind; 3] =
        [EventKind::SpotInterruption, EventKind::RebalanceRecommendation, EventKind::Health];
    let mut bed = told_of(&WARNINGS);
    bed.group(1);
    bed.pass(A_WHILE);
    let id = bed.only();
    bed.make_spot(&id);
    bed.world.recommend_rebalance(bed.now, &id).expect("told");
    bed.world.interrupt_spot(bed.now, &id, SpotAction::Terminate).expect("told");
    let (begin, end) = (bed.now + Duration::from_hours(24), bed.now + Duration::from_hours(26));
    bed.world.schedule_maintenance(bed.now, &id, MaintenanceCode::InstanceRetirement, (begin, end));
    let all = told(&mut bed, "q");
    let order = [WARNINGS[1], WARNINGS[0], WARNINGS[2]];
    assert_eq!(detail_types(&all), order.map(EventKind::detail_type));
    assert_eq!(all[0]["detail"], json!({ "instance-id": id }));
    assert_eq!(all[1]["detail"], json!({ "instance-id": id, "instance-action": "terminate" }));
    assert_eq!(all[1]["resources"], json!([format!("arn:aws:ec2:us-east-1a:instance/{id}")]));
    assert_eq!((&all[0]["source"], &all[2]["source"]), (&json!("aws.ec2"), &json!("aws.health")));
    let health = &all[2]["detail"];
    assert_eq!(
        (&health["service"], &health["eventTypeCategory"]),
        (&json!("EC2"), &json!("scheduledChange"))
    );
    assert_eq!(health["startTime"], "Sat, 16 Jan 2027 08:00:20 GMT");
    assert_eq!(health["affectedEntities"], json!([{ "entityValue": id, "tags": {} }]));

    bed.pass(Duration::from_secs(119));
    assert_eq!(bed.ids(), std::slice::from_ref(&id), "not before its time");
    bed.pass(Duration::from_mins(10));
    assert_eq!(bed.state(&id), "Terminated");
    assert_eq!(bed.states(), ["InService"], "it is replaced");
    assert!(told(&mut bed, "q").is_empty(), "each is told once");
}

#[test]
fn a_rule_tells_its_kinds_and_nothing_else() {
    let mut bed = Bed::new();
    for name in ["actions", "all", "some", "none"] {
        queue(&mut bed, name);
    }
    bed.world.route("actions", Envelope::EventBridge);
    bed.world.route_events("all", &EventKind::ALL);
    bed.world.route_events("some", &[EventKind::LaunchSuccessful]);
    bed.world.route_events("gone", &EventKind::ALL);
    bed.hook_group();
    let id = bed.only();
    bed.complete(&id, Launching, Continue);
    bed.pass(A_WHILE);
    let (action, success) = ("EC2 Instance-launch Lifecycle Action", "EC2 Instance Launch Successful");
    let change = "EC2 Instance State-change Notification";
    assert_eq!(detail_types(&told(&mut bed, "actions")), [action]);
    assert_eq!(detail_types(&told(&mut bed, "some")), [success]);
    let mut all = told(&mut bed, "all");
    all.sort_by_key(|event| event["detail-type"].to_string());
    assert_eq!(detail_types(&all), [success, change, change, action]);
    assert!(told(&mut bed, "none").is_empty());
}

#[test]
fn detail_types_and_kinds_lead_to_each_other() {
    for kind in EventKind::ALL {
        assert_eq!(EventKind::of(kind.detail_type()), Some(kind));
    }
    assert_eq!(EventKind::of("EC2 Instance Launch"), None);
}

impl Bed {
    /// A group whose only instance is held by its launch hook.
    pub(crate) fn hook_group(&mut self) {
        self.group(0);
        self.hook(Launching, Abandon);
        self.desire(1);
        self.pass(BOOT);
    }
}
