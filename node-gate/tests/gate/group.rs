//! `--group`: open only as a member.

use aws_simulator::{Fault, ImdsFault};

use crate::bed::Bed;

#[tokio::test]
async fn the_tag_shows_a_member_and_a_stranger_without_a_call() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let mut stranger = bed.gate(&instance, &["--group", "green"]);
    stranger.says("holding: the instance is in group blue, which is not waited for").await;
    let mut member = bed.gate(&instance, &["--group", "green", "--group", "blue"]);
    member.opens().await;
    bed.polls(&instance, 10).await;
    assert!(stranger.is_holding());
    assert_eq!(bed.gate_calls(), []);
}

#[tokio::test]
async fn strict_mode_takes_the_group_from_the_api() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let mut member = bed.gate_with(
        &instance,
        &["--until", "in-service"],
        &[("NODE_GATE_GROUP", "green,blue"), ("NODE_GATE_ON_UNKNOWN", "hold")],
    );
    member.opens().await;
    let mut stranger = bed.gate(&instance, &["--until", "in-service", "--group", "green"]);
    stranger.says("holding: the instance is in group blue, which is not waited for").await;
    assert!(stranger.is_holding());
}

#[tokio::test]
async fn standby_is_out_of_the_group() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    bed.simulator.imds_fault(&instance.id, Some(ImdsFault::Target("Standby".into())));
    let mut gate = bed.gate(&instance, &["--group", "blue"]);
    gate.says("holding: Standby: the instance is in no group that is waited for").await;
    assert!(gate.is_holding());
}

#[tokio::test]
async fn not_knowing_never_opens_for_a_group() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    bed.simulator.imds_fault(&instance.id, Some(ImdsFault::NoTarget));
    bed.simulator.fault("*", Fault::Deny);
    let mut gate = bed.gate(&instance, &["--group", "blue", "--grace", "0s", "--on-unknown", "open"]);
    bed.until("four refusals", || bed.gate_calls().len() >= 4).await;
    assert!(gate.is_holding());
}
