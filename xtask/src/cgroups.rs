//! What machines leave in the cgroups is removed, however we end: folders there belong to no process and no namespace that
//! could take them along.

use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::os::on_path;

/// Names the run, so that nobody removes what belongs to another one; the machines' folders begin with it.
pub(crate) const RUN: &str = "NODE_GATE_RUN";

/// All runs' names begin so.
pub(crate) const PREFIX: &str = "node-gate-e2e-";

/// Waits until whoever started it is gone, and then for the last process to leave each folder. It needs nothing but a shell.
const KEEPER: &str = r#"
    trap '' HUP INT QUIT TERM
    read -r _
    tries=0
    while [ $tries -lt 100 ]; do
        find /sys/fs/cgroup -mindepth 2 -depth -type d -path "*/$1-*" -exec rmdir {} + 2>/dev/null
        find /sys/fs/cgroup -mindepth 2 -maxdepth 2 -type d -name "$1-*" | grep -q . || exit 0
        tries=$((tries + 1))
        sleep 0.1
    done"#;

/// Has them removed after our end, from outside of the jail. Dropping it waits until that is done.
#[derive(Debug)]
pub(crate) struct Keeper {
    keeper: Option<Child>,
    run: String,
}

impl Keeper {
    /// Starts it. Without `setsid` there are no machines either.
    pub(crate) fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let run = format!("{PREFIX}{}-{}", std::process::id(), since.as_nanos());
        let keeper = on_path("setsid").and_then(|setsid| {
            let mut keeper = Command::new(setsid);
            keeper.args(["sh", "-c", KEEPER, "keeper", &run]);
            // a survivor that held our outputs would make whoever reads them wait for it
            keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            keeper.spawn().ok()
        });
        Keeper { keeper, run }
    }

    /// The run's name, for [`RUN`].
    pub(crate) fn run(&self) -> &str {
        &self.run
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}
