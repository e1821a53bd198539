//! `cargo xtask bench` runs this: speed and size of the release builds, with the bar beside each figure.

use std::process::ExitCode;

use clap::Parser;
use e2e::bench::{Args, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
