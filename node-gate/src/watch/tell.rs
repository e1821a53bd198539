//! Tells what the watch is doing: to the log and in systemd's status line.
//!
//! A line for each change, and one a minute while a drain is waited for, never one a look.

use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::decide::Policy;
use super::why::{Rehold, Wait};
use crate::notify;

/// A drain lasts minutes; who looks at it should see that it is being looked at.
const REMINDER: Duration = Duration::from_mins(1);

/// Knows what was told last.
#[derive(Debug, Default)]
pub(super) struct Teller {
    told: Option<(Wait, Instant)>,
    problem: Option<String>,
}

impl Teller {
    /// Says what the watch is there for.
    pub(super) fn begins(policy: &Policy) {
        let Policy { rehold: _, after } = policy;
        info!(
            "watching: when the instance is back in the warm pool and drained, the gate holds anew; where that cannot be known, {} \
             after the target turned",
            humantime::format_duration(*after)
        );
        if let Err(err) = notify::ready("Watching: asking IMDS for the target lifecycle state") {
            // Then systemd ends it after a while, and starts it again.
            warn!("systemd did not hear that the watch runs: {err}");
        }
    }

    /// Tells why nothing is done yet, if that is news; of something that is `under_way` again after a minute.
    pub(super) fn waits(&mut self, wait: &Wait, under_way: bool, now: Instant) {
        match &self.told {
            Some((last, at)) if last.is_like(wait) => {
                if !under_way || now.duration_since(*at) < REMINDER {
                    return;
                }
                info!("still: {wait}");
            }
            Some(_) | None => info!("{wait}"),
        }
        notify::status(&format!("Watching: {wait}"));
        self.told = Some((wait.clone(), now));
        self.problem = None;
    }

    /// Tells that the gate was restarted.
    pub(super) fn reheld(&mut self, why: &Rehold) {
        info!("holding anew: {why}");
        notify::status(&format!("Holding anew: {why}"));
        self.problem = None;
    }

    /// Tells that the gate could not be restarted, once for each reason.
    pub(super) fn failed(&mut self, why: &Rehold, problem: String) {
        if self.problem.as_ref() != Some(&problem) {
            warn!("{why}, but the gate cannot be restarted, trying again: {problem}");
            notify::status(&format!("The gate cannot be restarted: {problem}"));
            self.problem = Some(problem);
        }
    }

    /// Tells that the program ends.
    pub(super) fn ends(signal: &str) {
        info!("{signal}: no longer watching");
    }
}
