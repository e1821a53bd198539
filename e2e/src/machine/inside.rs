//! Commands on a machine, and what its systemd says.

use std::collections::BTreeMap;
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::time::timeout;

use super::{LONG, Machine};
use crate::process::command;
use crate::wait::eventually;

/// Nothing that a story runs on a machine takes longer.
const COMMAND: Duration = Duration::from_secs(120);

impl Machine {
    /// Runs a command on it as root and returns what it printed; any other end than success is an error.
    pub async fn run(&self, command: &[&str]) -> anyhow::Result<String> {
        let output = self.output(command).await?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{}: {}: {}", command.join(" "), output.status, said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a command on it as root, however it ends.
    pub async fn output(&self, words: &[&str]) -> anyhow::Result<Output> {
        let mut inside = command("nsenter");
        inside.args(["--all", "--target", &self.leader()?.to_string(), "--"]);
        // of our own environment it must know nothing
        inside.args([
            "env",
            "-i",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=/root",
            "TERM=dumb",
            "LANG=C.UTF-8",
        ]);
        inside.args(words);
        let ended = timeout(COMMAND, inside.output()).await;
        ended.with_context(|| format!("{} does not end", words.join(" ")))?.context("running nsenter")
    }

    /// Runs a few lines of shell on it.
    pub async fn shell(&self, script: &str) -> anyhow::Result<String> {
        self.run(&["sh", "-euc", script]).await
    }

    /// What systemd knows of a unit, by property.
    pub async fn unit(&self, unit: &str) -> anyhow::Result<BTreeMap<String, String>> {
        let text = self.run(&["systemctl", "show", unit]).await?;
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The unit's `ActiveState` now.
    pub async fn state_of(&self, unit: &str) -> anyhow::Result<String> {
        let mut properties = self.unit(unit).await?;
        properties.remove("ActiveState").with_context(|| format!("{unit} has no state"))
    }

    /// Waits until a unit is in a state (`active`, `activating`, `inactive`, `failed`).
    pub async fn wait_for(&self, unit: &str, state: &str) -> anyhow::Result<()> {
        eventually(&format!("{unit} is {state}"), LONG, async || {
            let now = self.unit(unit).await?;
            let is = |name: &str| now.get(name).cloned().unwrap_or_default();
            ensure!(
                is("ActiveState") == state,
                "it is {} ({}, {})",
                is("ActiveState"),
                is("SubState"),
                is("StatusText")
            );
            Ok(())
        })
        .await
    }

    /// What a unit has said since the machine booted, one message a line.
    pub async fn journal(&self, unit: &str) -> anyhow::Result<String> {
        self.run(&["journalctl", "--boot", "--output=cat", "--no-pager", "--unit", unit]).await
    }
}
