//! Scheduled actions as the real SDK sees them.

use std::time::{Duration, SystemTime};

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::operation::describe_scheduled_actions::DescribeScheduledActionsOutput;
use aws_sdk_autoscaling::operation::put_scheduled_update_group_action::builders::PutScheduledUpdateGroupActionFluentBuilder;
use aws_sdk_autoscaling::primitives::DateTime;
use aws_sdk_autoscaling::types::ScheduledUpdateGroupActionRequest;

use crate::bed::{PATIENCE, group, refusal, start};

fn put(client: &Client, name: &str) -> PutScheduledUpdateGroupActionFluentBuilder {
    client.put_scheduled_update_group_action().auto_scaling_group_name("g").scheduled_action_name(name)
}

fn later(milliseconds: u64) -> DateTime {
    DateTime::from(SystemTime::now() + Duration::from_millis(milliseconds))
}

#[tokio::test]
async fn an_action_is_carried_out_on_time_by_itself() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    put(&client, "up").start_time(later(1500)).desired_capacity(2).send().await.expect("an action");
    let two = |all: &[aws_simulator::InstanceInfo]| all.len() == 2;
    simulator.wait_until("two instances are there", PATIENCE, two).await.expect("in time");
}

#[tokio::test]
async fn actions_are_described_in_pages_and_deleted() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    put(&client, "night")
        .recurrence("0 22 * * MON-FRI")
        .time_zone("Etc/UTC")
        .end_time(later(400 * 24 * 3_600_000))
        .min_size(0)
        .max_size(5)
        .send()
        .await
        .expect("an action");
    let batch = (0..2).map(|at| {
        let action = ScheduledUpdateGroupActionRequest::builder().scheduled_action_name(format!("b{at}"));
        action.start_time(later(3_600_000 * (at + 1))).desired_capacity(1).build()
    });
    let bad =
        ScheduledUpdateGroupActionRequest::builder().scheduled_action_name("bad").desired_capacity(1).build();
    let done = client
        .batch_put_scheduled_update_group_action()
        .auto_scaling_group_name("g")
        .set_scheduled_update_group_actions(Some(batch.chain([bad]).collect()))
        .send()
        .await
        .expect("a batch");
    let failed = done.failed_scheduled_update_group_actions();
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (failed[0].scheduled_action_name(), failed[0].error_code()),
        (Some("bad"), Some("ValidationError"))
    );
    let list = || client.describe_scheduled_actions();
    let pages: Vec<_> = list().max_records(2).into_paginator().send().try_collect().await.expect("pages");
    let all: Vec<_> =
        pages.iter().flat_map(DescribeScheduledActionsOutput::scheduled_update_group_actions).collect();
    let names: Vec<_> = all.iter().filter_map(|action| action.scheduled_action_name()).collect();
    assert_eq!((pages.len(), names), (2, vec!["b0", "b1", "night"]));
    let night = all[2];
    assert_eq!((night.recurrence(), night.time_zone()), (Some("0 22 * * MON-FRI"), Some("Etc/UTC")));
    assert_eq!((night.min_size(), night.max_size(), night.desired_capacity()), (Some(0), Some(5), None));
    assert!(night.start_time().is_some() && night.start_time() == night.time());
    let arn = night.scheduled_action_arn().expect("an arn");
    assert!(arn.ends_with(":autoScalingGroupName/g:scheduledActionName/night"), "{arn}");
    let soon = list().end_time(later(3_700_000)).auto_scaling_group_name("g").send().await.expect("actions");
    assert_eq!(soon.scheduled_update_group_actions()[0].scheduled_action_name(), Some("b0"));
    let second = list().scheduled_action_names("b1").send().await.expect("actions");
    assert_eq!(second.scheduled_update_group_actions().len(), 1);
    let delete = |name: &str| {
        client.delete_scheduled_action().auto_scaling_group_name("g").scheduled_action_name(name).send()
    };
    delete("b0").await.expect("a deletion");
    assert_eq!(refusal(delete("b0").await).0, "ValidationError");
    let gone = client.batch_delete_scheduled_action().auto_scaling_group_name("g");
    let gone = gone.scheduled_action_names("b0").scheduled_action_names("b1").send().await.expect("a batch");
    assert_eq!(gone.failed_scheduled_actions()[0].scheduled_action_name(), Some("b0"));
    assert_eq!(list().send().await.expect("actions").scheduled_update_group_actions().len(), 1);
}

#[tokio::test]
async fn what_has_no_time_or_no_size_is_refused() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    let action = || put(&client, "a").desired_capacity(1);
    for (what, refused, text) in [
        (
            "past",
            refusal(action().start_time(DateTime::from_secs(1)).send().await),
            "Given start time is in the past",
        ),
        ("no time", refusal(action().send().await), "StartTime or Recurrence"),
        ("no size", refusal(put(&client, "a").start_time(later(60_000)).send().await), "At least one of"),
        (
            "recurrence",
            refusal(action().recurrence("at noon").send().await),
            "Given recurrence string: at noon is invalid",
        ),
        ("never", refusal(action().recurrence("0 0 30 2 *").send().await), "Given recurrence string"),
        (
            "zone",
            refusal(action().recurrence("0 * * * *").time_zone("Mars/Base").send().await),
            "Given time zone",
        ),
        (
            "zone alone",
            refusal(action().start_time(later(60_000)).time_zone("Etc/UTC").send().await),
            "TimeZone",
        ),
        (
            "end",
            refusal(action().start_time(later(60_000)).end_time(later(1000)).send().await),
            "Given end time",
        ),
        (
            "limits",
            refusal(action().start_time(later(60_000)).min_size(3).max_size(2).send().await),
            "Min size",
        ),
    ] {
        assert_eq!(refused.0, "ValidationError", "{what}: {refused:?}");
        assert!(refused.1.starts_with(text), "{what}: {refused:?}");
    }
    let same = later(3_600_000);
    action().start_time(same).send().await.expect("an action");
    let rival = put(&client, "b").desired_capacity(2).start_time(same).send().await;
    assert_eq!(refusal(rival).0, "AlreadyExists");
    action().start_time(same).send().await.expect("the same once more");
}
