//! A real node-gate-controller, as the chart would run it.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::chart::Chart;
use crate::process::{Process, command};
use crate::wait::eventually;
use crate::{aws, http, tools};

/// The access key id by which the simulator's call log names it.
pub const CALLER: &str = "controller";

/// From its start to its first log line.
const STARTED: Duration = Duration::from_secs(20);

/// For its end, once it was asked to.
const ENDED: Duration = Duration::from_secs(60);

/// A controller to be started; see [`crate::story::Story::controller`].
#[derive(Debug)]
pub struct ControllerBuilder {
    chart: Chart,
    aws_endpoint: String,
    namespace: String,
    dir: PathBuf,
    name: String,
    flags: BTreeMap<String, Option<String>>,
    env: Vec<(String, String)>,
}

impl ControllerBuilder {
    pub(crate) fn new(chart: &Chart, aws_endpoint: &str, namespace: &str, dir: &Path, name: &str) -> Self {
        let flags = chart.args().iter().map(|arg| match arg.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
            None => (arg.clone(), None),
        });
        let builder = ControllerBuilder {
            chart: chart.clone(),
            aws_endpoint: aws_endpoint.to_owned(),
            namespace: namespace.to_owned(),
            dir: dir.to_owned(),
            name: name.to_owned(),
            flags: flags.collect(),
            env: vec![("RUST_LOG".into(), "info,node_gate_controller=debug".into())],
        };
        builder.flag("--listen", "127.0.0.1:0")
    }

    /// Gives a flag another value than the chart does (`--drain-deadline`).
    #[must_use]
    pub fn flag(mut self, flag: &str, value: &str) -> Self {
        self.flags.insert(flag.to_owned(), Some(value.to_owned()));
        self
    }

    /// Adds a flag without a value.
    #[must_use]
    pub fn switch(mut self, flag: &str) -> Self {
        self.flags.insert(flag.to_owned(), None);
        self
    }

    /// Sets an environment variable; the last one of a name counts.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it, and waits until it says where it listens.
    pub async fn start(self) -> anyhow::Result<Controller> {
        let ControllerBuilder { chart, aws_endpoint, namespace, dir, name, flags, env } = self;
        let mut command = command(tools::built("node-gate-controller")?);
        command.args(flags.into_iter().map(|(flag, value)| match value {
            Some(value) => format!("{flag}={value}"),
            None => flag,
        }));
        command.env_clear().envs(aws::environment(&aws_endpoint, CALLER)).envs(env);
        command.env("KUBECONFIG", chart.kubeconfig()).env("POD_NAMESPACE", namespace).env("POD_NAME", &name);
        let log = dir.join(format!("{name}.log"));
        let process = Process::spawn(&name, command, &log)?;
        let mut controller = Controller { process, address: SocketAddr::from(([127, 0, 0, 1], 0)), name };
        controller.address = controller.first_line().await?;
        Ok(controller)
    }
}

/// A running controller; dropping it kills it.
#[derive(Debug)]
pub struct Controller {
    process: Process,
    address: SocketAddr,
    name: String,
}

impl Controller {
    /// Its identity in the lease.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Everything it has logged so far.
    pub fn log(&self) -> anyhow::Result<String> {
        fs::read_to_string(self.process.log()).context("reading the controller's log")
    }

    /// Gets one of its pages: `/livez`, `/readyz`, `/metrics`.
    pub async fn get(&self, path: &str) -> anyhow::Result<(u16, String)> {
        http::get(self.address, path).await
    }

    /// The value of one of its metrics, labels included: `node_gate_leader`, `node_gate_evictions_total{result="ok"}`.
    /// None if it has not been counted yet.
    pub async fn metric(&self, name: &str) -> anyhow::Result<Option<f64>> {
        let (_, page) = self.get("/metrics").await?;
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map(|value| value.trim().parse().context("parsing a metric")).transpose()
    }

    /// Kills it with SIGKILL.
    pub async fn kill_9(&mut self) -> anyhow::Result<()> {
        self.process.kill().await
    }

    /// Asks it to end, and waits until it has.
    pub async fn sigterm(&mut self) -> anyhow::Result<ExitStatus> {
        self.process.signal("TERM").await?;
        self.wait().await
    }

    /// Sends it any signal: STOP and CONT make a leader that hangs and comes back.
    pub async fn signal(&self, signal: &str) -> anyhow::Result<()> {
        self.process.signal(signal).await
    }

    /// Waits for its end, for a minute.
    pub async fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        let ended = tokio::time::timeout(ENDED, self.process.wait()).await;
        ended.with_context(|| format!("{} does not end", self.name))?
    }

    /// Its first log line says where it listens.
    async fn first_line(&mut self) -> anyhow::Result<SocketAddr> {
        let log = self.process.log().to_owned();
        eventually("the controller says where it listens", STARTED, async || {
            let text = fs::read_to_string(&log).context("reading its log")?;
            let Some((line, _)) = text.split_once('\n') else {
                if let Err(ended) = self.process.still_runs() {
                    return Ok(Err(ended));
                }
                bail!("no line yet");
            };
            Ok(address(line))
        })
        .await?
    }
}

fn address(line: &str) -> anyhow::Result<SocketAddr> {
    let wrong = || format!("the first log line does not tell the address: {line}");
    let line: Value = serde_json::from_str(line).with_context(wrong)?;
    let field = line.get("address").or_else(|| line.pointer("/fields/address"));
    field.and_then(Value::as_str).with_context(wrong)?.parse().with_context(wrong)
}
