//! `node-gate-controller`: see the library.

use std::io::Write;
use std::process::ExitCode;

use node_gate_controller::args::{Args, Command, Stop};
use node_gate_controller::{explain, run};

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(Stop::Help(text)) => {
            // A reader that has seen enough (`| head`) is no error.
            std::io::stdout().write_all(text.as_bytes()).ok();
            return ExitCode::SUCCESS;
        }
        Err(Stop::Wrong(line)) => {
            eprintln!("node-gate-controller: {line}");
            return ExitCode::from(2);
        }
    };
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("node-gate-controller: a TLS provider is installed already");
        return ExitCode::FAILURE;
    }
    if let Some(Command::Explain(options)) = &args.command {
        return explain::run(options).await.unwrap_or_else(|err| {
            eprintln!("node-gate-controller: {}", lifecycle::one_line(&format!("{err:#}")));
            ExitCode::FAILURE
        });
    }
    if let Err(line) = run::init_logging(args.log_format) {
        eprintln!("node-gate-controller: {line}");
        return ExitCode::from(2);
    }
    match run::run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            tracing::error!(error = format!("{err:#}"), "giving up");
            ExitCode::FAILURE
        }
    }
}
