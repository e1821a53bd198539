//! What a test can break about the API, seen through the real SDK.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_autoscaling::error::SdkError;
use aws_simulator::Fault;
use tokio::sync::Notify;

use crate::bed::{complete, desire, group, launch_hook, only, queue, refusal, sqs, start};

#[tokio::test]
async fn refusals_carry_awss_codes_and_end_when_cleared() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    let describe = || client.describe_auto_scaling_groups().send();
    let denied = "User is not authorized to perform: autoscaling:DescribeAutoScalingGroups";
    for (fault, code, text, status) in [
        (Fault::Throttle { share: 1.0 }, "Throttling", "Rate exceeded", 400),
        (Fault::Deny, "AccessDenied", denied, 403),
        (
            Fault::Fail { status: 500, code: "ResourceContention".into() },
            "ResourceContention",
            "Failed on purpose",
            500,
        ),
    ] {
        simulator.fault("DescribeAutoScalingGroups", fault);
        let result = describe().await;
        let raw = result.as_ref().err().and_then(|error| error.raw_response());
        assert_eq!(raw.map(|raw| raw.status().as_u16()), Some(status));
        assert_eq!(refusal(result), (code.to_owned(), text.to_owned()));
        assert!(client.describe_auto_scaling_instances().send().await.is_ok(), "another operation is well");
        simulator.clear_faults();
        assert!(describe().await.is_ok());
    }
    let refused: Vec<_> = simulator.calls().into_iter().filter_map(|call| call.error).collect();
    assert_eq!(refused, ["Throttling", "AccessDenied", "ResourceContention"]);
}

#[tokio::test]
async fn refusals_of_a_queue_carry_sqss_codes() {
    let (simulator, _) = start().await;
    let client = sqs(&simulator);
    queue(&client).await;
    let denied = "User is not authorized to perform: sqs:getqueueurl";
    for (fault, code, text) in [
        (Fault::Throttle { share: 1.0 }, "RequestThrottled", "Request is throttled."),
        (Fault::Deny, "AccessDenied", denied),
        (Fault::Fail { status: 500, code: "InternalError".into() }, "InternalError", "Failed on purpose"),
    ] {
        simulator.fault("GetQueueUrl", fault);
        let seen = refusal(client.get_queue_url().queue_name("q").send().await);
        assert_eq!(seen, (code.to_owned(), text.to_owned()));
        simulator.clear_faults();
    }
    client.get_queue_url().queue_name("q").send().await.expect("an answer");
}

#[tokio::test]
async fn a_share_of_the_calls_is_throttled_and_a_star_means_every_operation() {
    let (simulator, client) = start().await;
    simulator.fault("*", Fault::Throttle { share: 0.5 });
    let mut refused = 0;
    for _ in 0..60 {
        refused += i32::from(client.describe_auto_scaling_groups().send().await.is_err());
        refused += i32::from(client.describe_auto_scaling_instances().send().await.is_err());
    }
    // The draw is seeded; 60 expected.
    assert!((30..90).contains(&refused), "{refused} of 120");
}

#[tokio::test]
async fn a_refused_operation_changes_nothing() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    simulator.fault("SetDesiredCapacity", Fault::Deny);
    let set = client.set_desired_capacity().auto_scaling_group_name("g").desired_capacity(1);
    assert!(set.send().await.is_err());
    assert!(simulator.instances().is_empty());
}

#[tokio::test]
async fn a_reset_cuts_the_connection_before_the_effect_a_lost_reply_after_it() {
    for (fault, status, instances) in [(Fault::Reset, 0, 0), (Fault::LoseReply, 200, 1)] {
        let (simulator, client) = start().await;
        group(&client, 0).await;
        simulator.fault("SetDesiredCapacity", fault.clone());
        let set = client.set_desired_capacity().auto_scaling_group_name("g").desired_capacity(1);
        let error = set.send().await.expect_err("a cut connection");
        assert!(matches!(error, SdkError::DispatchFailure(_)), "{fault:?}: {error:?}");
        assert_eq!(simulator.instances().len(), instances, "{fault:?}");
        assert_eq!(simulator.calls().last().map(|call| call.status), Some(status), "{fault:?}");
    }
}

#[tokio::test]
async fn a_delayed_call_is_answered_late() {
    let (simulator, client) = start().await;
    let delay = Duration::from_millis(200);
    simulator.fault("DescribeAutoScalingGroups", Fault::Delay(delay));
    let asked = Instant::now();
    client.describe_auto_scaling_groups().send().await.expect("an answer");
    assert!(asked.elapsed() >= delay);
}

#[tokio::test]
async fn a_call_takes_effect_even_if_its_client_hangs_up() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    launch_hook(&client).await;
    desire(&client, 1).await;
    let id = only(&simulator, "Pending:Wait").await.id;
    let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (arrived.clone(), go_on.clone());
    simulator.before_complete(move |_| {
        let (tell, wait) = (tell.clone(), wait.clone());
        Box::pin(async move {
            tell.notify_one();
            wait.notified().await;
        })
    });
    tokio::select! {
        answer = complete(&client, &id).send() => panic!("it answered: {answer:?}"),
        () = arrived.notified() => {}
    }
    // The client's connection is gone with its future.
    go_on.notify_one();
    only(&simulator, "InService").await;
}
