//! What the gate itself would see: `node-gate look` reads the settings as `node-gate wait` does, looks once, and tells it as
//! JSON. The doctor runs it with the environment of the gate's unit, so that what is looked at is what the gate would look at.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::gate::{OnUnknown, Policy, Until};

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The settings as they were understood.
    pub settings: Understood,
}

/// The settings that matter to the doctor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Understood {
    /// `--until=in-service`.
    pub strict: bool,
    /// `--on-unknown=open`.
    pub opens_in_doubt: bool,
    /// `--group`.
    pub groups: Vec<String>,
    /// `--state-dir`.
    pub state_dir: PathBuf,
}

impl Understood {
    /// Notes what was understood.
    pub fn new(policy: &Policy, state_dir: PathBuf) -> Self {
        Understood {
            strict: policy.until == Until::InService,
            opens_in_doubt: policy.on_unknown == OnUnknown::Open,
            groups: policy.groups.clone(),
            state_dir,
        }
    }
}

/// Looks once, and tells it on standard output.
pub fn look(settings: Understood) -> String {
    serde_json::to_string(&Look { settings }).unwrap_or_default()
}
