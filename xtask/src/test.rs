//! The tiers of tests, cheapest first.

use std::fs;

use anyhow::{Context as _, bail};

use crate::bed::{Bed, PROMTOOL};
use crate::cargo::cargo_deny;
use crate::cli::Tier;
use crate::go_tools;
use crate::host::Host;
use crate::os::{self, ensure};
use crate::python::Python;
use crate::root_folder;
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
    // one failure hides no other: whoever waits for a run wants to know them all
    let mut failures = Failures::default();
    if tier.is_none_or(|tier| tier == Tier::Static) {
        static_tier(context, steps, &mut failures);
    }
    if tier.is_none_or(|tier| tier == Tier::Unit) {
        failures.note(unit(context, steps, filter));
    }
    if tier.is_none_or(|tier| tier == Tier::Client) {
        client(context, steps, &mut failures);
    }
    if tier.is_none_or(|tier| tier == Tier::Cluster) {
        failures.note(cluster(context, steps, filter));
    }
    if tier.is_none_or(|tier| tier == Tier::Node) {
        failures.note(node(context, steps, filter));
    }
    failures.verdict()
}

/// What went wrong so far.
#[derive(Default)]
struct Failures(Vec<anyhow::Error>);

impl Failures {
    fn note(&mut self, result: anyhow::Result<()>) {
        if let Err(error) = result {
            println!("FAILED: {error:#}");
            self.0.push(error);
        }
    }

    fn verdict(mut self) -> anyhow::Result<()> {
        match self.0.len() {
            0 => Ok(()),
            1 => Err(self.0.remove(0)),
            several => bail!("{several} steps failed"),
        }
    }
}

fn static_tier(context: &Context, steps: &mut Steps, failures: &mut Failures) {
    failures
        .note(steps.run("static: formatting", || check(&mut context.cargo(&["fmt", "--all", "--check"]))));
    failures.note(steps.run("static: clippy", || {
        check(&mut context.cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))
    }));
    failures.note(steps.run("static: documentation", || {
        let mut doc =
            context.cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"]);
        check(doc.env("RUSTDOCFLAGS", "-D warnings"))
    }));
    failures.note(steps.run("static: one TLS library", || one_tls_library(context)));
    failures.note(dependencies(context, steps));
    failures.note(chart(context, steps));
}

fn dependencies(context: &Context, steps: &mut Steps) -> anyhow::Result<()> {
    let deny = cargo_deny(context, steps)?;
    steps.run("static: dependencies", || {
        check(context.command(deny).args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]))
    })
}

