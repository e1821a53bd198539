//! `node-gate status`: tells people, scripts and systemd what the status folder says.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use jiff::{Timestamp, Unit};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use rustix::time::{ClockId, clock_gettime};

use crate::gate::{Policy, Until};
use crate::status::{Folder, State, Status};

/// Tells people. Exit code 1 if there is nothing to tell.
pub fn text(folder: &Folder) -> ExitCode {
    with_status(folder, |status| print!("{}", describe(status, &Clock::read(), is_running(status.pid))))
}

/// Gives scripts the status as JSON. Exit code 1 if there is nothing to give.
pub fn json(folder: &Folder) -> ExitCode {
    with_status(folder, |status| match serde_json::to_string_pretty(status) {
        Ok(text) => println!("{text}"),
        Err(err) => eprintln!("node-gate: {err}"),
    })
}

/// What a policy waits for, in words.
pub fn wish(policy: &Policy) -> String {
    let mut text = match policy.until {
        Until::Target => "target InService in IMDS".to_owned(),
        Until::InService => "target InService in IMDS, and InService from the Auto Scaling API".to_owned(),
    };
    if !policy.groups.is_empty() {
        // Writing to a String does not fail.
        let _ = write!(text, ", in group {}", policy.groups.join(" or "));
    }
    text
}

fn with_status(folder: &Folder, tell: impl FnOnce(&Status)) -> ExitCode {
    match folder.read_status() {
        Ok(Some(status)) => {
            tell(&status);
            ExitCode::SUCCESS
        }
        Ok(None) => {
            eprintln!("node-gate: the gate never ran here: there is no {}", folder.status_path().display());
            ExitCode::FAILURE
        }
        Err(err) => {
            eprintln!("node-gate: the status cannot be read: {}: {err}", folder.status_path().display());
            ExitCode::FAILURE
        }
    }
}

/// What time it is, and when this machine was started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) now: Timestamp,
    booted: Timestamp,
}

impl Clock {
    /// Reads both. Hibernation is no start: all processes go on.
    pub(crate) fn read() -> Clock {
        let now = Timestamp::now();
        let up = Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default();
        Clock { now, booted: now.checked_sub(up).unwrap_or(now) }
    }

    /// True if the status is left from before this machine was started, which happens where its folder is on a disk.
    pub(crate) fn is_stale(&self, status: &Status) -> bool {
        status.since.max(status.started) < self.booted
    }
}

/// Whether there is such a process. One of somebody else may hide from us all that it is, but not that it is there.
pub(crate) fn is_running(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| matches!(test_kill_process(pid), Ok(()) | Err(Errno::PERM)))
}

fn describe(status: &Status, clock: &Clock, running: bool) -> String {
    let Status { state, reason: _, message, since, started, waits_for, instance, pid } = status;
    let mut text = format!("node-gate: {}\n      why: {message}\n", headline(status, clock.now));
    let mut line = |name: &str, value: &str| {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{name:>9}: {value}");
    };
    let (held, stale) = (*state == State::Held, clock.is_stale(status));
    if held {
        if since != started {
            line("so since", &format!("{} ({} ago)", time(*since), span(*since, clock.now)));
        }
        line("waits for", waits_for);
    }
    if let Some(instance) = instance {
        line("instance", instance);
    }
    if stale && !(held && running) {
        let booted = time(clock.booted);
        line(
            "but",
            &format!("that was before this machine was started, at {booted}: the gate has not run since"),
        );
    } else if held && !running {
        line("but", &format!("process {pid}, which wrote this, is not running: see journalctl -u node-gate"));
    }
    text
}

/// What the gate is doing, in a few words.
pub(crate) fn headline(status: &Status, now: Timestamp) -> String {
    let Status { state, since, started, .. } = status;
    match state {
        State::Held => format!("holding for {}, since {}", span(*started, now), time(*started)),
        State::Opened => format!("opened at {}, after {}", time(*since), span(*started, *since)),
        State::Stopped => format!("stopped at {}, not opened", time(*since)),
    }
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn span(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.since((Unit::Second, from)).map_or(0, |span| span.get_seconds());
    humantime::format_duration(Duration::from_secs(u64::try_from(seconds).unwrap_or(0))).to_string()
}

#[cfg(test)]
mod tests;
