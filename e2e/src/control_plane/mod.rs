//! A real control plane on loopback: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and kwok for the
//! pods of simulated nodes.
//!
//! RBAC is on, and every request is in an audit log. A node that stops renewing its lease is found not Ready after
//! [`NODE_GRACE`] instead of 50 s; all else is as in production.

mod access;
mod keys;
mod ports;

use std::ffi::OsString;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;

use crate::process::{Process, command};
use crate::tools::tool;
use crate::wait::eventually;

pub use access::{Endpoint, client};

/// After this long without a sign of life the controller-manager calls a node not Ready.
pub const NODE_GRACE: Duration = Duration::from_secs(8);

/// A Node with this label is run by kwok; without it nobody renews its lease.
pub const RUNNING_LABEL: &str = "e2e/running";

/// The user by whom the harness acts, as the audit log names it.
pub const HARNESS_USER: &str = "e2e";

/// Cold disks and busy machines included.
const READY: Duration = Duration::from_secs(90);

/// Who may do everything, each under its own name in the audit log. The token is the name: nothing but loopback, or
/// a network without a way out, can ask, and nothing here is worth a secret.
const USERS: [&str; 5] = [HARNESS_USER, "kube-controller-manager", "kube-scheduler", "kwok", "kubelet"];

/// A running control plane; dropping it ends all its processes.
#[derive(Debug)]
pub struct ControlPlane {
    dir: PathBuf,
    endpoint: Endpoint,
    api_server_args: Vec<OsString>,
    api_server: Option<Process>,
    // held for their ends: dropping a process kills it
    others: Vec<Process>,
}

impl ControlPlane {
    /// Starts one with its data, logs and credentials in the empty or missing folder `dir`, and waits until it works.
    pub async fn start(dir: &Path) -> anyhow::Result<Self> {
        Self::begin(dir, Ipv4Addr::LOCALHOST, NODE_GRACE).await
    }

    /// The same at an address that machines with a network of their own can reach.
    pub async fn at(dir: &Path, address: Ipv4Addr) -> anyhow::Result<Self> {
        Self::begin(dir, address, NODE_GRACE).await
    }

    /// The same with another time after which a silent node is called not Ready. Whoever stops the API server needs a long
    /// one: no node can be heard then, and once its pods are not Ready budgets protect them no more.
    pub async fn with_node_grace(dir: &Path, node_grace: Duration) -> anyhow::Result<Self> {
        Self::begin(dir, Ipv4Addr::LOCALHOST, node_grace).await
    }

    async fn begin(dir: &Path, address: Ipv4Addr, node_grace: Duration) -> anyhow::Result<Self> {
        fs::create_dir_all(dir.join("logs")).with_context(|| format!("creating {}", dir.display()))?;
        let etcd_port = ports::free()?;
        let port = ports::free()?;
        let endpoint = Endpoint {
            server: format!("https://{address}:{port}"),
            // the API server makes its own certificate and puts the authority's behind it
            ca: dir.join("certificates/apiserver.crt"),
        };
        write_files(dir, &endpoint)?;
        let mut plane = ControlPlane {
            dir: dir.to_owned(),
            endpoint,
            api_server_args: api_server_args(dir, address, port, etcd_port),
            api_server: None,
            others: Vec::new(),
        };
        plane.start_etcd(etcd_port)?;
        plane.start_api_server().await?;
        plane.start_controllers(node_grace)?;
        plane.wait_for_controllers().await?;
        Ok(plane)
    }

    /// How to reach the API server.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// A kubeconfig that may do everything.
    pub fn kubeconfig(&self) -> PathBuf {
        kubeconfig(&self.dir, HARNESS_USER)
    }

    /// The API server's audit log, one JSON object a line.
    pub fn audit_log(&self) -> PathBuf {
        self.dir.join("audit.log")
    }

    /// Kills the API server; its clients see reset connections, then refused ones.
    pub async fn stop_api_server(&mut self) -> anyhow::Result<()> {
        match self.api_server.take() {
            Some(mut process) => process.kill().await,
            None => Ok(()),
        }
    }

    /// Starts the API server on the port it had before, and waits until it is ready.
    pub async fn start_api_server(&mut self) -> anyhow::Result<()> {
        let mut process = self.spawn("kube-apiserver", &self.api_server_args)?;
        let kubeconfig = self.kubeconfig();
        let ca = self.endpoint.ca.clone();
        let ready = eventually("kube-apiserver is ready", READY, async || {
            // an end is final: report it through the outer result
            if let Err(ended) = process.still_runs() {
                return Ok(Err(ended));
            }
            ensure!(ca.exists(), "it has not yet made its certificate");
            let request = http::Request::get("/readyz").body(Vec::new())?;
            client(&kubeconfig).await?.request_text(request).await?;
            Ok(Ok(()))
        });
        ready.await.and_then(|inner| inner).with_context(|| format!("log: {}", process.log().display()))?;
        self.api_server = Some(process);
        Ok(())
    }

