//! What the doctor says about one thing.

use serde::Serialize;

/// How good or bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// The gate works, though not as everybody would expect.
    Warn,
    /// The gate could not work here, or nobody can tell.
    Fail,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How good or bad.
    pub level: Level,
    /// What was looked at, in a word or two.
    pub check: String,
    /// What was seen.
    pub seen: String,
    /// What to do about it; only where there is something to do.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(check: impl Into<String>, seen: impl Into<String>) -> Self {
        Finding { level: Level::Ok, check: check.into(), seen: seen.into(), remedy: None }
    }

    /// It works, but.
    pub fn warn(check: impl Into<String>, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        let level = Level::Warn;
        Finding { level, check: check.into(), seen: seen.into(), remedy: Some(remedy.into()) }
    }

    /// It could not work.
    pub fn fail(check: impl Into<String>, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        let level = Level::Fail;
        Finding { level, check: check.into(), seen: seen.into(), remedy: Some(remedy.into()) }
    }
}
