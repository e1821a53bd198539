//! Opening by hand on a machine: root may, nobody else, and the gate itself tells who and why.

use anyhow::ensure;
use e2e::group::Pool;
use e2e::machine::NodeStory;

#[tokio::test(flavor = "multi_thread")]
async fn root_opens_the_gate_by_hand_and_nobody_else_does() -> anyhow::Result<()> {
    let story = NodeStory::new("by-hand").await?;
    story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let instance = story.instance("Warmed:Running").await?;
    let mut machine = story.machine(&instance).await?;
    machine.boot().await?;
    machine.wait_for("node-gate.service", "activating").await?;
    story.looked_again(&instance, 1).await?;

    let open = ["node-gate", "open", "--reason", "the pool is on fire"];
    let nobody = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"];
    let refused = machine.output(&[&nobody[..], &open[..]].concat()).await?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(refused.status.code() == Some(1) && said.contains("only root may open the gate"), "{said}");
    story.looked_again(&instance, 2).await?;
    assert_eq!(machine.state_of("kubelet.service").await?, "inactive");

    let said = machine.run(&open).await?;
    ensure!(said.contains("opened") && said.contains("the pool is on fire"), "{said}");
    machine.wait_for("kubelet.service", "active").await?;
    story.ready(&machine).await?;
    let status = machine.run(&[&nobody[..], &["node-gate", "status"]].concat()).await?;
    ensure!(status.contains("the pool is on fire") && status.contains("root"), "{status}");
    ensure!(machine.console()?.contains("the pool is on fire"), "the console is silent");
    story.end(machine).await
}
