//! The tiers of tests, cheapest first.

use anyhow::bail;

use crate::bed::Bed;
use crate::cargo::cargo_deny;
use crate::cli::Tier;
use crate::go_tools;
use crate::os::{self, ensure};
use crate::run::{Context, check, output};
use crate::steps::Steps;

/// Runs one tier or all.
pub(crate) fn run(
    context: &Context,
    steps: &mut Steps,
    tier: Option<Tier>,
    filter: &[String],
) -> anyhow::Result<()> {
    ensure(context, &os::CC)?;
    match tier {
        Some(Tier::Static) => static_tier(context, steps),
        Some(Tier::Unit) => unit(context, steps, filter),
        Some(Tier::Cluster) => cluster(context, steps, filter),
        None => {
            static_tier(context, steps)?;
            unit(context, steps, &[])?;
            cluster(context, steps, &[])
        }
    }
}

fn static_tier(context: &Context, steps: &mut Steps) -> anyhow::Result<()> {
    steps.run("static: formatting", || check(&mut context.cargo(&["fmt", "--all", "--check"])))?;
    steps.run("static: clippy", || {
        check(&mut context.cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    steps.run("static: documentation", || {
        let mut doc =
            context.cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"]);
        check(doc.env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    let deny = cargo_deny(context, steps)?;
    steps.run("static: dependencies", || {
        check(context.command(deny).args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]))
    })?;
    steps.run("static: one TLS library", || one_tls_library(context))?;
    let tools = go_tools::build(context, steps, "helm")?;
    steps.run("static: chart", || {
        check(context.command(tools.join("helm")).args(["lint", "--strict", "charts/node-gate"]))
    })
}

/// Two providers of cryptography in one program make it panic at its first connection. The lock file proves nothing:
/// it lists optional dependencies too.
fn one_tls_library(context: &Context) -> anyhow::Result<()> {
    let mut tree =
        context.cargo(&["tree", "--workspace", "--locked", "--prefix", "none", "--format", "{lib}"]);
    if output(&mut tree)?.lines().any(|library| library == "ring") {
        bail!("ring has come in beside aws-lc-rs: see `cargo tree --workspace -i ring`");
    }
    Ok(())
}

fn unit(context: &Context, steps: &mut Steps, filter: &[String]) -> anyhow::Result<()> {
    ensure(context, &os::SYSTEMD_ANALYZE)?;
    // e2e's own tests would start the stories, which need a cluster
    let tests: [(&str, &[&str]); 2] = [
        ("unit: all but e2e", &["--workspace", "--exclude", "e2e"]),
        ("unit: e2e", &["--package", "e2e", "--lib", "--bins"]),
    ];
    steps
        .run("unit: build", || check(&mut context.cargo(&["test", "--workspace", "--no-run", "--locked"])))?;
    for (name, packages) in tests {
        let mut test = context.cargo(&["test", "--no-fail-fast", "--locked"]);
        test.args(packages).arg("--").args(filter);
        steps.run(name, || check(&mut test))?;
    }
    Ok(())
}

fn cluster(context: &Context, steps: &mut Steps, filter: &[String]) -> anyhow::Result<()> {
    let tools = go_tools::build_all(context, steps)?;
    steps.run("cluster: build", || {
        check(&mut context.cargo(&["build", "--workspace", "--locked"]))?;
        check(&mut context.cargo(&["test", "--workspace", "--test", "cluster", "--no-run", "--locked"]))
    })?;
    let bed = steps.run("cluster: start the control plane", || Bed::start(context, &tools))?;
    let result = steps.run("cluster: stories", || {
        let mut test = context.cargo(&["test", "--workspace", "--test", "cluster", "--locked", "--"]);
        check(bed.visible_to(test.args(filter)))
    });
    bed.end()?;
    result
}
