//! Child processes that never outlive us and whose last words are not lost.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::tools;

/// A running child. It is killed when this is dropped, and by the kernel when we die without dropping anything.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

/// A command for `program` whose process dies with the thread that spawns it.
///
/// The kernel counts threads, not processes: spawn from a runtime's main future or one of its workers, never from
/// `spawn_blocking`, whose threads come and go.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    static SETPRIV: LazyLock<Option<PathBuf>> = LazyLock::new(|| tools::on_path("setpriv"));
    let mut command = match &*SETPRIV {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL"]).arg(program);
            command
        }
        // not a util-linux system: killing on drop has to do
        None => Command::new(program),
    };
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

impl Process {
    /// Starts `command` (see [`command`]); both its outputs are appended to the file `log`.
    pub fn spawn(name: &str, mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let file = File::options().create(true).append(true).open(log);
        let file = file.with_context(|| format!("opening {}", log.display()))?;
        command.stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().with_context(|| format!("starting {name}"))?;
        Ok(Process { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Where its outputs go.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Fails if it has ended, with the end of its log.
    pub fn still_runs(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended early ({status}); {}", self.name, tail(&self.log)),
        }
    }

    /// Waits for its end.
    pub async fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        self.child.wait().await.with_context(|| format!("waiting for {}", self.name))
    }

    /// Kills it with SIGKILL and waits until it is gone.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.with_context(|| format!("killing {}", self.name))
    }

    /// Sends it a signal by name (`TERM`, `STOP`, `CONT`), if it still runs.
    pub async fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let Some(id) = self.id() else { return Ok(()) };
        // the shell's own kill: no unsafe code, no further package
        let status = Command::new("sh").args(["-c", &format!("kill -{signal} {id}")]).status().await?;
        if !status.success() {
            bail!("could not send {signal} to {} (process {id})", self.name);
        }
        Ok(())
    }
}

/// The end of a log, as part of an error message that also names the file.
pub fn tail(log: &Path) -> String {
    const LINES: usize = 15;
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(LINES)..].join("\n    ");
    format!("the end of {}:\n    {last}", log.display())
}

/// Runs a command to its end and returns its standard output; the error carries its standard error. A command that
/// does not end is killed after two minutes.
pub async fn output(mut command: Command) -> anyhow::Result<String> {
    let text = format!("{:?}", command.as_std());
    let ended = timeout(Duration::from_secs(120), command.output()).await;
    let output =
        ended.with_context(|| format!("{text} does not end"))?.with_context(|| format!("running {text}"))?;
    if !output.status.success() {
        bail!("{text}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
