//! What the handle routes, subscribes, troubles and sets.

use aws_sdk_autoscaling::types::WarmPoolState;
use aws_simulator::{EventFault, EventKind, EventTrouble, QueueInfo, Simulator};

use crate::bed::{PATIENCE, group, only, queue, sqs, start};

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:lifecycle";

async fn count(simulator: &Simulator, url: &str, what: &str, reached: impl Fn(&QueueInfo) -> bool) {
    let there = |_: &[_]| simulator.queue(url).is_some_and(|info| reached(&info));
    simulator.wait_until(what, PATIENCE, there).await.expect("in time");
}

/// All messages of a queue, as they are.
async fn bodies(simulator: &Simulator, url: &str) -> Vec<String> {
    let received = sqs(simulator).receive_message().queue_url(url).max_number_of_messages(10).send().await;
    let messages = received.expect("messages").messages.unwrap_or_default();
    messages.into_iter().filter_map(|message| message.body).collect()
}

#[tokio::test]
async fn every_kind_of_event_is_told_to_who_asked_for_all_and_none_to_who_did_not() {
    let (simulator, client) = start().await;
    let asked = queue(&sqs(&simulator)).await;
    let other = sqs(&simulator).create_queue().queue_name("other").send().await.expect("a queue");
    let other = other.queue_url.expect("an address");
    simulator.route_events(&asked, &EventKind::ALL);
    simulator.route_events("http://nowhere/000000000000/nobody", &EventKind::ALL);
    group(&client, 1).await;
    only(&simulator, "InService").await;
    count(&simulator, &asked, "all is told", |info| info.visible >= 3).await;
    let told = bodies(&simulator, &asked).await.join("\n");
    for kind in ["EC2 Instance State-change Notification", "EC2 Instance Launch Successful"] {
        assert!(told.contains(kind), "{kind}: {told}");
    }
    assert_eq!(bodies(&simulator, &other).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_queue_hears_of_a_topic_from_its_subscription_on() {
    let (simulator, client) = start().await;
    let url = queue(&sqs(&simulator)).await;
    group(&client, 0).await;
    let hook = || {
        client
            .put_lifecycle_hook()
            .auto_scaling_group_name("g")
            .lifecycle_hook_name("h")
            .lifecycle_transition("autoscaling:EC2_INSTANCE_LAUNCHING")
            .notification_target_arn(TOPIC)
            .role_arn("arn:aws:iam::000000000000:role/r")
            .send()
    };
    assert!(hook().await.is_err(), "there is no such topic yet");
    assert_eq!(bodies(&simulator, &url).await, Vec::<String>::new());
    simulator.subscribe_queue(TOPIC, &url);
    hook().await.expect("a hook");
    let told = bodies(&simulator, &url).await.join("\n");
    assert!(told.contains("TEST_NOTIFICATION") && told.contains(TOPIC), "{told}");
}

#[tokio::test]
async fn events_are_lost_while_they_are_to_be_lost_and_no_longer() {
    let (simulator, client) = start().await;
    let url = queue(&sqs(&simulator)).await;
    simulator.route_events(&url, &[EventKind::StateChange]);
    let fault = EventFault { trouble: EventTrouble::Lost, share: 1.0, kinds: vec![EventKind::StateChange] };
    simulator.event_fault(fault);
    group(&client, 1).await;
    let id = only(&simulator, "InService").await.id;
    assert_eq!(simulator.queue(&url).map(|info| info.visible), Some(0));
    simulator.clear_event_faults();
    client
        .terminate_instance_in_auto_scaling_group()
        .instance_id(&id)
        .should_decrement_desired_capacity(true)
        .send()
        .await
        .expect("the end");
    count(&simulator, &url, "its end is told", |info| info.visible >= 2).await;
    let told = bodies(&simulator, &url).await;
    assert!(told.iter().all(|body| body.contains(&id)) && told.len() == 2, "{told:?}");
}

#[tokio::test]
async fn a_pool_that_hibernates_keeps_stopped_what_cannot() {
    for (is_possible, state) in [(true, "Warmed:Hibernated"), (false, "Warmed:Stopped")] {
        let (simulator, client) = start().await;
        group(&client, 0).await;
        assert!(simulator.set_hibernation("g", is_possible));
        assert!(!simulator.set_hibernation("no", is_possible), "no such group");
        client
            .put_warm_pool()
            .auto_scaling_group_name("g")
            .max_group_prepared_capacity(1)
            .pool_state(WarmPoolState::Hibernated)
            .send()
            .await
            .expect("a pool");
        only(&simulator, state).await;
    }
}
