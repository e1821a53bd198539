//! From the moment the target turns `InService` until the gate is open.

use std::time::Duration;

use anyhow::Context;
use futures::future::try_join_all;
use tokio::time::sleep;

use super::bed::{Bed, after, turned};
use crate::bench::Bench;
use crate::bench::machine::Machine;
use crate::bench::report::{Bar, Scenario};
use crate::bench::stats::Times;
use crate::group::{Group, Pool};

/// Gates a round. Few enough that they do not wait for each other: a look takes about a millisecond, and their looks
/// are spread over the interval.
const AT_ONCE: usize = 10;

/// The product's own poll interval: gates are started this far apart altogether, so that the moment at which the target
/// turns meets every phase of it equally often.
const POLL: Duration = Duration::from_millis(500);

/// A warm pool whose instances run: their gates hold at the moment the instance is called, as one does whose instance
/// has just been started.
pub(super) async fn run(bench: &Bench, runs: usize) -> anyhow::Result<Scenario> {
    let load = Machine::now()?.load;
    let bed = Bed::start(&bench.dir, "opening").await?;
    let size = i32::try_from(AT_ONCE)?;
    let group = bed.group("opening").max(size).warm_pool(Pool::Running).create().await?;
    let (mut latencies, mut broken) = (Vec::new(), Vec::new());
    while latencies.len() + broken.len() < runs {
        let count = AT_ONCE.min(runs - latencies.len() - broken.len());
        for outcome in round(&bed, &group, count).await? {
            match outcome {
                Ok(latency) => latencies.push(latency),
                Err(promise) => broken.push(promise),
            }
        }
        let done = latencies.len() + broken.len();
        if done.is_multiple_of(50) || done == runs {
            bench.say(&format!("{done} of {runs} gates opened"));
        }
    }
    let times: Times = latencies.into_iter().collect();
    let about = "target turns InService → node-gate has exited 0 with its record";
    let mut scenario = Scenario::new("gate-opening", about);
    scenario.figure("runs", "openings", times.len());
    scenario.figure("open_latency_p50_seconds", "until open, p50", times.percentile(50));
    scenario.judged("open_latency_p99_seconds", "until open, p99", times.percentile(99), Bar::AtMost(1.0));
    scenario.figure("open_latency_max_seconds", "until open, longest", times.max());
    let calls = bed.api_calls();
    scenario.judged("aws_calls", "AWS API calls, target mode", calls, Bar::AtMost(0.0));
    scenario.load(load);
    scenario.note("systemd then needs 0.05 to 0.07 s more to start kubelet; that is not measured here");
    scenario.note(format!("{AT_ONCE} gates at a time, their looks spread over the poll interval of 500 ms"));
    for promise in broken {
        scenario.broke(promise);
    }
    Ok(scenario)
}

/// One opening each of `count` gates: how long it took, or what was broken.
async fn round(bed: &Bed, group: &Group, count: usize) -> anyhow::Result<Vec<Result<Duration, String>>> {
    let instances = bed.in_state("Warmed:Running", AT_ONCE).await?;
    let mut gates = Vec::new();
    for instance in &instances {
        gates.push(bed.gate(instance, &[])?);
        sleep(POLL / u32::try_from(AT_ONCE)?).await;
    }
    for gate in &mut gates {
        bed.holds(gate).await?;
    }
    // anywhere in the interval
    sleep(POLL.mul_f64(fastrand::f64())).await;
    let openings = gates.iter_mut().map(|gate| {
        let mut events = bed.simulator.subscribe();
        async move {
            let id = gate.instance.clone();
            let turned = turned(&mut events, &id, "Pending");
            let (turned, (ended, open)) = tokio::try_join!(turned, gate.end())?;
            anyhow::Ok(match (after(turned, ended), open) {
                (Some(latency), Ok(())) => Ok(latency),
                (None, Ok(())) => Err(format!("the gate of {id} opened early")),
                (_, Err(how)) => Err(format!("the gate of {id} died: {how}")),
            })
        }
    });
    let called = async {
        // the listeners subscribed when they were made
        group.set_desired(i32::try_from(AT_ONCE)?).await
    };
    let openings: Vec<_> = openings.collect();
    let (outcomes, ()) = tokio::try_join!(try_join_all(openings), called).context("a round of openings")?;
    bed.in_state("InService", AT_ONCE).await?;
    group.set_desired(0).await?;
    Ok(outcomes.into_iter().take(count).collect())
}
