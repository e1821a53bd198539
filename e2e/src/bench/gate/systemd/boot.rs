//! What the gate costs the boot of an instance that is in service.

use std::time::Duration;

use anyhow::Context;

use super::node::Node;
use crate::bench::Bench;
use crate::bench::machine::Machine as Host;
use crate::bench::report::{Bar, Scenario};
use crate::bench::stats::Times;

/// Boots of each kind.
const BOOTS: usize = 20;

const DROP_IN: &str = "/etc/systemd/system/kubelet.service.d/50-node-gate.conf";

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Scenario> {
    let load = Host::now()?.load;
    let mut node = Node::boot(&bench.dir, "systemd-boot", true).await?;
    let drop_in = std::fs::read_to_string(node.machine.file(DROP_IN)).context("our drop-in")?;
    let (mut gated, mut free, mut gate) = (Vec::new(), Vec::new(), Vec::new());
    // in turns, so that whatever else the machine does meets both alike
    for _ in 0..BOOTS {
        node.machine.write(DROP_IN, &drop_in)?;
        gated.push(boot(&mut node).await?);
        let unit = node.machine.unit("node-gate.service").await?;
        let at = |name: &str| microseconds(unit.get(name));
        gate.push(at("ActiveEnterTimestampMonotonic")?.saturating_sub(at("InactiveExitTimestampMonotonic")?));
        node.machine.write(DROP_IN, "# not today\n")?;
        free.push(boot(&mut node).await?);
    }
    bench.say(&format!("{} boots in service, every other one without the gate", 2 * BOOTS));
    let [gated, free, gate]: [Times; 3] = [gated, free, gate].map(|times| times.into_iter().collect());
    let about = "under systemd, instance in service: what the gate costs the boot";
    let mut scenario = Scenario::new("gate-systemd-boot", about);
    scenario.figure("runs", "boots with the gate", gated.len());
    scenario.figure("gate_unit_p50_seconds", "the gate's unit starts → is active, p50", gate.percentile(50));
    let p99 = gate.percentile(99);
    scenario.judged(
        "gate_unit_p99_seconds",
        "the gate's unit starts → is active, p99",
        p99,
        Bar::AtMost(0.05),
    );
    scenario.figure("boot_gated_p50_seconds", "boot → kubelet starts, with it, p50", gated.percentile(50));
    scenario.figure("boot_free_p50_seconds", "boot → kubelet starts, without it, p50", free.percentile(50));
    let extra = gated.percentile(50).saturating_sub(free.percentile(50));
    scenario.judged("extra_boot_p50_seconds", "difference", extra, Bar::AtMost(0.05));
    scenario.load(load);
    Ok(scenario)
}

/// Boots it anew, and tells how long it took from systemd's first moment to kubelet's start.
async fn boot(node: &mut Node) -> anyhow::Result<Duration> {
    node.machine.cut().await?;
    node.machine.boot().await?;
    node.machine.wait_for("kubelet.service", "active").await?;
    let kubelet = node.machine.unit("kubelet.service").await?;
    let manager = node.machine.run(&["systemctl", "show", "--property=UserspaceTimestampMonotonic"]).await?;
    let began = manager.trim().strip_prefix("UserspaceTimestampMonotonic=").map(str::to_owned);
    let started = microseconds(kubelet.get("ExecMainStartTimestampMonotonic"))?;
    Ok(started.saturating_sub(microseconds(began.as_ref())?))
}

fn microseconds(value: Option<&String>) -> anyhow::Result<Duration> {
    let value = value.context("no such property")?;
    Ok(Duration::from_micros(value.parse().with_context(|| format!("a time in microseconds: {value:?}"))?))
}
