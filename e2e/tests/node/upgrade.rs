//! What a package does at an upgrade: it puts new files in the place of the old ones and has systemd read its units again.

use anyhow::{Context, ensure};
use e2e::group::Pool;
use e2e::machine::{Machine, NodeStory};

/// As dpkg and rpm do: written beside and renamed, so that whoever runs the old program goes on with it.
const SWAP: &str = "
    for file in /usr/bin/node-gate /usr/lib/systemd/system/node-gate*.service /etc/systemd/system/kubelet.service.d/*; do
        cp --preserve=mode $file $file.new
        case $file in
            /usr/bin/*) ;;
            *) echo '# of the next version' >> $file.new ;;
        esac
        mv $file.new $file
    done
    systemctl daemon-reload";

async fn main_process(machine: &Machine, unit: &str) -> anyhow::Result<(String, String)> {
    let unit = machine.unit(unit).await?;
    let value = |name: &str| unit.get(name).cloned().with_context(|| format!("no {name}"));
    Ok((value("MainPID")?, value("InvocationID")?))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_in_service_lets_kubelet_run_on() -> anyhow::Result<()> {
    let story = NodeStory::new("upgrade-open").await?;
    story.group("workers").max(1).desired(1).create().await?;
    let instance = story.instance("InService").await?;
    let mut machine = story.machine(&instance).await?;
    machine.boot().await?;
    story.ready(&machine).await?;
    let kubelet = main_process(&machine, "kubelet.service").await?;
    let gate = main_process(&machine, "node-gate.service").await?;
    machine.shell(SWAP).await?;
    // a question to systemd is answered after all that the reload has set in motion
    machine.shell("systemctl start kubelet.service node-gate.service").await?;
    assert_eq!(main_process(&machine, "kubelet.service").await?, kubelet);
    assert_eq!(main_process(&machine, "node-gate.service").await?, gate);
    assert_eq!(machine.run(&["node-gate", "status", "--output", "json"]).await?.matches("opened").count(), 1);
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_while_held_holds_on_and_opens_in_its_time() -> anyhow::Result<()> {
    let story = NodeStory::new("upgrade-held").await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let instance = story.instance("Warmed:Running").await?;
    let mut machine = story.machine(&instance).await?;
    machine.boot().await?;
    machine.wait_for("node-gate.service", "activating").await?;
    let gate = main_process(&machine, "node-gate.service").await?;
    ensure!(gate.0 != "0", "the gate runs");
    machine.shell(SWAP).await?;
    story.looked_again(&instance, 4).await?;
    assert_eq!(main_process(&machine, "node-gate.service").await?, gate);
    assert_eq!(machine.state_of("kubelet.service").await?, "inactive");
    group.set_desired(1).await?;
    machine.wait_for("kubelet.service", "active").await?;
    story.ready(&machine).await?;
    story.end(machine).await
}