fn chart(context: &Context, steps: &mut Steps) -> anyhow::Result<()> {
    let tools = go_tools::build(context, steps, "helm")?;
    steps.run("static: chart", || {
        let mut lint = context.command(tools.join("helm"));
        // a scope is mandatory; any will do
        check(lint.args(["lint", "--strict", "charts/node-gate", "--set", "clusterName=lint"]))
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
    let others = test_binaries(context)?.into_iter().filter(|name| name != STORIES && name != MACHINES);
    let others: Vec<String> = others.flat_map(|name| ["--test".to_owned(), name]).collect();
    steps.run("unit: build", || build(context))?;
    steps.run("unit: tests", || {
        let mut which = vec!["--lib".to_owned(), "--bins".to_owned()];
        which.extend(others);
        must_match(context, &which, filter)?;
        let mut test = context.cargo(&["test", "--workspace", "--no-fail-fast", "--locked"]);
        check(test.args(which).arg("--").args(filter))
    })
}

fn client(context: &Context, steps: &mut Steps, failures: &mut Failures) {
    let scripts = context.root.join("e2e/simulator/tests/python");
    let python = Python::with(context, steps, &scripts.join("requirements.txt"));
    let built = python.and_then(|python| {
        ensure(context, &os::CURL)?;
        steps.run("client: build", || build(context))?;
        Ok(python)
    });
    let python = match built {
        Ok(python) => python,
        Err(error) => return failures.note(Err(error)),
    };
    let simulator = context.target.join("debug/aws-simulator");
    for (script, what) in [
        ("walk.py", "client: boto3 walks through the life of a warm pool"),
        ("turns.py", "client: boto3 takes the other turns of a life"),
        ("machines.py", "client: boto3 walks through the machines of EC2"),
        ("automation.py", "client: boto3 launches from templates, by policies and on schedule"),
    ] {
        failures
            .note(steps.run(what, || check(python.script(context, &scripts.join(script)).arg(&simulator))));
    }
    failures.note(steps.run("client: what the simulator's page shows", || {
        let mut page = python.script(context, &scripts.join("page.py"));
        check(page.arg(&simulator).arg(context.root.join("docs/aws-simulator.md")))
    }));
}

fn cluster(context: &Context, steps: &mut Steps, filter: &[String]) -> anyhow::Result<()> {
    let tools = go_tools::build_all(context, steps)?;
    let promtool = go_tools::promtool(context, steps)?;
    steps.run("cluster: build", || build(context))?;
    must_match(context, &["--test".to_owned(), STORIES.to_owned()], filter)?;
    let bed = steps.run("cluster: start the control plane", || Bed::start(context, &tools))?;
    let result = steps.run("cluster: stories", || {
        let mut test = context.cargo(&["test", "--workspace", "--test", STORIES, "--locked", "--"]);
        check(bed.visible_to(test.args(filter).env(PROMTOOL, promtool)))
    });
    bed.end()?;
    result
}

fn node(context: &Context, steps: &mut Steps, filter: &[String]) -> anyhow::Result<()> {
    if !context.is_root() {
        bail!(
            "the node tier needs root, for machines with a systemd of their own: run `sudo -E cargo xtask test node`"
        );
    }
    os::FOR_MACHINES.iter().try_for_each(|needed| ensure(context, needed))?;
    let tools = go_tools::build_with_kubelet(context, steps)?;
    let root = root_folder::unpack(context, steps)?;
    steps.run("node: build", || build(context))?;
    must_match(context, &["--test".to_owned(), MACHINES.to_owned()], filter)?;
    let before = Host::now();
    let bed = steps.run("node: start the control plane", || Bed::start_apart(context, &tools))?;
    let result = steps.run("node: stories", || {
        let mut test =
            context.cargo(&["test", "--workspace", "--test", MACHINES, "--locked", "--offline", "--"]);
        test.args(filter).env(root_folder::VARIABLE, root);
        check(&mut bed.inside(context, bed.visible_to(&mut test)))
    });
    bed.end()?;
    let left = steps.run("node: the host is as it was", || Host::now().is_as_before(&before));
    match (result, left) {
        (Err(stories), Err(host)) => bail!("{stories:#}; and {host:#}"),
        (stories, host) => stories.and(host),
    }
}

/// A filter that matches nothing would leave a run green that has tested nothing.
fn must_match(context: &Context, which: &[String], filter: &[String]) -> anyhow::Result<()> {
    if filter.is_empty() {
        return Ok(());
    }
    let mut list = context.cargo(&["test", "--workspace", "--quiet", "--locked"]);
    list.args(which).arg("--").args(filter).arg("--list");
    if !output(&mut list)?.lines().any(|line| line.ends_with(": test")) {
        bail!("no test's name contains {}", filter.join(" or "));
    }
    Ok(())
}

/// The test binary that needs a control plane.
const STORIES: &str = "cluster";
/// The one that needs machines as well.
const MACHINES: &str = "node";

/// Builds programs and tests. Always the whole workspace with all its targets: another choice would choose other
/// features of shared crates and compile them once more.
fn build(context: &Context) -> anyhow::Result<()> {
    check(&mut context.cargo(&["build", "--workspace", "--all-targets", "--locked"]))
}

/// The names of the workspace's integration tests: the files and folders in its members' `tests`.
fn test_binaries(context: &Context) -> anyhow::Result<Vec<String>> {
    let manifest = fs::read_to_string(context.root.join("Cargo.toml"))?;
    let members = manifest.lines().find(|line| line.starts_with("members = ["));
    let members = members.context("the members of the workspace, on one line of Cargo.toml")?;
    let mut names = Vec::new();
    for member in members.split('"').skip(1).step_by(2) {
        let Ok(entries) = fs::read_dir(context.root.join(member).join("tests")) else { continue };
        for entry in entries {
            let path = entry?.path();
            let is_test = path.join("main.rs").is_file() || path.extension().is_some_and(|e| e == "rs");
            if let Some(name) = path.file_stem().filter(|_| is_test) {
                names.push(name.to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}
