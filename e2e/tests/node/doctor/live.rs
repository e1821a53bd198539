//! Nodes that hold, that have opened, and that never were held.

use std::fs;

use anyhow::ensure;
use aws_simulator::MetadataChange;
use e2e::group::{Group, Pool};
use e2e::machine::{Machine, NodeStory};
use serde_json::Value;

use super::{DROP_IN, NOT_HELD, doctor, finds, serving};

/// A machine of the warm pool, off; its gate would hold.
async fn warm(name: &str) -> anyhow::Result<(NodeStory, Group, Machine)> {
    let story = NodeStory::new(name).await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let instance = story.instance("Warmed:Running").await?;
    let machine = story.machine(&instance).await?;
    Ok((story, group, machine))
}

async fn boot_held(machine: &mut Machine) -> anyhow::Result<()> {
    machine.boot().await?;
    machine.wait_for("node-gate.service", "activating").await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_has_nothing_to_say_about_a_node_that_is_held_or_open() -> anyhow::Result<()> {
    let (story, group, mut machine) = warm("doctor-well").await?;
    boot_held(&mut machine).await?;
    story.looked_again(&machine.instance, 2).await?;
    let well = |target: &str, gate: &str| {
        format!(
            "\
ok    gate unit        /lib/systemd/system/node-gate.service
ok    kubelet.service  starts only after the gate has opened: {DROP_IN}
ok    re-arm           node-gate-rearm@kubelet.service tries again should the gate fail
ok    program          /usr/bin/node-gate
ok    settings         /etc/node-gate/node-gate.env: until target, on-unknown open
ok    imds             answers: ID
ok    target           {target}
ok    api              {target} in group doctor-well-workers
ok    gate             {gate}

The gate can work here.
"
        )
    };
    let held = well("Warmed:Running", "holds: target Warmed:Running: the instance belongs to the warm pool");
    assert_eq!(doctor(&machine, &[]).await?, (Some(0), held.clone()));
    // Nobody needs to be root for it.
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "node-gate", "doctor"];
    assert_eq!(machine.run(&nobody).await?.replace(&machine.instance, "ID"), held);

    group.set_desired(1).await?;
    machine.wait_for("kubelet.service", "active").await?;
    story.is(&machine.instance, "InService").await?;
    assert_eq!(doctor(&machine, &[]).await?, (Some(0), well("InService", "open: target InService")));
    let (code, json) = doctor(&machine, &["--output", "json"]).await?;
    let report: Value = serde_json::from_str(&json)?;
    assert_eq!((code, &report["works"]), (Some(0), &Value::Bool(true)));
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_a_boot_in_which_user_data_waits_for_kubelet() -> anyhow::Result<()> {
    let (story, mut machine) = serving("doctor-boot").await?;
    let late = "[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\nExecStart=/bin/true\n";
    machine.write("/etc/systemd/system/cloud-final.service", late)?;
    machine.boot().await?;
    machine.wait_for("kubelet.service", "active").await?;
    finds(&machine, &["warn boot user data (cloud-final.service) comes after multi-user.target"]).await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_a_kubelet_that_nothing_held() -> anyhow::Result<()> {
    let (story, mut machine) = serving("doctor-early").await?;
    let hidden = "/root/50-node-gate.conf";
    let drop_in = fs::read_to_string(machine.file(DROP_IN))?;
    machine.write(hidden, &drop_in)?;
    fs::remove_file(machine.file(DROP_IN))?;
    machine.boot().await?;
    machine.wait_for("kubelet.service", "active").await?;
    finds(&machine, &[&format!("{NOT_HELD}it has no drop-in of the gate")]).await?;
    machine.shell(&format!("cp {hidden} {DROP_IN}")).await?;
    let unread = format!("FAIL kubelet.service is not held yet: systemd has not read {DROP_IN}");
    finds(&machine, &[&unread, "warn kubelet.service its files have changed since systemd read them"])
        .await?;
    machine.shell("systemctl daemon-reload").await?;
    finds(&machine, &["FAIL kubelet.service runs although the gate has not opened"]).await?;
    machine.shell("systemctl start node-gate.service").await?;
    let (_, text) = doctor(&machine, &[]).await?;
    ensure!(text.contains("before the gate opened\n"), "{text}");
    finds(&machine, &["FAIL kubelet.service started "]).await?;
    machine.shell("systemctl restart kubelet.service").await?;
    finds(&machine, &[]).await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_a_bad_environment_file() -> anyhow::Result<()> {
    let (story, mut machine) = serving("doctor-settings").await?;
    machine.configure("NODE_GATE_UNTIL=tomorrow")?;
    machine.boot().await?;
    machine.wait_for("node-gate.service", "failed").await?;
    let (code, text) = doctor(&machine, &[]).await?;
    ensure!(code == Some(1), "{text}");
    let refusal = "node-gate wait would end with: invalid value 'tomorrow' for '--until <UNTIL>'";
    ensure!(text.contains(&format!("FAIL  settings         {refusal}")), "{text}");
    let journal = machine.journal("node-gate.service").await?;
    ensure!(journal.contains("node-gate: invalid value 'tomorrow' for '--until <UNTIL>'"), "{journal}");
    // Later lines count, so this repairs it.
    machine.configure("NODE_GATE_UNTIL=target")?;
    machine.wait_for("kubelet.service", "active").await?;
    finds(&machine, &[]).await?;
    machine.configure("export NODE_GATE_GRACE=5s")?;
    finds(&machine, &["FAIL settings /etc/node-gate/node-gate.env, line "]).await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_an_imds_that_is_off() -> anyhow::Result<()> {
    let (story, _group, mut machine) = warm("doctor-imds").await?;
    let change = MetadataChange { enabled: Some(false), ..MetadataChange::default() };
    ensure!(story.simulator.imds_options(&machine.instance, change), "there is no such instance");
    machine.boot().await?;
    machine.wait_for("node-gate.service", "activating").await?;
    let off = "FAIL imds gives no usable answer, so the gate would hold: HTTP 403";
    finds(&machine, &[off]).await?;
    let change = MetadataChange { enabled: Some(true), ..MetadataChange::default() };
    ensure!(story.simulator.imds_options(&machine.instance, change), "there is no such instance");
    finds(&machine, &[]).await?;
    story.end(machine).await
}
