//! Messages make the controller look at once, and nothing that they say is believed. Most of these stories have no second
//! sweep, so that only a message can be the cause.

use anyhow::Context;
use aws_simulator::{Call, Envelope};
use e2e::controller::{CALLER, Controller};
use e2e::group::Pool;
use e2e::story::{LONG, Story};
use e2e::wait::eventually;
use e2e::workload::Workload;
use jiff::{SignedDuration, Timestamp};

use crate::drains::{
    LeftAtCompletion, completed_once, completions, evicted_once_each, fill, gone, leads, lift_budget,
    open_nodes, refused_by_budget,
};
use crate::queues::{HELD, Queue, termination, termination_at, tokens, woken_only};
use crate::read::{history, is_open, one_is, our_writes};

const FORGED: &str = "00000000-0000-4000-8000-000000000000";

async fn wakeups(controller: &Controller, kind: &str, result: &str) -> anyhow::Result<Option<f64>> {
    let name = format!("node_gate_wakeups_total{{kind=\"{kind}\",result=\"{result}\"}}");
    controller.metric(&name).await
}

/// With which tokens the controllers tried to complete an instance's action, and with what answer.
fn tried(story: &Story, instance: &str) -> Vec<(Option<String>, u16)> {
    let token = |call: Call| (call.params.get("LifecycleActionToken").cloned(), call.status);
    completions(story, instance).into_iter().map(token).collect()
}

