//! One machine with a real systemd, kubelet and containerd, on which the gate is installed as a user installs it.
//!
//! ```text
//! root      its disk: Debian's packages and what this machine writes
//! network   its network namespace, with its metadata service at 169.254.169.254
//! metadata  carries its questions to the metadata service
//! nspawn    its processes
//! inside    commands on it, and what its systemd says
//! node      what makes a Kubernetes node of it
//! image     container images for its pods
//! pod       the pods themselves
//! story     all of it for one test; read its documentation to write one
//! ```
//!
//! A machine does not follow the power of its instance by itself: the story boots it and cuts its power, so that it can look
//! in between.

mod image;
mod inside;
mod metadata;
mod network;
mod node;
mod nspawn;
mod pod;
mod root;
mod story;

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::time::timeout;

use crate::process::{Process, command};
use crate::tools::tool;
use crate::wait::eventually;

use network::Network;
use nspawn::Start;
use root::Root;

pub use network::{BED_ADDRESS, make_bridge};
pub use pod::RunningPod;
pub use story::{NodeStory, Setup};

/// For every wait whose length is not the point.
pub const LONG: Duration = Duration::from_secs(90);

/// A machine; dropping it ends it, however it is.
#[derive(Debug)]
pub struct Machine {
    /// The instance it stands for; also its Node's name.
    pub instance: String,
    // ends first
    running: Option<Running>,
    _metadata: Vec<Process>,
    network: Network,
    root: Root,
    /// Programs of ours that it sees: (here, there).
    programs: Vec<(PathBuf, String)>,
    console: PathBuf,
    logs: PathBuf,
}

#[derive(Debug)]
struct Running {
    nspawn: Process,
    leader: Option<u32>,
}

impl Machine {
    /// A machine with nothing but an operating system and the metadata service of its instance, switched off. Its console and
    /// journal are kept in `dir` as `INSTANCE-console.log` and `INSTANCE-journal.log`.
    pub async fn new(
        dir: &Path,
        instance: &str,
        simulator: &str,
        metadata: &[IpAddr],
    ) -> anyhow::Result<Self> {
        static NUMBERS: AtomicU8 = AtomicU8::new(1);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let own = dir.join(instance);
        let root = Root::mount(&own.join("disk")).await?;
        let network = Network::new(number, metadata).await?;
        let forwards = metadata::forward(&network, metadata, instance, simulator, &own)?;
        // so that it can still be read when the machine is off
        root.write("/etc/systemd/journald.conf.d/bed.conf", "[Journal]\nStorage=persistent\n")?;
        Ok(Machine {
            instance: instance.to_owned(),
            running: None,
            _metadata: forwards,
            network,
            root,
            programs: Vec::new(),
            console: dir.join(format!("{instance}-console.log")),
            logs: dir.join(format!("{instance}-journal.log")),
        })
    }

    /// Makes a Kubernetes node of it, with the Node's label that names the story.
    pub(crate) fn install_kubelet(&mut self, story: &str, kubeconfig: &str) -> anyhow::Result<()> {
        self.programs.push((tool("kubelet")?, "/usr/bin/kubelet".to_owned()));
        node::install_kubelet(&self.root, &self.network, &self.instance, story, kubeconfig)
    }

    /// Installs the gate as a user does, for kubelet.
    pub(crate) async fn install_gate(&self, simulator: &str) -> anyhow::Result<()> {
        node::install_gate(&self.root, simulator).await
    }

    /// Installs a program without what only a debugger needs.
    pub async fn install(&self, program: &Path, path: &str) -> anyhow::Result<()> {
        self.root.install(program, path).await
    }

