//! The control plane that the stories of a run share.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};

use crate::run::Context;

/// A running bed. It ends when its standard input does, that is with us at the latest.
pub(crate) struct Bed {
    child: Child,
    description: PathBuf,
    tools: PathBuf,
}

impl Bed {
    /// Starts one in the scratch folder and waits until it is ready.
    pub(crate) fn start(context: &Context, tools: &Path) -> anyhow::Result<Self> {
        let dir = context.scratch().join("bed");
        let mut command = context.command(context.target.join("debug/bed"));
        command.arg(&dir);
        Self::wait_for(command, &dir, tools)
    }

    /// Starts one for machines, in a network of its own: the host's is never touched. Needs root.
    pub(crate) fn start_apart(context: &Context, tools: &Path) -> anyhow::Result<Self> {
        let dir = context.scratch().join("machines");
        let mut command = apart(context, &context.target.join("debug/bed"));
        command.arg(&dir).arg("machines");
        Self::wait_for(command, &dir, tools)
    }

    fn wait_for(mut command: Command, dir: &Path, tools: &Path) -> anyhow::Result<Self> {
        command.env(TOOLS, tools).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("starting the bed")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("the bed's output")?).read_line(&mut line)?;
        if line.trim_end() != "ready" {
            bail!("the control plane did not start: {}", child.wait()?);
        }
        Ok(Bed { child, description: dir.join("bed.json"), tools: tools.to_owned() })
    }

    /// Lets a command run in the bed's own namespaces.
    pub(crate) fn inside(&self, context: &Context, command: &Command) -> Command {
        // neither unshare nor its shell makes another process: the bed has the number that we started
        let id = self.child.id().to_string();
        let mut inside = context.command("nsenter");
        inside.args(["--target", &id, "--net", "--mount", "sh", "-c", "cd \"$0\" && exec \"$@\""]);
        inside.arg(&context.root).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                inside.env(name, value);
            }
        }
        inside
    }

    /// Lets a command's programs find the bed.
    pub(crate) fn visible_to<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("NODE_GATE_BED", &self.description).env(TOOLS, &self.tools)
    }

    /// Ends it.
    pub(crate) fn end(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait().context("waiting for the bed")?;
        if !status.success() {
            bail!("the bed ended with {status}");
        }
        Ok(())
    }
}

/// A program in namespaces of its own for the network and for `/run`, where `ip` and nspawn keep what is theirs.
pub(crate) fn apart(context: &Context, program: &Path) -> Command {
    const SET_UP: &str = r#"mount -t tmpfs tmpfs /run; mkdir /run/netns; ip link set lo up; exec "$0" "$@""#;
    let mut command = context.command("unshare");
    command.args(["--net", "--mount", "sh", "-ec", SET_UP]).arg(program);
    command
}

/// Where the stories look for promtool.
pub(crate) const PROMTOOL: &str = "NODE_GATE_PROMTOOL";

/// Where the bed and the demo look for the programs that we built.
pub(crate) const TOOLS: &str = "NODE_GATE_TOOLS";
