//! A machine that bakes images: units and files in every wrong way.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use e2e::machine::{Machine, NodeStory};
use serde_json::Value;

use super::{DROP_IN, NOT_HELD, doctor, finds, serving};

const FOLDER: &str = "cd /etc/systemd/system/kubelet.service.d; ";

/// Nothing on it starts kubelet, as on a machine that bakes images: what systemd knows can be changed without consequences.
async fn baking(name: &str) -> anyhow::Result<(NodeStory, Machine)> {
    let (story, mut machine) = serving(name).await?;
    fs::remove_file(machine.file("/etc/systemd/system/multi-user.target.wants/kubelet.service"))?;
    machine.boot().await?;
    machine.wait_for("multi-user.target", "active").await?;
    Ok((story, machine))
}

/// Runs `spoil`, checks what the doctor finds, and runs `mend`; then it must find nothing again.
async fn spoilt(machine: &Machine, spoil: &str, problems: &[&str], mend: &str) -> anyhow::Result<()> {
    machine.shell(&format!("{spoil}\nsystemctl daemon-reload")).await?;
    finds(machine, problems).await.with_context(|| format!("after {spoil}"))?;
    machine.shell(&format!("{mend}\nsystemctl daemon-reload")).await?;
    finds(machine, &[]).await.with_context(|| format!("after {mend}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_a_drop_in_that_is_missing_hidden_or_not_enough() -> anyhow::Result<()> {
    let (story, machine) = baking("doctor-drop-in").await?;
    let (_, text) = doctor(&machine, &[]).await?;
    ensure!(text.contains("ok    gate             was not asked for in this boot\n"), "{text}");
    let file = "50-node-gate.conf";
    let drop_in =
        |spoil: &str, problem: &str| (format!("{FOLDER}cp {file} /root; {spoil}"), problem.to_owned());
    for (spoil, problem) in [
        drop_in(&format!("rm {file}"), &format!("{NOT_HELD}it has no drop-in of the gate")),
        drop_in(
            &format!("echo > {file}"),
            &format!("{NOT_HELD}{DROP_IN} applies but names no node-gate.service"),
        ),
        drop_in(
            &format!(
                "mkdir -p /usr/lib/systemd/system/kubelet.service.d; mv {file} /usr/lib/systemd/system/kubelet.service.d; ln -s /dev/null {file}"
            ),
            &format!(
                "{NOT_HELD}{DROP_IN} hides /usr/lib/systemd/system/kubelet.service.d/{file}, and names no"
            ),
        ),
        drop_in(
            &format!("sed -i /^After=/d {file}"),
            "FAIL kubelet.service requires the gate but does not wait for it",
        ),
        drop_in(
            &format!("sed -i /^Requires=/d {file}"),
            "FAIL kubelet.service comes after the gate but does not require",
        ),
        drop_in(&format!("sed -i s/^Requires=/Wants=/ {file}"), "FAIL kubelet.service only wants the gate"),
        drop_in(
            &format!("sed -i /^OnFailure=/d {file}"),
            "warn re-arm kubelet.service has no OnFailure= of ours",
        ),
    ] {
        let mend =
            format!("{FOLDER}rm -rf {file} /usr/lib/systemd/system/kubelet.service.d; cp /root/{file} .");
        spoilt(&machine, &spoil, &[&problem], &mend).await?;
    }
    // A later drop-in takes no dependency back, whatever it looks like: systemd has no such thing.
    let later = format!("{FOLDER}printf '[Unit]\\nRequires=\\nAfter=\\n' > 99-later.conf");
    spoilt(&machine, &later, &[], &format!("{FOLDER}rm 99-later.conf")).await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_a_gate_that_is_masked_missing_or_altered() -> anyhow::Result<()> {
    let (story, machine) = baking("doctor-gate").await?;
    let unit = "/usr/lib/systemd/system/node-gate.service";
    let altered = |line: &str| format!("mkdir -p {unit}.d; printf '[Service]\\n{line}\\n' > {unit}.d/x.conf");
    let away = format!("rm {unit}.d/x.conf");
    spoilt(
        &machine,
        "systemctl mask node-gate.service",
        &["FAIL gate unit node-gate.service is masked"],
        "systemctl unmask node-gate.service",
    )
    .await?;
    spoilt(
        &machine,
        &format!("mv {unit} /root"),
        &["FAIL gate unit there is no node-gate.service"],
        &format!("mv /root/node-gate.service {unit}"),
    )
    .await?;
    for (line, problem) in [
        ("RemainAfterExit=no", "FAIL gate unit RemainAfterExit= is not yes"),
        ("TimeoutStartSec=90", "FAIL gate unit TimeoutStartSec= is not infinity"),
        ("Type=oneshot", "FAIL gate unit Type= is not notify"),
        (
            "ExecStart=\\nExecStart=-/usr/bin/node-gate wait",
            "FAIL gate unit ExecStart= is not node-gate wait alone",
        ),
    ] {
        spoilt(&machine, &altered(line), &[problem], &away).await?;
    }
    spoilt(
        &machine,
        &altered("ExecStart="),
        &["FAIL gate unit systemd does not load node-gate.service: bad-setting"],
        &away,
    )
    .await?;
    spoilt(
        &machine,
        "systemctl mask node-gate-rearm@kubelet.service",
        &["warn re-arm node-gate-rearm@kubelet.service is masked"],
        "systemctl unmask node-gate-rearm@kubelet.service",
    )
    .await?;
    spoilt(
        &machine,
        "mv /usr/lib/systemd/system/node-gate-rearm@.service /root",
        &["warn re-arm node-gate-rearm@kubelet.service is not there"],
        "mv /root/node-gate-rearm@.service /usr/lib/systemd/system",
    )
    .await?;
    spoilt(
        &machine,
        "chmod 0700 /usr/bin/node-gate",
        &["FAIL program /usr/bin/node-gate is not executable for everybody"],
        "chmod 0755 /usr/bin/node-gate",
    )
    .await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_a_wrong_name_of_the_unit() -> anyhow::Result<()> {
    let (story, machine) = baking("doctor-name").await?;
    let units = "cd /etc/systemd/system; ";
    spoilt(
        &machine,
        &format!("{units}mv kubelet.service snap.kubelet-eks.daemon.service"),
        &["FAIL snap.kubelet-eks.daemon.service is not held: it has no drop-in of the gate; one is there for kubelet.service, which"],
        &format!("{units}mv snap.kubelet-eks.daemon.service kubelet.service"),
    )
    .await?;
    spoilt(
        &machine,
        &format!("{units}mv kubelet.service k3s-agent.service"),
        &["FAIL held unit there is nothing to hold: no unit kubelet.service, snap.kubelet-eks.daemon.service, ecs.service"],
        &format!("{units}mv k3s-agent.service kubelet.service"),
    )
    .await?;
    let (code, text) = doctor(&machine, &["--unit", "k3s-agent"]).await?;
    ensure!(
        code == Some(1) && text.contains("FAIL  k3s-agent.service  there is no unit of this name\n"),
        "{text}"
    );
    // A unit with a drop-in of ours is found by it.
    machine
        .shell(&format!("{units}cp kubelet.service k3s-agent.service; cp -r kubelet.service.d k3s-agent.service.d; systemctl daemon-reload"))
        .await?;
    let (code, text) = doctor(&machine, &[]).await?;
    ensure!(code == Some(0) && text.contains("ok    k3s-agent.service  starts only after"), "{text}");
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_knows_the_non_blocking_variant_and_a_mixture() -> anyhow::Result<()> {
    let (story, machine) = baking("doctor-variant").await?;
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd/non-blocking");
    let bring = |path: &str| -> anyhow::Result<()> {
        machine.write(&format!("/etc/systemd/system/{path}"), &fs::read_to_string(shipped.join(path))?)
    };
    machine.shell("cp -r /etc/systemd/system/kubelet.service.d /root").await?;
    let back = "cp /root/kubelet.service.d/* /etc/systemd/system/kubelet.service.d";
    bring("kubelet.service.d/50-node-gate.conf")?;
    let unstarted =
        "FAIL kubelet.service waits for the record of the opening, and the gate does not start it";
    spoilt(&machine, "", &[unstarted], back).await?;
    bring("node-gate.service.d/50-non-blocking.conf")?;
    let both = "warn kubelet.service is held in both ways";
    machine.shell("systemctl daemon-reload").await?;
    finds(&machine, &[both]).await?;
    bring("kubelet.service.d/50-node-gate.conf")?;
    machine.shell("systemctl daemon-reload").await?;
    finds(&machine, &[]).await?;
    machine.configure("NODE_GATE_UNIT=ecs.service")?;
    finds(&machine, &[unstarted]).await?;
    machine.configure("NODE_GATE_UNIT=kubelet.service")?;
    finds(&machine, &[]).await?;

    machine.shell("systemctl start kubelet.service").await?;
    machine.wait_for("kubelet.service", "active").await?;
    machine.wait_for("node-gate.service", "active").await?;
    finds(&machine, &[]).await?;
    let (_, text) = doctor(&machine, &[]).await?;
    ensure!(
        text.contains("ok    kubelet.service  is started by the gate when it opens (non-blocking)"),
        "{text}"
    );
    ensure!(text.contains("ok    gate             open: target InService\n"), "{text}");
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_reads_environment_files_as_the_doctor_does() -> anyhow::Result<()> {
    let (story, machine) = baking("doctor-syntax").await?;
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node-gate/src/doctor/environment/cases.json");
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(cases)?)?;
    machine.write(
        "/etc/systemd/system/show.service",
        "[Service]\nType=oneshot\nEnvironmentFile=/etc/case.env\nExecStart=/usr/bin/env -0\n\
         StandardOutput=truncate:/run/shown\n",
    )?;
    machine.shell("systemctl daemon-reload").await?;
    for case in cases {
        let file = case["file"].as_str().context("a case has a file")?;
        machine.write("/etc/case.env", file)?;
        machine.shell("systemctl start show.service").await?;
        let shown = machine.run(&["cat", "/run/shown"]).await?;
        let value = shown.split('\0').find_map(|one| one.strip_prefix("A="));
        assert_eq!(value, case["a"].as_str(), "{file:?}");
    }
    story.end(machine).await
}
