//! A simulator with a group of instances, and gates that run on them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::config::Credentials;
use aws_sdk_autoscaling::types::{LaunchTemplateSpecification, WarmPoolState};
use aws_simulator::{Call, InstanceInfo, Options, Simulator};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

/// The access key that only gates use: what the call log shows under it came from a gate.
pub(crate) const GATE_KEY: &str = "AKIAGATE";
pub(crate) const GROUP: &str = "blue";
/// Far more than anything here takes: a test that needs it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The program without anything from our environment, and with an address for IMDS at which nobody is: where a test forgets
/// to name one, the real address is not for us.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node-gate"));
    command.env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9");
    command
}

/// Runs a program that ends by itself.
pub(crate) async fn ended(command: &mut Command) -> std::process::Output {
    tokio::time::timeout(PATIENCE, command.output())
        .await
        .expect("the program ends by itself")
        .expect("it starts")
}

/// The same: its exit code, standard output and standard error.
pub(crate) async fn outcome(command: &mut Command) -> (Option<i32>, String, String) {
    let output = ended(command).await;
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

pub(crate) struct Bed {
    pub(crate) simulator: Simulator,
    pub(crate) aws: Client,
}

impl Bed {
    /// A simulator with an empty group.
    pub(crate) async fn start() -> Self {
        let options = Options { min_heartbeat_timeout: Duration::from_secs(1), ..Options::default() };
        let simulator = Simulator::start(options).await.expect("loopback has a port");
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("AKIATEST", "secret", None, None, "test"))
            .endpoint_url(simulator.endpoint())
            .load()
            .await;
        let bed = Bed { simulator, aws: Client::new(&config) };
        bed.aws
            .create_auto_scaling_group()
            .auto_scaling_group_name(GROUP)
            .min_size(0)
            .max_size(20)
            .desired_capacity(0)
            .availability_zones("us-east-1a")
            .launch_template(LaunchTemplateSpecification::builder().launch_template_name("nodes").build())
            .send()
            .await
            .expect("the simulator takes it");
        bed
    }

    pub(crate) async fn scale_to(&self, desired: i32) {
        self.aws
            .set_desired_capacity()
            .auto_scaling_group_name(GROUP)
            .desired_capacity(desired)
            .send()
            .await
            .expect("the simulator takes it");
    }

    /// One instance at rest in a running warm pool.
    pub(crate) async fn warm_instance(&self) -> InstanceInfo {
        self.aws
            .put_warm_pool()
            .auto_scaling_group_name(GROUP)
            .pool_state(WarmPoolState::Running)
            .min_size(1)
            .max_group_prepared_capacity(1)
            .send()
            .await
            .expect("the simulator takes it");
        self.in_state("Warmed:Running", 1).await.remove(0)
    }

    /// That many instances in service.
    pub(crate) async fn serving(&self, count: i32) -> Vec<InstanceInfo> {
        self.scale_to(count).await;
        self.in_state("InService", usize::try_from(count).expect("a count")).await
    }

    pub(crate) async fn in_state(&self, state: &str, count: usize) -> Vec<InstanceInfo> {
        let is = |one: &&InstanceInfo| one.lifecycle_state == state;
        self.simulator
            .wait_until(state, PATIENCE, |all| all.iter().filter(is).count() == count)
            .await
            .expect("instances come there")
            .into_iter()
            .filter(|one| is(&one))
            .collect()
    }

    /// What gates asked of the API.
    pub(crate) fn gate_calls(&self) -> Vec<Call> {
        self.simulator.calls().into_iter().filter(|call| call.caller == GATE_KEY).collect()
    }

    /// Waits until something is true of what the simulator was asked.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let waited = self.simulator.wait_until(what, PATIENCE, |_| holds()).await;
        waited.expect("what a test waits for comes");
    }

    /// Waits until the gate of an instance has asked IMDS for its target so many more times.
    pub(crate) async fn polls(&self, instance: &InstanceInfo, more: usize) {
        let count = || {
            let calls = self.simulator.imds_calls(&instance.id);
            calls.iter().filter(|call| call.path.ends_with("target-lifecycle-state")).count()
        };
        let before = count();
        self.until("further polls", || count() >= before + more).await;
    }

    /// Starts a gate on an instance.
    pub(crate) fn gate(&self, instance: &InstanceInfo, args: &[&str]) -> Gate {
        self.gate_with(instance, args, &[])
    }

    pub(crate) fn gate_with(&self, instance: &InstanceInfo, args: &[&str], env: &[(&str, &str)]) -> Gate {
        Gate::start(&instance.imds_endpoint, &self.simulator.endpoint(), args, env)
    }
}

/// A running `node-gate wait`.
pub(crate) struct Gate {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
    /// All that it has said and we have read.
    pub(crate) said: Vec<String>,
    folder: TempDir,
}

impl Gate {
    pub(crate) fn start(imds: &str, api: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::run(folder, &[&["wait", "--poll-interval", "50ms"], args].concat(), imds, api, env)
    }

    /// Any command that runs for long.
    pub(crate) fn run(folder: TempDir, args: &[&str], imds: &str, api: &str, env: &[(&str, &str)]) -> Self {
        let mut child = binary()
            .args(args)
            .arg("--state-dir")
            .arg(folder.path())
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds)
            .env("AWS_ENDPOINT_URL", api)
            .env("AWS_ACCESS_KEY_ID", GATE_KEY)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "us-east-1")
            .envs(env.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the gate starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let (sender, lines) = mpsc::unbounded_channel();
        // Ends with the child's standard error, that is with the child.
        tokio::spawn(async move {
            while let Ok(Some(line)) = stderr.next_line().await {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Gate { child, lines, said: Vec::new(), folder }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Gives its folder to the next one.
    pub(crate) fn into_folder(self) -> TempDir {
        self.folder
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn status(&self) -> Value {
        let bytes = std::fs::read(self.file("status.json")).expect("a status file");
        serde_json::from_slice(&bytes).expect("JSON, whole at any time")
    }

    /// Waits for a line that contains `text`.
    pub(crate) async fn says(&mut self, text: &str) {
        // Of the whole wait: a program that says something else for ever is wrong as well.
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            match tokio::time::timeout_at(until, self.lines.recv()).await {
                Ok(Some(line)) => {
                    let found = line.contains(text);
                    self.said.push(line);
                    if found {
                        return;
                    }
                }
                Ok(None) => panic!("ended without saying {text:?}: {:#?}", self.said),
                Err(elapsed) => panic!("never said {text:?}: {elapsed}: {:#?}", self.said),
            }
        }
    }

    pub(crate) fn is_holding(&mut self) -> bool {
        self.child.try_wait().expect("our child").is_none() && !self.file("opened.json").exists()
    }

    /// Waits for the end; reads the rest of what it says.
    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        let waited = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let Ok(status) = waited else { panic!("does not end: {:#?}", self.said) };
        while let Some(line) = self.lines.recv().await {
            self.said.push(line);
        }
        status.expect("our child").code()
    }

    /// Waits for the end and demands that it is an opening.
    pub(crate) async fn opens(&mut self) {
        assert_eq!(self.exit_code().await, Some(0), "{:#?}", self.said);
        assert!(self.file("opened.json").exists());
        assert_eq!(self.status()["state"], "opened");
    }

    pub(crate) async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("a process that was not waited for").to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().await;
        assert!(sent.expect("kill is everywhere").success());
    }
}
