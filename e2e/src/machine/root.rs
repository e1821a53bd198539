//! A machine's root folder: what xtask unpacked once, read-only, and above it what this machine writes.
//!
//! It outlives a reboot and a power-off, as a disk does.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command as Blocking;

use anyhow::{Context, ensure};

use crate::process::{command, output};

/// Names the folder that xtask unpacked.
const UNPACKED: &str = "NODE_GATE_ROOT_FOLDER";

/// The mounted folder; dropping it unmounts and empties it.
#[derive(Debug)]
pub(super) struct Root {
    dir: PathBuf,
}

impl Root {
    /// Mounts one in the empty or missing folder `dir`, which must lie on a tmpfs.
    pub(super) async fn mount(dir: &Path) -> anyhow::Result<Self> {
        let unpacked = std::env::var(UNPACKED)
            .with_context(|| format!("{UNPACKED} is not set: use `cargo xtask test node`"))?;
        let root = Root { dir: dir.to_owned() };
        for part in ["upper", "work", "root"] {
            let part = dir.join(part);
            fs::create_dir_all(&part).with_context(|| format!("creating {}", part.display()))?;
        }
        let mut mount = command("mount");
        let (upper, work) = (dir.join("upper"), dir.join("work"));
        mount.args(["-t", "overlay", "overlay", "-o"]).arg(format!(
            "lowerdir={unpacked},upperdir={},workdir={}",
            upper.display(),
            work.display()
        ));
        mount.arg(root.path());
        output(mount).await?;
        // a first boot
        root.write("/etc/machine-id", "")?;
        // no kernel log in a container; kubelet wants one
        root.write("/etc/tmpfiles.d/kmsg.conf", "L /dev/kmsg - - - - /dev/console\n")?;
        Ok(root)
    }

    /// Where it is, for us.
    pub(super) fn path(&self) -> PathBuf {
        self.dir.join("root")
    }

    /// The path by which we reach a machine's file.
    pub(super) fn file(&self, path: &str) -> PathBuf {
        self.path().join(path.trim_start_matches('/'))
    }

    /// Writes a file, with the folders it needs.
    pub(super) fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let file = self.file(path);
        let folder = file.parent().context("a file lies in a folder")?;
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&file, text))
            .with_context(|| format!("writing {}", file.display()))
    }

    /// Writes a program.
    pub(super) fn write_script(&self, path: &str, text: &str) -> anyhow::Result<()> {
        self.write(path, text)?;
        fs::set_permissions(self.file(path), fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    /// Installs a program without what only a debugger needs: the machine's disk is memory.
    pub(super) async fn install(&self, program: &Path, path: &str) -> anyhow::Result<()> {
        let mut strip = command("strip");
        strip.arg("-o").arg(self.file(path)).arg(program);
        output(strip).await.map(drop)
    }

    /// Starts a unit at boot.
    pub(super) fn enable(&self, unit: &str) -> anyhow::Result<()> {
        let wants = self.file("/etc/systemd/system/multi-user.target.wants");
        fs::create_dir_all(&wants)?;
        symlink(format!("/etc/systemd/system/{unit}"), wants.join(unit))
            .with_context(|| format!("enabling {unit}"))
    }

    /// Fails with what to do if our programs, built for this machine, do not run on that one.
    pub(super) async fn runs(&self, program: &str) -> anyhow::Result<()> {
        let mut run = command("chroot");
        run.arg(self.path()).args([program, "--version"]);
        let ran = run.output().await.context("running chroot")?;
        ensure!(
            ran.status.success(),
            "{program} does not run in the machine: it is linked with a newer C library than Debian 12's: {}",
            String::from_utf8_lossy(&ran.stderr).trim()
        );
        Ok(())
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // lazily: whatever still has a file open there is about to end
        let _ = Blocking::new("umount").arg("--lazy").arg(self.path()).status();
        let _ = fs::remove_dir_all(&self.dir);
    }
}
