//! Where the real programs of the bed are. `cargo xtask tools` builds them.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The folder with the programs that xtask built.
pub const TOOLS_DIR: &str = "NODE_GATE_TOOLS";

/// A folder with other builds of our own programs, to be run in place of those beside the running one: the release builds,
/// where they are what is measured.
pub const PROGRAMS_DIR: &str = "NODE_GATE_PROGRAMS";

/// The variable with promtool's path.
const PROMTOOL: &str = "NODE_GATE_PROMTOOL";

/// Programs that a kubebuilder installation has too; if `KUBEBUILDER_ASSETS` names one, its programs are used.
const KUBEBUILDER: [&str; 3] = ["kube-apiserver", "etcd", "kubectl"];

/// The path of one of the bed's programs: `etcd`, `kube-apiserver`, `kubectl`, `helm`, `kwok`, …
pub fn tool(name: &str) -> anyhow::Result<PathBuf> {
    if KUBEBUILDER.contains(&name)
        && let Some(path) = env::var_os("KUBEBUILDER_ASSETS").map(|dir| Path::new(&dir).join(name))
        && path.is_file()
    {
        return Ok(path);
    }
    let dir = env::var_os(TOOLS_DIR).with_context(|| format!("{TOOLS_DIR} is not set: use `cargo xtask`"))?;
    let path = Path::new(&dir).join(name);
    if !path.is_file() {
        bail!("{} is missing: run `cargo xtask tools`", path.display());
    }
    Ok(path)
}

/// The path of promtool, which xtask builds by itself.
pub fn promtool() -> anyhow::Result<PathBuf> {
    env::var_os(PROMTOOL)
        .map(PathBuf::from)
        .with_context(|| format!("{PROMTOOL} is not set: use `cargo xtask`"))
}

/// One of our own programs, beside the running one: `target/debug/node-gate` for `target/debug/deps/cluster-…`.
///
/// xtask builds the whole workspace first; `cargo test` alone would leave other packages' programs stale.
/// [`PROGRAMS_DIR`] names others.
pub fn built(name: &str) -> anyhow::Result<PathBuf> {
    if let Some(dir) = env::var_os(PROGRAMS_DIR) {
        let path = Path::new(&dir).join(name);
        if !path.is_file() {
            bail!("{} is missing, and {PROGRAMS_DIR} says that it is there", path.display());
        }
        return Ok(path);
    }
    beside(name)
}

/// One of the bed's own programs, beside the running one: whatever is measured, the bed is the same.
pub fn beside(name: &str) -> anyhow::Result<PathBuf> {
    let here = env::current_exe().context("finding the running program")?;
    let path = here.ancestors().skip(1).take(2).map(|dir| dir.join(name)).find(|path| path.is_file());
    path.with_context(|| format!("{name} is not built: run `cargo build --workspace`"))
}

/// Finds a program of the operating system.
pub fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(name)).find(|path| path.is_file())
}
