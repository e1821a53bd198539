//! One instance: its power decides what runs on it.

use std::fs;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use aws_simulator::{InstanceInfo, Power};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::kubelet::Kubelet;
use super::{Boot, GateState, Shared};
use crate::process::{Process, command};
use crate::{aws, tools};

/// As systemd's re-arming unit: a gate that ended without opening is started again.
const REARM: Duration = Duration::from_secs(1);

/// What happens to an instance.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Power(Power),
    /// The instance is no more.
    Terminated,
}

pub(super) struct Machine {
    shared: Arc<Shared>,
    info: InstanceInfo,
    boot: Boot,
    kubelet: Kubelet,
    /// The gate's runtime folder: as /run, it does not survive a power-off.
    state_dir: PathBuf,
    gate: Option<Process>,
    kubelet_runs: bool,
    boots: u32,
    power: Power,
}

impl Machine {
    pub(super) fn new(shared: Arc<Shared>, info: InstanceInfo, boot: Boot) -> Self {
        let kubelet = Kubelet {
            nodes: kube::Api::all(shared.client.clone()),
            story: shared.story.clone(),
            instance: info.id.clone(),
            zone: info.zone.clone(),
        };
        let state_dir = shared.dir.join("run").join(&info.id);
        Machine {
            shared,
            info,
            boot,
            kubelet,
            state_dir,
            gate: None,
            kubelet_runs: false,
            boots: 0,
            power: Power::Off,
        }
    }

    /// Lives until the instance is terminated.
    pub(super) async fn run(mut self, mut changes: mpsc::UnboundedReceiver<Change>) {
        loop {
            let step = tokio::select! {
                change = changes.recv() => match change {
                    Some(Change::Power(power)) => self.switch(power).await,
                    Some(Change::Terminated) => {
                        self.power_off().await;
                        self.kubelet.delete_node().await;
                        return;
                    }
                    None => return,
                },
                status = gate_end(&mut self.gate) => self.gate_ended(status).await,
            };
            if let Err(error) = step {
                self.shared.report(&format!("{}: {error:#}", self.info.id));
            }
        }
    }

    async fn switch(&mut self, power: Power) -> anyhow::Result<()> {
        let before = std::mem::replace(&mut self.power, power);
        match (before, power) {
            (Power::Off, Power::On) => self.power_on().await,
            (Power::Hibernated, Power::On) => self.wake().await,
            (Power::On, Power::Hibernated) => self.freeze().await,
            (_, Power::Off) => {
                self.power_off().await;
                Ok(())
            }
            (Power::On, Power::On) | (Power::Off | Power::Hibernated, Power::Hibernated) => Ok(()),
        }
    }

    async fn power_on(&mut self) -> anyhow::Result<()> {
        self.boots += 1;
        if self.boot.gateless {
            self.start_kubelet().await;
            return Ok(());
        }
        fs::create_dir_all(&self.state_dir).context("making the gate's runtime folder")?;
        self.start_gate()
    }

    async fn power_off(&mut self) {
        self.gate = None;
        self.shared.gates().remove(&self.info.id);
        self.shared.gate_is(&self.info.id, GateState::Off);
        let _ = fs::remove_dir_all(&self.state_dir);
        if std::mem::take(&mut self.kubelet_runs) {
            self.kubelet.cut().await;
        }
    }

    async fn freeze(&mut self) -> anyhow::Result<()> {
        if self.kubelet_runs {
            self.kubelet.cut().await;
        }
        self.signal_gate("STOP").await
    }

    async fn wake(&mut self) -> anyhow::Result<()> {
        if self.kubelet_runs {
            self.kubelet.resume().await;
        }
        self.signal_gate("CONT").await
    }

    async fn signal_gate(&self, signal: &str) -> anyhow::Result<()> {
        match &self.gate {
            Some(gate) => gate.signal(signal).await,
            None => Ok(()),
        }
    }

    fn start_gate(&mut self) -> anyhow::Result<()> {
        let mut command = command(tools::built("node-gate")?);
        command.arg("wait").env_clear().envs(self.environment());
        let log = self.shared.dir.join(format!("gate-{}.log", self.info.id));
        let process = Process::spawn("node-gate", command, &log)?;
        self.shared.gates().insert(self.info.id.clone(), process.id().unwrap_or_default());
        self.gate = Some(process);
        self.shared.gate_is(&self.info.id, GateState::Held);
        Ok(())
    }

    fn environment(&self) -> Vec<(String, String)> {
        let own = [
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.info.imds_endpoint.clone()),
            ("NODE_GATE_STATE_DIR", self.state_dir.display().to_string()),
            ("NODE_GATE_POLL_INTERVAL", "100ms".to_owned()),
        ];
        let all = own.into_iter().chain(aws::environment(&self.shared.simulator.endpoint(), "gate"));
        let all = all.map(|(name, value)| (name.to_owned(), value));
        // the group's own settings come last: they win
        all.chain(self.boot.gate_env.iter().cloned()).collect()
    }

    /// What the unit does when its program ends: exit 0 alone is not enough, it must have said that it is open. Its record,
    /// which each start begins without, stands for what systemd hears.
    async fn gate_ended(&mut self, status: ExitStatus) -> anyhow::Result<()> {
        if self.gate.take().is_none() {
            return Ok(());
        }
        self.shared.gates().remove(&self.info.id);
        if status.success() && self.state_dir.join("opened.json").exists() {
            self.start_kubelet().await;
            return Ok(());
        }
        self.shared.unopened(&self.info.id, status);
        self.shared.gate_is(&self.info.id, GateState::Off);
        sleep(REARM).await;
        self.start_gate()
    }

    async fn start_kubelet(&mut self) {
        self.kubelet_runs = true;
        self.shared.gate_is(&self.info.id, GateState::Open);
        self.kubelet.start(&format!("{}-{}", self.info.id, self.boots)).await;
    }
}

async fn gate_end(gate: &mut Option<Process>) -> ExitStatus {
    match gate {
        Some(gate) => match gate.wait().await {
            Ok(status) => status,
            // it cannot be waited for: the same as never ending
            Err(_) => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
