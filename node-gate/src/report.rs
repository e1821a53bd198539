//! Tells what the gate is doing, on three channels at once: the log, systemd's status line, `status.json`.
//!
//! A line for each change and one a minute while nothing changes, never one a poll.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tracing::{info, warn};

use crate::by_hand::{Request, requested};
use crate::notify;
use crate::reason::{Hold, Open};
use crate::status::{Folder, Opened, State, Status};

/// A person at the console should not have to wait longer to see why a node is missing.
const REMINDER: Duration = Duration::from_mins(1);

/// Knows what was told last.
#[derive(Debug)]
pub struct Reporter {
    folder: Folder,
    waits_for: String,
    started: Timestamp,
    started_at: Instant,
    instance: Option<String>,
    told: Option<(Hold, Timestamp, Instant)>,
    unwritable: bool,
    ignored: Option<String>,
}

impl Reporter {
    /// Begins to report into `folder`.
    pub fn new(folder: Folder, waits_for: String, now: Instant) -> Self {
        Reporter {
            folder,
            waits_for,
            started: Timestamp::now(),
            started_at: now,
            instance: None,
            told: None,
            unwritable: false,
            ignored: None,
        }
    }

    /// Takes note of who we are.
    pub fn identify(&mut self, instance: Option<&str>) {
        if self.instance.as_deref() != instance {
            self.instance = instance.map(str::to_owned);
        }
    }

    /// Looks whether somebody asks for the opening; tells why a request does not count, once.
    pub fn request(&mut self) -> Option<Request> {
        let (request, problem) = match requested(&self.folder) {
            Ok(request) => (request, None),
            Err(problem) => (None, Some(problem)),
        };
        if let Some(problem) = &problem
            && self.ignored.as_ref() != Some(problem)
        {
            warn!("a request to open does not count: {}: {problem}", self.folder.request_path().display());
        }
        self.ignored = problem;
        request
    }

    /// Tells why the gate holds, if that is news or was not told for a minute.
    pub fn holding(&mut self, hold: &Hold, now: Instant) {
        let since = match &self.told {
            Some((last, since, at)) if last.is_like(hold) => {
                if now.duration_since(*at) < REMINDER {
                    return;
                }
                info!("still holding, for {}: {hold}", self.held_for(now));
                *since
            }
            Some(_) | None => {
                info!("holding: {hold}");
                Timestamp::now()
            }
        };
        self.told = Some((hold.clone(), since, now));
        notify::status(&format!("Holding: {hold}"));
        self.write(State::Held, hold.code(), hold.to_string(), since);
    }

    /// Records the opening, tells systemd, which is what makes it count, and then everybody else.
    pub fn opened(&mut self, open: &Open, invocation: Option<&str>, now: Instant) -> std::io::Result<()> {
        let at = Timestamp::now();
        self.folder.write_opened(&Opened {
            at,
            reason: open.code().to_owned(),
            message: open.to_string(),
            invocation: invocation.map(str::to_owned),
        })?;
        if let Err(err) = notify::ready(&format!("Opened: {open}")) {
            // Nobody may take the gate for open while systemd does not.
            self.folder.drop_opened()?;
            return Err(err);
        }
        let held = self.held_for(now);
        if open.is_doubtful() {
            warn!("opened after {held}, in doubt: {open}");
        } else {
            info!("opened after {held}: {open}");
        }
        self.write(State::Opened, open.code(), open.to_string(), at);
        Ok(())
    }

    /// Tells that the program ends without opening.
    pub fn stopped(&mut self, signal: &str, now: Instant) {
        warn!("{signal} after {}: ending without opening", self.held_for(now));
        notify::status(&format!("Stopped by {signal}, not opened"));
        self.write(State::Stopped, "stopped", format!("ended by {signal}, not opened"), Timestamp::now());
    }

    fn write(&mut self, state: State, reason: &str, message: String, since: Timestamp) {
        let written = self.folder.write_status(&Status {
            state,
            reason: reason.to_owned(),
            message,
            since,
            started: self.started,
            waits_for: self.waits_for.clone(),
            instance: self.instance.clone(),
            pid: std::process::id(),
        });
        // The file is for readers only: without it the gate works on. One line, not one a try.
        if let Err(err) = &written
            && !self.unwritable
        {
            warn!("the status file cannot be written: {err}");
        }
        self.unwritable = written.is_err();
    }

    fn held_for(&self, now: Instant) -> humantime::FormattedDuration {
        let held = now.duration_since(self.started_at);
        // Beyond the first seconds nobody reads milliseconds.
        let coarse = if held < Duration::from_secs(10) {
            Duration::from_millis(u64::try_from(held.as_millis()).unwrap_or(u64::MAX))
        } else {
            Duration::from_secs(held.as_secs())
        };
        humantime::format_duration(coarse)
    }
}

#[cfg(test)]
mod tests;
