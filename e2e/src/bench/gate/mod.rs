//! `bench gate`: the program on the node.

mod bed;
mod boot;
mod held;
mod opening;
mod strict;
mod systemd;

use std::time::Duration;

use clap::ValueEnum;

use super::Bench;
use super::report::Scenario;

/// For every wait whose length is not measured.
const PATIENCE: Duration = Duration::from_secs(60);

/// What `bench gate` can be told.
#[derive(Debug, clap::Args)]
pub(super) struct GateArgs {
    /// How many openings are timed
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    runs: u16,
    /// For how long held gates are looked at
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration, value_name = "DURATION")]
    held_for: Duration,
    /// How many strict gates open at once under throttling
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=2000), value_name = "GATES")]
    strict_gates: u16,
    /// Only these parts
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART")]
    only: Vec<Part>,
}

/// A part of `bench gate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// From the target's turning to the opened gate
    Opening,
    /// Memory, processor time and calls while held
    Held,
    /// What the gate costs the boot of an instance in service
    Boot,
    /// Many strict gates while the API throttles
    Strict,
    /// Under a real systemd, beside the ways of others; needs root
    Systemd,
}

/// Measures what was asked for.
pub(super) async fn run(bench: &Bench, args: &GateArgs) -> anyhow::Result<Vec<Scenario>> {
    let wanted = |part| args.only.is_empty() || args.only.contains(&part);
    let mut scenarios = Vec::new();
    if wanted(Part::Opening) {
        scenarios.push(opening::run(bench, usize::from(args.runs)).await?);
    }
    if wanted(Part::Held) {
        scenarios.push(held::run(bench, args.held_for).await?);
    }
    if wanted(Part::Boot) {
        scenarios.push(boot::run(bench).await?);
    }
    if wanted(Part::Strict) {
        scenarios.push(strict::run(bench, usize::from(args.strict_gates)).await?);
    }
    if wanted(Part::Systemd) {
        scenarios.extend(systemd::run(bench, usize::from(args.runs)).await?);
    }
    Ok(scenarios)
}
