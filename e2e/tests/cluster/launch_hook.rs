//! Our launch hook: it holds an instance on the way into the pool and again on the way out, and neither way for ever.

use std::time::Duration;

use aws_simulator::{CompletedBy, ImdsFault};
use e2e::group::{Group, LAUNCH_HOOK, Pool, TERMINATION_HOOK};
use e2e::story::{LONG, Story};

use crate::read::{all_are, history, holds, is_known_as, is_ready, launched, one_is, releases};

/// An action that nobody keeps alive ends long before anything else here happens, and its instance with it.
const SHORT: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_fills_and_scale_out_completes_the_launch_hook_when_the_node_is_there() -> anyhow::Result<()>
{
    let story = Story::new("launch-hook").await?;
    let group = story.group("workers").max(2).warm_pool(Pool::Stopped).launch_hook(SHORT).create().await?;
    let _controller = story.controller().flag("--warm-up-time", "5s").start().await?;
    let completions = |count| vec![(LAUNCH_HOOK.to_owned(), CompletedBy::Completed); count];

    let pool = all_are(&story, &group, 2, "Warmed:Stopped").await?;
    for instance in &pool {
        assert_eq!(releases(&story, instance), completions(1));
        for hold in holds(&story, instance) {
            let warm_up = hold.ended.and_then(|(_, at)| at.duration_since(hold.opened).ok());
            assert!(warm_up >= Some(Duration::from_secs(5)), "not warmed up: {hold:?}");
        }
    }
    assert_eq!(story.node_watch.ever(), [""; 0]);

    // as long as the gate cannot see that it may open, there is no Node
    for instance in &pool {
        story.simulator.imds_fault(instance, Some(ImdsFault::Status(503)));
    }
    group.set_desired(1).await?;
    let id = held_on_the_way_out(&story, &group).await?;
    assert_eq!(story.node_watch.ever(), [""; 0]);
    assert_eq!(releases(&story, &id), completions(1), "let go without a Node");

    story.simulator.imds_fault(&id, None);
    in_service(&story, &id).await?;
    assert_eq!(releases(&story, &id), completions(2));
    assert!(history(&story.node_watch, &id).iter().any(is_ready));
    assert_eq!((story.node_watch.ever(), launched(&story)), (vec![id], 2), "one joined, none was given up");
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_said_before_it_was_switched_off_does_not_complete_the_launch_hook() -> anyhow::Result<()>
{
    let story = Story::new("stale-ready").await?;
    let _controller = story.controller().start().await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Stopped).reuse();
    let group = group.launch_hook(SHORT).termination_hook(SHORT).create().await?;
    let id = one_is(&story, &group, "Warmed:Stopped").await?;
    is_known_as(&story, &group, &id, "Warmed:Stopped").await?;
    group.set_desired(1).await?;
    in_service(&story, &id).await?;
    group.set_desired(0).await?;
    one_is(&story, &group, "Warmed:Stopped").await?;

    // back out at once: for some seconds the Node still looks Ready, although nobody is at home
    story.simulator.imds_fault(&id, Some(ImdsFault::Status(503)));
    let says_ready = || story.node_watch.now().get(&id).is_some_and(is_ready);
    group.set_desired(1).await?;
    held_on_the_way_out(&story, &group).await?;
    assert_eq!(releases(&story, &id).len(), 3, "let go on an old report");
    story.node_watch.wait_until("the Node is found out", LONG, |_| !says_ready()).await?;
    assert_eq!(releases(&story, &id).len(), 3);

    story.simulator.imds_fault(&id, None);
    in_service(&story, &id).await?;
    let hooks = [LAUNCH_HOOK, LAUNCH_HOOK, TERMINATION_HOOK, LAUNCH_HOOK];
    assert_eq!(releases(&story, &id), hooks.map(|hook| (hook.to_owned(), CompletedBy::Completed)));
    assert_eq!(launched(&story), 1);
    story.end().await
}

/// Waits until an instance is at `Pending:Wait` and was kept alive there for longer than one timeout.
async fn held_on_the_way_out(story: &Story, group: &Group) -> anyhow::Result<String> {
    let held = |id: &str| holds(story, id).last().is_some_and(|hold| hold.heartbeats >= 4);
    let is_held = |all: &[aws_simulator::InstanceInfo]| {
        let mut ours = all.iter().filter(|instance| instance.group == group.name());
        ours.find(|instance| instance.lifecycle_state == "Pending:Wait" && held(&instance.id))
            .map(|i| i.id.clone())
    };
    let held = story.simulator.wait_until("one is kept alive", LONG, |all| is_held(all).is_some()).await?;
    Ok(is_held(&held).unwrap_or_default())
}

async fn in_service(story: &Story, id: &str) -> anyhow::Result<()> {
    let reached = story.simulator.wait_until("it is in service", LONG, |all| {
        all.iter().any(|instance| instance.id == id && instance.lifecycle_state == "InService")
    });
    reached.await.map(drop)
}
