//! The ways of others, on the same machine under the same systemd: a loop that asks every so often.
//!
//! - the Auto Scaling API every 15 s, until it says `InService` (amazon-ec2-wait-for-inservice);
//! - the target in IMDS every 5 s (Bottlerocket);
//! - the target in IMDS once a minute (the ECS agent).
//!
//! All that they wait for is the same turn of the same instance. Only their interval is theirs: the loop is ours, and it makes
//! nothing worse than it is there.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, ensure};
use tokio::time::sleep;

use super::super::bed::{after, turned};
use super::node::{Node, anywhere};
use crate::bench::Bench;
use crate::bench::machine::Machine as Host;
use crate::bench::report::{Measured, Scenario};
use crate::bench::stats::Times;
use crate::tools::beside;
use crate::wait::eventually;

/// Loops of each kind that wait for one turn, their looks spread over their interval.
const AT_ONCE: u16 = 50;

struct Way {
    name: &'static str,
    about: &'static str,
    seconds: u32,
}

const WAYS: [Way; 3] = [
    Way { name: "api", about: "the API every 15 s", seconds: 15 },
    Way { name: "imds-fast", about: "IMDS every 5 s", seconds: 5 },
    Way { name: "imds-slow", about: "IMDS every 60 s", seconds: 60 },
];

/// `%i`: the milliseconds after which it looks first.
fn units(way: &Way) -> [(String, String); 2] {
    let Way { name, seconds, .. } = way;
    let what = if name.starts_with("api") { "api" } else { "imds" };
    let wait = format!(
        "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\nRemainAfterExit=yes\nTimeoutStartSec=infinity\n\
         EnvironmentFile=/etc/node-gate/node-gate.env\n\
         ExecStart=/usr/bin/env AWS_ACCESS_KEY_ID=other /usr/bin/poller {what} {seconds} %i\n"
    );
    let held = format!(
        "[Unit]\nRequires=wait-{name}@%i.service\nAfter=wait-{name}@%i.service\n[Service]\nType=exec\n\
         ExecStart=/usr/bin/sleep infinity\n"
    );
    [(format!("wait-{name}@.service"), wait), (format!("held-{name}@.service"), held)]
}

pub(super) async fn run(bench: &Bench, runs: usize) -> anyhow::Result<Scenario> {
    let load = Host::now()?.load;
    let node = Node::boot(&bench.dir, "systemd-others", false).await?;
    node.machine.install(&beside("poller")?, "/usr/bin/poller").await?;
    for (unit, text) in WAYS.iter().flat_map(units) {
        node.machine.write(&format!("/etc/systemd/system/{unit}"), &text)?;
    }
    // ours is not what is looked at here
    node.machine.run(&["systemctl", "stop", "kubelet.service", "node-gate.service"]).await?;
    node.machine.run(&["systemctl", "daemon-reload"]).await?;
    let mut latencies: [Vec<Duration>; 3] = Default::default();
    let mut api_calls_an_hour = Vec::new();
    for round in 1..=runs.div_ceil(usize::from(AT_ONCE)) {
        let (turned, calls_an_hour) = turn(&node).await?;
        api_calls_an_hour.push(calls_an_hour);
        for (way, latencies) in WAYS.iter().zip(&mut latencies) {
            for started in node.started(&format!("held-{}@*", way.name)).await? {
                latencies.push(after(turned, started).context("one of the others was early")?);
            }
        }
        bench.say(&format!(
            "{} loops of each of the others' kinds have seen the turn",
            round * usize::from(AT_ONCE)
        ));
        back(&node).await?;
    }
    let mut scenario = Scenario::new(
        "gate-others",
        "the ways of others, same machine: the same turn → what they hold starts",
    );
    for (way, latencies) in WAYS.iter().zip(latencies) {
        let Way { name, about, .. } = way;
        let name = name.replace('-', "_");
        let times: Times = latencies.into_iter().collect();
        scenario.figure(&format!("{name}_runs"), "", times.len());
        scenario.figure(&format!("{name}_p50_seconds"), &format!("{about}: p50"), times.percentile(50));
        scenario.figure(&format!("{name}_p99_seconds"), &format!("{about}: p99"), times.percentile(99));
        scenario.figure(&format!("{name}_max_seconds"), &format!("{about}: longest"), times.max());
    }
    #[expect(clippy::cast_precision_loss, reason = "a few")]
    let average = api_calls_an_hour.iter().sum::<f64>() / api_calls_an_hour.len().max(1) as f64;
    scenario.figure(
        "api_calls_per_hour",
        "the API every 15 s: calls a node and hour",
        Measured::Number(average),
    );
    scenario.load(load);
    scenario
        .note("an instance that is called waits in the pool as long as before; only the noticing differs");
    Ok(scenario)
}

/// Starts all loops, lets each look at least once, and calls the instance into service; returns when its target turned, once
/// all have seen it, and how often a node asked the API by the hour.
async fn turn(node: &Node) -> anyhow::Result<(SystemTime, f64)> {
    for way in &WAYS {
        let step = way.seconds * 1000 / u32::from(AT_ONCE);
        let units =
            (0..AT_ONCE).map(|number| format!("held-{}@{}.service", way.name, step * u32::from(number)));
        let units = units.collect::<Vec<_>>().join(" ");
        node.machine.shell(&format!("systemctl start --no-block {units}")).await?;
    }
    let longest =
        Duration::from_secs(u64::from(WAYS.iter().map(|way| way.seconds).max().unwrap_or_default()));
    sleep(longest).await;
    let (began, before) = (Instant::now(), api_calls(node));
    sleep(longest / 2 + anywhere(longest)).await;
    let (calls, hours) = (api_calls(node) - before, began.elapsed().as_secs_f64() / 3600.0);
    let mut events = node.simulator.subscribe();
    let turned = turned(&mut events, &node.machine.instance, "Pending");
    let (turned, ()) = tokio::try_join!(turned, node.group.set_desired(1))?;
    eventually("all have started what they held", 2 * longest, async || {
        let active =
            node.machine.shell("systemctl list-units --plain --no-legend --state=active 'held-*'").await?;
        let active = active.lines().count();
        ensure!(active == usize::from(AT_ONCE) * WAYS.len(), "{active} have");
        Ok(())
    })
    .await?;
    #[expect(clippy::cast_precision_loss, reason = "hundreds")]
    let calls_an_hour = calls as f64 / f64::from(AT_ONCE) / hours;
    Ok((turned, calls_an_hour))
}

async fn back(node: &Node) -> anyhow::Result<()> {
    node.machine.shell("systemctl stop 'wait-*' 'held-*'").await?;
    node.is("InService").await?;
    node.group.set_desired(0).await?;
    node.is("Warmed:Running").await
}

fn api_calls(node: &Node) -> usize {
    node.simulator.calls().iter().filter(|call| call.caller == "other").count()
}
