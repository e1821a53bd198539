//! Holds kubelet (or the ECS agent) until the instance is in service.

use std::process::ExitCode;

use node_gate::args::{Args, Stop};

fn main() -> ExitCode {
    // Two TLS providers in one program would panic at the first connection; so there is one, chosen here.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("node-gate: another TLS provider is installed already");
        return ExitCode::from(2);
    }
    match Args::read().and_then(Args::run) {
        Ok(code) => code,
        Err(Stop::Help(text)) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(Stop::Wrong(line)) => {
            eprintln!("node-gate: {line}");
            ExitCode::from(2)
        }
    }
}
