//! One test: its own namespace, simulator, groups, nodes and controller, on a control plane that stories share.
//!
//! # How to write a story
//!
//! One module a story in `tests/cluster/`, named in its `main.rs`; the name of the test is a sentence. It runs by
//! `cargo xtask test cluster PART_OF_ITS_NAME`.
//!
//! ```text
//! #[tokio::test(flavor = "multi_thread")]
//! async fn a_scale_in_drains_first() -> anyhow::Result<()> {
//!     let story = Story::new("scale-in").await?;                       // a name of its own: [a-z0-9-]
//!     let group = story.group("workers").max(2).desired(1)
//!         .warm_pool(Pool::Stopped)                                    // as large as max - desired
//!         .termination_hook(Duration::from_secs(2))                    // our hook, heartbeat timeout 2 s
//!         .create().await?;
//!     let mut controller = story.controller().flag("--drain-deadline", "1m").start().await?;
//!     story.node_watch.wait_until("one node is Ready", LONG, |nodes| nodes.values().any(is_ready)).await?;
//!     story.deploy(&Workload::new("web", 3)).await?;
//!     story.budget("web", 1).await?;
//!     let pods = story.watch_pods("web").await?;
//!     …
//!     group.set_desired(0).await?;
//!     story.simulator.wait_until("the instance is gone", LONG, |instances| …).await?;
//!     assert_eq!(fewest_available(&pods.history(), 3), Some(2));        // what did NOT happen, too
//!     story.end().await                                                // checks the harness, removes everything
//! }
//! ```
//!
//! - Wait for what happens ([`Simulator::wait_until`], [`Watch::wait_until`], [`crate::wait::eventually`]), never for time
//!   to pass, and give waits [`LONG`]: no test asserts on speed.
//! - Judge by the oracles, not by logs: [`Story::audit`] by user ([`Story::controller_user`]), [`Story::node_watch`],
//!   [`Story::events`], `simulator.calls()`.
//! - Many nodes share the cluster: select by the label `e2e/story`, which [`Story::watch_pods`], the controller's
//!   `--node-selector` and [`Workload`] do already.
//! - A story that stops the API server takes [`Story::with_own_control_plane`].
//! - A test that returns or panics before [`Story::end`] has failed: its logs are then kept and their folder is printed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};
use aws_simulator::{Event, Options, Simulator};
use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};
use tokio::sync::broadcast::{self, error::TryRecvError};

use crate::bed::Bed;
use crate::chart::{self, Chart};
use crate::control_plane::{self, ControlPlane, Endpoint, HARNESS_USER};
use crate::controller::ControllerBuilder;
use crate::group::GroupBuilder;
use crate::node::{Nodes, STORY_LABEL};
use crate::oracle::{Audit, Watch};
use crate::workload::{self, Workload};

/// For every wait whose length is not the point: long enough for a busy machine.
pub const LONG: Duration = Duration::from_secs(60);

/// An API server that is slow to come back must not make its nodes look dead.
const LONGEST_OUTAGE: Duration = Duration::from_secs(5 * 60);

/// No story takes this long, not even on a machine that does other things.
const HANGS: Duration = Duration::from_secs(15 * 60);

/// Everything a test needs; see the module's documentation.
pub struct Story {
    /// Its name; also the value of its nodes' label and of its groups' tag `story`.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// May do everything; the audit log calls it `e2e`.
    pub client: kube::Client,
    /// Its own Auto Scaling.
    pub simulator: Simulator,
    /// Its machines.
    pub nodes: Nodes,
    /// The API server's log since the story began.
    pub audit: Audit,
    /// Every state of every Node of the story, since before the first boot.
    pub node_watch: Watch<Node>,
    chart: Chart,
    events: Mutex<Events>,
    controllers: AtomicU32,
    panics_are_expected: AtomicBool,
    ended: AtomicBool,
    dir: PathBuf,
    kubeconfig: PathBuf,
    // ends last
    control_plane: Option<ControlPlane>,
    watchdog: Option<Watchdog>,
}

impl Story {
    /// Begins a story on the shared control plane.
    pub async fn new(name: &str) -> anyhow::Result<Self> {
        let bed = Bed::from_env()?;
        Self::begin(name, bed, None, options(name)).await
    }

    /// Begins a story whose simulator behaves otherwise; start from [`options`].
    pub async fn with_options(name: &str, options: Options) -> anyhow::Result<Self> {
        Self::begin(name, Bed::from_env()?, None, options).await
    }

    /// Begins a story on a control plane of its own, which it may break; see [`Story::control_plane`].
    pub async fn with_own_control_plane(name: &str) -> anyhow::Result<Self> {
        let dir = Bed::from_env()?.dir.join(format!("control-plane-{name}"));
        let plane = ControlPlane::with_node_grace(&dir, LONGEST_OUTAGE).await?;
        let bed = Bed::of(&plane, &dir);
        Self::begin(name, bed, Some(plane), options(name)).await
    }

