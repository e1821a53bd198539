//! One control plane for a whole test run, started by xtask through the program `bed`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::control_plane::ControlPlane;

/// Names the file that describes the running bed.
pub const BED: &str = "NODE_GATE_BED";

/// What a story has to know of the control plane it shares.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bed {
    /// A folder that exists as long as the bed; stories keep their files below it.
    pub dir: PathBuf,
    /// May do everything.
    pub kubeconfig: PathBuf,
    /// One JSON object a line.
    pub audit_log: PathBuf,
}

impl Bed {
    /// Describes a control plane.
    pub fn of(plane: &ControlPlane, dir: &Path) -> Self {
        Bed { dir: dir.to_owned(), kubeconfig: plane.kubeconfig(), audit_log: plane.audit_log() }
    }

    /// The bed of this test run.
    pub fn from_env() -> anyhow::Result<Self> {
        let file =
            env::var_os(BED).with_context(|| format!("{BED} is not set: use `cargo xtask test cluster`"))?;
        let text = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("parsing {}", file.display()))
    }

    /// Writes the description for [`Bed::from_env`].
    pub fn write(&self, file: &Path) -> anyhow::Result<()> {
        fs::write(file, serde_json::to_string_pretty(self)?)
            .with_context(|| format!("writing {}", file.display()))
    }
}
