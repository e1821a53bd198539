//! What the gate costs the boot of an instance that is in service already.

use std::time::SystemTime;

use super::bed::{Bed, after};
use crate::bench::Bench;
use crate::bench::machine::Machine;
use crate::bench::report::{Bar, Scenario};
use crate::bench::stats::Times;

/// One after the other: a node has one gate.
const RUNS: usize = 100;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Scenario> {
    let bed = Bed::start(&bench.dir, "boot").await?;
    bed.group("boot").max(1).desired(1).create().await?;
    let instance = bed.in_state("InService", 1).await?.remove(0);
    let load = Machine::now()?.load;
    let (mut times, mut broken) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let started = SystemTime::now();
        let mut gate = bed.gate(&instance, &[])?;
        let (ended, open) = gate.end().await?;
        match open {
            Ok(()) => times.extend(after(started, ended)),
            Err(how) => broken.push(format!("a gate died: {how}")),
        }
    }
    bench.say(&format!("{RUNS} gates opened on an instance in service"));
    let times: Times = times.into_iter().collect();
    let about = "instance in service: node-gate is started → has exited 0 with its record";
    let mut scenario = Scenario::new("gate-boot", about);
    scenario.figure("runs", "boots", times.len());
    scenario.figure("extra_boot_p50_seconds", "extra time, p50", times.percentile(50));
    scenario.judged("extra_boot_p99_seconds", "extra time, p99", times.percentile(99), Bar::AtMost(0.05));
    scenario.figure("extra_boot_max_seconds", "extra time, longest", times.max());
    scenario.load(load);
    for promise in broken {
        scenario.broke(promise);
    }
    Ok(scenario)
}
