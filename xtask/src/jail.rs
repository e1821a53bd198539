//! Nothing that xtask starts may survive it, however it ends: Ctrl-C, SIGTERM, SIGKILL.
//!
//! ```text
//! xtask            any signal ends it; then the kernel kills …
//! └ unshare        … this one (setpriv --pdeathsig KILL), and with it …
//!   └ xtask        … this one (--kill-child=KILL), process 1 of its own pid namespace, and with it …
//!     └ cargo, etcd, kube-apiserver, …     … all of these
//! ```
//!
//! The outer xtask does nothing but wait. It cannot be `unshare` itself: that one blocks SIGTERM and SIGINT while its
//! child runs, and process 1 of a namespace takes no signal that it has no handler for.
//!
//! Only folders in the cgroups outlive their processes; [`crate::cgroups`] sees to those.
//!
//! The mount namespace that goes with it holds the scratch folder, a tmpfs: it vanishes with the last process. Where
//! neither root nor user namespaces are to be had, each child is bound to its parent by `setpriv` instead.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, bail};

use crate::cgroups::{Keeper, RUN};
use crate::os::on_path;

/// Tells the inner xtask which kind of jail it runs in; tests set it to `bound` to get the weaker one.
const KIND: &str = "NODE_GATE_XTASK_JAIL";

/// The kind of jail we are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jail {
    /// Namespaces made by root.
    Root,
    /// Namespaces made by a user, who only looks like root in them.
    User,
    /// No namespaces: every child dies with its parent.
    Bound,
}

/// Where `enter` left us.
#[derive(Debug)]
pub(crate) enum Entered {
    /// In the jail.
    Inside(Jail),
    /// Outside; the same command ran in the jail and ended like this.
    RanInside(ExitCode),
}

/// Runs this very command in the strongest jail to be had here, or tells that this is it.
pub(crate) fn enter() -> anyhow::Result<Entered> {
    match env::var(KIND).as_deref() {
        Ok("root") => return Ok(Entered::Inside(Jail::Root)),
        Ok("user") => return Ok(Entered::Inside(Jail::User)),
        Ok("bound") => return Ok(Entered::Inside(Jail::Bound)),
        Ok(_) | Err(_) => {}
    }
    let kinds: [(&str, &[&str]); 2] = [("root", &[]), ("user", &["--user", "--map-root-user"])];
    let Some((kind, flags)) = kinds.into_iter().find(|(_, flags)| succeeds(unshare(flags, "true"))) else {
        return Ok(Entered::Inside(Jail::Bound));
    };
    // dropped, and with that done, when all inside is gone
    let keeper = Keeper::start();
    let mut inside = unshare(flags, env::current_exe()?);
    let status = inside.args(env::args_os().skip(1)).env(KIND, kind).env(RUN, keeper.run()).status()?;
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Ok(Entered::RanInside(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)))
}

/// True for the xtask that the user started.
pub(crate) fn is_outside() -> bool {
    env::var_os(KIND).is_none()
}

fn unshare(flags: &[&str], program: impl AsRef<OsStr>) -> Command {
    let mut command = bound("unshare");
    command
        .args(flags)
        .args(["--pid", "--fork", "--kill-child=KILL", "--mount", "--mount-proc"])
        .arg(program);
    command
}

fn succeeds(mut command: Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A command whose process the kernel kills when we end.
pub(crate) fn bound(program: impl AsRef<OsStr>) -> Command {
    if on_path("setpriv").is_none() {
        // not a util-linux system; Ctrl-C still reaches everything
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

/// A folder for everything that shall not outlive the run.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    remove: bool,
}

impl Scratch {
    /// Makes it. In namespaces it is a tmpfs over a folder that stays empty for everybody else.
    pub(crate) fn new(jail: Jail, cache: &Path) -> anyhow::Result<Self> {
        let scratch = match jail {
            Jail::Root | Jail::User => Scratch { path: cache.join("scratch"), remove: false },
            Jail::Bound => {
                remove_abandoned(cache)?;
                Scratch { path: cache.join(format!("{BOUND}{}", std::process::id())), remove: true }
            }
        };
        fs::create_dir_all(&scratch.path).with_context(|| format!("creating {}", scratch.path.display()))?;
        if !scratch.remove {
            let status = Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(&scratch.path).status()?;
            if !status.success() {
                bail!("mounting a tmpfs on {}: {status}", scratch.path.display());
            }
        }
        Ok(scratch)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.remove {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

const BOUND: &str = "scratch-";

/// Removes the scratch folders of runs that were killed.
fn remove_abandoned(cache: &Path) -> anyhow::Result<()> {
    let Ok(entries) = fs::read_dir(cache) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.strip_prefix(BOUND)) else { continue };
        if !Path::new("/proc").join(pid).exists() {
            fs::remove_dir_all(entry.path())
                .with_context(|| format!("removing {}", entry.path().display()))?;
        }
    }
    Ok(())
}
