//! Simulated nodes: power comes from the simulator, the gate is the real program, kubelet is a stand-in.
//!
//! ```text
//! power on      a real node-gate starts (gateless groups: kubelet starts at once)
//! gate opens    kubelet registers the Node, with the startup taint, or comes back to the Node of its name
//! hibernation   gate and kubelet stand still, and go on where they were
//! power off     both are gone at once; the Node stays and turns NotReady by the controller-manager's judgement
//! terminated    the Node is deleted, as a cloud's node controller does when the instance no longer exists
//! ```
//!
//! Only this writes Nodes on behalf of machines. Readiness comes from kwok and the controller-manager alone.

mod kubelet;
mod machine;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use aws_simulator::{Event, InstanceInfo, Simulator};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use machine::{Change, Machine};

pub use kubelet::STARTUP_TAINT;

/// Tells the stories' Nodes from each other; controllers select by it.
pub const STORY_LABEL: &str = "e2e/story";

/// How the instances of a group boot.
#[derive(Debug, Clone, Default)]
pub struct Boot {
    /// They have no gate: kubelet starts at every boot.
    pub gateless: bool,
    /// Further environment variables of their gates.
    pub gate_env: Vec<(String, String)>,
}

/// What an instance's gate does now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GateState {
    /// It does not run: the power is off.
    #[default]
    Off,
    /// It runs and holds kubelet.
    Held,
    /// It has opened: kubelet runs.
    Open,
}

/// The machines behind a simulator's instances; dropping it ends them.
#[derive(Debug)]
pub struct Nodes {
    shared: Arc<Shared>,
    _task: AbortOnDropHandle<()>,
}

struct Shared {
    simulator: Simulator,
    client: kube::Client,
    story: String,
    dir: PathBuf,
    boots: Mutex<HashMap<String, Boot>>,
    gates: Mutex<HashMap<String, u32>>,
    gate_states: watch::Sender<BTreeMap<String, GateState>>,
    unopened: Mutex<Vec<(String, ExitStatus)>>,
    errors: Mutex<Vec<String>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("story", &self.story).finish_non_exhaustive()
    }
}

impl Nodes {
    /// Follows a simulator from now on. Logs and runtime folders go below `dir`.
    pub fn start(
        simulator: &Simulator,
        client: &kube::Client,
        story: &str,
        dir: &Path,
    ) -> anyhow::Result<Self> {
        let dir = dir.join("nodes");
        fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
        let shared = Arc::new(Shared {
            simulator: simulator.clone(),
            client: client.clone(),
            story: story.to_owned(),
            dir,
            boots: Mutex::default(),
            gates: Mutex::default(),
            gate_states: watch::Sender::default(),
            unopened: Mutex::default(),
            errors: Mutex::default(),
        });
        let events = simulator.subscribe();
        let task = AbortOnDropHandle::new(tokio::spawn(follow(shared.clone(), events)));
        Ok(Nodes { shared, _task: task })
    }

    /// Says how the instances of a group boot; before the group has any.
    pub fn configure(&self, group: &str, boot: Boot) {
        lock(&self.shared.boots).insert(group.to_owned(), boot);
    }

    /// The process id of the gate that holds an instance now.
    pub fn gate_pid(&self, instance: &str) -> Option<u32> {
        self.shared.gates().get(instance).copied()
    }

    /// What the gates do, by instance; changes with them.
    pub fn gates(&self) -> watch::Receiver<BTreeMap<String, GateState>> {
        self.shared.gate_states.subscribe()
    }

    /// Gates that ended by themselves without opening, and how. They were started again, as systemd would.
    pub fn unopened(&self) -> Vec<(String, ExitStatus)> {
        lock(&self.shared.unopened).clone()
    }

    /// What went wrong in the harness itself.
    pub fn errors(&self) -> Vec<String> {
        lock(&self.shared.errors).clone()
    }
}

impl Shared {
    fn gates(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        lock(&self.gates)
    }

    fn gate_is(&self, instance: &str, state: GateState) {
        self.gate_states.send_modify(|states| {
            states.insert(instance.to_owned(), state);
        });
    }

    fn unopened(&self, instance: &str, status: ExitStatus) {
        lock(&self.unopened).push((instance.to_owned(), status));
    }

    fn report(&self, error: &str) {
        lock(&self.errors).push(error.to_owned());
    }
}

/// A test that panicked elsewhere does not make our own records wrong.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a machine for each instance and hands it what happens to it, in order.
async fn follow(shared: Arc<Shared>, mut events: broadcast::Receiver<Event>) {
    // dropped with this future, and the machines' processes with it
    let mut machines = JoinSet::new();
    let mut known: HashMap<String, mpsc::UnboundedSender<Change>> = HashMap::new();
    let mut tell = |machines: &mut JoinSet<()>, info: InstanceInfo, change: Change| {
        let sender = known.entry(info.id.clone()).or_insert_with(|| {
            let boot = lock(&shared.boots).get(&info.group).cloned().unwrap_or_default();
            let (sender, receiver) = mpsc::unbounded_channel();
            machines.spawn(Machine::new(shared.clone(), info, boot).run(receiver));
            sender
        });
        // a machine that has ended was terminated: nothing more happens to it
        let _ = sender.send(change);
    };
    loop {
        let (id, change) = match events.recv().await {
            Ok(Event::PowerChanged { id, power, .. }) => (id, Change::Power(power)),
            Ok(Event::LifecycleChanged { id, to, .. }) if to == "Terminated" || to == "Warmed:Terminated" => {
                (id, Change::Terminated)
            }
            Ok(_) => continue,
            Err(broadcast::error::RecvError::Lagged(_)) => {
                for info in shared.simulator.instances() {
                    let change = Change::Power(info.power);
                    tell(&mut machines, info, change);
                }
                continue;
            }
            Err(broadcast::error::RecvError::Closed) => return,
        };
        if let Some(info) = shared.simulator.instance(&id) {
            tell(&mut machines, info, change);
        }
    }
}
