//! Blows from outside: none opens the gate, none leaves kubelet dead, and none takes a serving kubelet down.

use std::collections::BTreeSet;

use anyhow::ensure;
use e2e::group::Pool;
use e2e::machine::{LONG, NodeStory};
use e2e::wait::eventually;

use crate::units::{GATE, KUBELET, PAUSE_AND_MORE, REARM, SETTINGS, holds_anew, run_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_held_gate_that_is_killed_holds_again_and_kubelet_starts_in_its_time() -> anyhow::Result<()> {
    let story = NodeStory::new("killed").await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let instance = story.instance("Warmed:Running").await?;
    let mut machine = story.machine(&instance).await?;
    machine.boot().await?;
    let mut gate = holds_anew(&machine, &(String::new(), String::new())).await?;
    for blow in [
        "kill -TERM $(systemctl show --value --property MainPID node-gate)",
        "systemctl kill node-gate",
        "systemctl kill --signal=KILL node-gate",
        // as the kernel does when memory is short: systemd has no part in it
        "kill -KILL $(systemctl show --value --property MainPID node-gate)",
    ] {
        machine.shell(blow).await?;
        gate = holds_anew(&machine, &gate).await?;
        story.looked_again(&instance, 2).await?;
        assert_eq!(machine.state_of(KUBELET).await?, "inactive", "after {blow}");
        machine.run(&["test", "!", "-e", "/run/node-gate/opened.json"]).await?;
    }
    assert_eq!(story.node_watch.ever(), [""; 0], "nothing has registered");

    group.set_desired(1).await?;
    machine.wait_for(KUBELET, "active").await?;
    story.ready(&machine).await?;
    machine.wait_for(REARM, "inactive").await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_setting_holds_and_once_it_is_repaired_no_reboot_is_needed() -> anyhow::Result<()> {
    let story = NodeStory::new("repaired").await?;
    story.group("workers").max(1).desired(1).create().await?;
    let instance = story.instance("InService").await?;
    let mut machine = story.machine(&instance).await?;
    let right = std::fs::read_to_string(machine.file(SETTINGS))?;
    machine.configure("NODE_GATE_GRACE=soon")?;
    machine.boot().await?;
    // it is tried again, and again
    let mut starts = BTreeSet::new();
    eventually("the gate is started a third time", LONG, async || {
        starts.insert(run_of(&machine, GATE).await?.0);
        // before the first one
        starts.remove("");
        assert_eq!(machine.state_of(KUBELET).await?, "inactive");
        ensure!(starts.len() >= 3, "{starts:?}");
        Ok(())
    })
    .await?;
    let console = machine.console()?;
    ensure!(console.contains("node-gate: invalid value 'soon' for '--grace <DURATION>'"), "{console}");
    assert_eq!(story.looks(&instance), 0, "it never got as far as a look");

    machine.write(SETTINGS, &right)?;
    machine.wait_for(KUBELET, "active").await?;
    story.ready(&machine).await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn systemctl_stop_is_obeyed_also_in_the_pause_after_a_failure() -> anyhow::Result<()> {
    let story = NodeStory::new("stopped").await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let instance = story.instance("Warmed:Running").await?;
    let mut machine = story.machine(&instance).await?;
    machine.boot().await?;
    let mut gate = holds_anew(&machine, &(String::new(), String::new())).await?;
    for (blow, left) in [("true", "inactive"), ("systemctl kill --signal=KILL node-gate", "failed")] {
        machine.shell(blow).await?;
        machine.wait_for(GATE, if left == "failed" { "failed" } else { "activating" }).await?;
        machine.run(&["systemctl", "stop", GATE]).await?;
        assert_eq!(machine.state_of(GATE).await?, left, "a stop is no failure");
        // nothing tells that something will not happen
        tokio::time::sleep(PAUSE_AND_MORE).await;
        for (unit, state) in [(GATE, left), (KUBELET, "inactive"), (REARM, "inactive")] {
            assert_eq!(machine.state_of(unit).await?, state, "{unit}");
        }
        machine.run(&["systemctl", "start", "--no-block", KUBELET]).await?;
        gate = holds_anew(&machine, &gate).await?;
    }
    group.set_desired(1).await?;
    machine.wait_for(KUBELET, "active").await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serving_kubelet_is_touched_by_none_of_it() -> anyhow::Result<()> {
    let story = NodeStory::new("serving").await?;
    story.group("workers").max(1).desired(1).create().await?;
    let instance = story.instance("InService").await?;
    let mut machine = story.machine(&instance).await?;
    machine.boot().await?;
    story.ready(&machine).await?;
    let (gate, kubelet) = (run_of(&machine, GATE).await?, run_of(&machine, KUBELET).await?);
    // there is no process to kill any more, and bringing back what runs changes nothing
    machine.shell("systemctl kill --signal=KILL node-gate || true").await?;
    machine.run(&["systemctl", "start", REARM]).await?;
    machine.wait_for(REARM, "inactive").await?;
    assert_eq!(run_of(&machine, KUBELET).await?, kubelet);

    // kubelet may come and go without the gate, by itself and by hand
    machine.run(&["systemctl", "restart", KUBELET]).await?;
    machine.run(&["systemctl", "kill", "--signal=KILL", KUBELET]).await?;
    machine.wait_for(KUBELET, "active").await?;
    ensure!(run_of(&machine, KUBELET).await? != kubelet, "it was restarted");
    assert_eq!(run_of(&machine, GATE).await?, gate);
    assert_eq!(story.looks(&instance), 1, "one look in all");

    // one that fails for good is its owner's affair
    let broken = "[Service]\nRestart=no\nExecStart=\nExecStart=/bin/false\n";
    machine.write("/etc/systemd/system/kubelet.service.d/90-broken.conf", broken)?;
    machine.shell("systemctl daemon-reload; systemctl restart kubelet").await?;
    machine.wait_for(KUBELET, "failed").await?;
    let failed = run_of(&machine, KUBELET).await?;
    tokio::time::sleep(PAUSE_AND_MORE).await;
    assert_eq!(machine.state_of(KUBELET).await?, "failed");
    assert_eq!(run_of(&machine, KUBELET).await?, failed, "nobody has started it again");
    assert_eq!(machine.state_of(REARM).await?, "inactive");
    story.end(machine).await
}
