//! Runs `node-gate look` as systemd would run `node-gate wait`: with that environment and those arguments.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::look::Look;
use super::settings::Settings;

/// Two silent addresses of IMDS take two seconds, an API that does not answer takes three.
const PATIENCE: Duration = Duration::from_secs(15);
/// Where systemd's services find programs.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const METADATA: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// The gate would see this.
    Seen(Box<Look>),
    /// The gate would refuse its settings with this line.
    Refused(String),
    /// It could not be tried, for this reason.
    Unseen(String),
}

/// Tries. `metadata` is where IMDS is if the settings do not say.
pub async fn probe(settings: &Settings, metadata: Option<&str>) -> Looked {
    try_to(settings, metadata).await.unwrap_or_else(Looked::Unseen)
}

async fn try_to(settings: &Settings, metadata: Option<&str>) -> Result<Looked, String> {
    let arguments = settings.arguments.as_ref().map_err(Clone::clone)?;
    let at =
        arguments.iter().position(|word| word == "wait").ok_or("ExecStart= does not run node-gate wait")?;
    // The very file that runs, also after an upgrade.
    let mut command = Command::new("/proc/self/exe");
    command.args(&arguments[..at]).arg("look").args(&arguments[at + 1..]);
    // The home of a dynamic user: no profile of root's may help.
    command.env_clear().env("PATH", PATH).env("HOME", "/").current_dir("/");
    if let Some(metadata) = metadata {
        command.env(METADATA, metadata);
    }
    command.envs(settings.variables()).stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(PATIENCE, command.output()).await {
        Err(_) => return Err(format!("it takes more than {} s", PATIENCE.as_secs())),
        Ok(output) => output.map_err(|err| format!("node-gate look cannot be run: {err}"))?,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next_back().unwrap_or("it says nothing").trim_start_matches("node-gate: ");
    match output.status.code() {
        Some(0) => serde_json::from_slice(&output.stdout).map(Looked::Seen).map_err(|err| err.to_string()),
        Some(2) => Ok(Looked::Refused(said.to_owned())),
        _ => Err(format!("node-gate look ended with {}: {said}", output.status)),
    }
}
