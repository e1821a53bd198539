//! `node-gate-controller`: see the library.

use std::process::ExitCode;

use node_gate_controller::args::{Args, Stop};
use node_gate_controller::run;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(Stop::Help(text)) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(Stop::Wrong(line)) => {
            eprintln!("node-gate-controller: {line}");
            return ExitCode::from(2);
        }
    };
    if let Err(line) = run::init_logging(args.log_format) {
        eprintln!("node-gate-controller: {line}");
        return ExitCode::from(2);
    }
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
