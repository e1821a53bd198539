//! What a held gate costs the node and AWS.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::bed::Bed;
use crate::bench::Bench;
use crate::bench::machine::{self, Machine};
use crate::bench::report::{Bar, Measured, Scenario};
use crate::group::Pool;

/// So many gates are looked at; the worst one counts.
const GATES: usize = 4;

/// A gate's beginning, with its first looks and lines, is no holding yet.
const SETTLED: Duration = Duration::from_secs(2);

pub(super) async fn run(bench: &Bench, held_for: Duration) -> anyhow::Result<Scenario> {
    let bed = Bed::start(&bench.dir, "held").await?;
    bed.group("held").max(i32::try_from(GATES)?).warm_pool(Pool::Running).create().await?;
    let instances = bed.in_state("Warmed:Running", GATES).await?;
    let mut gates = instances.iter().map(|one| bed.gate(one, &[])).collect::<anyhow::Result<Vec<_>>>()?;
    for gate in &mut gates {
        bed.holds(gate).await?;
    }
    sleep(SETTLED).await;
    bench.say(&format!("{GATES} gates hold; looking at them for {held_for:?}"));
    let looks =
        |bed: &Bed| instances.iter().map(|one| bed.simulator.imds_calls(&one.id).len()).sum::<usize>();
    let (started, looks_before) = (Instant::now(), looks(&bed));
    let before =
        gates.iter().map(|gate| machine::cpu_of_threads(gate.id()?)).collect::<anyhow::Result<Vec<_>>>()?;
    sleep(held_for).await;
    let took = started.elapsed().as_secs_f64();
    let mut used = Duration::ZERO;
    let (mut resident, mut peak, mut proportional) = (0, 0, 0);
    for (gate, before) in gates.iter_mut().zip(before) {
        gate.still_runs()?;
        used = used.max(machine::cpu_of_threads(gate.id()?)?.saturating_sub(before));
        let memory = machine::memory(gate.id()?)?;
        (resident, peak) = (resident.max(memory.resident), peak.max(memory.peak));
        proportional = proportional.max(machine::proportional(gate.id()?)?);
    }
    let looks = looks(&bed) - looks_before;
    let mut scenario =
        Scenario::new("gate-held", "held by a Warmed:* target, default settings; the worst of 4 gates");
    scenario.judged("held_rss_mb", "RSS, at most", Measured::Bytes(peak), Bar::AtMost(12.0));
    scenario.figure("held_rss_now_mb", "RSS at the end", Measured::Bytes(resident));
    scenario.figure("held_pss_mb", "RSS, shared pages by their part", Measured::Bytes(proportional));
    let percent = Measured::Percent(100.0 * used.as_secs_f64() / took);
    scenario.judged("held_cpu_percent", "CPU, of one core", percent, Bar::AtMost(0.1));
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let a_minute = looks as f64 / GATES as f64 / took * 60.0;
    scenario.figure("imds_calls_per_minute", "IMDS requests a minute", Measured::Number(a_minute));
    scenario.judged("api_calls_while_held", "AWS API calls", bed.api_calls(), Bar::AtMost(0.0));
    scenario.figure("held_seconds", "looked at for", started.elapsed());
    scenario.load(Machine::now()?.load);
    for gate in gates {
        gate.kill().await?;
    }
    Ok(scenario)
}
