//! The root folder of the machines: Debian, unpacked once by debootstrap, kept in the cache.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::cache;
use crate::run::{Context, check, output};
use crate::steps::Steps;

/// Where the tests look for it.
pub(crate) const VARIABLE: &str = "NODE_GATE_ROOT_FOLDER";

/// systemd 252, as Amazon Linux 2023 has it.
const RELEASE: &str = "bookworm";

/// What a node has, and what the stories use on it: nft cuts connections, busybox becomes an image.
const PACKAGES: [&str; 11] = [
    "systemd",
    "systemd-sysv",
    "dbus",
    "iproute2",
    "procps",
    "ca-certificates",
    "containerd",
    "runc",
    "containernetworking-plugins",
    "busybox-static",
    "nftables",
];

/// Unpacks it, if need be, and tells where it is.
pub(crate) fn unpack(context: &Context, steps: &mut Steps) -> anyhow::Result<PathBuf> {
    let packages = PACKAGES.join(",");
    let dir = cache::entry(&context.cache, "root-folder", &cache::hash(&[RELEASE, &packages]))?;
    let root = dir.join("root");
    if root.is_dir() {
        return Ok(root);
    }
    let unfinished = dir.join(format!(".unfinished-{}", std::process::id()));
    steps.run_quiet("node: unpack the machines' root folder", || {
        let mut debootstrap = context.command("debootstrap");
        debootstrap.args(["--variant=minbase", &format!("--include={packages}"), RELEASE]).arg(&unfinished);
        debootstrap.args(mirror(context));
        check(&mut debootstrap)?;
        // packages that are unpacked are needed no more
        let archives = unfinished.join("var/cache/apt/archives");
        fs::remove_dir_all(&archives).with_context(|| format!("emptying {}", archives.display()))?;
        fs::rename(&unfinished, &root).context("putting the root folder in its place")
    })?;
    Ok(root)
}

/// Where this machine has its own packages from, if it is a Debian; otherwise debootstrap knows one.
fn mirror(context: &Context) -> Option<String> {
    let mut targets = context.command("apt-get");
    targets.args(["indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages"]);
    let targets = output(&mut targets).ok()?;
    let site = targets.lines().find_map(|line| line.strip_suffix(RELEASE))?;
    Some(site.trim().to_owned())
}
