//! Entering the pool: nothing joins.

use anyhow::Context;
use e2e::group::Pool;
use e2e::story::{LONG, Story};
use e2e::wait::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn warmed_instances_never_become_nodes() -> anyhow::Result<()> {
    let story = Story::new("warming").await?;
    // a running pool: the gates go on asking for as long as we look
    story.group("pool").max(2).warm_pool(Pool::Running).create().await?;
    let warm = story.simulator.wait_until("the pool is warm", LONG, |all| {
        all.len() == 2 && all.iter().all(|instance| instance.lifecycle_state == "Warmed:Running")
    });
    for instance in warm.await? {
        let asked = |polls: usize| {
            let calls = story.simulator.imds_calls(&instance.id);
            let targets =
                calls.iter().filter(|call| call.path.ends_with("autoscaling/target-lifecycle-state")).count();
            (targets >= polls)
                .then_some(targets)
                .with_context(|| format!("{} polls by {}", targets, instance.id))
        };
        let before = eventually("its gate asks", LONG, async || asked(1)).await?;
        eventually("its gate has asked 20 times more", LONG, async || asked(before + 20)).await?;
        assert!(story.nodes.gate_pid(&instance.id).is_some(), "the gate of {} has ended", instance.id);
    }
    assert_eq!(story.node_watch.ever(), [""; 0]);
    let by_gates: Vec<_> = story.simulator.calls().into_iter().filter(|call| call.caller == "gate").collect();
    assert!(by_gates.is_empty(), "a held gate called Auto Scaling: {by_gates:?}");
    story.end().await
}
