//! `node-gate status`: tells people, scripts and systemd what the status folder says.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use jiff::{Timestamp, Unit};

use crate::gate::{Policy, Until};
use crate::status::{Folder, State, Status};

/// Tells people. Exit code 1 if there is nothing to tell.
pub fn text(folder: &Folder) -> ExitCode {
    with_status(folder, |status| print!("{}", describe(status, Timestamp::now(), is_running(status.pid))))
}

/// Gives scripts the status as JSON. Exit code 1 if there is nothing to give.
pub fn json(folder: &Folder) -> ExitCode {
    with_status(folder, |status| match serde_json::to_string_pretty(status) {
        Ok(text) => println!("{text}"),
        Err(err) => eprintln!("node-gate: {err}"),
    })
}

/// Checks for systemd that this very start has opened: that `ExecStart` ended with success is not enough, for a program that
/// systemd takes for successful may have been stopped.
pub fn check_opened(folder: &Folder, invocation: Option<&str>) -> ExitCode {
    let problem = match (folder.read_opened(), invocation) {
        (_, None) => "this is no start by systemd: INVOCATION_ID is not set".to_owned(),
        (Err(err), _) => format!("the record of the opening cannot be read: {err}"),
        (Ok(None), _) => "the gate has not opened".to_owned(),
        (Ok(Some(opened)), Some(this)) => match opened.invocation.as_deref() {
            Some(recorded) if recorded == this => return ExitCode::SUCCESS,
            Some(_) | None => "the gate opened at another start, not at this one".to_owned(),
        },
    };
    eprintln!("node-gate: {problem}");
    ExitCode::FAILURE
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

/// Whether there is such a process.
pub(crate) fn is_running(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

fn describe(status: &Status, now: Timestamp, running: bool) -> String {
    let Status { state, reason: _, message, since, started, waits_for, instance, pid } = status;
    let mut text = format!("node-gate: {}\n      why: {message}\n", headline(status, now));
    let mut line = |name: &str, value: &str| {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{name:>9}: {value}");
    };
    if *state == State::Held {
        if since != started {
            line("so since", &format!("{} ({} ago)", time(*since), span(*since, now)));
        }
        line("waits for", waits_for);
    }
    if let Some(instance) = instance {
        line("instance", instance);
    }
    if *state == State::Held && !running {
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
    humantime::format_duration(std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn status(state: State, since: &str) -> Status {
        Status {
            state,
            reason: "warm".into(),
            message: "target Warmed:Stopped: the instance belongs to the warm pool".into(),
            since: at(since),
            started: at("2026-11-21T07:00:00Z"),
            waits_for: "target InService in IMDS".into(),
            instance: Some("i-065912b0a0b011658".into()),
            pid: 612,
        }
    }

    #[test]
    fn a_held_gate_tells_since_when_why_and_for_what() {
        let text = describe(&status(State::Held, "2026-11-21T07:01:00Z"), at("2026-11-21T07:03:05Z"), true);
        assert_eq!(
            text,
            "node-gate: holding for 3m 5s, since 2026-11-21 07:00:00 UTC\n      \
             why: target Warmed:Stopped: the instance belongs to the warm pool\n \
             so since: 2026-11-21 07:01:00 UTC (2m 5s ago)\n\
             waits for: target InService in IMDS\n \
             instance: i-065912b0a0b011658\n"
        );
    }

    #[test]
    fn a_gate_whose_process_died_does_not_pretend_to_hold() {
        let text = describe(&status(State::Held, "2026-11-21T07:00:00Z"), at("2026-11-21T07:03:05Z"), false);
        assert!(text.contains("process 612, which wrote this, is not running"), "{text}");
    }

    #[test]
    fn an_open_gate_tells_when_and_after_how_long() {
        let text =
            describe(&status(State::Opened, "2026-11-21T07:02:00Z"), at("2026-11-21T09:00:00Z"), false);
        assert!(text.starts_with("node-gate: opened at 2026-11-21 07:02:00 UTC, after 2m\n"), "{text}");
        assert!(!text.contains("not running"), "{text}");
    }
}
