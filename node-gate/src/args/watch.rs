//! `node-gate watch`.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::BoolishValueParser;

use super::common::{self, Common};
use super::{Stop, poll_interval};
use crate::autoscaling::AutoScaling;
use crate::imds::Metadata;
use crate::reason;
use crate::sleep::asleep;
use crate::status::Folder;
use crate::watch::decide::Policy;
use crate::watch::memory::Memory;
use crate::watch::round::Watcher;
use crate::watch::systemctl::Systemctl;

#[derive(Debug, clap::Args)]
pub(super) struct Watch {
    /// Restart the gate, and so hold anew, once the instance is back in the pool without a power-off, and drained
    #[arg(long, env = "NODE_GATE_REHOLD", value_parser = BoolishValueParser::new())]
    rehold: bool,
    /// How long after the target turned to the pool, where Auto Scaling may not be asked whether the drain is over
    #[arg(long, env = "NODE_GATE_REHOLD_AFTER", default_value = "20m", value_parser = humantime::parse_duration, value_name = "DURATION")]
    rehold_after: Duration,
    /// How often IMDS is asked
    #[arg(long = "watch-interval", env = "NODE_GATE_WATCH_INTERVAL", default_value = "5s", value_parser = poll_interval, value_name = "DURATION")]
    interval: Duration,
    /// The program that restarts the gate
    #[arg(long, default_value = "systemctl", value_name = "PROGRAM", hide = true)]
    systemctl: OsString,
    #[command(flatten)]
    common: Common,
}

impl Watch {
    pub(super) fn run(self, folder: &Folder) -> Result<ExitCode, Stop> {
        let Watch { rehold, rehold_after, interval, systemctl, common } = self;
        if !rehold {
            return Err(Stop::Wrong(
                "there is nothing to watch for: --rehold (NODE_GATE_REHOLD=true) is not set".into(),
            ));
        }
        // Without a record nobody knows why the gate is open, and nothing is undone that somebody may have wanted.
        let opened = folder.read_opened().ok().flatten();
        let was_out = opened.is_some_and(|opened| opened.reason != reason::BY_HAND);
        let addresses = common.begin();
        let watcher = Watcher {
            policy: Policy { rehold, after: rehold_after },
            interval,
            memory: Memory::new(was_out),
            imds: Metadata::for_watch(addresses),
            autoscaling: AutoScaling::default(),
            systemctl: Systemctl::new(systemctl),
            asleep,
        };
        common::run(|signals| watcher.watch(signals))?;
        Ok(ExitCode::SUCCESS)
    }
}
