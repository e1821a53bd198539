//! `cargo xtask demo` runs this: a warm pool at work, one line an event.

use std::process::ExitCode;

use clap::Parser;
use e2e::demo::{Args, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}
