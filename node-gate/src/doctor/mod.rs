//! `node-gate doctor`: tells the baker of an image and the on-call whether the gate could work here, and what to do if not.
//!
//! ```text
//! systemctl, files ──────────────────────────┐
//! node-gate look, with the gate's settings ──┴─► observe ─► judge (pure) ─► tell
//! ```
//!
//! What could not be seen is a finding of its own, never an "ok".

pub mod drop_ins;
pub mod environment;
pub mod facts;
pub mod finding;
pub mod judge;
pub mod look;
pub mod observe;
pub mod probe;
pub mod program;
pub mod properties;
pub mod settings;
pub mod systemctl;
pub mod tell;
pub mod unit;
pub mod unit_file;

use std::io::{self, Write};
use std::process::ExitCode;
use std::str::FromStr;

/// The name of the unit to hold; `.service` may be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitName(String);

impl UnitName {
    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UnitName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        /// systemd's own limit.
        const LONGEST: usize = 255;
        let plausible = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
        if text.is_empty()
            || text.len() > LONGEST
            || text.starts_with(['-', '.'])
            || !text.chars().all(plausible)
        {
            return Err("not the name of a unit");
        }
        let is_service = text.ends_with(".service");
        Ok(UnitName(if is_service { text.to_owned() } else { format!("{text}.service") }))
    }
}

/// What the doctor is told.
#[derive(Debug)]
pub struct Request {
    /// The unit to look at, if not the usual ones.
    pub unit: Option<UnitName>,
    /// Where IMDS is, if the gate's settings do not say.
    pub metadata: Option<String>,
    /// The variables that something of ours reads.
    pub known: Vec<String>,
    /// Whether to tell scripts rather than people.
    pub json: bool,
}

/// Looks, judges, tells. Exit code 1 if the gate could not work here.
pub fn run(request: Request) -> io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let json = request.json;
    let findings = judge::judge(&runtime.block_on(observe::observe(request)));
    let text = if json { tell::json(&findings) } else { tell::text(&findings) };
    // A reader that went away has seen enough.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(if tell::works(&findings) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_a_unit_is_asked_for() {
        let name = |text: &str| text.parse::<UnitName>();
        assert_eq!(name("kubelet"), Ok(UnitName("kubelet.service".into())));
        assert_eq!(name("snap.kubelet-eks.daemon.service").unwrap().0, "snap.kubelet-eks.daemon.service");
        let long = "x".repeat(256);
        for wrong in ["", "-p", "*", "a b", "../x", "k[a]", "k\n", &long] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
    }
}
