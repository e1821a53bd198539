//! One test on real machines: its own simulator and groups, on the control plane that the stories of the tier share.
//!
//! # How to write a story
//!
//! One module a story in `tests/node/`, named in its `main.rs`. It runs by `cargo xtask test node PART_OF_ITS_NAME`.
//!
//! ```text
//! #[tokio::test(flavor = "multi_thread")]
//! async fn a_warmed_machine_is_held() -> anyhow::Result<()> {
//!     let story = NodeStory::new("held").await?;                    // a name of its own: [a-z0-9-]
//!     let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
//!     let instance = story.instance("Warmed:Running").await?;       // waits for one
//!     let mut machine = story.machine(&instance).await?;            // installed, still off
//!     machine.configure("NODE_GATE_GRACE=5s")?;                     // /etc/node-gate/node-gate.env
//!     machine.boot().await?;
//!     machine.wait_for("node-gate.service", "activating").await?;
//!     group.set_desired(1).await?;
//!     story.ready(&machine).await?;                                 // its Node is Ready
//!     story.end(machine).await
//! }
//! ```
//!
//! Judge by systemd (`machine.unit`), by the API server (`story.nodes`) and by the simulator (`calls`, `imds_calls`).

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use aws_simulator::{InstanceInfo, Options, Simulator};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;

use super::network::BED_ADDRESS;
use super::{LONG, Machine, RunningPod};
use crate::bed::Bed;
use crate::control_plane::{self, Endpoint};
use crate::group::GroupBuilder;
use crate::node::STORY_LABEL;
use crate::oracle::Watch;
use crate::story::options;
use crate::wait::eventually;

/// The user by whom kubelets act.
const KUBELET_USER: &str = "kubelet";

/// What a machine is given before its first boot.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Where its metadata service is.
    pub metadata: Vec<IpAddr>,
    /// Whether the gate is installed.
    pub gate: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Setup { metadata: vec![Ipv4Addr::new(169, 254, 169, 254).into()], gate: true }
    }
}

/// Everything a test on machines needs; see the module's documentation.
pub struct NodeStory {
    /// Its name; also the value of its Nodes' label.
    pub name: String,
    /// May do everything.
    pub client: kube::Client,
    /// Its own Auto Scaling.
    pub simulator: Simulator,
    /// Every state of every Node of the story, since before the first boot.
    pub node_watch: Watch<Node>,
    kubeconfig: PathBuf,
    dir: PathBuf,
    ended: AtomicBool,
}

impl NodeStory {
    /// Begins a story on the tier's control plane.
    pub async fn new(name: &str) -> anyhow::Result<Self> {
        Self::with_options(name, options(name)).await
    }

    /// Begins a story whose simulator behaves otherwise; start from [`options`]. Where it listens is decided here.
    pub async fn with_options(name: &str, options: Options) -> anyhow::Result<Self> {
        let bed = Bed::from_env()?;
        let dir = bed.dir.join(format!("node-{name}"));
        fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
        let client = control_plane::client(&bed.kubeconfig).await?;
        let nodes = Api::all(client.clone());
        let node_watch = Watch::start(nodes, &format!("{STORY_LABEL}={name}")).await?;
        // the machines ask it as well; nobody else can: see network
        let listen = SocketAddr::from((BED_ADDRESS, 0));
        let simulator = Simulator::start(Options { listen, allow_remote: true, ..options }).await?;
        Ok(NodeStory {
            name: name.to_owned(),
            client,
            simulator,
            node_watch,
            kubeconfig: bed.kubeconfig,
            dir,
            ended: AtomicBool::new(false),
        })
    }

