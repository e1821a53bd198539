//! The boot sequences of the systems that people run: a held kubelet makes none of them fail or wait for itself.
//!
//! The units of those systems are stood in for by units of the same order and the same calls. What is theirs is described in
//! docs/node.md.

use std::path::Path;

use anyhow::{Context, ensure};
use e2e::group::{Group, Pool};
use e2e::machine::{LONG, Machine, NodeStory};
use e2e::wait::eventually;

const UNITS: &str = "/etc/systemd/system";

/// Amazon Linux 2023: kubelet is not enabled; nodeadm-run comes after user data, restarts it over D-Bus without waiting for
/// the job, and then looks every 250 ms, for ever, whether it is active.
const NODEADM_RUN: &str = r"
[Unit]
After=cloud-final.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -ec 'busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager RestartUnit ss kubelet.service replace; until systemctl is-active --quiet kubelet.service; do sleep 0.25; done'

[Install]
WantedBy=multi-user.target
";

const AL2023_CLOUD_FINAL: &str = "
[Unit]
After=network.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/var/lib/cloud/user-data

[Install]
WantedBy=multi-user.target
";

/// Ubuntu, as upstream: user data runs when multi-user.target has been reached, for which an enabled kubelet is waited.
const UBUNTU_CLOUD_FINAL: &str = "
[Unit]
After=network.target multi-user.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/var/lib/cloud/user-data
TimeoutSec=0

[Install]
WantedBy=cloud-init.target
";

const CLOUD_INIT_TARGET: &str = "
[Unit]
After=multi-user.target
Wants=cloud-final.service

[Install]
WantedBy=multi-user.target
";

async fn warm(story: &NodeStory) -> anyhow::Result<(Group, Machine)> {
    let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let instance = story.instance("Warmed:Running").await?;
    Ok((group, story.machine(&instance).await?))
}

fn user_data(machine: &Machine, script: &str) -> anyhow::Result<()> {
    machine.write_script("/var/lib/cloud/user-data", &format!("#!/bin/sh -e\n{script}\n"))
}

fn amazon_linux(machine: &Machine, script: &str) -> anyhow::Result<()> {
    std::fs::remove_file(machine.file(&format!("{UNITS}/multi-user.target.wants/kubelet.service")))?;
    for (unit, text) in [("nodeadm-run.service", NODEADM_RUN), ("cloud-final.service", AL2023_CLOUD_FINAL)] {
        machine.write(&format!("{UNITS}/{unit}"), text)?;
        machine.enable(unit)?;
    }
    user_data(machine, script)
}

fn ubuntu(machine: &Machine, script: &str) -> anyhow::Result<()> {
    machine.write(&format!("{UNITS}/cloud-final.service"), UBUNTU_CLOUD_FINAL)?;
    machine.write(&format!("{UNITS}/cloud-init.target"), CLOUD_INIT_TARGET)?;
    machine.enable("cloud-init.target")?;
    user_data(machine, script)
}

/// Installs the variant for which nobody waits, for a unit.
fn non_blocking(machine: &Machine, unit: &str) -> anyhow::Result<()> {
    let shipped = |file: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd/non-blocking").join(file);
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    };
    let held = shipped("kubelet.service.d/50-node-gate.conf")?;
    machine.write(&format!("{UNITS}/{unit}.d/50-node-gate.conf"), &held)?;
    let gate = shipped("node-gate.service.d/50-non-blocking.conf")?;
    machine.write(&format!("{UNITS}/node-gate.service.d/50-non-blocking.conf"), &gate)
}

async fn nothing_failed(machine: &Machine) -> anyhow::Result<()> {
    let failed = machine.run(&["systemctl", "list-units", "--failed", "--plain", "--no-legend"]).await?;
    ensure!(failed.is_empty(), "{failed}");
    Ok(())
}

