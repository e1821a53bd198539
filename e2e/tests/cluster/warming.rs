//! Entering the pool: nothing joins.

use anyhow::Context;
use e2e::group::Pool;
use e2e::story::{LONG, Story};

use crate::read::{all_are, one_is};

#[tokio::test(flavor = "multi_thread")]
async fn warmed_instances_never_become_nodes() -> anyhow::Result<()> {
    let story = Story::new("warming").await?;
    // both kinds whose gates go on asking for as long as we look: a running pool, and one that a hook keeps from stopping
    let running = story.group("running").max(2).warm_pool(Pool::Running).create().await?;
    let held = story.group("held").max(1).warm_pool(Pool::Stopped).launch_hook(LONG * 10).create().await?;
    let mut warm = all_are(&story, &running, 2, "Warmed:Running").await?;
    warm.push(one_is(&story, &held, "Warmed:Pending:Wait").await?);

    let asked = |instance: &str| {
        let calls = story.simulator.imds_calls(instance);
        calls.iter().filter(|call| call.path.ends_with("autoscaling/target-lifecycle-state")).count()
    };
    for instance in &warm {
        let before = asked(instance);
        let what = format!("the gate of {instance} has asked 20 times more");
        story.simulator.wait_until(&what, LONG, |_| asked(instance) >= before + 20).await?;
        story.nodes.gate_pid(instance).with_context(|| format!("the gate of {instance} has ended"))?;
    }
    assert_eq!(story.node_watch.ever(), [""; 0]);
    assert_eq!(story.nodes.unopened(), []);
    let by_gates: Vec<_> = story.simulator.calls().into_iter().filter(|call| call.caller == "gate").collect();
    assert!(by_gates.is_empty(), "a held gate called Auto Scaling: {by_gates:?}");
    story.end().await
}
