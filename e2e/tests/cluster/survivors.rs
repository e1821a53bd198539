//! Nothing that a test run starts survives it: here the real xtask with a whole control plane, killed.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, ensure};
use e2e::process::command;
use e2e::story::LONG;
use e2e::tools::built;
use e2e::wait::eventually;
use tokio::io::{AsyncBufReadExt, BufReader};

/// The processes whose command line names our folder: every part of a control plane keeps its files there.
fn running(marker: &str) -> anyhow::Result<Vec<PathBuf>> {
    let processes = fs::read_dir("/proc")?.filter_map(|entry| Some(entry.ok()?.path()));
    let is_ours = |process: &PathBuf| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(marker)
    };
    Ok(processes.filter(is_ours).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_does_not_survive_the_sigkill_of_xtask() -> anyhow::Result<()> {
    let marker = format!("survivors-{}", std::process::id());
    let mut xtask = command(built("xtask")?);
    // the shell stays between, as cargo does; the bed's input stays open as long as the shell lives
    let script = format!("sleep 600 | {} \"$SCRATCH\"/{marker}", built("bed")?.display());
    xtask.args(["hold", "sh", "-c", &script]).env_remove("NODE_GATE_XTASK_JAIL").stdout(Stdio::piped());
    let mut xtask = xtask.spawn()?;
    let mut lines = BufReader::new(xtask.stdout.take().context("its output")?).lines();
    assert_eq!(lines.next_line().await?.as_deref(), Some("ready"));
    // etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok, and the bed
    ensure!(running(&marker)?.len() >= 6, "only {:?} run", running(&marker)?);
    xtask.kill().await?;
    eventually("nothing of it is left", LONG, async || {
        let left = running(&marker)?;
        ensure!(left.is_empty(), "{left:?}");
        Ok(())
    })
    .await
}
