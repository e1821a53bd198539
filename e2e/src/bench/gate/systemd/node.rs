//! One machine of a group, with a stand-in for kubelet that does nothing: what is measured ends with its start.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use aws_simulator::{Options, Simulator};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::super::PATIENCE;
use crate::group::{Group, GroupBuilder, Pool};
use crate::machine::{BED_ADDRESS, Machine};
use crate::wait::eventually;

const KUBELET: &str = "[Unit]\nDescription=Stand-in for kubelet\nStartLimitIntervalSec=0\n\n[Service]\nType=exec\nExecStart=/usr/bin/sleep infinity\n\n\
    [Install]\nWantedBy=multi-user.target\n";

pub(super) struct Node {
    pub(super) simulator: Simulator,
    pub(super) group: Group,
    pub(super) machine: Machine,
}

impl Node {
    /// Boots it in the warm pool, or in service.
    pub(super) async fn boot(dir: &Path, name: &str, in_service: bool) -> anyhow::Result<Self> {
        let dir = dir.join(name);
        fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
        let listen = SocketAddr::from((BED_ADDRESS, 0));
        let options = Options { listen, allow_remote: true, ..Options::default() };
        let simulator = Simulator::start(options).await?;
        let group = GroupBuilder::new(None, &simulator.endpoint(), name.to_owned());
        let group = group.max(1).desired(i32::from(in_service)).warm_pool(Pool::Running).reuse();
        let group = group.create().await?;
        let state = if in_service { "InService" } else { "Warmed:Running" };
        let reached =
            simulator.wait_until(state, PATIENCE, |all| all.iter().any(|one| one.lifecycle_state == state));
        let instance = reached.await?.first().context("no instance")?.id.clone();
        let metadata = [Ipv4Addr::new(169, 254, 169, 254).into()];
        let mut machine = Machine::new(&dir, &instance, &simulator.endpoint(), &metadata).await?;
        machine.install_gate(&simulator.endpoint()).await?;
        machine.write("/etc/systemd/system/kubelet.service", KUBELET)?;
        machine.enable("kubelet.service")?;
        machine.boot().await?;
        Ok(Node { simulator, group, machine })
    }

    /// Waits until the instance is in a state.
    pub(super) async fn is(&self, state: &str) -> anyhow::Result<()> {
        let reached = self
            .simulator
            .wait_until(state, PATIENCE, |all| all.iter().all(|one| one.lifecycle_state == state));
        reached.await.map(drop)
    }

    /// Waits until the gate has looked so often since it was started, and holds.
    pub(super) async fn holds(&self, looks_before: usize) -> anyhow::Result<()> {
        eventually("the gate holds", PATIENCE, async || {
            // the second look begins after the first was acted upon
            ensure!(self.looks() >= looks_before + 2, "it has not looked yet");
            let state = self.machine.state_of("node-gate.service").await?;
            ensure!(state == "activating", "it is {state}");
            Ok(())
        })
        .await
    }

    /// How often the gate has looked so far.
    pub(super) fn looks(&self) -> usize {
        let calls = self.simulator.imds_calls(&self.machine.instance);
        calls.iter().filter(|call| call.path.ends_with("target-lifecycle-state")).count()
    }

    /// When systemd last started the main process of each unit that fits the pattern.
    pub(super) async fn started(&self, pattern: &str) -> anyhow::Result<Vec<SystemTime>> {
        let words = ["systemctl", "show", "--timestamp=us+utc", "--property=ExecMainStartTimestamp", pattern];
        let text = self.machine.run(&words).await?;
        text.lines().filter_map(|line| line.strip_prefix("ExecMainStartTimestamp=")).map(timestamp).collect()
    }
}

/// systemd's way to tell a time to the microsecond: `Sat 2026-11-21 20:20:14.183571 UTC`.
fn timestamp(text: &str) -> anyhow::Result<SystemTime> {
    let parsed = DateTime::strptime("%a %Y-%m-%d %H:%M:%S%.f UTC", text);
    let zoned = parsed.and_then(|time| time.to_zoned(TimeZone::UTC));
    let timestamp: Timestamp = zoned.with_context(|| format!("a time of systemd's: {text:?}"))?.timestamp();
    Ok(timestamp.into())
}

/// A moment anywhere within an interval.
pub(super) fn anywhere(interval: Duration) -> Duration {
    interval.mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_systemds_is_understood_to_the_microsecond() {
        let time = timestamp("Sat 2026-11-21 20:20:14.183571 UTC").unwrap();
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(since, Duration::from_micros(1_795_292_414_183_571));
        assert!(timestamp("n/a").is_err());
        assert!(timestamp("").is_err());
    }
}
