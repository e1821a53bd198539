//! The operations on the life of members as the real SDK asks for them.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::{AutoScalingGroup, ScalingActivityStatusCode};
use aws_simulator::Simulator;

use crate::bed::{PATIENCE, desire, group, only, refusal, start};

async fn described(client: &Client) -> AutoScalingGroup {
    let answer = client.describe_auto_scaling_groups().auto_scaling_group_names("g").send().await;
    answer.expect("groups").auto_scaling_groups.expect("groups").remove(0)
}

async fn serving() -> (Simulator, Client, String) {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let id = only(&simulator, "InService").await.id;
    (simulator, client, id)
}

#[tokio::test]
async fn standby_and_back() {
    let (simulator, client, id) = serving().await;
    let enter = client
        .enter_standby()
        .auto_scaling_group_name("g")
        .instance_ids(&id)
        .should_decrement_desired_capacity(true);
    let answer = enter.clone().send().await.expect("standby");
    let activity = &answer.activities()[0];
    assert_eq!(activity.description(), Some(format!("Moving EC2 instance to Standby: {id}").as_str()));
    assert_eq!(activity.status_code(), Some(&ScalingActivityStatusCode::InProgress));
    assert_eq!(activity.progress(), Some(50));
    assert!(activity.details().is_some_and(|details| details.contains("Availability Zone")));
    only(&simulator, "Standby").await;
    let (code, message) = refusal(enter.send().await);
    assert_eq!(
        (code, message),
        ("ValidationError".into(), format!("The instance {id} is not in InService."))
    );
    assert_eq!(described(&client).await.desired_capacity(), Some(0));

    let answer =
        client.exit_standby().auto_scaling_group_name("g").instance_ids(&id).send().await.expect("service");
    let activity = &answer.activities()[0];
    assert_eq!(activity.status_code(), Some(&ScalingActivityStatusCode::PreInService));
    let cause = activity.cause().unwrap_or_default();
    assert!(
        cause.ends_with("in response to a user request, increasing the capacity from 0 to 1."),
        "{cause}"
    );
    only(&simulator, "InService").await;
    assert_eq!(described(&client).await.desired_capacity(), Some(1));
}

#[tokio::test]
async fn out_of_the_group_and_back() {
    let (simulator, client, id) = serving().await;
    let answer = client
        .detach_instances()
        .auto_scaling_group_name("g")
        .instance_ids(&id)
        .should_decrement_desired_capacity(true)
        .send()
        .await
        .expect("detached");
    assert_eq!(answer.activities()[0].description(), Some(format!("Detaching EC2 instance: {id}").as_str()));
    let left = only(&simulator, "").await;
    assert_eq!((left.group.as_str(), left.id.as_str()), ("", id.as_str()));
    let known = client.describe_auto_scaling_instances().instance_ids(&id).send().await.expect("instances");
    assert!(known.auto_scaling_instances().is_empty());

    let attach = |id: &str| client.attach_instances().auto_scaling_group_name("g").instance_ids(id);
    let (_, message) = refusal(attach("i-00000000000000000").send().await);
    assert_eq!(message, "Invalid Instance ID(s): [i-00000000000000000] specified");
    attach(&id).send().await.expect("attached");
    only(&simulator, "InService").await;
    let (_, message) = refusal(attach(&id).send().await);
    assert_eq!(message, format!("The Instance: {id} is already part of AutoScalingGroup:g"));
}

#[tokio::test]
async fn protection_is_set_told_and_heeded() {
    let (simulator, client, id) = serving().await;
    let protect = |protected| {
        client
            .set_instance_protection()
            .auto_scaling_group_name("g")
            .instance_ids(&id)
            .protected_from_scale_in(protected)
            .send()
    };
    protect(true).await.expect("protection");
    desire(&client, 0).await;
    let told = described(&client).await;
    assert_eq!(told.instances()[0].protected_from_scale_in(), Some(true));
    assert_eq!(told.new_instances_protected_from_scale_in(), Some(false));
    let known = client.describe_auto_scaling_instances().send().await.expect("instances");
    assert_eq!(known.auto_scaling_instances()[0].protected_from_scale_in(), Some(true));
    assert_eq!(only(&simulator, "InService").await.id, id);
    protect(false).await.expect("no protection");
    simulator.wait_until("it is gone", PATIENCE, <[_]>::is_empty).await.expect("in time");
    let (_, message) = refusal(protect(true).await);
    assert_eq!(message, format!("The instance {id} is not part of Auto Scaling group g."));

    client
        .update_auto_scaling_group()
        .auto_scaling_group_name("g")
        .new_instances_protected_from_scale_in(true)
        .desired_capacity(1)
        .send()
        .await
        .expect("an update");
    only(&simulator, "InService").await;
    let told = described(&client).await;
    assert_eq!(told.new_instances_protected_from_scale_in(), Some(true));
    assert_eq!(told.instances()[0].protected_from_scale_in(), Some(true));
}

#[tokio::test]
async fn health_is_set_and_told_and_the_unhealthy_are_replaced() {
    let (simulator, client, id) = serving().await;
    client
        .suspend_processes()
        .auto_scaling_group_name("g")
        .scaling_processes("ReplaceUnhealthy")
        .send()
        .await
        .expect("a suspension");
    let health = |id: &str, status: &str| {
        client.set_instance_health().instance_id(id).health_status(status).should_respect_grace_period(false)
    };
    health(&id, "Unhealthy").send().await.expect("a health");
    let told = described(&client).await;
    assert_eq!(told.instances()[0].health_status(), Some("Unhealthy"));
    let suspended = &told.suspended_processes()[0];
    assert_eq!(suspended.process_name(), Some("ReplaceUnhealthy"));
    assert!(suspended.suspension_reason().is_some_and(|reason| reason.starts_with("User suspended at 2")));
    let known = client.describe_auto_scaling_instances().send().await.expect("instances");
    assert_eq!(known.auto_scaling_instances()[0].health_status(), Some("UNHEALTHY"));

    client.resume_processes().auto_scaling_group_name("g").send().await.expect("no suspension");
    let replaced = |all: &[aws_simulator::InstanceInfo]| {
        all.len() == 1 && all[0].id != id && all[0].lifecycle_state == "InService"
    };
    simulator.wait_until("another one serves", PATIENCE, replaced).await.expect("in time");
    assert!(described(&client).await.suspended_processes().is_empty());
    let (code, message) = refusal(health(&id, "Unhealthy").send().await);
    assert_eq!(code, "ValidationError");
    assert!(message.contains("No managed instance found"), "{message}");
    let (_, message) = refusal(health(&id, "Poorly").send().await);
    assert!(message.contains("Poorly"), "{message}");
}

#[tokio::test]
async fn processes_have_names_and_no_others() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    let types = client.describe_scaling_process_types().send().await.expect("types");
    let names: Vec<_> = types.processes().iter().filter_map(|one| one.process_name()).collect();
    assert_eq!(names.len(), 9);
    client.suspend_processes().auto_scaling_group_name("g").send().await.expect("a suspension");
    let told = described(&client).await;
    let suspended: Vec<_> = told.suspended_processes().iter().filter_map(|one| one.process_name()).collect();
    assert_eq!(suspended, names);
    let (code, _) = refusal(
        client.resume_processes().auto_scaling_group_name("g").scaling_processes("Sleep").send().await,
    );
    assert_eq!(code, "ValidationError");
}