    fn start_etcd(&mut self, port: u16) -> anyhow::Result<()> {
        let clients = format!("http://127.0.0.1:{port}");
        let peers = format!("http://127.0.0.1:{}", ports::free()?);
        let args = [
            flag("--data-dir", self.dir.join("etcd")),
            flag("--listen-client-urls", &clients),
            flag("--advertise-client-urls", &clients),
            flag("--listen-peer-urls", &peers),
            flag("--initial-advertise-peer-urls", &peers),
            flag("--initial-cluster", format!("default={peers}")),
            // nothing here has to survive a power cut
            "--unsafe-no-fsync".into(),
            flag("--log-level", "warn"),
        ];
        let process = self.spawn("etcd", &args)?;
        self.others.push(process);
        Ok(())
    }

    fn start_controllers(&mut self, node_grace: Duration) -> anyhow::Result<()> {
        let grace = format!("{}s", node_grace.as_secs());
        let manager = [
            flag("--kubeconfig", kubeconfig(&self.dir, "kube-controller-manager")),
            "--leader-elect=false".into(),
            // port 0: serves nothing
            "--secure-port=0".into(),
            flag("--node-monitor-grace-period", grace),
            "--node-monitor-period=1s".into(),
            "--kube-api-qps=200".into(),
            "--kube-api-burst=400".into(),
        ];
        let scheduler = [
            flag("--kubeconfig", kubeconfig(&self.dir, "kube-scheduler")),
            "--leader-elect=false".into(),
            "--secure-port=0".into(),
        ];
        let kwok = [
            flag("--kubeconfig", kubeconfig(&self.dir, "kwok")),
            flag("--config", self.dir.join("stages.yaml")),
            "--manage-all-nodes=false".into(),
            flag("--manage-nodes-with-label-selector", RUNNING_LABEL),
            // renewed every quarter of it
            flag("--node-lease-duration-seconds", NODE_GRACE.as_secs().to_string()),
        ];
        for (name, args) in [
            ("kube-controller-manager", &manager[..]),
            ("kube-scheduler", &scheduler[..]),
            ("kwok", &kwok[..]),
        ] {
            let process = self.spawn(name, args)?;
            self.others.push(process);
        }
        Ok(())
    }

    /// The controller-manager works once it has made the first namespace's `ServiceAccount`. The scheduler and kwok make
    /// nothing by themselves; whoever waits for a pod to run waits for them.
    async fn wait_for_controllers(&mut self) -> anyhow::Result<()> {
        let accounts: Api<ServiceAccount> = Api::namespaced(client(&self.kubeconfig()).await?, "default");
        eventually("kube-controller-manager works", READY, async || {
            if let Err(ended) = self.others.iter_mut().try_for_each(Process::still_runs) {
                return Ok(Err(ended));
            }
            accounts.get("default").await?;
            Ok(Ok(()))
        })
        .await?
    }

    fn spawn(&self, name: &str, args: &[OsString]) -> anyhow::Result<Process> {
        let mut command = command(tool(name)?);
        // HOME: kwok looks for a configuration of the user's
        command.args(args).current_dir(&self.dir).env_clear().env("HOME", &self.dir);
        Process::spawn(name, command, &self.dir.join(format!("logs/{name}.log")))
    }
}

fn flag(name: &str, value: impl Into<OsString>) -> OsString {
    let mut flag = OsString::from(name);
    flag.push("=");
    flag.push(value.into());
    flag
}

fn kubeconfig(dir: &Path, user: &str) -> PathBuf {
    dir.join(format!("{user}.kubeconfig"))
}

fn write_files(dir: &Path, endpoint: &Endpoint) -> anyhow::Result<()> {
    let tokens: String = USERS.map(|user| format!("{user},{user},{user},\"system:masters\"\n")).concat();
    fs::write(dir.join("tokens.csv"), tokens)?;
    fs::write(dir.join("audit-policy.yaml"), include_str!("audit-policy.yaml"))?;
    fs::write(dir.join("stages.yaml"), include_str!("stages.yaml"))?;
    keys::write(&dir.join("service-accounts.key"), &dir.join("service-accounts.pub"))?;
    USERS.iter().try_for_each(|user| endpoint.write_kubeconfig(user, user, &kubeconfig(dir, user)))
}

fn api_server_args(dir: &Path, address: Ipv4Addr, port: u16, etcd_port: u16) -> Vec<OsString> {
    vec![
        flag("--etcd-servers", format!("http://127.0.0.1:{etcd_port}")),
        flag("--bind-address", address.to_string()),
        flag("--advertise-address", address.to_string()),
        flag("--secure-port", port.to_string()),
        // loopback is no legal address of the service "kubernetes", which nobody here uses
        "--endpoint-reconciler-type=none".into(),
        "--service-cluster-ip-range=10.96.0.0/16".into(),
        flag("--cert-dir", dir.join("certificates")),
        "--authorization-mode=RBAC".into(),
        flag("--token-auth-file", dir.join("tokens.csv")),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        flag("--service-account-key-file", dir.join("service-accounts.pub")),
        flag("--service-account-signing-key-file", dir.join("service-accounts.key")),
        flag("--audit-policy-file", dir.join("audit-policy.yaml")),
        flag("--audit-log-path", dir.join("audit.log")),
    ]
}
