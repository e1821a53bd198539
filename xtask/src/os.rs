//! Programs of the operating system that tests and builds need.

use std::env;
use std::path::PathBuf;

use anyhow::bail;

use crate::run::{Context, check};

/// A program and the Debian package that has it.
pub(crate) struct Needed {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

/// For compiling.
pub(crate) const CC: Needed =
    Needed { program: "cc", package: "build-essential", why: "the TLS library is written in C" };
/// For the tests of our units.
pub(crate) const SYSTEMD_ANALYZE: Needed =
    Needed { program: "systemd-analyze", package: "systemd", why: "the tests verify our systemd units" };

/// For the commands of the simulator's page.
pub(crate) const CURL: Needed =
    Needed { program: "curl", package: "curl", why: "the simulator's page shows it" };
/// What the node tier needs.
pub(crate) const FOR_MACHINES: [Needed; 4] = [
    Needed { program: "debootstrap", package: "debootstrap", why: "it unpacks the machines' root folder" },
    Needed { program: "systemd-nspawn", package: "systemd-container", why: "it runs the machines" },
    Needed { program: "ip", package: "iproute2", why: "the machines have networks of their own" },
    Needed { program: "strip", package: "binutils", why: "the machines' disks are memory" },
];

/// For the clients that are not ours. Debian's `python3` alone cannot make a virtual environment.
pub(crate) const PYTHON: Needed = Needed {
    program: "python3 with its venv module",
    package: "python3-venv",
    why: "boto3 and aws-cli are clients of the simulator",
};

/// Makes sure that a program is there: installs it where we may, else says how.
pub(crate) fn ensure(context: &Context, needed: &Needed) -> anyhow::Result<()> {
    if on_path(needed.program).is_some() { Ok(()) } else { install(context, needed) }
}

/// Installs what is missing where we may, else says how.
pub(crate) fn install(context: &Context, needed: &Needed) -> anyhow::Result<()> {
    let Needed { program, package, why } = needed;
    if on_path("apt-get").is_none() {
        bail!("{program} is missing ({why}): install it with your system's package manager");
    }
    if !context.is_root() {
        bail!("{program} is missing ({why}): run `sudo apt-get install --no-install-recommends {package}`");
    }
    println!("installing {package}: {program} is missing ({why})");
    let apt =
        |args: &[&str]| check(context.command("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive"));
    apt(&["update", "-qq"])?;
    apt(&["install", "-qq", "-y", "--no-install-recommends", package])
}

/// Finds a program.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(program)).find(|path| path.is_file())
}
