//! A Python with exactly the packages that a file pins, in the user's cache.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::cache;
use crate::os;
use crate::run::{Context, check, output};
use crate::steps::Steps;

/// Written once all packages are in: an environment without it was not finished.
const COMPLETE: &str = ".complete";

/// A virtual environment.
#[derive(Debug)]
pub(crate) struct Python {
    program: PathBuf,
}

impl Python {
    /// The environment with the packages of a requirements file, made if it is missing.
    pub(crate) fn with(context: &Context, steps: &mut Steps, requirements: &Path) -> anyhow::Result<Self> {
        if !can_make_environments(context) {
            os::install(context, &os::PYTHON)?;
        }
        let pinned = fs::read_to_string(requirements)
            .with_context(|| format!("reading {}", requirements.display()))?;
        // packages with compiled parts fit one version
        let version =
            output(context.command("python3").args(["-c", "import sys; print(sys.version, sys.prefix)"]))?;
        let dir = cache::entry(&context.cache, "python", &cache::hash(&[pinned, version]))?;
        let python = Python { program: dir.join("venv/bin/python") };
        // scripts name the place where they were installed: it cannot be made elsewhere and renamed
        let lock = File::create(dir.join(".lock")).context("creating a lock")?;
        lock.lock().context("waiting for another that makes the same")?;
        if dir.join(COMPLETE).is_file() {
            return Ok(python);
        }
        steps.run_quiet("client: install boto3 and aws-cli", || {
            check(context.command("python3").args(["-m", "venv", "--clear"]).arg(dir.join("venv")))?;
            let mut pip = context.command(&python.program);
            pip.args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--require-hashes",
                "-r",
            ]);
            check(pip.arg(requirements))?;
            File::create(dir.join(COMPLETE)).context("marking the environment as complete")?;
            Ok(())
        })?;
        Ok(python)
    }

    /// A command that runs a script, and leaves nothing beside it.
    pub(crate) fn script(&self, context: &Context, script: &Path) -> Command {
        let mut command = context.command(&self.program);
        command.arg(script).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

fn can_make_environments(context: &Context) -> bool {
    let mut probe = context.command("python3");
    probe.args(["-c", "import venv, ensurepip"]).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}