async fn noticed_by(name: &str, envelope: Envelope) -> anyhow::Result<()> {
    let story = Story::new(name).await?;
    let group = story.group("workers").max(1).termination_hook(HELD).create().await?;
    let queue = Queue::create(&story).await?;
    story.simulator.route(&queue.url, envelope);
    let controller = woken_only(&story, &queue).start().await?;
    let leaving = open_nodes(&story, &group, 1).await?.concat();
    let pods = fill(&story, "web", &Workload::new("web", 3), 3).await?;
    let left = LeftAtCompletion::observe(&story);
    group.terminate(&leaving).await?;
    gone(&story, &leaving).await?;
    left.none(1)?;
    completed_once(&story, &leaving)?;
    evicted_once_each(&story, &pods.history(), &[&leaving], 3).await?;
    let token = tokens(&story, &leaving).pop();
    assert_eq!(tried(&story, &leaving), [(token, 200)], "the message's token was of use");
    queue.is_empty_after(&story, 1).await?;
    assert_eq!(wakeups(&controller, "lifecycle_action", "looked_up").await?, Some(1.0));
    assert_eq!(controller.metric("node_gate_event_to_cordon_seconds_count").await?, Some(1.0));
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scale_in_is_noticed_by_a_direct_message() -> anyhow::Result<()> {
    noticed_by("queue-direct", Envelope::Direct).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scale_in_is_noticed_by_an_event() -> anyhow::Result<()> {
    noticed_by("queue-event", Envelope::EventBridge).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scale_in_is_noticed_by_a_message_from_a_topic() -> anyhow::Result<()> {
    noticed_by("queue-topic", Envelope::Sns).await
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_mean_nothing_are_deleted_and_touch_nothing() -> anyhow::Result<()> {
    let story = Story::new("queue-noise").await?;
    let group = story.group("workers").max(2).termination_hook(HELD).create().await?;
    let strangers = story.group("strangers").untagged().max(1).gateless().termination_hook(HELD);
    let strangers = strangers.create().await?;
    let queue = Queue::create(&story).await?;
    let controller = woken_only(&story, &queue).start().await?;
    let ours = open_nodes(&story, &group, 1).await?.concat();
    strangers.set_desired(1).await?;
    let foreign = one_is(&story, &strangers, "InService").await?;

    let test = r#"{"Event":"autoscaling:TEST_NOTIFICATION","AutoScalingGroupName":"g"}"#;
    let unknown = termination(group.name(), "i-0123456789abcdef0", FORGED, "EC2");
    let claims = [
        termination(group.name(), &ours, FORGED, "EC2"),
        termination(group.name(), &ours, FORGED, "WarmPool"),
        termination(strangers.name(), &foreign, FORGED, "EC2"),
        // it names our group, but the instance is not in it
        termination(group.name(), &foreign, FORGED, "EC2"),
    ];
    let noise = ["garbage", "{\"a\": \"\u{9b}31m\nb\"", test, &unknown];
    for body in noise.into_iter().chain(claims.iter().map(String::as_str)) {
        queue.send(body).await?;
    }
    queue.is_empty_after(&story, 8).await?;
    assert_eq!(wakeups(&controller, "unreadable", "deleted").await?, Some(2.0));
    assert_eq!(wakeups(&controller, "test", "deleted").await?, Some(1.0));
    assert_eq!(wakeups(&controller, "lifecycle_action", "foreign").await?, Some(3.0));
    assert_eq!(wakeups(&controller, "lifecycle_action", "looked_up").await?, Some(2.0));
    assert!(controller.log()?.chars().all(|c| c == '\n' || !c.is_control()), "control characters in the log");
    let closings = || {
        let states: Vec<bool> = history(&story.node_watch, &ours).iter().map(is_open).collect();
        states.windows(2).filter(|pair| pair[0] && !pair[1]).count()
    };
    // whoever believed would act with the next pass; a scale-out is many of them
    open_nodes(&story, &group, 2).await?;
    assert_eq!((closings(), completions(&story, &ours)), (0, Vec::new()));
    group.terminate(&ours).await?;
    queue.send(&termination(group.name(), &ours, FORGED, "EC2")).await?;
    gone(&story, &ours).await?;
    completed_once(&story, &ours)?;
    assert_eq!((completions(&story, &foreign), our_writes(&story, &foreign)?.len()), (Vec::new(), 0));
    assert_eq!(closings(), 1, "when it left");
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_and_forged_tokens_complete_once_and_not_early() -> anyhow::Result<()> {
    let story = Story::new("queue-twice").await?;
    let group = story.group("workers").max(1).termination_hook(HELD).create().await?;
    let queue = Queue::create(&story).await?;
    let _controller = woken_only(&story, &queue).start().await?;
    let leaving = open_nodes(&story, &group, 1).await?.concat();
    let pods = fill(&story, "web", &Workload::new("web", 3), 3).await?;
    story.budget("web", 0).await?;
    let left = LeftAtCompletion::observe(&story);
    group.terminate(&leaving).await?;
    one_is(&story, &group, "Terminating:Wait").await?;
    let token = tokens(&story, &leaving).pop().context("an action")?;
    let right = termination(group.name(), &leaving, &token, "EC2");
    let forged = termination(group.name(), &leaving, FORGED, "EC2");
    for body in [&right, &right, &right] {
        queue.send(body).await?;
    }
    refused_by_budget(&story, 1).await?;
    for body in [&forged, &right, &forged] {
        queue.send(body).await?;
    }
    queue.is_empty_after(&story, 6).await?;
    assert_eq!(completions(&story, &leaving), Vec::new());
    lift_budget(&story, "web").await?;
    gone(&story, &leaving).await?;
    // the youngest token was forged: it was tried, told nothing, and was dropped
    assert_eq!(tried(&story, &leaving), [(Some(FORGED.to_owned()), 400), (None, 200)]);
    left.none(2)?;
    completed_once(&story, &leaving)?;
    evicted_once_each(&story, &pods.history(), &[&leaving], 3).await?;
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_message_of_an_earlier_cycle_changes_nothing_even_after_a_younger_one() -> anyhow::Result<()> {
    let story = Story::new("queue-late").await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Stopped).reuse().termination_hook(HELD);
    let group = group.create().await?;
    let id = one_is(&story, &group, "Warmed:Stopped").await?;
    let queue = Queue::create(&story).await?;
    story.simulator.route(&queue.url, Envelope::EventBridge);
    // the way back into service has no message here: this one sweeps
    let _controller = story.controller().flag("--queue-url", &queue.url).start().await?;
    open_nodes(&story, &group, 1).await?;
    group.set_desired(0).await?;
    one_is(&story, &group, "Warmed:Stopped").await?;
    let first = tokens(&story, &id).pop().context("an action")?;
    let hours_ago = Timestamp::now() - SignedDuration::from_hours(6);
    let late = termination_at(hours_ago, group.name(), &id, &first, "WarmPool");

    open_nodes(&story, &group, 1).await?;
    let pods = fill(&story, "web", &Workload::new("web", 3), 3).await?;
    queue.send(&late).await?;
    queue.is_empty_after(&story, 2).await?;
    assert_eq!(completions(&story, &id).len(), 1, "the first cycle's");
    assert!(story.node_watch.now().get(&id).is_some_and(is_open));
    story.budget("web", 0).await?;
    let left = LeftAtCompletion::observe(&story);
    group.set_desired(0).await?;
    refused_by_budget(&story, 1).await?;
    queue.send(&late).await?;
    queue.is_empty_after(&story, 4).await?;
    lift_budget(&story, "web").await?;
    one_is(&story, &group, "Warmed:Stopped").await?;
    left.none(left_looks(&story, &id))?;
    let tried = tried(&story, &id);
    assert_eq!(tried.iter().filter(|(_, status)| *status == 200).count(), 2, "once a cycle");
    // the late one came last; what counts is when an action began
    assert_eq!(tried.last(), Some(&(tokens(&story, &id).pop(), 200)));
    evicted_once_each(&story, &pods.history(), &[&id], 3).await?;
    story.end().await
}

/// The completions tried after the first cycle's.
fn left_looks(story: &Story, id: &str) -> usize {
    completions(story, id).len() - 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_look_up_fails_is_kept_until_one_succeeds() -> anyhow::Result<()> {
    let story = Story::new("queue-kept").await?;
    let group = story.group("workers").max(1).termination_hook(HELD).create().await?;
    let queue = Queue::create(&story).await?;
    let controller = woken_only(&story, &queue).start().await?;
    let node = open_nodes(&story, &group, 1).await?.concat();
    story.simulator.fault("DescribeAutoScalingInstances", aws_simulator::Fault::Deny);
    queue.send(&termination(group.name(), &node, FORGED, "EC2")).await?;
    let what = "the look-up fails";
    eventually(what, LONG, async || {
        let failed = wakeups(&controller, "lifecycle_action", "failed").await?;
        anyhow::ensure!(failed > Some(0.0), "{failed:?}");
        Ok(())
    })
    .await?;
    // it is somewhere between two readings, but it is there
    let info = story.simulator.queue(&queue.url).context("the queue")?;
    assert_eq!((info.deleted, info.visible + info.in_flight), (0, 1));
    story.simulator.clear_faults();
    queue.is_empty_after(&story, 1).await?;
    assert_eq!(wakeups(&controller, "lifecycle_action", "looked_up").await?, Some(1.0));
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_queue_the_sweep_carries_on_and_the_metric_tells() -> anyhow::Result<()> {
    let story = Story::new("queue-gone").await?;
    let group = story.group("workers").max(2).termination_hook(HELD).create().await?;
    let queue = Queue::create(&story).await?;
    let controller = story.controller().flag("--queue-url", &queue.url).start().await?;
    let nodes = open_nodes(&story, &group, 2).await?;
    let fails_after = async |before: f64| {
        eventually("reading the queue fails", LONG, async || {
            let failed = wakeups(&controller, "receive", "failed").await?.unwrap_or_default();
            anyhow::ensure!(failed > before, "{failed}");
            Ok(failed)
        })
        .await
    };
    // a question under way is answered before the fault counts
    story.simulator.fault("ReceiveMessage", aws_simulator::Fault::Deny);
    queue.send("garbage").await?;
    let failed = fails_after(0.0).await?;
    group.terminate(&nodes[0]).await?;
    gone(&story, &nodes[0]).await?;
    story.simulator.clear_faults();
    queue.send("garbage").await?;
    queue.is_empty_after(&story, 2).await?;

    queue.delete().await?;
    fails_after(failed).await?;
    group.terminate(&nodes[1]).await?;
    gone(&story, &nodes[1]).await?;
    for node in &nodes {
        completed_once(&story, node)?;
    }
    let log = controller.log()?;
    assert_eq!(log.matches("reading the queue fails").count(), 2, "once for each reason");
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_standby_reads_no_message_until_it_leads() -> anyhow::Result<()> {
    const STANDBY: &str = "standby";
    let story = Story::new("queue-standby").await?;
    story.group("workers").max(1).termination_hook(HELD).create().await?;
    let queue = Queue::create(&story).await?;
    let mut leader = woken_only(&story, &queue).start().await?;
    leads(&leader).await?;
    let standby = woken_only(&story, &queue).env("AWS_ACCESS_KEY_ID", STANDBY).start().await?;
    let reads = |caller: &str| {
        let calls = story.simulator.calls().into_iter();
        calls.filter(|call| call.caller == caller && call.operation.ends_with("Message")).count()
    };
    for (at, message) in ["one", "two", "three"].into_iter().enumerate() {
        queue.send(message).await?;
        queue.is_empty_after(&story, at as u64 + 1).await?;
    }
    assert_eq!(reads(STANDBY), 0);
    leader.sigterm().await?;
    let before = reads(CALLER);
    queue.send("four").await?;
    queue.is_empty_after(&story, 4).await?;
    leads(&standby).await?;
    assert!(reads(STANDBY) > 0);
    assert_eq!(reads(CALLER), before, "an ended leader reads nothing");
    story.end().await
}
