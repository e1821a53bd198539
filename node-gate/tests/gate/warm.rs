//! The main row: held in the pool, open in service, at no cost.

use aws_sdk_autoscaling::types::LifecycleState;

use crate::bed::{Bed, GROUP};

#[tokio::test]
async fn a_warm_instance_is_held_without_an_api_call_and_opens_when_it_leaves_the_pool() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let mut target = bed.gate(&instance, &[]);
    let mut strict = bed.gate(&instance, &["--until", "in-service"]);
    for gate in [&mut target, &mut strict] {
        gate.says("holding: target Warmed:Running").await;
    }
    bed.polls(&instance, 40).await;
    assert!(target.is_holding() && strict.is_holding());
    assert_eq!(bed.gate_calls(), []);
    assert_eq!(target.status()["state"], "held");
    assert_eq!(target.status()["reason"], "warm");

    bed.scale_to(1).await;
    target.opens().await;
    let said: Vec<_> = target.said.iter().map(|line| line.trim_start().to_owned()).collect();
    assert_eq!(said.len(), 3, "a line a change, none a poll: {said:#?}");
    assert!(said[2].contains("opened after") && said[2].ends_with("target InService"), "{said:#?}");

    assert_eq!(bed.simulator.instance(&instance.id).unwrap().group, GROUP);
    strict.opens().await;
    assert!(!bed.gate_calls().is_empty(), "strict mode asks");
    assert_eq!(bed.in_state(LifecycleState::InService.as_str(), 1).await.len(), 1);
}

#[tokio::test]
async fn target_mode_opens_while_a_launch_hook_waits_for_the_node_and_strict_mode_does_not() {
    let bed = Bed::start().await;
    bed.aws
        .put_lifecycle_hook()
        .auto_scaling_group_name(GROUP)
        .lifecycle_hook_name("launch")
        .lifecycle_transition("autoscaling:EC2_INSTANCE_LAUNCHING")
        .heartbeat_timeout(600)
        .send()
        .await
        .unwrap();
    bed.scale_to(1).await;
    let instance = bed.in_state("Pending:Wait", 1).await.remove(0);
    let mut strict = bed.gate(&instance, &["--until", "in-service"]);
    strict.says("holding: Auto Scaling says Pending:Wait").await;

    let mut target = bed.gate(&instance, &[]);
    target.opens().await;
    assert!(strict.is_holding());

    bed.aws
        .complete_lifecycle_action()
        .auto_scaling_group_name(GROUP)
        .lifecycle_hook_name("launch")
        .instance_id(&instance.id)
        .lifecycle_action_result("CONTINUE")
        .send()
        .await
        .unwrap();
    strict.opens().await;
}

#[tokio::test]
async fn a_gate_on_an_instance_in_service_opens_at_the_first_look() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let mut gate = bed.gate(&instance, &[]);
    gate.opens().await;
    assert_eq!(bed.gate_calls(), []);
    let looks = bed.simulator.imds_calls(&instance.id);
    assert_eq!(looks.len(), 2, "a token and the target: {looks:#?}");
}
