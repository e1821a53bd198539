//! The benchmarks: builds the release programs, then leaves the measuring to `e2e`'s program of that name.

use std::ffi::OsString;
use std::path::{Path, PathBuf, absolute};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use crate::bed::{TOOLS, apart};
use crate::go_tools;
use crate::os::{self, ensure};
use crate::root_folder;
use crate::run::{Context, check, writable};
use crate::steps::Steps;

/// Where the bench looks for the programs that are measured.
const PROGRAMS: &str = "NODE_GATE_PROGRAMS";

/// What `bench` can be told.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    what: What,
    /// Writes what was measured to this file too: one flat JSON object a scenario, one a line
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The gate: how soon it opens, what holding costs, what it costs a boot, a thousand strict gates under throttling; and
    /// the same under a real systemd, beside the ways of others
    Gate {
        /// How many openings are timed
        #[arg(long, default_value_t = 200)]
        runs: u16,
        /// For how long held gates are looked at
        #[arg(long, default_value = "60s", value_name = "DURATION")]
        held_for: String,
        /// How many strict gates open at once under throttling; each takes some 10 MB
        #[arg(long, default_value_t = 1000, value_name = "GATES")]
        strict_gates: u16,
        /// Only these parts: opening, held, boot, strict, systemd (the last needs root)
        #[arg(long, value_name = "PARTS")]
        only: Option<String>,
    },
    /// The controller: a scale-in of whole groups, beside a bare loop of evictions and parallel `kubectl drain`
    Drain {
        /// How many nodes leave at once; 1,10,50 measures each
        #[arg(long, default_value = "10", value_name = "NODES")]
        nodes: String,
        /// How many pods each of them runs
        #[arg(long, default_value_t = 30)]
        pods: u16,
    },
    /// The simulator: how many calls it answers a second, how large it grows
    Simulator {
        /// How many instances there are while calls are counted
        #[arg(long, default_value_t = 1000)]
        instances: u16,
        /// For how long each kind of call is made
        #[arg(long, default_value = "5s", value_name = "DURATION")]
        calls_for: String,
    },
    /// The controller: how soon a node that may serve does serve, without a queue
    Join {
        /// How many nodes join
        #[arg(long, default_value_t = 100)]
        runs: u16,
    },
}

impl What {
    /// The arguments of the program that measures.
    fn args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = Vec::new();
        let mut add = |flag: &str, value: &dyn ToString| {
            args.push(flag.into());
            args.push(value.to_string().into());
        };
        match self {
            What::Gate { runs, held_for, strict_gates, only } => {
                add("--runs", runs);
                add("--held-for", held_for);
                add("--strict-gates", strict_gates);
                if let Some(only) = only {
                    add("--only", only);
                }
                args.insert(0, "gate".into());
            }
            What::Drain { nodes, pods } => {
                add("--nodes", nodes);
                add("--pods", pods);
                args.insert(0, "drain".into());
            }
            What::Simulator { instances, calls_for } => {
                add("--instances", instances);
                add("--calls-for", calls_for);
                args.insert(0, "simulator".into());
            }
            What::Join { runs } => {
                add("--runs", runs);
                args.insert(0, "join".into());
            }
        }
        args
    }

    /// Whether a machine with a systemd of its own is needed.
    fn has_machines(&self) -> bool {
        match self {
            What::Gate { only, .. } => {
                only.as_ref().is_none_or(|parts| parts.split(',').any(|part| part == "systemd"))
            }
            What::Drain { .. } | What::Simulator { .. } | What::Join { .. } => false,
        }
    }

    /// What is measured is what is shipped; what measures need not be.
    fn packages(&self) -> &[&str] {
        match self {
            // alone, so that it brings its features into no shipped program
            What::Simulator { .. } => &["-p", "aws-simulator"],
            What::Gate { .. } | What::Drain { .. } | What::Join { .. } => {
                &["-p", "node-gate", "-p", "node-gate-controller"]
            }
        }
    }
}

/// Builds and runs it.
pub(crate) fn run(context: &Context, steps: &mut Steps, args: &BenchArgs) -> anyhow::Result<()> {
    if let Some(file) = &args.json {
        writable(file)?;
    }
    ensure(context, &os::CC)?;
    // the simulator needs no cluster
    let tools = match args.what {
        What::Simulator { .. } => None,
        What::Gate { .. } | What::Drain { .. } | What::Join { .. } => {
            Some(go_tools::build_all(context, steps)?)
        }
    };
    steps.run("bench: build", || check(&mut context.cargo(&["build", "--workspace", "--locked"])))?;
    let release = [&["build", "--release", "--locked"], args.what.packages()].concat();
    steps.run("bench: build what is measured", || check(&mut context.cargo(&release)))?;
    let program = context.target.join("debug/bench");
    let mut bench = if args.what.has_machines() {
        if !context.is_root() {
            bail!(
                "the part systemd needs root: run it by sudo, or the others by --only opening,held,boot,strict"
            );
        }
        os::FOR_MACHINES.iter().try_for_each(|needed| ensure(context, needed))?;
        let root = root_folder::unpack(context, steps)?;
        let mut bench = apart(context, &program);
        bench.env(root_folder::VARIABLE, root);
        bench
    } else {
        context.command(program)
    };
    bench.envs(tools.map(|tools| (TOOLS, tools))).env(PROGRAMS, context.target.join("release"));
    bench.arg("--dir").arg(context.scratch().join("bench"));
    if let Some(file) = &args.json {
        bench.arg("--json").arg(from_here(file)?);
    }
    bench.args(args.what.args());
    steps.run("bench: run", || check(&mut bench))
}

/// A path as the user meant it: programs run in the workspace's folder.
fn from_here(file: &Path) -> anyhow::Result<PathBuf> {
    absolute(file).with_context(|| format!("finding {}", file.display()))
}
