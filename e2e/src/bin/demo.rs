//! `cargo xtask demo` runs this: a warm pool at work, as lines or as a live view.

use std::process::ExitCode;

use clap::Parser;
use e2e::demo::{Args, Ending, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(Ending::Told) => ExitCode::SUCCESS,
        // as a shell tells SIGINT and SIGTERM
        Ok(Ending::ByUser) => ExitCode::from(130),
        Ok(Ending::Terminated) => ExitCode::from(143),
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}
