//! Our chart, installed by the real helm, and what a Pod of it would have been given.
//!
//! There are no Pods: the release has no replicas, and the program runs beside the cluster. But its arguments are those
//! of the Deployment and its rights are those of the `ServiceAccount`, so a mistake in the chart fails the stories.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::{Api, ResourceExt};

use crate::control_plane::Endpoint;
use crate::process::{command, output};
use crate::tools::tool;

/// The name of the release, and by the chart's rules of everything in it.
pub const RELEASE: &str = "node-gate";

/// An installed release.
#[derive(Debug, Clone)]
pub struct Chart {
    kubeconfig: PathBuf,
    user: String,
    args: Vec<String>,
}

impl Chart {
    /// Installs the chart with these values (`key=value`, as helm's `--set-string` takes them; a comma separates).
    pub async fn install(
        admin: &Path,
        client: &kube::Client,
        namespace: &str,
        values: &[String],
        dir: &Path,
    ) -> anyhow::Result<Self> {
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/node-gate");
        let mut helm = command(tool("helm")?);
        helm.args(["install", RELEASE])
            .arg(chart)
            .args(["--namespace", namespace, "--kubeconfig"])
            .arg(admin);
        helm.args(["--set", "replicas=0"]).env_clear().env("HOME", dir);
        for value in values {
            helm.args(["--set-string", value]);
        }
        output(helm).await.context("installing the chart")?;

        let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
        let deployment = deployments.get(RELEASE).await.context("reading the chart's Deployment")?;
        let pod = deployment.spec.and_then(|spec| spec.template.spec).context("a Deployment has Pods")?;
        let args = pod.containers.first().and_then(|container| container.args.clone()).unwrap_or_default();
        ensure!(!args.is_empty(), "the chart's Deployment has no arguments");
        let account = pod.service_account_name.context("the chart's Pods have no ServiceAccount")?;

        let kubeconfig = dir.join("controller.kubeconfig");
        let token = token(client, namespace, &account).await?;
        Endpoint::read(admin)?.write_kubeconfig(&account, &token, &kubeconfig)?;
        Ok(Chart { kubeconfig, user: format!("system:serviceaccount:{namespace}:{account}"), args })
    }

    /// A kubeconfig with the rights that the chart gives, and no others.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The user as the audit log names it.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The arguments that the chart gives.
    pub fn args(&self) -> &[String] {
        &self.args
    }

    /// A client with these rights.
    pub async fn client(&self) -> anyhow::Result<kube::Client> {
        crate::control_plane::client(&self.kubeconfig).await
    }
}

/// Asks for a `ServiceAccount`'s token as the cluster's kubelet would for a Pod.
pub async fn token(client: &kube::Client, namespace: &str, account: &str) -> anyhow::Result<String> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
    let name = accounts.get(account).await.context("reading the ServiceAccount")?.name_any();
    let request = TokenRequest {
        spec: TokenRequestSpec { expiration_seconds: Some(24 * 3600), ..TokenRequestSpec::default() },
        ..TokenRequest::default()
    };
    let answer: TokenRequest =
        accounts.create_subresource("token", &name, &PostParams::default(), &request).await?;
    Ok(answer.status.context("an answer without a token")?.token)
}

/// Removes a namespace and what the chart left outside of it, without waiting for the end.
pub(crate) fn remove(admin: &Path, namespace: &str) -> anyhow::Result<()> {
    let roles = format!("{namespace}:{RELEASE}");
    for args in [
        &["delete", "namespace", namespace][..],
        &["delete", "clusterrole", &roles],
        &["delete", "clusterrolebinding", &roles],
        &["delete", "role,rolebinding", &roles, "--namespace", "default"],
    ] {
        let mut kubectl = std::process::Command::new(tool("kubectl")?);
        // an API server that hangs must not make a failing test hang as well
        kubectl.args(args).args(["--request-timeout=15s", "--wait=false", "--ignore-not-found"]);
        kubectl.arg("--kubeconfig").arg(admin);
        kubectl.output().context("running kubectl")?;
    }
    fs::metadata(admin).map(drop).context("the bed is gone")
}
