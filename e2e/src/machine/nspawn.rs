//! systemd-nspawn: a machine's processes, with systemd as the first of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::process::{Process, command};

/// nspawn's exit code when the machine wants to boot again, if somebody else keeps its unit.
pub(super) const REBOOT: i32 = 133;

/// Names the run; xtask removes what begins so in the cgroups, also after we were killed.
const RUN: &str = "NODE_GATE_RUN";

/// A machine's folder in each hierarchy of cgroups.
fn cgroup(machine: &str) -> String {
    let run = std::env::var(RUN).unwrap_or_else(|_| "node-gate-e2e".to_owned());
    format!("{run}-{machine}")
}

/// How a machine is started.
pub(super) struct Start<'a> {
    pub(super) name: &'a str,
    pub(super) root: &'a Path,
    pub(super) network: &'a Path,
    /// Files of ours that it sees: (here, there).
    pub(super) files: &'a [(PathBuf, String)],
    pub(super) console: &'a Path,
}

impl Start<'_> {
    /// Starts systemd; what comes on its console is appended to the file.
    pub(super) fn run(&self) -> anyhow::Result<Process> {
        let mut command = command("sh");
        // nspawn makes folders beside where it is: it must be in one of our own, in each hierarchy
        command.args(["-c", ENTER_CGROUPS, "sh", &cgroup(self.name)]);
        command.args(["systemd-nspawn", "--quiet", "--boot", "--console=read-only"]);
        // nobody here registers machines or makes scopes for them
        command.args(["--register=no", "--keep-unit"]);
        command.args(["--capability=all", "--system-call-filter=@keyring bpf"]);
        command.arg(format!("--machine={}", self.name));
        command.arg(format!("--directory={}", self.root.display()));
        command.arg(format!("--network-namespace-path={}", self.network.display()));
        for (here, there) in self.files {
            command.arg(format!("--bind-ro={}:{there}", here.display()));
        }
        Process::spawn(self.name, command, self.console)
    }
}

const ENTER_CGROUPS: &str = r#"
    name=$1; shift
    for hierarchy in /sys/fs/cgroup/*/; do
        group=$hierarchy$name
        mkdir -p "$group" || exit 1
        if [ -e "$group/cpuset.cpus" ]; then
            cat "${hierarchy}cpuset.cpus" > "$group/cpuset.cpus"
            cat "${hierarchy}cpuset.mems" > "$group/cpuset.mems"
        fi
        echo $$ > "$group/cgroup.procs" || exit 1
    done
    exec "$@"
"#;

/// The machine's first process, by our number for it.
pub(super) fn leader(nspawn: u32) -> anyhow::Result<u32> {
    let file = format!("/proc/{nspawn}/task/{nspawn}/children");
    let children = fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
    let first = children.split_whitespace().next().context("nspawn has not started systemd yet")?;
    Ok(first.parse()?)
}

/// Removes what a machine leaves in the cgroups, once its processes are gone.
pub(super) fn remove_cgroups(machine: &str) {
    const PATIENCE: Duration = Duration::from_secs(10);
    let end = Instant::now() + PATIENCE;
    for hierarchy in fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten() {
        let group = hierarchy.path().join(cgroup(machine));
        while group.exists() && !removed(&group) && Instant::now() < end {
            sleep(Duration::from_millis(20));
        }
    }
}

fn removed(group: &Path) -> bool {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            removed(&entry.path());
        }
    }
    fs::remove_dir(group).is_ok()
}
