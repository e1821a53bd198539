//! What the commands that run for long have in common.

use std::str::FromStr;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::Stop;
use crate::address::{Addresses, Endpoint, Mode};
use crate::hold::Signals;

#[derive(Debug, clap::Args)]
pub(super) struct Common {
    /// Where IMDS is, if not at its usual addresses (comma-separated; where one is silent, the next is asked)
    #[arg(
        long = "imds-endpoint",
        env = "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        value_delimiter = ',',
        value_name = "URL",
        hide = true
    )]
    imds_endpoints: Vec<Endpoint>,
    /// Ask IMDS at its usual IPv4 or IPv6 address only
    #[arg(
        long,
        env = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        value_enum,
        ignore_case = true,
        value_name = "PROTOCOL",
        hide = true
    )]
    imds_mode: Option<Mode>,
    /// What to log, in the syntax of tracing's filters
    #[arg(
        long = "log",
        env = "RUST_LOG",
        default_value = "error,node_gate=info",
        value_name = "FILTER",
        // clap would choose the conversion that passes over errors
        value_parser = EnvFilter::from_str,
        hide = true
    )]
    log: EnvFilter,
}

impl Common {
    /// Begins to log, and says where IMDS is.
    pub(super) fn begin(self) -> Addresses {
        tracing_subscriber::fmt()
            .with_env_filter(self.log)
            .with_writer(std::io::stderr)
            // journald knows the time, and there is one target
            .without_time()
            .with_target(false)
            .with_ansi(false)
            // told by eprintln, which panics: a console that went away must not take the gate with it
            .log_internal_errors(false)
            .init();
        Addresses::new(self.imds_endpoints, self.imds_mode)
    }

    /// Where IMDS is, without a log.
    pub(super) fn addresses(self) -> Addresses {
        Addresses::new(self.imds_endpoints, self.imds_mode)
    }
}

/// Runs what hears signals.
pub(super) fn run<F: Future<Output = ()> + Send + 'static>(
    main: impl FnOnce(Signals) -> F,
) -> Result<(), Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|err| Stop::Wrong(format!("the async runtime does not start: {err}")))?;
    let ran = runtime.block_on(async {
        let signals = Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        };
        // A task of its own: tokio wakes the outermost future by way of the kernel, each time.
        if let Err(err) = tokio::spawn(main(signals)).await
            && let Ok(panic) = err.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
        std::io::Result::Ok(())
    });
    ran.map_err(|err| Stop::Wrong(format!("signals cannot be caught: {err}")))
}
