//! The command line.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::options::Options;
use crate::simulator::Simulator;

/// EC2 Auto Scaling with warm pools and lifecycle hooks, SQS, and instance metadata, on loopback.
#[derive(Debug, Parser)]
#[command(name = "aws-simulator", version)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until interrupted. The first line on stdout is the endpoint of Auto Scaling and SQS, for `AWS_ENDPOINT_URL`.
    Serve(Serve),
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// Where to listen: a loopback address; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How many simulated seconds pass in a real one. For people: a real program under test does not speed up.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// The smallest heartbeat timeout a hook may have, in seconds.
    #[arg(long, default_value_t = 30)]
    min_heartbeat_timeout: u64,
    /// How long an instance boots before its launch hook holds it.
    #[arg(long, default_value = "5s", value_parser = humantime::parse_duration)]
    boot_time: Duration,
    /// How long an instance takes to stop or terminate.
    #[arg(long, default_value = "2s", value_parser = humantime::parse_duration)]
    stop_time: Duration,
    /// All ids and tokens follow from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Args {
    /// Does what the command line says.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Serve(serve) => serve.run().await,
        }
    }
}

impl Serve {
    async fn run(self) -> anyhow::Result<()> {
        let Self { listen, speed, min_heartbeat_timeout, boot_time, stop_time, seed } = self;
        let simulator = Simulator::start(Options {
            listen,
            seed,
            speed,
            min_heartbeat_timeout: Duration::from_secs(min_heartbeat_timeout),
            boot_time,
            stop_time,
            ..Options::default()
        })
        .await?;
        writeln!(std::io::stdout(), "{}", simulator.endpoint()).context("printing the endpoint")?;
        interrupted().await
    }
}

async fn interrupted() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .context("listening for SIGTERM")?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("listening for SIGINT"),
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
