//! The variant for systems whose boot, or user data, waits for kubelet's start.

use anyhow::ensure;
use e2e::group::Pool;
use e2e::machine::{Machine, NodeStory};

use crate::units::{GATE, KUBELET, PAUSE_AND_MORE, holds_anew, kubelet_answers, make_non_blocking, run_of};

const NONE: (String, String) = (String::new(), String::new());
const CLOUD_FINAL: &str = "cloud-final.service";

/// As Ubuntu orders it, with user data that waits for kubelet.
fn add_cloud_final(machine: &Machine) -> anyhow::Result<()> {
    machine.write(
        "/etc/systemd/system/cloud-final.service",
        "[Unit]\nAfter=multi-user.target\n\
         [Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/bin/systemctl start kubelet.service\n",
    )?;
    machine.enable(CLOUD_FINAL)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boot_and_user_data_that_want_kubelet_do_not_wait_for_the_gate() -> anyhow::Result<()> {
    let story = NodeStory::new("non-blocking").await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let instance = story.instance("Warmed:Running").await?;
    let mut machine = story.machine(&instance).await?;
    make_non_blocking(&machine, KUBELET)?;
    add_cloud_final(&machine)?;
    machine.boot().await?;
    machine.wait_for(CLOUD_FINAL, "active").await?;
    assert_eq!(machine.state_of("multi-user.target").await?, "active");
    let mut gate = holds_anew(&machine, &NONE).await?;
    for _ in 0..2 {
        machine.run(&["systemctl", "start", KUBELET]).await?;
        story.looked_again(&instance, 2).await?;
        assert_eq!(machine.state_of(KUBELET).await?, "inactive");
        let jobs = machine.run(&["systemctl", "list-jobs", "--no-legend"]).await?;
        ensure!(!jobs.contains(KUBELET), "{jobs}");
        // a blow changes none of it
        machine.run(&["systemctl", "kill", "--signal=KILL", GATE]).await?;
        gate = holds_anew(&machine, &gate).await?;
    }
    assert_eq!(story.node_watch.ever(), [""; 0], "nothing has registered");

    group.set_desired(1).await?;
    machine.wait_for(KUBELET, "active").await?;
    story.ready(&machine).await?;
    machine.wait_for(GATE, "active").await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usual_units_would_keep_such_a_boot_waiting() -> anyhow::Result<()> {
    let story = NodeStory::new("blocking").await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let instance = story.instance("Warmed:Running").await?;
    let mut machine = story.machine(&instance).await?;
    add_cloud_final(&machine)?;
    machine.boot().await?;
    holds_anew(&machine, &NONE).await?;
    story.looked_again(&instance, 10).await?;
    for unit in ["multi-user.target", CLOUD_FINAL, KUBELET] {
        assert_eq!(machine.state_of(unit).await?, "inactive", "{unit}");
    }
    group.set_desired(1).await?;
    machine.wait_for(CLOUD_FINAL, "active").await?;
    assert_eq!(machine.state_of(KUBELET).await?, "active");
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_is_restarted_or_stopped_takes_kubelet_along_and_one_that_is_open_does_not()
-> anyhow::Result<()> {
    let story = NodeStory::new("non-blocking-again").await?;
    let group = story.group("workers").max(1).desired(1).warm_pool(Pool::Running).reuse().create().await?;
    let instance = story.instance("InService").await?;
    let mut machine = story.machine(&instance).await?;
    make_non_blocking(&machine, KUBELET)?;
    machine.boot().await?;
    story.ready(&machine).await?;
    let (gate, kubelet) = (run_of(&machine, GATE).await?, run_of(&machine, KUBELET).await?);
    machine.run(&["systemctl", "start", KUBELET, GATE]).await?;
    assert_eq!(run_of(&machine, KUBELET).await?, kubelet, "it is left alone");
    machine.run(&["systemctl", "restart", KUBELET]).await?;
    assert_eq!(machine.state_of(KUBELET).await?, "active");
    assert_eq!(run_of(&machine, GATE).await?, gate);
    kubelet_answers(&machine).await?;

    group.set_desired(0).await?;
    story.is(&instance, "Warmed:Running").await?;
    machine.run(&["systemctl", "restart", "--no-block", GATE]).await?;
    let gate = holds_anew(&machine, &gate).await?;
    assert_eq!(machine.state_of(KUBELET).await?, "inactive");
    group.set_desired(1).await?;
    machine.wait_for(KUBELET, "active").await?;
    machine.wait_for(GATE, "active").await?;
    kubelet_answers(&machine).await?;

    machine.run(&["systemctl", "stop", GATE]).await?;
    tokio::time::sleep(PAUSE_AND_MORE).await;
    for unit in [GATE, KUBELET] {
        assert_eq!(machine.state_of(unit).await?, "inactive", "{unit}");
    }
    machine.run(&["systemctl", "start", KUBELET]).await?;
    machine.wait_for(KUBELET, "active").await?;
    ensure!(run_of(&machine, GATE).await? != gate, "by way of the gate");
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unit_to_start_is_a_setting_and_a_wrong_one_can_be_repaired() -> anyhow::Result<()> {
    const SNAP: &str = "snap.kubelet-eks.daemon.service";
    let story = NodeStory::new("snap").await?;
    story.group("workers").max(1).desired(1).create().await?;
    let instance = story.instance("InService").await?;
    let mut machine = story.machine(&instance).await?;
    let kubelet = machine.file("/etc/systemd/system/kubelet.service");
    std::fs::rename(&kubelet, machine.file(&format!("/etc/systemd/system/{SNAP}")))?;
    std::fs::remove_dir_all(machine.file("/etc/systemd/system/kubelet.service.d"))?;
    std::fs::remove_file(machine.file("/etc/systemd/system/multi-user.target.wants/kubelet.service"))?;
    machine.enable(SNAP)?;
    make_non_blocking(&machine, SNAP)?;
    machine.boot().await?;
    machine.wait_for(GATE, "failed").await?;
    let said = machine.journal(GATE).await?;
    assert_eq!(machine.state_of(SNAP).await?, "inactive", "{said}");

    machine.configure(&format!("NODE_GATE_UNIT={SNAP}"))?;
    machine.wait_for(SNAP, "active").await?;
    story.ready(&machine).await?;
    machine.wait_for(GATE, "active").await?;
    story.end(machine).await
}
