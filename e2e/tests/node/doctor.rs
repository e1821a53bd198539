//! The doctor on real machines: what it says in each state, and that systemd is as it takes for granted.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use aws_simulator::MetadataChange;
use e2e::group::{Group, Pool};
use e2e::machine::{Machine, NodeStory};
use serde_json::Value;

const DROP_IN: &str = "/etc/systemd/system/kubelet.service.d/50-node-gate.conf";
const NOT_HELD: &str = "FAIL kubelet.service is not held: ";

/// What the doctor prints, with the instance's id as ID, and its exit code.
async fn doctor(machine: &Machine, args: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
    let output = machine.output(&[&["node-gate", "doctor"], args].concat()).await?;
    ensure!(output.stderr.is_empty(), "it complains: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?.replace(&machine.instance, "ID");
    Ok((output.status.code(), text))
}

/// The doctor finds these and no other problems; each is the beginning of a line, with one blank between columns.
async fn finds(machine: &Machine, problems: &[&str]) -> anyhow::Result<()> {
    let (code, text) = doctor(machine, &[]).await?;
    let is_problem = |line: &&str| line.starts_with("FAIL") || line.starts_with("warn");
    let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let found: Vec<_> = text.lines().filter(is_problem).map(plain).collect();
    let as_expected = found.len() == problems.len()
        && found.iter().zip(problems).all(|(line, beginning)| line.starts_with(beginning));
    ensure!(as_expected, "expected {problems:#?}, found {text}");
    let fails = problems.iter().any(|line| line.starts_with("FAIL"));
    ensure!(code == Some(i32::from(fails)), "it ended with {code:?}: {text}");
    Ok(())
}

/// A machine of the warm pool, off; its gate would hold.
async fn warm(name: &str) -> anyhow::Result<(NodeStory, Group, Machine)> {
    let story = NodeStory::new(name).await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let instance = story.instance("Warmed:Running").await?;
    let machine = story.machine(&instance).await?;
    Ok((story, group, machine))
}

/// The same for a machine in service.
async fn serving(name: &str) -> anyhow::Result<(NodeStory, Machine)> {
    let story = NodeStory::new(name).await?;
    story.group("workers").max(1).desired(1).create().await?;
    let instance = story.instance("InService").await?;
    let machine = story.machine(&instance).await?;
    Ok((story, machine))
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

const FOLDER: &str = "cd /etc/systemd/system/kubelet.service.d; ";

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
