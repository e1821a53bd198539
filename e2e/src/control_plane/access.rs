//! Kubeconfigs and clients.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use k8s_openapi::ByteString;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

/// How to reach an API server, without saying as whom.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// `https://127.0.0.1:PORT`
    pub server: String,
    /// The file with the server's certificate authority.
    pub ca: PathBuf,
}

impl Endpoint {
    /// A kubeconfig for the bearer of a token. JSON is YAML too.
    pub fn kubeconfig(&self, user: &str, token: &str) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "bed", "cluster": {"server": self.server, "certificate-authority": self.ca}}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "bed", "context": {"cluster": "bed", "user": user}}],
            "current-context": "bed",
        })
    }

    /// The same with the certificate inside.
    pub fn portable_kubeconfig(&self, user: &str, token: &str) -> anyhow::Result<Value> {
        let ca = fs::read(&self.ca).with_context(|| format!("reading {}", self.ca.display()))?;
        let mut config = self.kubeconfig(user, token);
        config["clusters"][0]["cluster"] =
            json!({"server": self.server, "certificate-authority-data": ByteString(ca)});
        Ok(config)
    }

    /// Writes such a kubeconfig to a file.
    pub fn write_kubeconfig(&self, user: &str, token: &str, file: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&self.kubeconfig(user, token))?;
        fs::write(file, text).with_context(|| format!("writing {}", file.display()))
    }

    /// Finds the endpoint in a kubeconfig written by us.
    pub fn read(kubeconfig: &Path) -> anyhow::Result<Self> {
        let config: Value = serde_json::from_slice(&fs::read(kubeconfig)?)?;
        let cluster = &config["clusters"][0]["cluster"];
        let text =
            |key: &str| cluster[key].as_str().with_context(|| format!("{key} in {}", kubeconfig.display()));
        Ok(Endpoint { server: text("server")?.to_owned(), ca: text("certificate-authority")?.into() })
    }
}

/// A client by a kubeconfig. It repeats nothing by itself, so a refused eviction is seen at once.
pub async fn client(kubeconfig: &Path) -> anyhow::Result<kube::Client> {
    // kube and the AWS SDK bring the same TLS provider; the second installation is refused and harmless
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let file = Kubeconfig::read_from(kubeconfig)?;
    let mut config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
    config.default_retry = false;
    // the bed is on loopback, whatever proxy the environment names
    config.proxy_url = None;
    Ok(kube::Client::try_from(config)?)
}
