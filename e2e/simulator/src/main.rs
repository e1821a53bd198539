//! `aws-simulator`: EC2 Auto Scaling, SQS and instance metadata on loopback.

use std::process::ExitCode;

use aws_simulator::Args;
use clap::Parser;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .init();
    match args.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever RUST_BACKTRACE says.
            eprintln!("aws-simulator: {error:#}");
            ExitCode::FAILURE
        }
    }
}
