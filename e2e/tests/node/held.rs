//! The promise itself: held while the instance is warm, open when it is in service, held again after the next boot.

use anyhow::{Context, ensure};
use e2e::group::Pool;
use e2e::machine::NodeStory;
use e2e::node::STARTUP_TAINT;

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_machine_is_held_and_joins_once_it_is_in_service() -> anyhow::Result<()> {
    let story = NodeStory::new("held").await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let instance = story.instance("Warmed:Running").await?;
    let mut machine = story.machine(&instance).await?;
    machine.boot().await?;
    machine.wait_for("node-gate.service", "activating").await?;
    story.looked_again(&instance, 10).await?;
    assert_eq!(machine.state_of("kubelet.service").await?, "inactive");
    assert_eq!(story.node_watch.ever(), [""; 0], "nothing has registered");
    let console = machine.console()?;
    ensure!(
        console.contains("holding: target Warmed:Running: the instance belongs to the warm pool"),
        "{console}"
    );

    group.set_desired(1).await?;
    machine.wait_for("kubelet.service", "active").await?;
    assert_eq!(machine.state_of("node-gate.service").await?, "active");
    let node = story.ready(&machine).await?;
    let spec = node.spec.context("a Node has a spec")?;
    assert_eq!(spec.provider_id, Some(format!("aws:///us-east-1a/{instance}")));
    let taints = spec.taints.unwrap_or_default();
    ensure!(taints.iter().any(|taint| taint.key == STARTUP_TAINT), "it came with {taints:?}");
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_back_in_the_pool_is_held_at_its_next_boot() -> anyhow::Result<()> {
    let story = NodeStory::new("held-again").await?;
    let group = story.group("workers").max(1).desired(1).warm_pool(Pool::Running).reuse().create().await?;
    let instance = story.instance("InService").await?;
    let mut machine = story.machine(&instance).await?;
    machine.boot().await?;
    story.ready(&machine).await?;

    group.set_desired(0).await?;
    story.is(&instance, "Warmed:Running").await?;
    machine.power_off().await?;
    machine.boot().await?;
    machine.wait_for("node-gate.service", "activating").await?;
    story.looked_again(&instance, 10).await?;
    assert_eq!(machine.state_of("kubelet.service").await?, "inactive");

    group.set_desired(1).await?;
    machine.wait_for("kubelet.service", "active").await?;
    story.ready(&machine).await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reboot_in_service_holds_for_one_look() -> anyhow::Result<()> {
    let story = NodeStory::new("reboot").await?;
    story.group("workers").max(1).desired(1).create().await?;
    let instance = story.instance("InService").await?;
    let mut machine = story.machine(&instance).await?;
    machine.boot().await?;
    story.ready(&machine).await?;
    let looks = story.looks(&instance);
    assert_eq!(looks, 1, "at the first boot");
    machine.reboot().await?;
    machine.wait_for("kubelet.service", "active").await?;
    story.ready(&machine).await?;
    assert_eq!(story.looks(&instance), looks + 1);
    story.end(machine).await
}
