//! A simulator and real gates on its instances, and nothing else: no cluster, no kubelet.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use aws_simulator::{Call, Event, InstanceInfo, Options, Simulator};
use tokio::sync::broadcast::Receiver;

use super::PATIENCE;
use crate::group::GroupBuilder;
use crate::process::{Process, command, tail};
use crate::wait::eventually;
use crate::{aws, tools};

/// The access key id by which the simulator's call log names the gates.
const CALLER: &str = "gate";

pub(super) struct Bed {
    pub(super) simulator: Simulator,
    dir: PathBuf,
    gates: AtomicU32,
}

impl Bed {
    /// A simulator of its own for a part.
    pub(super) async fn start(dir: &Path, part: &str) -> anyhow::Result<Self> {
        let options = Options { min_heartbeat_timeout: Duration::from_secs(1), ..Options::default() };
        let dir = dir.join(part);
        fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
        Ok(Bed { simulator: Simulator::start(options).await?, dir, gates: AtomicU32::new(0) })
    }

    /// A group whose instances run nothing but the gates that are started here.
    pub(super) fn group(&self, name: &str) -> GroupBuilder<'static> {
        GroupBuilder::new(None, &self.simulator.endpoint(), name.to_owned())
    }

    /// Waits until so many instances are in a state.
    pub(super) async fn in_state(&self, state: &str, count: usize) -> anyhow::Result<Vec<InstanceInfo>> {
        let is = |one: &&InstanceInfo| one.lifecycle_state == state;
        let waited = self.simulator.wait_until(state, PATIENCE, |all| all.iter().filter(is).count() == count);
        Ok(waited.await?.into_iter().filter(|one| is(&one)).collect())
    }

    /// How many calls of the Auto Scaling API gates have made.
    pub(super) fn api_calls(&self) -> usize {
        self.simulator.calls().iter().filter(|call| call.caller == CALLER).count()
    }

    /// What a gate was about that should have ended: its calls of the API, the last of them, and its own words.
    pub(super) fn last_words(&self, instance: &str, status: &Path) -> String {
        let calls = self.simulator.calls();
        let about = |call: &&Call| call.params.values().any(|value| value == instance);
        let calls: Vec<&Call> = calls.iter().filter(|call| call.caller == CALLER).filter(about).collect();
        let last = calls.last().map_or_else(
            || "no call".to_owned(),
            |call| {
                let ago = call.at.elapsed().unwrap_or_default().as_secs();
                format!(
                    "{} calls, the last {ago} s ago, answered {} {:?}",
                    calls.len(),
                    call.status,
                    call.error
                )
            },
        );
        let looks = self.simulator.imds_calls(instance);
        let looked = looks.last().and_then(|call| call.at.elapsed().ok()).unwrap_or_default().as_secs();
        let status = fs::read_to_string(status).unwrap_or_else(|error| error.to_string());
        format!("{instance}: {last}; last look {looked} s ago; {}", status.trim())
    }

    /// Starts a gate as its unit would; all settings but `env` are the product's own.
    pub(super) fn gate(&self, instance: &InstanceInfo, env: &[(&str, &str)]) -> anyhow::Result<Gate> {
        let number = self.gates.fetch_add(1, Ordering::Relaxed);
        let dir = self.dir.join(format!("gate-{number}"));
        fs::create_dir_all(&dir).context("making the gate's runtime folder")?;
        let own = [
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.imds_endpoint.clone()),
            ("NODE_GATE_STATE_DIR", dir.display().to_string()),
        ];
        let all = own.into_iter().chain(aws::environment(&self.simulator.endpoint(), CALLER));
        let all = all.map(|(name, value)| (name.to_owned(), value));
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut wait = command(tools::built("node-gate")?);
        wait.arg("wait").env_clear().envs(all.chain(env));
        let process = Process::spawn("node-gate", wait, &self.dir.join(format!("gate-{number}.log")))?;
        Ok(Gate { instance: instance.id.clone(), process, dir })
    }

    /// Waits until a gate has looked at its target and holds.
    pub(super) async fn holds(&self, gate: &mut Gate) -> anyhow::Result<()> {
        let id = gate.instance.clone();
        eventually("the gate holds", PATIENCE, async || {
            gate.process.still_runs()?;
            let calls = self.simulator.imds_calls(&id);
            let looked = calls.iter().filter(|call| call.path.ends_with("target-lifecycle-state"));
            // the second look begins after the first was acted upon
            ensure!(looked.count() >= 2, "{id} has not yet looked");
            Ok(())
        })
        .await
    }
}

/// A running `node-gate wait`.
pub(super) struct Gate {
    pub(super) instance: String,
    process: Process,
    dir: PathBuf,
}

impl Gate {
    pub(super) fn id(&self) -> anyhow::Result<u32> {
        self.process.id().with_context(|| format!("the gate of {} has ended", self.instance))
    }

    /// Where it says what it waits for.
    pub(super) fn status_file(&self) -> PathBuf {
        self.dir.join("status.json")
    }

    /// Fails if it has ended.
    pub(super) fn still_runs(&mut self) -> anyhow::Result<()> {
        self.process.still_runs()
    }

    /// Waits for its end, and says when that was and whether the gate has recorded an opening then.
    pub(super) async fn end(&mut self) -> anyhow::Result<(SystemTime, Result<(), String>)> {
        let status = self.process.wait().await?;
        let at = SystemTime::now();
        if !status.success() {
            return Ok((at, Err(format!("ended with {status}; {}", tail(self.process.log())))));
        }
        let judged = self.dir.join("opened.json").exists();
        Ok((at, judged.then_some(()).ok_or_else(|| "exited 0 without an opening".to_owned())))
    }

    /// Ends it without an opening, and removes its runtime folder.
    pub(super) async fn kill(mut self) -> anyhow::Result<()> {
        self.process.kill().await?;
        let _ = fs::remove_dir_all(&self.dir);
        Ok(())
    }
}

/// Waits for an instance to come into a state, as told by the simulator's own event, and says when that was.
pub(super) async fn turned(
    events: &mut Receiver<Event>,
    instance: &str,
    state: &str,
) -> anyhow::Result<SystemTime> {
    let next = async {
        loop {
            match events.recv().await? {
                Event::LifecycleChanged { at, id, to, .. } if id == instance && to == state => {
                    return anyhow::Ok(at);
                }
                Event::LifecycleChanged { .. }
                | Event::PowerChanged { .. }
                | Event::ActionOpened { .. }
                | Event::Heartbeat { .. }
                | Event::ActionCompleted { .. } => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, next).await.with_context(|| format!("{instance} never turned {state}"))?
}

/// How long after `from` a moment was; none if it came before.
pub(super) fn after(from: SystemTime, at: SystemTime) -> Option<Duration> {
    at.duration_since(from).ok()
}
