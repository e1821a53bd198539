//! Where things are, and how programs are run.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};

use crate::cache;
use crate::jail::{Jail, Scratch, bound};

/// What every step needs to know.
#[derive(Debug)]
pub(crate) struct Context {
    /// The workspace.
    pub(crate) root: PathBuf,
    /// Our folder in the user's cache.
    pub(crate) cache: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
    jail: Jail,
    scratch: Scratch,
}

impl Context {
    /// Finds everything and makes the scratch folder.
    pub(crate) fn new(jail: Jail) -> anyhow::Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().context("xtask lies in the workspace")?.to_owned();
        let cache = cache::dir()?;
        fs::create_dir_all(&cache).with_context(|| format!("creating {}", cache.display()))?;
        let scratch = Scratch::new(jail, &cache)?;
        let target = cache::target_dir(&root, &cache)?;
        Ok(Context { root, cache, target, jail, scratch })
    }

    /// A folder that vanishes with us.
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// True if we may install packages: root, and not only in a namespace of our own.
    pub(crate) fn is_root(&self) -> bool {
        match self.jail {
            Jail::Root => true,
            Jail::User => false,
            Jail::Bound => {
                fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
            }
        }
    }

    /// A command in the workspace that dies with us.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = match self.jail {
            Jail::Root | Jail::User => Command::new(program),
            Jail::Bound => bound(program),
        };
        command.current_dir(&self.root);
        command
    }

    /// A cargo command; `cargo` itself must not leave the jail's promise to what it starts.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = self.command(cargo);
        command.args(args).env("CARGO_TARGET_DIR", &self.target);
        if self.jail == Jail::Bound {
            let arch = env::consts::ARCH.to_uppercase();
            command.env(format!("CARGO_TARGET_{arch}_UNKNOWN_LINUX_GNU_RUNNER"), "setpriv --pdeathsig KILL");
        }
        command
    }

    /// Runs a command as a step would, for those who test that nothing survives.
    pub(crate) fn hold(&self, command: &[OsString]) -> anyhow::Result<ExitCode> {
        let (program, args) = command.split_first().context("no command")?;
        check(self.command(program).args(args).env("SCRATCH", self.scratch()))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Fails if a file cannot be written, so that nobody learns it only after a long run. What is there stays as it is.
pub(crate) fn writable(file: &Path) -> anyhow::Result<()> {
    let is_new = !file.exists();
    let open = fs::OpenOptions::new().append(true).create(true).open(file);
    open.with_context(|| format!("{} cannot be written", file.display()))?;
    if is_new {
        fs::remove_file(file).with_context(|| format!("removing {}", file.display()))?;
    }
    Ok(())
}

/// Runs a command to its end, its output going where ours goes.
pub(crate) fn check(command: &mut Command) -> anyhow::Result<()> {
    let text = text(command);
    let status = command.status().with_context(|| format!("running {text}"))?;
    if !status.success() {
        bail!("{text}: {status}");
    }
    Ok(())
}

/// Runs a command to its end and returns what it printed.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let text = text(command);
    let output = command.output().with_context(|| format!("running {text}"))?;
    if !output.status.success() {
        bail!("{text}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn text(command: &Command) -> String {
    let name = |path: &OsStr| Path::new(path).file_name().unwrap_or(path).to_string_lossy().into_owned();
    let words = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    [name(command.get_program())].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_a_file_can_be_written_is_known_before_and_changes_nothing() {
        let file = env::temp_dir().join(format!("node-gate-writable-{}", std::process::id()));
        writable(&file).unwrap();
        assert!(!file.exists());
        fs::write(&file, "kept").unwrap();
        writable(&file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
        fs::remove_file(&file).unwrap();
        assert!(writable(&file.join("below")).is_err());
        assert!(writable(&env::temp_dir()).is_err());
    }
}
