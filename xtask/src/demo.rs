//! The demo: builds everything, then leaves the stage to `e2e`'s program of that name.

use std::path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::bed::TOOLS;
use crate::cli::DemoArgs;
use crate::go_tools;
use crate::os::{self, ensure};
use crate::run::{Context, check, writable};
use crate::steps::Steps;
use crate::terminal::Terminal;

/// How it ends when the user presses `q` or Ctrl-C, and by SIGTERM: with the codes of SIGINT and SIGTERM.
const ENDED: [u8; 2] = [130, 143];

/// Builds and runs it. Returns the code of a demo that was ended before its end.
pub(crate) fn run(context: &Context, steps: &mut Steps, args: &DemoArgs) -> anyhow::Result<Option<ExitCode>> {
    let DemoArgs { nodes, pods, keep, record } = args;
    if let Some(file) = record {
        writable(file)?;
    }
    ensure(context, &os::CC)?;
    let tools = go_tools::build_all(context, steps)?;
    steps.run("demo: build", || check(&mut context.cargo(&["build", "--workspace", "--locked"])))?;
    let mut demo = context.command(context.target.join("debug/demo"));
    demo.args(["--nodes", &nodes.to_string(), "--pods", &pods.to_string()]).env(TOOLS, tools);
    demo.arg("--dir").arg(context.scratch().join("demo"));
    if *keep {
        // outside of the scratch folder, which nobody else can see
        demo.arg("--keep").arg(context.cache.join("demo.kubeconfig"));
    }
    if let Some(file) = record {
        // where the user is, not where the workspace is
        demo.arg("--record").arg(path::absolute(file)?);
    }
    steps.run("demo: run", || {
        let terminal = Terminal::ours();
        let status = demo.status().context("running the demo")?;
        let Some(code) = status.code() else {
            // killed, it could not clean up after itself
            if let Some(terminal) = &terminal {
                terminal.restore();
            }
            bail!("the demo was killed: {status}");
        };
        if let Some(ended) = ENDED.into_iter().find(|ended| i32::from(*ended) == code) {
            return Ok(Some(ExitCode::from(ended)));
        }
        if code != 0 {
            bail!("the demo failed: {status}");
        }
        Ok(None)
    })
}
