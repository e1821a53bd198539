//! The command line.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::account::REGION;
use crate::descriptors;
use crate::forward;
use crate::options::Options;
use crate::seed_file::SeedFile;
use crate::simulator::Simulator;

/// EC2 Auto Scaling with warm pools and lifecycle hooks, SQS, and instance metadata, on loopback.
#[derive(Debug, Parser)]
#[command(name = "aws-simulator", version, disable_help_subcommand = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until Ctrl-C
    ///
    /// The first line on stdout is the endpoint of all services, for scripts; what to export is told on stderr. Nothing is stored: with
    /// the program all groups end.
    #[command(after_help = EXAMPLES)]
    Serve(Serve),
    /// Brings an instance's metadata service to 169.254.169.254 in a network namespace
    #[command(long_about = forward::ABOUT, after_help = forward::EXAMPLES)]
    ImdsForward(forward::Forward),
}

const EXAMPLES: &str = "\
Examples:
  aws-simulator serve
  aws-simulator serve --listen 127.0.0.1:4566 --seed-file groups.json
  aws-simulator serve --boot-time 40s --speed 10     # as slow as a real instance, watched ten times as fast

The page docs/aws-simulator.md leads through the life of a warm pool.";

#[derive(Debug, clap::Args)]
struct Serve {
    /// Where to listen: a loopback address; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Lets `--listen` name another address: whoever reaches it may do anything, for no key is checked
    #[arg(long)]
    allow_remote: bool,
    /// Starts with the groups, hooks, warm pools and queues of this JSON file
    #[arg(long, value_name = "FILE")]
    seed_file: Option<PathBuf>,
    /// How many simulated seconds pass in a real one, up to 1000: boots, timeouts and heartbeats all follow it. For people: a
    /// real program under test does not speed up
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    speed: f64,
    /// How long an instance boots before its launch hook holds it
    #[arg(long, default_value = "5s", value_name = "DURATION", value_parser = up_to_a_day)]
    boot_time: Duration,
    /// How long an instance takes to stop or terminate
    #[arg(long, default_value = "2s", value_name = "DURATION", value_parser = up_to_a_day)]
    stop_time: Duration,
    /// Each other step from one lifecycle state to the next
    #[arg(long, default_value = "50ms", value_name = "DURATION", value_parser = up_to_a_day)]
    step_time: Duration,
    /// For how long after its launch an instance has no target lifecycle state: its metadata service answers 404, as at AWS
    /// now and then
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = up_to_a_day)]
    no_target_time: Duration,
    /// How long a machine that was stopped or terminated by hand goes unnoticed by its group
    #[arg(long, default_value = "100ms", value_name = "DURATION", value_parser = up_to_a_day)]
    health_check_time: Duration,
    /// The smallest heartbeat timeout a hook may have, in seconds; AWS says 30
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    min_heartbeat_timeout: u64,
    /// All ids and tokens follow from it
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
}

impl Args {
    /// Does what the command line says.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Serve(serve) => serve.run().await,
            Command::ImdsForward(forward) => forward.run(interrupted()?).await,
        }
    }
}

impl Serve {
    async fn run(self) -> anyhow::Result<()> {
        let Self {
            listen,
            allow_remote,
            seed_file,
            speed,
            min_heartbeat_timeout,
            boot_time,
            stop_time,
            step_time,
            no_target_time,
            health_check_time,
            seed,
        } = self;
        let seed_file = seed_file.as_deref().map(SeedFile::read).transpose()?.zip(seed_file);
        descriptors::allow_many();
        let interrupted = interrupted()?;
        let simulator = Simulator::start(Options {
            listen,
            allow_remote,
            seed,
            speed,
            min_heartbeat_timeout: Duration::from_secs(min_heartbeat_timeout),
            boot_time,
            stop_time,
            step_time,
            not_in_service_404: no_target_time,
            health_check_time,
            ..Options::default()
        })
        .await?;
        if let Some((groups, path)) = seed_file {
            simulator.sow(groups).with_context(|| path.display().to_string())?;
        }
        // Whoever has closed stderr does not want to know.
        let _ = std::io::stderr().write_all(how_to(&simulator.endpoint()).as_bytes());
        writeln!(std::io::stdout(), "{}", simulator.endpoint()).context("printing the endpoint")?;
        interrupted.await
    }
}

/// A time that no machine needs longer.
fn up_to_a_day(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time > Duration::from_hours(24) { Err("it must be a day at most".to_owned()) } else { Ok(time) }
}

/// What a person does next. Some clients read the one variable of the Region, some the other.
fn how_to(endpoint: &str) -> String {
    format!(
        "For any AWS client, in another shell:

  export AWS_ENDPOINT_URL={endpoint} AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  aws autoscaling describe-auto-scaling-groups

{endpoint}/_simulator/instances lists all instances and where their metadata services are. Ctrl-C ends.
"
    )
}

/// Ends with the first signal that asks for it. They are heard from now on, whenever the future is first polled: whoever has
/// read the address may send one at once.
fn interrupted() -> anyhow::Result<impl Future<Output = anyhow::Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_no_flag_says_is_as_in_the_library() {
        let Ok(Args { command: Command::Serve(serve) }) = Args::try_parse_from(["aws-simulator", "serve"])
        else {
            panic!("not served")
        };
        let options = Options::default();
        assert_eq!(serve.step_time, options.step_time);
        assert_eq!(serve.no_target_time, options.not_in_service_404);
        assert_eq!(serve.health_check_time, options.health_check_time);
        assert_eq!(serve.min_heartbeat_timeout, options.min_heartbeat_timeout.as_secs());
    }

    #[test]
    fn no_machine_boots_for_more_than_a_day() {
        let parse = |time| Args::try_parse_from(["aws-simulator", "serve", "--boot-time", time]);
        assert!(parse("24h").is_ok());
        assert!(parse("24h 1ms").is_err());
        assert!(parse("300000000000years").is_err());
    }
}
