//! Refusals that need a moment which only the world itself can be held at, or a flood.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_simulator::world::HookResult::Abandon;
use aws_simulator::world::HookTransition::{Launching, Terminating};
use aws_simulator::world::ec2::{self, NewVersion, RunInstances, TemplateCommand, TemplateRef};
use aws_simulator::world::{
    AwsError, Command, CreateGroup, GroupSettings, MetadataChange, PutHook, PutNotifications, UpdateGroup,
};

use crate::bed::{A_WHILE, Bed, by_instance};
use crate::life_bed::{attach, detach};

fn is(error: &AwsError, code: &str, text: &str) {
    assert_eq!((error.status, error.code.as_str(), error.message.as_str()), (400, code, text));
}

#[test]
fn of_an_instance_that_is_being_detached() {
    let (mut bed, ids) = Bed::serving(1);
    bed.run(detach(&[&ids[0]], true));
    let error = bed.refused(Command::TerminateInstance { id: ids[0].clone(), decrement: false });
    is(&error, "ValidationError", &format!("The instance {} is being detached.", ids[0]));
}

#[test]
fn of_a_retained_instance_that_would_be_counted_out_twice() {
    let (mut bed, ids) = Bed::serving(1);
    let settings = GroupSettings { retain: Some(true), ..GroupSettings::default() };
    bed.run(Command::UpdateGroup(UpdateGroup { name: "g".into(), settings, ..UpdateGroup::default() }));
    bed.hook(Terminating, Abandon);
    bed.desire(0);
    bed.pass(A_WHILE);
    bed.run(Command::Complete { action: by_instance(&ids[0], Terminating), result: Abandon });
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["Terminating:Retained"]);
    let error = bed.refused(Command::TerminateInstance { id: ids[0].clone(), decrement: true });
    let text = format!(
        "The instance {} is retained and not part of the desired capacity. Set ShouldDecrementDesiredCapacity to false to \
         terminate it.",
        ids[0]
    );
    is(&error, "ValidationError", &text);
}

#[test]
fn of_an_instance_of_a_zone_that_the_group_has_not() {
    let mut bed = Bed::new();
    let group =
        CreateGroup { name: "g".into(), max: 9, zones: vec!["us-east-1a".into()], ..CreateGroup::default() };
    bed.run(Command::CreateGroup(group));
    let id = bed.run_many(RunInstances {
        min: 1,
        max: 1,
        zone: Some("us-east-1b".into()),
        ..RunInstances::default()
    });
    bed.pass(A_WHILE);
    let error = bed.refused(attach(&[&id[0]]));
    let text = format!(
        "The instance {} is in us-east-1b, which is not an Availability Zone of AutoScalingGroup g.",
        id[0]
    );
    is(&error, "ValidationError", &text);
}

#[test]
fn of_metadata_that_is_longer_than_a_hook_takes() {
    let mut bed = Bed::new();
    bed.group(0);
    let hook = |length: usize| PutHook {
        name: "h".into(),
        transition: Some(Launching),
        metadata: Some("m".repeat(length)),
        ..PutHook::default()
    };
    bed.run(Command::PutHook { group: "g".into(), hook: hook(4000) });
    let error = bed.refused(Command::PutHook { group: "g".into(), hook: hook(4001) });
    let text = "1 validation error detected: Value at 'notificationMetadata' failed to satisfy constraint: Member must have \
                length less than or equal to 4000";
    is(&error, "ValidationError", text);
}

#[test]
fn of_notifications_about_nothing() {
    let mut bed = Bed::new();
    bed.group(0);
    let put = PutNotifications { group: "g".into(), topic: "arn:aws:sns:x".into(), types: Vec::new() };
    let error = bed.refused(Command::PutNotifications(put));
    is(&error, "ValidationError", "At least one notification type is required");
}

#[test]
fn of_a_machine_that_is_gone() {
    let mut bed = Bed::new();
    let id = bed.run_one();
    bed.pass(A_WHILE);
    bed.terminate(&id);
    bed.pass(A_WHILE + Duration::from_secs(1));
    let change = MetadataChange { enabled: Some(false), ..MetadataChange::default() };
    let error = bed.try_ec2(ec2::Command::ChangeMetadata { id: id.clone(), change }).expect_err("it is gone");
    let text = format!("The instance '{id}' is not in a state in which its options can be modified.");
    is(&error, "IncorrectInstanceState", &text);
}

#[test]
fn of_too_many_launch_templates_and_versions() {
    let mut bed = Bed::new();
    let code = "LaunchTemplateLimitExceeded";
    let create = |n: u32| {
        let (name, version) = (format!("template{n}"), NewVersion::default());
        ec2::Command::Template(TemplateCommand::Create { name, version, tags: BTreeMap::new() })
    };
    let mut newest = String::new();
    for n in 0..5000 {
        let ec2::Reply::Template(template) = bed.ec2(create(n)) else { panic!("another reply") };
        newest = template.id;
    }
    let add = || {
        let template = TemplateRef::Id(newest.clone());
        ec2::Command::Template(TemplateCommand::AddVersion {
            template,
            source: None,
            version: NewVersion::default(),
        })
    };
    let error = bed.try_ec2(create(5000)).expect_err("one too many");
    is(&error, code, "There are too many launch templates for the simulator");
    for _ in 1..10_000 {
        bed.ec2(add());
    }
    let error = bed.try_ec2(add()).expect_err("one too many");
    is(&error, code, "There are too many versions for the simulator");
}
