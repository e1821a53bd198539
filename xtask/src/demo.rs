//! The demo: builds everything, then leaves the stage to `e2e`'s program of that name.

use crate::bed::TOOLS;
use crate::cli::DemoArgs;
use crate::go_tools;
use crate::os::{self, ensure};
use crate::run::{Context, check};
use crate::steps::Steps;

/// Builds and runs it.
pub(crate) fn run(context: &Context, steps: &mut Steps, args: &DemoArgs) -> anyhow::Result<()> {
    let DemoArgs { nodes, pods, keep } = args;
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
    steps.run("demo: run", || check(&mut demo))
}
