//! The gate where it belongs: under a real systemd, in the unit that we ship, beside the ways of others.

mod boot;
mod node;
mod opening;
mod others;

use crate::bench::Bench;
use crate::bench::report::Scenario;
use crate::machine::make_bridge;

/// Measures our gate, what it costs a boot, and how soon others would have opened.
pub(super) async fn run(bench: &Bench, runs: usize) -> anyhow::Result<Vec<Scenario>> {
    make_bridge().await?;
    Ok(vec![opening::run(bench, runs).await?, boot::run(bench).await?, others::run(bench, runs).await?])
}
