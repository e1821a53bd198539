//! The simulator itself: it must never be what others wait for.

mod bed;
mod load;

use std::time::Duration;

use anyhow::Context;

use super::Bench;
use super::machine::{self, Machine};
use super::report::{Bar, Measured, Scenario};
use super::stats::Times;
use bed::Bed;
use load::{Request, load};

/// How many instances it must be able to hold, and in how much memory.
const MOST: usize = 5000;

/// What this benchmark can be told.
#[derive(Debug, clap::Args)]
pub(super) struct SimulatorArgs {
    /// How many instances there are while calls are counted
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=5000))]
    instances: u16,
    /// For how long each kind of call is made
    #[arg(long, default_value = "5s", value_name = "DURATION", value_parser = humantime::parse_duration)]
    calls_for: Duration,
}

pub(super) async fn run(bench: &Bench, args: &SimulatorArgs) -> anyhow::Result<Vec<Scenario>> {
    Ok(vec![calls(bench, args).await?, size(bench, usize::from(args.instances)).await?])
}

async fn calls(bench: &Bench, args: &SimulatorArgs) -> anyhow::Result<Scenario> {
    let instances = usize::from(args.instances);
    let bed = Bed::start(bench, "calls").await?;
    bed.group("many")?;
    bed.scale("many", instances).await?;
    bench.say(&format!("{instances} instances are in service; each kind of call for {:?}", args.calls_for));
    let mut scenario = Scenario::new(
        "simulator-calls",
        format!("{instances} instances; 8 connections that stay, on the same machine"),
    );
    for (name, text, request) in kinds(&bed).await? {
        let time = args.calls_for;
        let load = tokio::task::spawn_blocking(move || load(&request, time)).await??;
        let count = u32::try_from(load.times.len()).context("fewer calls")?.max(1);
        let rate = f64::from(count) / load.took.as_secs_f64();
        let times: Times = load.times.into_iter().collect();
        scenario.judged(
            &format!("{name}_per_second"),
            &format!("{text}: calls a second"),
            Measured::Number(rate),
            Bar::AtLeast(5000.0),
        );
        scenario.figure(&format!("{name}_p99_seconds"), "    p99 of a call", times.percentile(99));
        bench.say(&format!("{text}: {rate:.0} calls a second"));
    }
    scenario.figure("rss_mb", "RSS at the end", Measured::Bytes(machine::memory(bed.pid()?)?.resident));
    scenario.load(Machine::now()?.load);
    bed.end().await?;
    Ok(scenario)
}

/// The calls that clients make again and again.
async fn kinds(bed: &Bed) -> anyhow::Result<Vec<(&'static str, &'static str, Request)>> {
    // One that a hook holds for as long as heartbeats come.
    bed.group("held")?;
    bed.call(
        "Action=PutLifecycleHook&AutoScalingGroupName=held&LifecycleHookName=h&HeartbeatTimeout=7200\
         &LifecycleTransition=autoscaling:EC2_INSTANCE_LAUNCHING",
    )?;
    bed.call("Action=SetDesiredCapacity&AutoScalingGroupName=held&DesiredCapacity=1")?;
    let held = loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let id = bed.first_of("held")?;
        let seen = bed.call(&format!("Action=DescribeAutoScalingInstances&InstanceIds.member.1={id}"))?;
        if seen.contains("Pending:Wait") {
            break id;
        }
    };
    let one = bed.first_of("many")?;
    let scaling = |form: &str| Request::scaling(bed.endpoint, form);
    Ok(vec![
        (
            "describe_instance",
            "DescribeAutoScalingInstances, one id",
            scaling(&format!("Action=DescribeAutoScalingInstances&InstanceIds.member.1={one}")),
        ),
        (
            "describe_hooks",
            "DescribeLifecycleHooks",
            scaling("Action=DescribeLifecycleHooks&AutoScalingGroupName=held"),
        ),
        (
            "heartbeat",
            "RecordLifecycleActionHeartbeat",
            scaling(&format!(
                "Action=RecordLifecycleActionHeartbeat&AutoScalingGroupName=held&LifecycleHookName=h&InstanceId={held}"
            )),
        ),
    ])
}

async fn size(bench: &Bench, instances: usize) -> anyhow::Result<Scenario> {
    let bed = Bed::start(bench, "size").await?;
    let mut scenario = Scenario::new(
        "simulator-size",
        format!(
            "instances that boot for {} and end for {}, each with a metadata service",
            bed::BOOT,
            bed::STOP
        ),
    );
    bed.group("many")?;
    scenario.figure(
        "rss_empty_mb",
        "RSS with no instance",
        Measured::Bytes(machine::memory(bed.pid()?)?.resident),
    );
    let out = bed.scale("many", instances).await?;
    bench.say(&format!("{instances} instances are in service after {out:.1?}"));
    let back = bed.scale("many", 0).await?;
    scenario.figure("scale_out_seconds", &format!("0 to {instances} instances in service"), out);
    scenario.figure("scale_in_seconds", &format!("{instances} to 0"), back);
    let most = bed.scale("many", MOST).await?;
    let memory = machine::memory(bed.pid()?)?;
    bench.say(&format!("{MOST} instances are in service after {most:.1?}"));
    scenario.figure("scale_out_most_seconds", &format!("0 to {MOST} instances in service"), most);
    scenario.judged(
        "rss_mb",
        &format!("RSS with {MOST} instances"),
        Measured::Bytes(memory.resident),
        Bar::AtMost(150.0),
    );
    scenario.figure("peak_rss_mb", "RSS at most", Measured::Bytes(memory.peak));
    scenario.load(Machine::now()?.load);
    bed.end().await?;
    Ok(scenario)
}
