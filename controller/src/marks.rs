//! The only writer of Nodes: one guarded merge patch at a time, decided again after a conflict.

use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use tokio::time::Instant;

use crate::decide::marks::{Keys, Wanted, patch};
use crate::door::is_refusal;
use crate::nodes::NodeView;

/// How often a patch is decided again after a conflict before the next pass has to do it.
const ATTEMPTS: u32 = 4;
/// One write with all its attempts may take this long, answers and all.
const LIMIT: Duration = Duration::from_secs(20);

/// What became of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It stands on the Node.
    Done,
    /// Somebody else did it, or the Node is gone.
    Needless,
    /// Not this time: our door kept it in, or it failed.
    NotNow,
}

/// Brings a Node to what is wanted, beginning with the view at hand.
pub async fn write(client: Client, view: NodeView, wanted: Wanted, keys: Keys) -> Written {
    let name = view.name.clone();
    match tokio::time::timeout(LIMIT, attempt(client, view, &wanted, &keys)).await {
        Ok(Ok(written)) => written,
        Ok(Err(err)) if is_refusal(&err) => Written::NotNow,
        Ok(Err(err)) => {
            tracing::warn!(
                node = name,
                error = lifecycle::one_line(&format!("{:#}", anyhow::Error::from(err))),
                "marking failed, retrying"
            );
            Written::NotNow
        }
        Err(_) => {
            tracing::warn!(node = name, "marking takes too long, retrying");
            Written::NotNow
        }
    }
}

async fn attempt(client: Client, view: NodeView, wanted: &Wanted, keys: &Keys) -> kube::Result<Written> {
    let api: Api<Node> = Api::all(client);
    let mut view = view;
    for _ in 0..ATTEMPTS {
        if view.is_off_limits() {
            return Ok(Written::Needless);
        }
        let Some(patch) = patch(&view, wanted, keys) else { return Ok(Written::Needless) };
        match api.patch(&view.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
            Ok(_) => return Ok(Written::Done),
            Err(kube::Error::Api(status)) if status.is_not_found() => return Ok(Written::Needless),
            Err(kube::Error::Api(status)) if status.is_conflict() => match api.get_opt(&view.name).await? {
                Some(node) => view = NodeView::new(&node, Some(&view), Instant::now()),
                None => return Ok(Written::Needless),
            },
            Err(err) => return Err(err),
        }
    }
    Ok(Written::NotNow)
}
