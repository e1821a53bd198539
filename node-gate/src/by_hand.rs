//! Opening by hand, for the day when waiting costs more than a node that starts too early.
//!
//! `node-gate open` leaves a request in the gate's folder; the gate takes it at its next look, opens, and records who asked
//! and why. Only the gate opens: kubelet starts by the same way as ever, and a gate that does not run opens nothing.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};

use crate::show::{Clock, headline, is_running};
use crate::status::{Folder, State};

/// A sentence or two.
const LONGEST_REASON: usize = 300;
/// Far more than a reason and a name take.
const LONGEST_FILE: u64 = 4096;
/// A look at IMDS may hang for a few seconds before the gate sees the request.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(50);

/// Why somebody wants the gate open: some text in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

impl FromStr for Reason {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "" => Err("it must not be empty: say why, it is recorded"),
            text if text.chars().count() > LONGEST_REASON => Err("it must have 300 characters or fewer"),
            text if text.chars().any(char::is_control) => Err("it must be one line"),
            text => Ok(Reason(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Reason {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> String {
        reason.0
    }
}

/// The content of the request's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// When it was made.
    pub at: Timestamp,
    /// Who made it.
    pub by: Reason,
    /// Why.
    pub reason: Reason,
}

/// Looks for a request that the gate must follow. The error says why one that is there does not count.
pub fn requested(folder: &Folder) -> Result<Option<Request>, String> {
    let path = folder.request_path();
    let found = match fs::symlink_metadata(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found.map_err(|err| err.to_string())?,
    };
    counts(Facts::of(&found), geteuid().as_raw())?;
    let bytes = fs::read(path).map_err(|err| err.to_string())?;
    serde_json::from_slice(&bytes).map(Some).map_err(|err| format!("it is not understood: {err}"))
}

/// What matters about a file before it is read.
#[derive(Debug, Clone, Copy)]
struct Facts {
    is_file: bool,
    owner: u32,
    length: u64,
}

impl Facts {
    fn of(found: &Metadata) -> Facts {
        Facts { is_file: found.is_file(), owner: found.uid(), length: found.len() }
    }
}

/// Root may open a gate, and whom the gate runs as: who is that could open it by its memory as well.
fn counts(found: Facts, me: u32) -> Result<(), &'static str> {
    match found {
        Facts { is_file: false, .. } => Err("it is no plain file"),
        Facts { owner, .. } if owner != 0 && owner != me => Err("it is not root's"),
        Facts { length, .. } if length > LONGEST_FILE => Err("it is too long"),
        Facts { .. } => Ok(()),
    }
}

/// Asks the gate of this machine to open, and waits until it has. Exit code 1 if it has not.
pub fn open(folder: &Folder, reason: Reason, by: Reason) -> ExitCode {
    match try_to_open(folder, reason, by) {
        Ok(line) => {
            println!("node-gate: {line}");
            ExitCode::SUCCESS
        }
        Err(line) => {
            eprintln!("node-gate: {line}");
            ExitCode::FAILURE
        }
    }
}

fn try_to_open(folder: &Folder, reason: Reason, by: Reason) -> Result<String, String> {
    const NOT_RUNNING: &str = "the gate is not running, so there is nothing to open: start it with kubelet \
        (systemctl start --no-block kubelet), then try again; journalctl -u node-gate says why it ended";
    let path = folder.request_path().display();
    let status = folder.read_status().map_err(|err| format!("the status cannot be read: {err}"))?;
    let clock = Clock::read();
    match status {
        Some(status) if status.state == State::Opened && !clock.is_stale(&status) => {
            return Ok(format!("nothing to do, the gate {}", headline(&status, clock.now)));
        }
        Some(status) if status.state == State::Held && is_running(status.pid) => {}
        Some(_) | None => return Err(NOT_RUNNING.into()),
    }
    let request = Request { at: Timestamp::now(), by, reason };
    folder.write_request(&request).map_err(|err| {
        if err.kind() == io::ErrorKind::PermissionDenied {
            format!("only root may open the gate: {path}: {err}")
        } else {
            format!("the request cannot be written: {path}: {err}")
        }
    })?;
    let until = Instant::now() + PATIENCE;
    loop {
        if let Ok(Some(opened)) = folder.read_opened() {
            return Ok(format!("opened: {}", opened.message));
        }
        if Instant::now() > until {
            // It must not open the gate when nobody expects it any more.
            folder.drop_request().map_err(|err| format!("remove {path}: {err}"))?;
            return Err(format!(
                "the gate has not opened within {} s, and the request is withdrawn: see journalctl -u node-gate",
                PATIENCE.as_secs()
            ));
        }
        std::thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        assert_eq!("  disk is full ".parse(), Ok(Reason("disk is full".into())));
        let long = "x".repeat(LONGEST_REASON + 1);
        for wrong in ["", "   ", "two\nlines", "bell\u{7}", &long] {
            assert!(wrong.parse::<Reason>().is_err(), "{wrong:?}");
        }
        assert!(serde_json::from_str::<Reason>("\"a\\nb\"").is_err(), "nor in a file");
    }

    #[test]
    fn only_a_small_plain_file_of_roots_or_our_own_counts() {
        let good = Facts { is_file: true, owner: 0, length: 100 };
        assert_eq!(counts(good, 61_234), Ok(()));
        assert_eq!(counts(Facts { owner: 61_234, ..good }, 61_234), Ok(()));
        assert!(counts(Facts { owner: 1000, ..good }, 61_234).is_err());
        assert!(counts(Facts { owner: 65_534, ..good }, 0).is_err());
        assert!(counts(Facts { is_file: false, ..good }, 61_234).is_err());
        assert!(counts(Facts { length: LONGEST_FILE + 1, ..good }, 61_234).is_err());
    }
}