/// Waits until the whole boot is over, as systemd sees it.
async fn has_booted(machine: &Machine) -> anyhow::Result<()> {
    eventually("systemd has nothing left to do", LONG, async || {
        let output = machine.output(&["systemctl", "is-system-running"]).await?;
        let state = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let jobs = machine.run(&["systemctl", "list-jobs", "--no-legend"]).await?;
        ensure!(state == "running", "it is {state}: {jobs}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn on_amazon_linux_nodeadm_waits_with_the_held_kubelet_and_nothing_fails() -> anyhow::Result<()> {
    let story = NodeStory::new("boot-al2023").await?;
    let (group, mut machine) = warm(&story).await?;
    amazon_linux(&machine, "touch /var/lib/cloud/done")?;
    machine.boot().await?;
    machine.wait_for("nodeadm-run.service", "activating").await?;
    machine.wait_for("node-gate.service", "activating").await?;
    story.looked_again(&machine.instance, 6).await?;
    assert_eq!(machine.state_of("kubelet.service").await?, "inactive");
    assert_eq!(machine.state_of("nodeadm-run.service").await?, "activating");
    assert_eq!(machine.state_of("cloud-final.service").await?, "active", "user data has run before");
    ensure!(machine.file("/var/lib/cloud/done").exists(), "user data has run");
    nothing_failed(&machine).await?;

    group.set_desired(1).await?;
    machine.wait_for("kubelet.service", "active").await?;
    machine.wait_for("nodeadm-run.service", "active").await?;
    has_booted(&machine).await?;
    nothing_failed(&machine).await?;
    story.ready(&machine).await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn on_amazon_linux_user_data_can_install_the_gate() -> anyhow::Result<()> {
    const FILES: [&str; 4] = [
        "/usr/bin/node-gate",
        "/usr/lib/systemd/system/node-gate.service",
        "/usr/lib/systemd/system/node-gate-rearm@.service",
        "/etc/systemd/system/kubelet.service.d/50-node-gate.conf",
    ];
    let story = NodeStory::new("boot-install").await?;
    let (group, mut machine) = warm(&story).await?;
    // As in an image that knows nothing of the gate; what user data downloads lies in /opt.
    let mut install = Vec::new();
    for file in FILES {
        let (from, folder) =
            (machine.file(&format!("/opt{file}")), file.rsplit_once('/').context("a path")?.0);
        std::fs::create_dir_all(from.parent().context("a path")?)?;
        std::fs::rename(machine.file(file), &from).with_context(|| format!("moving {file}"))?;
        install.push(format!("mkdir -p {folder}\ncp -p /opt{file} {file}"));
    }
    amazon_linux(&machine, &format!("{}\nsystemctl daemon-reload", install.join("\n")))?;
    machine.boot().await?;
    machine.wait_for("nodeadm-run.service", "activating").await?;
    machine.wait_for("node-gate.service", "activating").await?;
    story.looked_again(&machine.instance, 6).await?;
    assert_eq!(machine.state_of("kubelet.service").await?, "inactive");
    group.set_desired(1).await?;
    machine.wait_for("nodeadm-run.service", "active").await?;
    has_booted(&machine).await?;
    nothing_failed(&machine).await?;
    story.ready(&machine).await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reboot_in_the_pool_is_held_again() -> anyhow::Result<()> {
    let story = NodeStory::new("boot-again").await?;
    let (group, mut machine) = warm(&story).await?;
    amazon_linux(&machine, "true")?;
    machine.boot().await?;
    machine.wait_for("node-gate.service", "activating").await?;
    machine.reboot().await?;
    machine.wait_for("node-gate.service", "activating").await?;
    story.looked_again(&machine.instance, 6).await?;
    assert_eq!(machine.state_of("kubelet.service").await?, "inactive");
    assert_eq!(story.node_watch.ever(), [""; 0], "nothing has registered");
    group.set_desired(1).await?;
    machine.wait_for("kubelet.service", "active").await?;
    story.ready(&machine).await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nodeadm_asks_once_and_a_gate_that_was_killed_meanwhile_opens_all_the_same() -> anyhow::Result<()> {
    let story = NodeStory::new("boot-al2023-kill").await?;
    let (group, mut machine) = warm(&story).await?;
    amazon_linux(&machine, "true")?;
    machine.boot().await?;
    machine.wait_for("nodeadm-run.service", "activating").await?;
    machine.wait_for("node-gate.service", "activating").await?;
    let start = machine.unit("node-gate.service").await?;
    story.looked_again(&machine.instance, 2).await?;
    machine.run(&["systemctl", "kill", "--signal=KILL", "node-gate.service"]).await?;
    eventually("another gate holds", LONG, async || {
        let now = machine.unit("node-gate.service").await?;
        ensure!(now.get("InvocationID") != start.get("InvocationID"), "it is the same");
        ensure!(now.get("ActiveState").is_some_and(|state| state == "activating"), "it does not hold");
        Ok(())
    })
    .await?;
    story.looked_again(&machine.instance, 2).await?;
    assert_eq!(machine.state_of("kubelet.service").await?, "inactive");
    group.set_desired(1).await?;
    machine.wait_for("nodeadm-run.service", "active").await?;
    story.ready(&machine).await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn on_ubuntu_the_variant_that_nobody_waits_for_lets_user_data_run_while_kubelet_is_held()
-> anyhow::Result<()> {
    const SNAP: &str = "snap.kubelet-eks.daemon.service";
    let story = NodeStory::new("boot-ubuntu").await?;
    let (group, mut machine) = warm(&story).await?;
    // Ubuntu's kubelet is a unit of another name.
    let kubelet = std::fs::read_to_string(machine.file(&format!("{UNITS}/kubelet.service")))?;
    std::fs::remove_file(machine.file(&format!("{UNITS}/multi-user.target.wants/kubelet.service")))?;
    machine.write(&format!("{UNITS}/{SNAP}"), &kubelet)?;
    machine.enable(SNAP)?;
    non_blocking(&machine, SNAP)?;
    machine.configure(&format!("NODE_GATE_UNIT={SNAP}"))?;
    // What bootstrap scripts do at their end.
    ubuntu(&machine, &format!("systemctl start {SNAP}\ntouch /var/lib/cloud/done"))?;
    machine.boot().await?;
    machine.wait_for("node-gate.service", "activating").await?;
    machine.wait_for("cloud-final.service", "active").await?;
    ensure!(machine.file("/var/lib/cloud/done").exists(), "user data has run to its end");
    assert_eq!(machine.state_of("multi-user.target").await?, "active");
    story.looked_again(&machine.instance, 6).await?;
    assert_eq!(machine.state_of(SNAP).await?, "inactive");
    nothing_failed(&machine).await?;

    group.set_desired(1).await?;
    machine.wait_for(SNAP, "active").await?;
    has_booted(&machine).await?;
    nothing_failed(&machine).await?;
    story.ready(&machine).await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn on_ubuntu_user_data_that_waits_for_kubelet_ends_when_the_gate_opens() -> anyhow::Result<()> {
    let story = NodeStory::new("boot-user-data").await?;
    let (group, mut machine) = warm(&story).await?;
    non_blocking(&machine, "kubelet.service")?;
    ubuntu(&machine, "until systemctl is-active --quiet kubelet.service; do sleep 0.2; done")?;
    machine.boot().await?;
    machine.wait_for("node-gate.service", "activating").await?;
    machine.wait_for("cloud-final.service", "activating").await?;
    story.looked_again(&machine.instance, 6).await?;
    assert_eq!(machine.state_of("kubelet.service").await?, "inactive");
    assert_eq!(machine.state_of("cloud-final.service").await?, "activating");
    group.set_desired(1).await?;
    machine.wait_for("cloud-final.service", "active").await?;
    has_booted(&machine).await?;
    nothing_failed(&machine).await?;
    story.ready(&machine).await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn on_ubuntu_the_ordinary_variant_puts_user_data_off_until_the_gate_opens() -> anyhow::Result<()> {
    let story = NodeStory::new("boot-put-off").await?;
    let (group, mut machine) = warm(&story).await?;
    ubuntu(&machine, "touch /var/lib/cloud/done")?;
    machine.boot().await?;
    machine.wait_for("node-gate.service", "activating").await?;
    story.looked_again(&machine.instance, 6).await?;
    assert_eq!(machine.state_of("multi-user.target").await?, "inactive");
    ensure!(!machine.file("/var/lib/cloud/done").exists(), "user data has not run");
    nothing_failed(&machine).await?;
    group.set_desired(1).await?;
    machine.wait_for("kubelet.service", "active").await?;
    machine.wait_for("cloud-final.service", "active").await?;
    has_booted(&machine).await?;
    nothing_failed(&machine).await?;
    story.ready(&machine).await?;
    story.end(machine).await
}
