//! Speed and size of the release builds, measured on the bed, with the bar beside each figure.
//!
//! ```text
//! gate       how soon it opens, what holding costs, what it costs a boot, a thousand strict gates under throttling
//! drain      a scale-in of many nodes at once, beside a bare loop of evictions and parallel `kubectl drain`
//! join       how soon a node that may serve does serve
//! simulator  how many calls the simulator answers, how large it grows
//! report     the table and the JSON
//! machine    what the kernel says of the machine and of processes
//! stats      percentiles
//! ```
//!
//! Speed is no test: a missed bar is shown and the run is a success all the same. A broken promise is not: a gate that
//! opened early, an action completed with pods left.

mod drain;
mod gate;
mod join;
mod machine;
mod report;
mod simulator;
mod stats;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};

use machine::Machine;
use report::Scenario;

/// What the benchmarks can be told.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub struct Args {
    /// An empty folder for data and logs
    #[arg(long)]
    dir: PathBuf,
    /// Writes one JSON object a scenario and line to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The program on the node
    Gate(gate::GateArgs),
    /// A scale-in of whole groups
    Drain(drain::DrainArgs),
    /// Nodes that come into service
    Join(join::JoinArgs),
    /// The simulator itself
    Simulator(simulator::SimulatorArgs),
}

/// Measures, and fails if a promise was broken.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let Args { dir, json, what } = args;
    fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
    let bench = Bench { dir, started: Instant::now() };
    let scenarios = match what {
        What::Gate(args) => gate::run(&bench, &args).await?,
        What::Drain(args) => drain::run(&bench, &args).await?,
        What::Join(args) => join::run(&bench, &args).await?,
        What::Simulator(args) => simulator::run(&bench, &args).await?,
    };
    let machine = Machine::now()?;
    println!("\n{} cores, {:.0} GB", machine.cores, gigabytes(machine.memory));
    for scenario in &scenarios {
        println!("\n{}", scenario.table());
    }
    if let Some(file) = json {
        write(&file, &scenarios)?;
    }
    let broken: usize = scenarios.iter().map(|scenario| scenario.broken().len()).sum();
    ensure!(broken == 0, "{broken} promises were broken");
    Ok(())
}

fn write(file: &Path, scenarios: &[Scenario]) -> anyhow::Result<()> {
    let lines: Vec<String> = scenarios.iter().map(|scenario| scenario.json().to_string()).collect();
    fs::write(file, lines.join("\n") + "\n").with_context(|| format!("writing {}", file.display()))
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

/// What every scenario needs.
#[derive(Debug)]
struct Bench {
    dir: PathBuf,
    started: Instant,
}

impl Bench {
    /// Tells how far things are.
    fn say(&self, text: &str) {
        println!("{:>7.1} s  {text}", self.started.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_file_has_an_object_a_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        write(file.path(), &[Scenario::new("one", "first"), Scenario::new("two", "second")]).unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        let names: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["scenario"].clone())
            .collect();
        assert_eq!(names, ["one", "two"]);
    }
}
