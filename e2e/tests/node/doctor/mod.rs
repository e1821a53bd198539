//! The doctor on real machines: what it says in each state, and that systemd is as it takes for granted.

mod bake;
mod live;

use anyhow::ensure;
use e2e::machine::{Machine, NodeStory};

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

/// The same for a machine in service.
async fn serving(name: &str) -> anyhow::Result<(NodeStory, Machine)> {
    let story = NodeStory::new(name).await?;
    story.group("workers").max(1).desired(1).create().await?;
    let instance = story.instance("InService").await?;
    let machine = story.machine(&instance).await?;
    Ok((story, machine))
}