    /// Begins a story on a control plane that it owns from now on, and that may last for as long as it likes.
    pub async fn on(plane: ControlPlane, name: &str, dir: &Path, options: Options) -> anyhow::Result<Self> {
        let bed = Bed::of(&plane, dir);
        let mut story = Self::begin(name, bed, Some(plane), options).await?;
        story.watchdog = None;
        Ok(story)
    }

    async fn begin(
        name: &str,
        bed: Bed,
        control_plane: Option<ControlPlane>,
        options: Options,
    ) -> anyhow::Result<Self> {
        let watchdog = Watchdog::start(name);
        let dir = bed.dir.join(format!("story-{name}"));
        fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
        let client = control_plane::client(&bed.kubeconfig).await?;
        let audit = Audit::since_now(&bed.audit_log)?;
        let namespace = format!("story-{name}");
        let metadata = ObjectMeta { name: Some(namespace.clone()), ..ObjectMeta::default() };
        let object = Namespace { metadata, ..Namespace::default() };
        let namespaces: Api<Namespace> = Api::all(client.clone());
        namespaces.create(&PostParams::default(), &object).await.context("making the story's namespace")?;

        let values = [
            format!("groupTags={{story={name}}}"),
            format!("managedNodes={STORY_LABEL}={name}"),
            // quick enough for tests; every one of them goes through the chart
            "sweepInterval=1s".to_owned(),
            "warmUpTime=1s".to_owned(),
            "nodePatience=3s".to_owned(),
            "leaseDuration=4s".to_owned(),
        ];
        let chart = Chart::install(&bed.kubeconfig, &client, &namespace, &values, &dir).await?;
        let node_watch = Watch::start(Api::all(client.clone()), &format!("{STORY_LABEL}={name}")).await?;
        let simulator = Simulator::start(options).await?;
        let events = Mutex::new(Events { receiver: simulator.subscribe(), seen: Vec::new() });
        let nodes = Nodes::start(&simulator, &client, name, &dir)?;
        Ok(Story {
            name: name.to_owned(),
            namespace,
            client,
            simulator,
            nodes,
            audit,
            node_watch,
            chart,
            events,
            controllers: AtomicU32::new(0),
            panics_are_expected: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            dir,
            kubeconfig: bed.kubeconfig,
            control_plane,
            watchdog: Some(watchdog),
        })
    }

