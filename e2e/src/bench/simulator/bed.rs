//! A simulator as a process of its own, with groups in it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::time::sleep;

use super::load::Request;
use crate::bench::Bench;
use crate::process::{Process, command, tail};
use crate::tools;

/// What every instance takes to boot and to end.
pub(super) const BOOT: &str = "300ms";
pub(super) const STOP: &str = "100ms";
/// Nothing here takes so long unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running simulator.
#[derive(Debug)]
pub(super) struct Bed {
    process: Process,
    pub(super) endpoint: SocketAddr,
}

impl Bed {
    pub(super) async fn start(bench: &Bench, name: &str) -> anyhow::Result<Self> {
        let mut serve = command(tools::built("aws-simulator")?);
        serve.args(["serve", "--boot-time", BOOT, "--stop-time", STOP]);
        let log = bench.dir.join(format!("{name}.log"));
        let mut process = Process::spawn("aws-simulator", serve, &log)?;
        let started = Instant::now();
        loop {
            process.still_runs()?;
            let text = std::fs::read_to_string(&log)?;
            if let Some(endpoint) = text.lines().find_map(|line| line.strip_prefix("http://")?.parse().ok()) {
                return Ok(Bed { process, endpoint });
            }
            if started.elapsed() > PATIENCE {
                bail!("the simulator tells no endpoint; {}", tail(&log));
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) fn pid(&self) -> anyhow::Result<u32> {
        self.process.id().context("the simulator has ended")
    }

    /// Calls Auto Scaling.
    pub(super) fn call(&self, form: &str) -> anyhow::Result<String> {
        Request::scaling(self.endpoint, form).once().with_context(|| form.to_owned())
    }

    /// An empty group.
    pub(super) fn group(&self, name: &str) -> anyhow::Result<()> {
        let template = "LaunchTemplate.LaunchTemplateName=bench&AvailabilityZones.member.1=us-east-1a";
        self.call(&format!(
            "Action=CreateAutoScalingGroup&AutoScalingGroupName={name}&MinSize=0&MaxSize=5000&{template}"
        ))?;
        Ok(())
    }

    /// Wants so many, and returns how long it takes until the group has exactly those, all in service.
    pub(super) async fn scale(&self, group: &str, wanted: usize) -> anyhow::Result<Duration> {
        let started = Instant::now();
        self.call(&format!(
            "Action=SetDesiredCapacity&AutoScalingGroupName={group}&DesiredCapacity={wanted}"
        ))?;
        let describe = format!("Action=DescribeAutoScalingGroups&AutoScalingGroupNames.member.1={group}");
        loop {
            let seen = self.call(&describe)?;
            let (all, serving) = (
                seen.matches("<LifecycleState>").count(),
                seen.matches("<LifecycleState>InService<").count(),
            );
            if (all, serving) == (wanted, wanted) {
                return Ok(started.elapsed());
            }
            if started.elapsed() > PATIENCE {
                bail!(
                    "{serving} of {all} instances are in service, {wanted} are wanted; {}",
                    tail(self.process.log())
                );
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The first instance of a group, by the simulator's own list.
    pub(super) fn first_of(&self, group: &str) -> anyhow::Result<String> {
        let list: Vec<serde_json::Value> =
            serde_json::from_str(&Request::get(self.endpoint, "/_simulator/instances").once()?)?;
        let row = list.iter().find(|row| row["group"] == group).context("an instance of the group")?;
        row["id"].as_str().context("an id").map(str::to_owned)
    }

    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        self.process.kill().await
    }
}
