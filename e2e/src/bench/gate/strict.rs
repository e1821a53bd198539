//! A thousand strict gates at once, while the Auto Scaling API refuses nine calls of ten.
//!
//! The instances stand at `Pending:Wait` of a launch hook: their target says `InService`, the API does not yet. So each gate
//! asks the API from its first look on, and a gate that took a refusal or the target for a yes would open early. Then the
//! hook lets all of them into service.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, ensure};
use aws_simulator::{Event, Fault, InstanceInfo};
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::bed::{Bed, Gate, after};
use crate::bench::Bench;
use crate::bench::machine::{self, Machine};
use crate::bench::report::{Bar, Measured, Scenario};
use crate::bench::stats::Times;
use crate::group::{Group, LAUNCH_HOOK};

/// The share of questions that are refused.
const REFUSED: f64 = 0.9;

/// A thousand programs that look twice a second are more than this machine's processors should have to do with: the
/// question here is the API.
const SETTINGS: [(&str, &str); 2] = [("NODE_GATE_UNTIL", "in-service"), ("NODE_GATE_POLL_INTERVAL", "2s")];

/// Started together.
const BATCH: usize = 50;

/// For so long all of them ask in vain before the first may open.
const IN_VAIN: Duration = Duration::from_secs(20);

/// All have to be open after this. Patience has to be long: of a thousand gates one needs some 65 questions by mere chance,
/// 12 s apart.
const LIMIT: Duration = Duration::from_secs(30 * 60);

pub(super) async fn run(bench: &Bench, wanted: usize) -> anyhow::Result<Scenario> {
    let bed = Bed::start(&bench.dir, "strict").await?;
    bed.simulator.fault("DescribeAutoScalingInstances", Fault::Throttle { share: REFUSED });
    let size = i32::try_from(wanted)?;
    let group = bed.group("strict").max(size).launch_hook(Duration::from_secs(7200)).desired(size).create();
    let group = group.await?;
    let instances = bed.in_state("Pending:Wait", wanted).await?;
    let gates = start(bench, &bed, &instances).await?;
    let count = gates.len();
    let memory = cost(&gates)?;
    bench.say(&format!(
        "{count} strict gates hold, {:.1} MB each; they ask in vain for {IN_VAIN:?}",
        mb(memory)
    ));
    let mut unfinished: HashMap<String, PathBuf> =
        gates.iter().map(|gate| (gate.instance.clone(), gate.status_file())).collect();
    let mut ends = JoinSet::new();
    for mut gate in gates {
        ends.spawn(async move {
            let end = gate.end().await;
            (gate.instance, end)
        });
    }
    sleep(IN_VAIN).await;
    let asked_in_vain = bed.api_calls();
    let events = bed.simulator.subscribe();
    let let_in = Instant::now();
    let into_service = let_all_in(&group, &instances[..count]).await;
    into_service.context("completing the launch hook")?;
    bench.say(&format!("all may open now, after {asked_in_vain} questions in vain"));
    let ends = all_ends(bench, &mut ends, count).await?;
    let in_service = in_service_since(events)?;

    let mut broken = Vec::new();
    let mut latencies = Vec::new();
    for (instance, (ended, open)) in ends {
        let latency = in_service.get(&instance).and_then(|since| after(*since, ended));
        match (latency, open) {
            (Some(latency), Ok(())) => latencies.push(latency),
            (None, Ok(())) => broken.push(format!("the gate of {instance} opened early")),
            (_, Err(how)) => broken.push(format!("the gate of {instance} died: {how}")),
        }
        unfinished.remove(&instance);
    }
    let words = unfinished.iter().map(|(instance, status)| bed.last_words(instance, status));
    broken.extend(words.map(|words| format!("not open after {LIMIT:?}: {words}")));
    let times: Times = latencies.into_iter().collect();
    let about = format!(
        "{wanted} gates with --until=in-service, {:.0} % of the API's answers are refusals",
        REFUSED * 100.0
    );
    let mut scenario = Scenario::new("gate-strict", about);
    #[expect(clippy::cast_precision_loss, reason = "a thousand")]
    let all = wanted as f64;
    scenario.judged("gates_opened", "opened, none early, none died", times.len(), Bar::AtLeast(all));
    scenario.figure("open_latency_p50_seconds", "in service → open, p50", times.percentile(50));
    scenario.figure("open_latency_p99_seconds", "in service → open, p99", times.percentile(99));
    scenario.figure("all_open_seconds", "in service → open, the last", times.max());
    scenario.figure("aws_calls", "API calls", bed.api_calls());
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let each = bed.api_calls() as f64 / count.max(1) as f64;
    scenario.figure("aws_calls_per_gate", "API calls a gate", Measured::Number(each));
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let rate = (bed.api_calls() - asked_in_vain) as f64 / let_in.elapsed().as_secs_f64();
    scenario.figure("aws_calls_per_second", "API calls a second, on average", Measured::Number(rate));
    scenario.figure("pss_mb_per_gate", "memory a gate, shared pages by their part", Measured::Bytes(memory));
    scenario.load(Machine::now()?.load);
    if count < wanted {
        scenario.note(format!("only {count} gates fit into the memory of this machine"));
    }
    for promise in broken {
        scenario.broke(promise);
    }
    Ok(scenario)
}