    /// A group to be created, named after the story and this.
    pub fn group(&self, name: &str) -> GroupBuilder<'_> {
        let name = format!("{}-{name}", self.name);
        GroupBuilder::new(None, &self.simulator.endpoint(), name)
    }

    /// Waits until exactly one instance is in this lifecycle state, and tells its id.
    pub async fn instance(&self, state: &str) -> anyhow::Result<String> {
        let what = format!("an instance is {state}");
        let is_so = |instance: &&InstanceInfo| instance.lifecycle_state == state;
        let reached = |instances: &[InstanceInfo]| instances.iter().filter(is_so).count() == 1;
        let instances = self.simulator.wait_until(&what, LONG, reached).await?;
        Ok(instances.iter().find(is_so).context("there was one")?.id.clone())
    }

    /// Waits until an instance is in this lifecycle state.
    pub async fn is(&self, instance: &str, state: &str) -> anyhow::Result<()> {
        let what = format!("{instance} is {state}");
        let is_so = |one: &InstanceInfo| one.id == instance && one.lifecycle_state == state;
        self.simulator.wait_until(&what, LONG, |instances| instances.iter().any(is_so)).await.map(drop)
    }

    /// A machine for an instance, with everything installed, still off.
    pub async fn machine(&self, instance: &str) -> anyhow::Result<Machine> {
        self.machine_with(instance, Setup::default()).await
    }

    /// The same, set up in another way.
    pub async fn machine_with(&self, instance: &str, setup: Setup) -> anyhow::Result<Machine> {
        let simulator = self.simulator.endpoint();
        let mut machine = Machine::new(&self.dir, instance, &simulator, &setup.metadata).await?;
        machine.install_kubelet(&self.name, &self.kubelet_config()?)?;
        if setup.gate {
            machine.install_gate(&simulator).await?;
        }
        Ok(machine)
    }

    fn kubelet_config(&self) -> anyhow::Result<String> {
        let endpoint = Endpoint::read(&self.kubeconfig)?;
        Ok(endpoint.portable_kubeconfig(KUBELET_USER, KUBELET_USER)?.to_string())
    }

    /// The story's Nodes and everybody else's.
    pub fn nodes(&self) -> Api<Node> {
        Api::all(self.client.clone())
    }

    /// The pods of all stories; names are the story's own.
    pub fn pods(&self) -> Api<Pod> {
        Api::default_namespaced(self.client.clone())
    }

    /// Waits until a machine's Node is Ready since this boot, and returns it.
    pub async fn ready(&self, machine: &Machine) -> anyhow::Result<Node> {
        let boot = machine.run(&["cat", "/proc/sys/kernel/random/boot_id"]).await?;
        eventually(&format!("the Node {} is Ready", machine.instance), LONG, async || {
            let node = self.nodes().get(&machine.instance).await?;
            let status = node.status.clone().unwrap_or_default();
            let booted = status.node_info.map(|info| info.boot_id).unwrap_or_default();
            ensure!(booted == boot.trim(), "it still tells of boot {booted}");
            let ready = status.conditions.unwrap_or_default().into_iter().find(|one| one.type_ == "Ready");
            ensure!(ready.as_ref().is_some_and(|one| one.status == "True"), "Ready: {ready:?}");
            Ok(node)
        })
        .await
    }

    /// Takes all taints off a Node, as its cloud's controller and ours do, so that pods may come.
    pub async fn welcome_pods(&self, machine: &Machine) -> anyhow::Result<()> {
        let patch = Patch::Merge(json!({"spec": {"taints": null}}));
        self.nodes().patch(&machine.instance, &PatchParams::default(), &patch).await?;
        Ok(())
    }

    /// Runs a shell script as a pod on a machine, see [`RunningPod`]; its images must be there.
    pub async fn run_pod(
        &self,
        machine: &Machine,
        name: &str,
        script: &str,
        grace_seconds: u32,
    ) -> anyhow::Result<RunningPod> {
        let name = format!("{}-{name}", self.name);
        RunningPod::start(self.pods(), machine, &name, script, grace_seconds).await
    }

    /// How often an instance's metadata service was asked for its target state so far.
    pub fn looks(&self, instance: &str) -> usize {
        let calls = self.simulator.imds_calls(instance);
        calls.iter().filter(|call| call.path.ends_with("autoscaling/target-lifecycle-state")).count()
    }

    /// Waits until the gate of an instance has looked a few times more: whoever wants to see that it goes on holding.
    pub async fn looked_again(&self, instance: &str, times: usize) -> anyhow::Result<()> {
        let before = self.looks(instance);
        self.simulator
            .wait_until(&format!("{instance} has looked {times} times more"), LONG, |_| {
                self.looks(instance) >= before + times
            })
            .await
            .map(drop)
    }

    /// Where the story's logs are.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Fails if something is left of a machine that was dropped: mounts, namespaces, processes, cgroups.
    pub fn nothing_is_left_of(instance: &str) -> anyhow::Result<()> {
        // what was killed takes a moment to be gone
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let left = leftovers(instance)?;
            if left.is_empty() {
                return Ok(());
            }
            ensure!(Instant::now() < end, "the machine {instance} has left {left:?}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Ends a story whose machine is gone already. Its pods and its Node stay with the control plane.
    pub fn abandon(self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Ends the story and its machine: fails if something of the machine stays, or one of our programs panicked.
    pub async fn end(self, machine: Machine) -> anyhow::Result<()> {
        let instance = machine.instance.clone();
        drop(machine);
        Self::nothing_is_left_of(&instance)?;
        let journal = fs::read_to_string(self.dir.join(format!("{instance}-journal.log")))?;
        if let Some(line) =
            journal.lines().find(|line| line.contains("node-gate") && line.contains("panicked at"))
        {
            bail!("the gate panicked: {line}");
        }
        let nodes = self.nodes();
        match nodes.delete(&instance, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => {}
            deleted => drop(deleted.context("deleting the Node")?),
        }
        self.ended.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// What there is of a machine. Its name is in the paths of its disk and in its console's, and in its processes' arguments.
fn leftovers(instance: &str) -> anyhow::Result<Vec<String>> {
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let mut left: Vec<String> =
        mounts.lines().filter(|line| line.contains(instance)).map(ToOwned::to_owned).collect();
    for hierarchy in fs::read_dir("/sys/fs/cgroup")? {
        for group in fs::read_dir(hierarchy?.path()).into_iter().flatten() {
            let group = group?.path();
            if group.to_string_lossy().contains(instance) {
                left.push(group.display().to_string());
            }
        }
    }
    for process in fs::read_dir("/proc")?.flatten() {
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(instance) {
            left.push(line);
        }
    }
    Ok(left)
}

impl Drop for NodeStory {
    fn drop(&mut self) {
        if !self.ended.load(Ordering::Relaxed) {
            match crate::story::keep_logs(&self.name, &self.dir) {
                Ok(kept) => {
                    eprintln!("the story {} did not end well; its logs are in {}", self.name, kept.display());
                }
                Err(error) => {
                    eprintln!("the story {} did not end well; its logs are lost: {error:#}", self.name);
                }
            }
        }
    }
}
