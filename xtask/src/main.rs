//! `cargo xtask demo | test | bench | tools`: the one entry for developers and CI.
//!
//! It sets up what it needs, runs everything inside a [`jail`] that nothing survives, and ends with a table of steps
//! and times.

mod bed;
mod bench;
mod cache;
mod cargo;
mod cgroups;
mod cli;
mod demo;
mod go_tools;
mod host;
mod jail;
mod os;
mod python;
mod root_folder;
mod run;
mod steps;
mod terminal;
mod test;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