    /// A group to be created, named after the story and this.
    pub fn group(&self, name: &str) -> GroupBuilder<'_> {
        let name = format!("{}-{name}", self.name);
        GroupBuilder::new(Some(&self.nodes), &self.simulator.endpoint(), name).tag("story", &self.name)
    }

    /// A controller to be started, with the chart's arguments and rights: `controller-1`, `controller-2`, …
    pub fn controller(&self) -> ControllerBuilder {
        let number = self.controllers.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("controller-{number}");
        ControllerBuilder::new(&self.chart, &self.simulator.endpoint(), &self.namespace, &self.dir, &name)
    }

    /// The controllers' user, as the audit log names it.
    pub fn controller_user(&self) -> &str {
        self.chart.user()
    }

    /// The chart as installed for this story.
    pub fn chart(&self) -> &Chart {
        &self.chart
    }

    /// Creates a Deployment.
    pub async fn deploy(&self, workload: &Workload) -> anyhow::Result<()> {
        let deployments = Api::namespaced(self.client.clone(), &self.namespace);
        let created = deployments.create(&PostParams::default(), &workload.deployment(&self.name)).await;
        created.map(drop).with_context(|| format!("creating the Deployment {}", workload.name))
    }

    /// Creates a budget: at most so many of the workload's pods may be unavailable.
    pub async fn budget(&self, workload: &str, max_unavailable: i32) -> anyhow::Result<()> {
        let budgets = Api::namespaced(self.client.clone(), &self.namespace);
        let created =
            budgets.create(&PostParams::default(), &workload::budget(workload, max_unavailable)).await;
        created.map(drop).with_context(|| format!("creating the budget {workload}"))
    }

    /// Every state of every pod of a workload from now on.
    pub async fn watch_pods(&self, workload: &str) -> anyhow::Result<Watch<Pod>> {
        Watch::start(self.pods(), &format!("app={workload}")).await
    }

    /// The pods of the story's namespace.
    pub fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The story's Nodes, to play the human who cordons and taints them.
    pub fn node_api(&self) -> Api<Node> {
        Api::all(self.client.clone())
    }

    /// Everything that happened in the simulator so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).up_to_now()
    }

    /// The control plane of a story that has its own.
    pub fn control_plane(&mut self) -> anyhow::Result<&mut ControlPlane> {
        self.control_plane
            .as_mut()
            .context("this story shares its control plane: take with_own_control_plane")
    }

    /// A kubeconfig that may do everything.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Where the story's logs are.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A kubeconfig that may do everything and needs no other file.
    pub fn portable_kubeconfig(&self) -> anyhow::Result<String> {
        let endpoint = Endpoint::read(&self.kubeconfig)?;
        let config = endpoint.portable_kubeconfig(HARNESS_USER, HARNESS_USER)?;
        Ok(serde_json::to_string_pretty(&config)?)
    }

    /// Copies the logs to where they outlive the run: the scratch folder vanishes with it.
    pub fn keep_logs(&self) -> anyhow::Result<PathBuf> {
        keep_logs(&self.name, &self.dir)
    }

    /// Says that a program of this story panics on purpose.
    pub fn expect_panics(&self) {
        self.panics_are_expected.store(true, Ordering::Relaxed);
    }

    /// Ends the story: fails if the harness itself went wrong or one of our programs panicked.
    pub async fn end(self) -> anyhow::Result<()> {
        self.conclude().await
    }

    /// As [`Story::end`], for whoever shares the story with tasks of its own.
    pub(crate) async fn conclude(&self) -> anyhow::Result<()> {
        let errors = self.nodes.errors();
        ensure!(errors.is_empty(), "the simulated nodes had trouble: {errors:?}");
        if !self.panics_are_expected.load(Ordering::Relaxed) {
            no_panics(&self.dir)?;
        }
        let nodes: Api<Node> = Api::all(self.client.clone());
        let ours = ListParams::default().labels(&format!("{STORY_LABEL}={}", self.name));
        nodes
            .delete_collection(&DeleteParams::default(), &ours)
            .await
            .context("deleting the story's Nodes")?;
        self.ended.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Ends the whole test program if a story hangs where no wait of ours has a limit: a hang says nothing, this does.
#[derive(Debug)]
struct Watchdog {
    _alive: mpsc::Sender<()>,
}

impl Watchdog {
    fn start(name: &str) -> Self {
        let (alive, gone) = mpsc::channel();
        let name = name.to_owned();
        // a thread: whatever hangs may hang the runtime
        thread::spawn(move || {
            if gone.recv_timeout(HANGS) == Err(mpsc::RecvTimeoutError::Timeout) {
                let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
                eprintln!("the story {name} has not ended after {HANGS:?}: giving up; load average {load}");
                std::process::exit(101);
            }
        });
        Watchdog { _alive: alive }
    }
}

/// What happened in the simulator. Taken when asked for, so that nothing is still on its way: whoever has waited for a
/// state finds the events that led to it.
#[derive(Debug)]
struct Events {
    receiver: broadcast::Receiver<Event>,
    seen: Vec<Event>,
}

impl Events {
    fn up_to_now(&mut self) -> Vec<Event> {
        loop {
            match self.receiver.try_recv() {
                Ok(event) => self.seen.push(event),
                Err(TryRecvError::Lagged(missed)) => eprintln!("{missed} simulator events were missed"),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return self.seen.clone(),
            }
        }
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        if !self.ended.load(Ordering::Relaxed) {
            match self.keep_logs() {
                Ok(kept) => {
                    eprintln!("the story {} did not end well; its logs are in {}", self.name, kept.display());
                }
                Err(error) => {
                    eprintln!("the story {} did not end well; its logs are lost: {error:#}", self.name);
                }
            }
        }
        if self.control_plane.is_none()
            && let Err(error) = chart::remove(&self.kubeconfig, &self.namespace)
        {
            eprintln!("cleaning up after {}: {error:#}", self.name);
        }
    }
}

/// How a story's simulator behaves: real time, short steps, heartbeat timeouts down to a second, ids of its own.
pub fn options(story: &str) -> Options {
    let seed = story.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Options { seed, min_heartbeat_timeout: Duration::from_secs(1), ..Options::default() }
}

/// Copies a story's logs to where they outlive the run, and tells where that is.
pub(crate) fn keep_logs(story: &str, dir: &Path) -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    // TARGET/debug/demo, TARGET/debug/deps/cluster-…
    let profile = here.ancestors().find(|dir| dir.ends_with("debug") || dir.ends_with("release"));
    let target = profile.and_then(Path::parent);
    let kept = target.context("no target folder")?.join("failed-stories").join(story);
    if kept.exists() {
        fs::remove_dir_all(&kept)?;
    }
    fs::create_dir_all(&kept)?;
    for log in logs(dir)? {
        fs::copy(&log, kept.join(log.file_name().context("a file has a name")?))?;
    }
    Ok(kept)
}

fn logs(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for dir in [dir.to_owned(), dir.join("nodes")].iter().filter(|dir| dir.is_dir()) {
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                files.push(path);
            }
        }
    }
    Ok(files)
}

fn no_panics(dir: &Path) -> anyhow::Result<()> {
    for log in logs(dir)? {
        let text = fs::read_to_string(&log)?;
        ensure!(!text.contains("panicked at"), "a program panicked, see {}: {text}", log.display());
    }
    Ok(())
}
