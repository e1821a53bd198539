//! The only writer of Nodes: one guarded merge patch at a time, decided again after a conflict.

use k8s_openapi::api::core::v1::Node;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::Value;
use tokio::time::Instant;

use crate::door::is_refusal;
use crate::nodes::NodeView;

/// How often a patch is decided again after a conflict before the next pass has to do it.
const ATTEMPTS: u32 = 4;

/// What became of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It stands on the Node.
    Done,
    /// Somebody else did it, or the Node is gone.
    Needless,
    /// Our door kept it in.
    Refused,
    /// Not this time.
    Failed,
}

/// Brings a Node to what `decide` wants, beginning with the view at hand.
pub async fn write(client: Client, view: NodeView, decide: impl Fn(&NodeView) -> Option<Value>) -> Written {
    let api: Api<Node> = Api::all(client);
    let mut view = view;
    for _ in 0..ATTEMPTS {
        let Some(patch) = decide(&view) else { return Written::Needless };
        match api.patch(&view.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
            Ok(_) => return Written::Done,
            Err(kube::Error::Api(status)) if status.is_conflict() => match api.get_opt(&view.name).await {
                Ok(Some(node)) => view = NodeView::new(&node, Some(&view), Instant::now()),
                Ok(None) => return Written::Needless,
                Err(err) => return failed(&view, &err),
            },
            Err(kube::Error::Api(status)) if status.is_not_found() => return Written::Needless,
            Err(err) if is_refusal(&err) => return Written::Refused,
            Err(err) => return failed(&view, &err),
        }
    }
    Written::Failed
}

fn failed(view: &NodeView, err: &kube::Error) -> Written {
    tracing::warn!(node = view.name, %err, "marking the node failed, retrying");
    Written::Failed
}
