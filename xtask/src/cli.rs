//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::jail::{Entered, enter, is_outside};
use crate::run::Context;
use crate::steps::Steps;
use crate::terminal::Terminal;
use crate::{bench, demo, go_tools, test};

/// Builds, tests and shows node-gate.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows a warm pool at work on a real control plane, and checks that it works as it should
    Demo(DemoArgs),
    /// Measures speed and size of the release builds, with the bar beside each figure
    Bench(bench::BenchArgs),
    /// Runs the tests: all of them, or one tier
    Test {
        /// The tier; without it all tiers run
        tier: Option<Tier>,
        /// Only tests whose names contain one of these
        filter: Vec<String>,
    },
    /// Builds the programs of the test bed into the cache
    Tools,
    /// Runs a command as the steps of other commands are run; $SCRATCH is a folder that vanishes
    #[command(hide = true)]
    Hold {
        /// The program and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
}

/// What `demo` can be told.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How many instances the warm pool holds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(2..=50))]
    pub(crate) nodes: u16,
    /// How many pods run on them
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(crate) pods: u16,
    /// Keeps the cluster running afterwards, for kubectl and the AWS CLI, until Ctrl-C
    #[arg(long)]
    pub(crate) keep: bool,
    /// Records the live view as an animated SVG in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
}

/// A kind of test, by what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tier {
    /// Formatting, lints, documentation, dependencies, the chart
    Static,
    /// All tests that need no cluster
    Unit,
    /// The simulator under boto3 and aws-cli, and the commands of its page
    Client,
    /// The stories: real control plane, real programs
    Cluster,
    /// The stories on real machines: systemd, kubelet and containerd in containers; needs root
    Node,
}

impl Cli {
    /// Does what was asked for, in the jail.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if let Command::Test { tier: Some(tier @ (Tier::Static | Tier::Client)), filter } = &self.command
            && !filter.is_empty()
        {
            let name = format!("{tier:?}").to_lowercase();
            bail!("the {name} tier has no single tests to choose from");
        }
        // it must not be in the jail, where nothing survives
        let _guard = if is_outside() && self.draws() {
            Terminal::ours().and_then(|terminal| terminal.guard())
        } else {
            None
        };
        let jail = match enter()? {
            Entered::Inside(jail) => jail,
            Entered::RanInside(code) => return Ok(code),
        };
        let context = Context::new(jail)?;
        let mut steps = Steps::default();
        let result = match self.command {
            Command::Hold { command } => return context.hold(&command),
            Command::Demo(args) => match demo::run(&context, &mut steps, &args) {
                // the one line that says so is enough
                Ok(Some(code)) => return Ok(code),
                other => other.map(drop),
            },
            Command::Bench(args) => bench::run(&context, &mut steps, &args),
            Command::Test { tier, filter } => test::run(&context, &mut steps, tier, &filter),
            Command::Tools => {
                let built = go_tools::build_with_kubelet(&context, &mut steps);
                let promtool = go_tools::promtool(&context, &mut steps);
                built.and_then(|dir| promtool.map(|file| println!("{}\n{}", dir.display(), file.display())))
            }
        };
        println!("\n{}", steps.table());
        result.map(|()| ExitCode::SUCCESS)
    }

    /// Whether it may take the terminal over.
    fn draws(&self) -> bool {
        matches!(self.command, Command::Demo(_) | Command::Hold { .. })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_filter_needs_its_tier_first() {
        assert!(Cli::try_parse_from(["xtask", "test", "cluster", "warmed"]).is_ok());
        assert!(Cli::try_parse_from(["xtask", "test", "warmed"]).is_err());
    }
}
