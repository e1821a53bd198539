//! Back to the pool without a power-off: with the watch kubelet is stopped after the drain, without it never.

use std::time::Duration;

use anyhow::ensure;
use e2e::group::{Group, Pool, TERMINATION_HOOK};
use e2e::machine::{Machine, NodeStory, RunningPod};

use crate::units::{GATE, KUBELET, PAUSE_AND_MORE, holds_anew, run_of};

const WATCH: &str = "node-gate-watch.service";

/// A machine in service, with a pod that takes half a minute to end.
async fn serving(story: &NodeStory) -> anyhow::Result<(Group, Machine, RunningPod)> {
    let group = story
        .group("workers")
        .max(1)
        .desired(1)
        .warm_pool(Pool::Running)
        .reuse()
        .termination_hook(Duration::from_secs(600))
        .create()
        .await?;
    let instance = story.instance("InService").await?;
    let mut machine = story.machine(&instance).await?;
    machine.configure("NODE_GATE_WATCH_INTERVAL=500ms")?;
    machine.boot().await?;
    story.ready(&machine).await?;
    machine.import_images().await?;
    story.welcome_pods(&machine).await?;
    let script = "trap 'sleep 30; echo ended > /said/word; exit 0' TERM; while :; do sleep 0.1; done";
    let pod = story.run_pod(&machine, "slow", script, 60).await?;
    Ok((group, machine, pod))
}

/// The group gives the instance back, and the node is drained.
async fn returns(
    story: &NodeStory,
    group: &Group,
    machine: &Machine,
    pod: &RunningPod,
) -> anyhow::Result<()> {
    let kubelet = run_of(machine, KUBELET).await?;
    group.set_desired(0).await?;
    story.is(&machine.instance, "Warmed:Pending:Wait").await?;
    pod.delete().await?;
    assert_eq!(machine.shell("cat /said/word").await?, "ended\n", "the pod had its time");
    assert_eq!(run_of(machine, KUBELET).await?, kubelet, "and kubelet saw it through");
    group.complete(TERMINATION_HOOK, &machine.instance).await?;
    story.is(&machine.instance, "Warmed:Running").await
}

fn api_calls(story: &NodeStory) -> usize {
    let calls = story.simulator.calls();
    calls.iter().filter(|call| call.operation == "DescribeAutoScalingInstances").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_returns_is_held_after_its_slowest_pod_and_serves_again() -> anyhow::Result<()> {
    let story = NodeStory::new("rehold").await?;
    let (group, machine, pod) = serving(&story).await?;
    machine.configure("NODE_GATE_REHOLD=true")?;
    machine.run(&["systemctl", "enable", "--now", WATCH]).await?;
    machine.wait_for(WATCH, "active").await?;
    story.looked_again(&machine.instance, 4).await?;
    assert_eq!(api_calls(&story), 0, "no call before the target turns");
    let gate = run_of(&machine, GATE).await?;

    returns(&story, &group, &machine, &pod).await?;
    let gate = holds_anew(&machine, &gate).await?;
    assert_eq!(machine.state_of(KUBELET).await?, "inactive");
    assert_eq!(machine.state_of(WATCH).await?, "inactive", "it begins anew with the next opening");
    let said = machine.journal(WATCH).await?;
    ensure!(
        said.contains("Auto Scaling says Warmed:Pending:Wait: waiting for the end of the drain"),
        "{said}"
    );
    ensure!(said.contains("holding anew: Auto Scaling says Warmed:"), "{said}");
    ensure!(!said.contains("cannot be restarted"), "{said}");
    let calls = api_calls(&story);
    story.looked_again(&machine.instance, 10).await?;
    assert_eq!((run_of(&machine, GATE).await?, api_calls(&story)), (gate, calls), "held, and silent");

    group.set_desired(1).await?;
    machine.wait_for(KUBELET, "active").await?;
    story.ready(&machine).await?;
    machine.wait_for(WATCH, "active").await?;
    // its end and its failure concern nobody else
    let kubelet = run_of(&machine, KUBELET).await?;
    machine.run(&["systemctl", "kill", "--signal=KILL", WATCH]).await?;
    machine.run(&["systemctl", "stop", WATCH]).await?;
    assert_eq!(run_of(&machine, KUBELET).await?, kubelet);
    assert_eq!(machine.state_of(GATE).await?, "active");
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_wish_kubelet_is_not_touched() -> anyhow::Result<()> {
    let story = NodeStory::new("no-rehold").await?;
    let (group, machine, pod) = serving(&story).await?;
    let (gate, kubelet) = (run_of(&machine, GATE).await?, run_of(&machine, KUBELET).await?);
    // the unit without the setting has nothing to do, and says so
    machine.shell("systemctl enable --now node-gate-watch || true").await?;
    returns(&story, &group, &machine, &pod).await?;
    tokio::time::sleep(PAUSE_AND_MORE).await;
    assert_eq!((run_of(&machine, GATE).await?, run_of(&machine, KUBELET).await?), (gate, kubelet));
    assert_eq!(api_calls(&story), 0);
    let said = machine.journal(WATCH).await?;
    ensure!(
        said.contains("there is nothing to watch for: --rehold (NODE_GATE_REHOLD=true) is not set"),
        "{said}"
    );
    story.end(machine).await
}
