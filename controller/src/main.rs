//! `node-gate-controller`: see the library.

use std::process::ExitCode;

use clap::Parser;
use node_gate_controller::args::Args;
use node_gate_controller::run;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    run::init_logging(args.log_format);
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("node-gate-controller: a TLS provider is installed already");
        return ExitCode::FAILURE;
    }
    match run::run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            tracing::error!(error = format!("{err:#}"), "giving up");
            ExitCode::FAILURE
        }
    }
}
