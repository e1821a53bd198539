//! The adapter to systemd: one `systemctl show` for all units, ended by force if it hangs.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::facts::Seen;
use super::properties::{Properties, parse};
use super::unit::PROPERTIES;

/// systemd answers in a few milliseconds; on a machine that is swamped, in a second or two.
const PATIENCE: Duration = Duration::from_secs(5);

/// The properties of each of these units, in this order.
pub async fn show(units: &[&str]) -> Seen<Vec<Properties>> {
    let mut command = Command::new("systemctl");
    command
        .args(["--no-pager", "--no-ask-password", "show", "-p"])
        .arg(PROPERTIES.join(","))
        .arg("--")
        .args(units);
    // What a shell sets for systemctl (SYSTEMCTL_FORCE_BUS, SYSTEMD_COLORS, a language) would change what it prints.
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LC_ALL", "C.UTF-8");
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(PATIENCE, command.output()).await {
        Err(_) => return Err(format!("systemctl does not answer within {} s", PATIENCE.as_secs())),
        Ok(Err(err)) => return Err(format!("systemctl cannot be run: {err}")),
        Ok(Ok(output)) => output,
    };
    let first_line = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
        line.chars().filter(|c| !c.is_control()).take(200).collect::<String>()
    };
    if !output.status.success() {
        return Err(format!("systemctl fails ({}): {}", output.status, first_line(&output.stderr)));
    }
    let blocks = parse(&String::from_utf8_lossy(&output.stdout));
    // In a chroot it says so, shows nothing, and calls that a success.
    if blocks.len() == units.len() && blocks.iter().all(|block| !block.text("LoadState").is_empty()) {
        Ok(blocks)
    } else {
        Err(format!("systemctl does not show these units: {}", first_line(&output.stderr)))
    }
}
