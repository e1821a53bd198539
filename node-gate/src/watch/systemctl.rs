//! The one thing that is asked of systemd.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use lifecycle::one_line;
use tokio::process::Command;

/// The unit of the gate.
const GATE: &str = "node-gate.service";
/// systemd answers at once; it was asked not to wait for the gate.
const PATIENCE: Duration = Duration::from_secs(10);

/// The program `systemctl`.
#[derive(Debug, Clone)]
pub struct Systemctl(OsString);

impl Systemctl {
    /// By its name or path.
    pub fn new(program: OsString) -> Self {
        Systemctl(program)
    }

    /// Restarts the gate. That stops what it holds, and starts it when the gate opens.
    pub async fn restart_gate(&self) -> Result<(), String> {
        let Systemctl(program) = self;
        let output = Command::new(program)
            .args(["restart", "--no-block", GATE])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, output)
            .await
            .map_err(|_| format!("systemctl does not answer within {} s", PATIENCE.as_secs()))?
            .map_err(|err| format!("systemctl cannot be run: {err}"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = one_line(&String::from_utf8_lossy(&output.stderr));
        Err(format!("systemctl ended with {}: {said}", output.status))
    }
}
