//! `--until=in-service`: nothing but the API's own word opens, and nothing makes the gate give up.

use std::time::Duration;

use aws_simulator::Fault;

use crate::bed::Bed;

const STRICT: [&str; 2] = ["--until", "in-service"];

async fn holds_then_opens(fault: Fault, says: &str, calls: usize) {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    bed.simulator.fault("DescribeAutoScalingInstances", fault);
    let mut gate = bed.gate(&instance, &STRICT);
    gate.says(says).await;
    bed.until("further questions", || bed.gate_calls().len() >= calls).await;
    assert!(gate.is_holding());
    assert_eq!(gate.status()["reason"], "api-failing");
    let polls = bed.simulator.imds_calls(&instance.id).len();
    assert!(polls > 4 * bed.gate_calls().len(), "questions back off, {polls} looks do not");

    bed.simulator.clear_faults();
    gate.opens().await;
    assert_eq!(bed.gate_calls().last().map(|call| call.status), Some(200));
}

#[tokio::test]
async fn throttled() {
    holds_then_opens(
        Fault::Throttle { share: 1.0 },
        "gives no answer: Throttling (HTTP 400): Rate exceeded",
        3,
    )
    .await;
}

#[tokio::test]
async fn denied_even_though_on_unknown_says_open() {
    holds_then_opens(Fault::Deny, "gives no answer: AccessDenied", 4).await;
}

#[tokio::test]
async fn failing() {
    let fault = Fault::Fail { status: 500, code: "InternalFailure".into() };
    holds_then_opens(fault, "gives no answer: InternalFailure", 3).await;
}

#[tokio::test]
async fn cut_off() {
    holds_then_opens(Fault::Reset, "holding: Auto Scaling gives no answer", 3).await;
}

#[tokio::test]
async fn a_target_that_turns_warm_again_stops_the_questions() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    bed.simulator.fault("DescribeAutoScalingInstances", Fault::Delay(Duration::from_secs(2)));
    let mut gate = bed.gate(&instance, &STRICT);
    gate.says("holding: asking Auto Scaling whether").await;
    // The answer "InService" is under way when IMDS says otherwise; it must not open.
    bed.simulator.imds_fault(&instance.id, Some(aws_simulator::ImdsFault::Target("Warmed:Running".into())));
    gate.says("holding: target Warmed:Running").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(gate.is_holding());
    assert!(bed.gate_calls().len() <= 1);
    bed.simulator.clear_faults();
    bed.simulator.imds_fault(&instance.id, None);
    gate.opens().await;
}