/// Starts them batch by batch, for as long as there is memory for twice another batch.
async fn start(bench: &Bench, bed: &Bed, instances: &[InstanceInfo]) -> anyhow::Result<Vec<Gate>> {
    let mut gates: Vec<Gate> = Vec::new();
    for batch in instances.chunks(BATCH) {
        if let Some(gate) = gates.first() {
            let needed = machine::memory(gate.id()?)?.peak * 2 * BATCH as u64;
            if Machine::now()?.available < needed {
                break;
            }
        }
        let first = gates.len();
        for instance in batch {
            gates.push(bed.gate(instance, &SETTINGS)?);
        }
        for gate in &mut gates[first..] {
            bed.holds(gate).await?;
        }
        bench.say(&format!("{} of {} strict gates hold", gates.len(), instances.len()));
    }
    Ok(gates)
}

/// What a gate costs the machine, on average over some of them.
fn cost(gates: &[Gate]) -> anyhow::Result<u64> {
    let some = &gates[..gates.len().min(20)];
    ensure!(!some.is_empty(), "there is no memory for a single gate");
    let sum = some.iter().map(|gate| machine::proportional(gate.id()?)).sum::<anyhow::Result<u64>>()?;
    Ok(sum / some.len() as u64)
}

async fn let_all_in(group: &Group, instances: &[InstanceInfo]) -> anyhow::Result<()> {
    stream::iter(instances)
        .map(|instance| group.complete(LAUNCH_HOOK, &instance.id))
        .buffer_unordered(16)
        .try_collect::<Vec<()>>()
        .await?;
    Ok(())
}

type End = (SystemTime, Result<(), String>);

async fn all_ends(
    bench: &Bench,
    ends: &mut JoinSet<(String, anyhow::Result<End>)>,
    count: usize,
) -> anyhow::Result<Vec<(String, End)>> {
    let mut seen = Vec::new();
    let mut said = Instant::now();
    let all = async {
        while let Some(ended) = ends.join_next().await {
            let (instance, end) = ended?;
            seen.push((instance, end?));
            if said.elapsed() > Duration::from_secs(10) || seen.len() == count {
                bench.say(&format!("{} of {count} strict gates have ended", seen.len()));
                said = Instant::now();
            }
        }
        anyhow::Ok(())
    };
    match timeout(LIMIT, all).await {
        Ok(all) => all?,
        Err(_) => bench.say(&format!("giving up after {LIMIT:?}")),
    }
    Ok(seen)
}

fn in_service_since(mut events: Receiver<Event>) -> anyhow::Result<HashMap<String, SystemTime>> {
    let mut since = HashMap::new();
    loop {
        match events.try_recv() {
            Ok(Event::LifecycleChanged { at, id, to, .. }) if to == "InService" => {
                since.insert(id, at);
            }
            Ok(_) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return Ok(since),
            Err(TryRecvError::Lagged(missed)) => anyhow::bail!("{missed} simulator events were missed"),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