    /// Switches it on and returns once its systemd can be spoken to, which is long before it has booted.
    pub async fn boot(&mut self) -> anyhow::Result<()> {
        ensure!(self.running.is_none(), "{} is on already", self.instance);
        let start = Start {
            name: &self.instance,
            root: &self.root.path(),
            network: &self.network.path(),
            files: &self.programs,
            console: &self.console,
        };
        let nspawn = start.run()?;
        self.running = Some(Running { nspawn, leader: None });
        eventually("systemd answers", LONG, async || {
            let running = self.running.as_mut().context("it is off")?;
            // an end is final
            if let Err(ended) = running.nspawn.still_runs() {
                return Ok(Err(ended));
            }
            // at first this is a helper of nspawn's, which goes away
            running.leader = Some(nspawn::leader(running.nspawn.id().context("nspawn has ended")?)?);
            let output = self.output(&["systemctl", "is-system-running"]).await?;
            let state = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            ensure!(
                ["initializing", "starting", "running", "degraded"].contains(&&*state),
                "it says {state:?} {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
            Ok(Ok(()))
        })
        .await?
    }

    /// Shuts it down in an orderly way, as Auto Scaling stops an instance; returns once it is off.
    pub async fn power_off(&mut self) -> anyhow::Result<()> {
        // what systemd takes for a press on the power button
        self.signal_leader("RTMIN+4").await?;
        self.ended().await.map(drop)
    }

    /// Cuts its power.
    pub async fn cut(&mut self) -> anyhow::Result<()> {
        self.signal_leader("KILL").await?;
        self.ended().await.map(drop)
    }

    /// Reboots it; returns once its new systemd can be spoken to.
    pub async fn reboot(&mut self) -> anyhow::Result<()> {
        // the answer may be lost with the machine
        let _ = self.output(&["systemctl", "reboot"]).await;
        let code = self.ended().await?;
        ensure!(code == Some(nspawn::REBOOT), "it ended with {code:?} instead of rebooting");
        self.boot().await
    }

    /// Waits until it is off, and tells nspawn's exit code.
    async fn ended(&mut self) -> anyhow::Result<Option<i32>> {
        let mut running = self.running.take().context("it is off")?;
        let status = timeout(LONG, running.nspawn.wait()).await;
        let status = status.with_context(|| format!("{} does not shut down", self.instance))??;
        nspawn::remove_cgroups(&self.instance);
        Ok(status.code())
    }

    async fn signal_leader(&self, signal: &str) -> anyhow::Result<()> {
        let leader = self.leader()?;
        let mut kill = command("kill");
        kill.args(["-s", signal, &leader.to_string()]);
        crate::process::output(kill).await.map(drop)
    }

    fn leader(&self) -> anyhow::Result<u32> {
        let running = self.running.as_ref().with_context(|| format!("{} is off", self.instance))?;
        running.leader.context("systemd has not started yet")
    }

    /// What came on its console since it was first switched on.
    pub fn console(&self) -> anyhow::Result<String> {
        fs::read_to_string(&self.console).context("reading the console")
    }

    /// The path by which we reach one of its files, on or off.
    pub fn file(&self, path: &str) -> PathBuf {
        self.root.file(path)
    }

    /// Writes a file on its disk, on or off.
    pub fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        self.root.write(path, text)
    }

    /// Writes a program on its disk.
    pub fn write_script(&self, path: &str, text: &str) -> anyhow::Result<()> {
        self.root.write_script(path, text)
    }

    /// Adds lines to the gate's environment file.
    pub fn configure(&self, lines: &str) -> anyhow::Result<()> {
        let file = fs::read_to_string(self.file(node::ENVIRONMENT))?;
        self.write(node::ENVIRONMENT, &format!("{file}{lines}\n"))
    }

    /// Starts a unit of `/etc/systemd/system` at boot; only while it is off.
    pub fn enable(&self, unit: &str) -> anyhow::Result<()> {
        self.root.enable(unit)
    }

    /// Its address, where its pods' and its own servers are reached from the bed.
    pub fn address(&self) -> IpAddr {
        self.network.address().into()
    }

    /// Brings the images `localhost/busybox:1` and `localhost/pause:1` to it, which any pod needs.
    pub async fn import_images(&self) -> anyhow::Result<()> {
        image::import(self).await
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            // all its processes go with the first one
            if let Some(leader) = running.leader {
                let _ = std::process::Command::new("kill").args(["-KILL", &leader.to_string()]).status();
            }
            drop(running);
            nspawn::remove_cgroups(&self.instance);
        }
        let mut journal = std::process::Command::new("journalctl");
        journal
            .arg("--directory")
            .arg(self.file("/var/log/journal"))
            .args(["--output=short-precise", "--no-pager"]);
        if let Ok(journal) = journal.output() {
            // for whoever looks after a failure; there may be no journal
            let _ = fs::write(&self.logs, journal.stdout);
        }
    }
}
