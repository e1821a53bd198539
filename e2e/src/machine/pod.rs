//! Pods on machines.

use anyhow::{Context, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::json;

use super::{LONG, Machine};
use crate::wait::eventually;

/// A pod of a story; it is not deleted by itself.
#[derive(Clone)]
pub struct RunningPod {
    pods: Api<Pod>,
    name: String,
}

impl RunningPod {
    /// Starts a shell script on a machine and waits until the pod is Ready. Its folder `/said` is the machine's.
    pub(super) async fn start(
        pods: Api<Pod>,
        machine: &Machine,
        name: &str,
        script: &str,
        grace_seconds: u32,
    ) -> anyhow::Result<Self> {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": name},
            "spec": {
                "nodeName": machine.instance,
                "terminationGracePeriodSeconds": grace_seconds,
                "automountServiceAccountToken": false,
                "tolerations": [{"operator": "Exists"}],
                "containers": [{
                    "name": "main",
                    "image": "localhost/busybox:1",
                    "imagePullPolicy": "Never",
                    "args": ["-c", script],
                    "volumeMounts": [{"name": "said", "mountPath": "/said"}],
                }],
                "volumes": [{"name": "said", "hostPath": {"path": "/said", "type": "DirectoryOrCreate"}}],
            },
        }))?;
        pods.create(&PostParams::default(), &pod)
            .await
            .with_context(|| format!("creating the pod {name}"))?;
        let pod = RunningPod { pods, name: name.to_owned() };
        eventually(&format!("the pod {name} is Ready"), LONG, async || {
            let now = pod.pods.get(name).await?.status.unwrap_or_default();
            let ready =
                now.conditions.iter().flatten().any(|one| one.type_ == "Ready" && one.status == "True");
            ensure!(ready, "{:?} {:?}", now.conditions, now.container_statuses);
            Ok(())
        })
        .await?;
        Ok(pod)
    }

    /// Asks for its end, with its own grace period.
    pub async fn ask_to_end(&self) -> anyhow::Result<()> {
        let asked = self.pods.delete(&self.name, &DeleteParams::default()).await;
        asked.map(drop).with_context(|| format!("deleting the pod {}", self.name))
    }

    /// Whether the API server still knows it.
    pub async fn is_there(&self) -> anyhow::Result<bool> {
        Ok(self.pods.get_opt(&self.name).await?.is_some())
    }

    /// Asks for its end and waits until it is gone.
    pub async fn delete(&self) -> anyhow::Result<()> {
        self.ask_to_end().await?;
        self.gone().await
    }

    /// Waits until it is gone.
    pub async fn gone(&self) -> anyhow::Result<()> {
        eventually(&format!("the pod {} is gone", self.name), LONG, async || {
            ensure!(!self.is_there().await?, "it is still there");
            Ok(())
        })
        .await
    }
}
