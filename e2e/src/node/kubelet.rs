//! The part of kubelet that writes the Node object. Once it is there, kwok keeps it Ready and runs its pods.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, NodeSpec, Taint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::STORY_LABEL;
use crate::control_plane::RUNNING_LABEL;

/// The taint with which a node registers for the first time; only its removal lets pods in.
pub const STARTUP_TAINT: &str = "node-gate.io/starting";

/// Changes with each boot, so that kwok reports the node Ready anew.
const BOOT_ID: &str = "e2e/boot-id";

/// How soon kubelet tries again when the API server does not answer.
const AGAIN: Duration = Duration::from_millis(200);

/// A kubelet that may run.
#[derive(Debug, Clone)]
pub(super) struct Kubelet {
    pub(super) nodes: Api<Node>,
    pub(super) story: String,
    /// The instance's id is the node's name.
    pub(super) instance: String,
    pub(super) zone: String,
}

/// What kubelet, or the cloud's node controller in its place, does to the Node.
enum Write<'a> {
    /// Registers, or comes back to the Node of its name. Taints are given at registration only.
    Start { boot_id: &'a str },
    /// Says that it runs, or that it does not.
    Running(bool),
    /// The instance no longer exists.
    Delete,
}

impl Kubelet {
    /// Starts after a boot.
    pub(super) async fn start(&self, boot_id: &str) {
        self.until_done(Write::Start { boot_id }).await;
    }

    /// Goes on after hibernation as if nothing had been.
    pub(super) async fn resume(&self) {
        self.until_done(Write::Running(true)).await;
    }

    /// Ends without a word, as by a power cut: the Node stays, and nobody renews its lease.
    pub(super) async fn cut(&self) {
        self.until_done(Write::Running(false)).await;
    }

    /// What the cloud's node controller does once the instance is gone for good.
    pub(super) async fn delete_node(&self) {
        self.until_done(Write::Delete).await;
    }

    /// Tries for as long as it takes, as kubelet does. A Node that is not there needs nothing.
    async fn until_done(&self, write: Write<'_>) {
        loop {
            match self.write(&write).await {
                Ok(()) => return,
                Err(kube::Error::Api(status)) if status.is_not_found() => return,
                Err(_) => sleep(AGAIN).await,
            }
        }
    }

    async fn write(&self, write: &Write<'_>) -> kube::Result<()> {
        match write {
            Write::Start { boot_id } if self.nodes.get_opt(&self.instance).await?.is_none() => {
                self.nodes.create(&PostParams::default(), &self.new_node(boot_id)).await.map(drop)
            }
            Write::Start { boot_id } => {
                self.patch(&json!({"labels": {RUNNING_LABEL: "yes"}, "annotations": {BOOT_ID: boot_id}}))
                    .await
            }
            Write::Running(runs) => {
                self.patch(&json!({"labels": {RUNNING_LABEL: runs.then_some("yes")}})).await
            }
            Write::Delete => self.nodes.delete(&self.instance, &DeleteParams::default()).await.map(drop),
        }
    }

    async fn patch(&self, metadata: &Value) -> kube::Result<()> {
        let patch = Patch::Merge(json!({"metadata": metadata}));
        self.nodes.patch(&self.instance, &PatchParams::default(), &patch).await.map(drop)
    }

    fn new_node(&self, boot_id: &str) -> Node {
        let Kubelet { story, instance, zone, .. } = self;
        let labels = [
            ("kubernetes.io/hostname", instance.as_str()),
            ("topology.kubernetes.io/zone", zone),
            (STORY_LABEL, story),
            (RUNNING_LABEL, "yes"),
        ];
        let taint = Taint { key: STARTUP_TAINT.into(), effect: "NoSchedule".into(), ..Taint::default() };
        Node {
            metadata: ObjectMeta {
                name: Some(instance.clone()),
                labels: Some(labels.map(|(key, value)| (key.into(), value.into())).into()),
                annotations: Some([(BOOT_ID.into(), boot_id.into())].into()),
                ..ObjectMeta::default()
            },
            spec: Some(NodeSpec {
                provider_id: Some(format!("aws:///{zone}/{instance}")),
                taints: Some(vec![taint]),
                ..NodeSpec::default()
            }),
            status: None,
        }
    }
}
