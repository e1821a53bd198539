//! Nodes as we use them: one watch, trimmed to the fields that decide something.

use std::collections::BTreeMap;
use std::pin::pin;

use anyhow::Context;
use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, NodeCondition, Taint};
use kube::api::ListParams;
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client, ResourceExt};
use lifecycle::one_line;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::condition::{self, Condition};

/// What concerns us of a Node.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeView {
    /// Its name.
    pub name: String,
    /// Tells it from an earlier Node of the same name.
    pub uid: String,
    /// The version this view was made from; guards every patch.
    pub resource_version: String,
    /// The EC2 instance behind it, out of `spec.providerID`; none if it has none or is no EC2 instance.
    pub instance: Option<String>,
    /// True while `spec.providerID` is empty: it may turn out to be anybody's.
    pub lacks_provider_id: bool,
    /// Its labels of ours and those by which others claim it.
    pub labels: BTreeMap<String, String>,
    /// Its annotations of ours.
    pub annotations: BTreeMap<String, String>,
    /// All its taints; the list is atomic, so we must know the foreign ones to keep them.
    pub taints: Vec<Taint>,
    /// Cordoned, by whomever.
    pub unschedulable: bool,
    /// Its Ready condition.
    pub ready: Ready,
    /// Our condition on it.
    pub drained: Option<Told>,
}

/// Our condition as it stands on a Node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it says.
    pub says: Condition,
    /// Since when it has its status.
    pub since: Option<Timestamp>,
}

/// A Node's Ready condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// True if the status is `True`; `False`, `Unknown` and no condition are all not ready.
    pub is: bool,
    /// When we were told of it, on our monotonic clock; unlike the condition's own times it needs no agreeing clocks.
    pub told: Instant,
    /// The condition's own times, only to notice a new report.
    report: (Option<i64>, Option<i64>),
}

impl Ready {
    /// A condition without times of its own, told at `told`.
    pub fn new(is: bool, told: Instant) -> Self {
        Ready { is, told, report: (None, None) }
    }
}

/// All Nodes of the selector.
#[derive(Debug, Clone, Default)]
pub struct Nodes {
    /// False until the first list is complete.
    pub synced: bool,
    /// By name.
    pub by_name: BTreeMap<String, NodeView>,
}

impl Nodes {
    /// The instance ids of all Nodes.
    pub fn instances(&self) -> impl Iterator<Item = &str> {
        self.by_name.values().filter_map(|node| node.instance.as_deref())
    }

    /// Nodes by the instance behind them; after a change of its host name an instance may have two.
    pub fn by_instance(&self) -> BTreeMap<&str, Vec<&NodeView>> {
        let mut by_instance: BTreeMap<&str, Vec<&NodeView>> = BTreeMap::new();
        for node in self.by_name.values() {
            if let Some(id) = &node.instance {
                by_instance.entry(id).or_default().push(node);
            }
        }
        by_instance
    }
}

/// A list of Nodes may take this long, answer and all.
const LIST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);
/// Others' claims on a Node: Karpenter's, Fargate's and hybrid nodes are none of our business.
const CLAIMS: &[&str] =
    &["karpenter.sh/nodepool", "karpenter.sh/provisioner-name", "eks.amazonaws.com/compute-type"];
const OUR_PREFIX: &str = "node-gate.io/";

impl NodeView {
    /// Trims a Node; `before` is the view it replaces.
    pub fn new(node: &Node, before: Option<&NodeView>, now: Instant) -> Self {
        let spec = node.spec.clone().unwrap_or_default();
        let provider_id = spec.provider_id.unwrap_or_default();
        let ours = |(key, value): (&String, &String)| {
            (key.starts_with(OUR_PREFIX) || CLAIMS.contains(&key.as_str()))
                .then(|| (key.clone(), value.clone()))
        };
        NodeView {
            name: node.name_any(),
            uid: node.uid().unwrap_or_default(),
            resource_version: node.resource_version().unwrap_or_default(),
            instance: instance_of(&provider_id),
            lacks_provider_id: provider_id.is_empty(),
            labels: node.labels().iter().filter_map(ours).collect(),
            annotations: node.annotations().iter().filter_map(ours).collect(),
            taints: spec.taints.unwrap_or_default(),
            unschedulable: spec.unschedulable.unwrap_or(false),
            ready: ready_of(node, before.map(|node| &node.ready), now),
            drained: told_of(node),
        }
    }

    /// True if somebody else looks after this Node, or its owner told us to leave it alone.
    pub fn is_off_limits(&self) -> bool {
        self.off_limits().is_some()
    }

    /// Why we leave this Node alone, if we do.
    pub fn off_limits(&self) -> Option<&'static str> {
        let kind = self.labels.get("eks.amazonaws.com/compute-type").map(String::as_str);
        let told = self.annotations.get("node-gate.io/ignore").is_some_and(|value| value == "true");
        if self.labels.contains_key("karpenter.sh/nodepool")
            || self.labels.contains_key("karpenter.sh/provisioner-name")
        {
            return Some("Karpenter looks after it");
        }
        match kind {
            Some("fargate") => Some("it is a Fargate node"),
            Some("hybrid") => Some("it is a hybrid node"),
            Some("auto") => Some("EKS Auto Mode looks after it"),
            Some(_) | None => told.then_some("it is annotated node-gate.io/ignore=true"),
        }
    }
}

/// `aws:///ZONE/i-…` → `i-…`, also in the other forms that the AWS cloud provider accepts (`aws://ZONE/i-…`, `i-…`).
/// Fargate and hybrid nodes have no such id.
pub fn instance_of(provider_id: &str) -> Option<String> {
    let path = match provider_id.split_once("://") {
        Some(("aws", path)) => path,
        Some(_) => return None,
        None => provider_id,
    };
    let id = path.rsplit('/').next()?;
    id.starts_with("i-").then(|| id.to_owned())
}

fn ready_of(node: &Node, before: Option<&Ready>, now: Instant) -> Ready {
    let condition = condition_of(node, "Ready");
    let seconds = |time: &Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>| {
        time.as_ref().map(|time| time.0.as_second())
    };
    let is = condition.is_some_and(|condition| condition.status == "True");
    let report = condition.map_or((None, None), |condition| {
        (seconds(&condition.last_heartbeat_time), seconds(&condition.last_transition_time))
    });
    match before {
        Some(before) if before.is == is && before.report == report => before.clone(),
        Some(_) | None => Ready { is, told: now, report },
    }
}

fn condition_of<'a>(node: &'a Node, type_: &str) -> Option<&'a NodeCondition> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == type_)
}

fn told_of(node: &Node) -> Option<Told> {
    let condition = condition_of(node, condition::TYPE)?;
    let says = Condition {
        drained: condition.status == "True",
        reason: condition.reason.clone().unwrap_or_default(),
        message: condition.message.clone().unwrap_or_default(),
    };
    Some(Told { says, since: condition.last_transition_time.as_ref().map(|time| time.0) })
}

/// Asks the API server for all Nodes, whatever we otherwise select, and returns one that is, or may turn out to be, the
/// instance's.
pub async fn find_possible(client: &Client, instance: &str) -> anyhow::Result<Option<String>> {
    let api: Api<Node> = Api::all(client.clone());
    let mut page = ListParams::default().limit(500);
    loop {
        let list = tokio::time::timeout(LIST_TIMEOUT, api.list(&page))
            .await
            .context("no answer")
            .and_then(|list| Ok(list?))
            .context("listing all nodes")?;
        for node in &list.items {
            let view = NodeView::new(node, None, Instant::now());
            if view.lacks_provider_id || view.instance.as_deref() == Some(instance) {
                return Ok(Some(view.name));
            }
        }
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(None),
        }
    }
}

/// Watches the Nodes that match `selector` for ever and publishes them.
pub async fn watch(
    client: Client,
    selector: Option<String>,
    out: watch::Sender<Nodes>,
) -> anyhow::Result<()> {
    let config = watcher::Config {
        label_selector: selector,
        // A connection that died in silence is noticed when the watch should have ended; soon, for we decide by it.
        timeout: Some(60),
        ..watcher::Config::default()
    };
    let backoff = watcher::DefaultBackoff::default();
    let events =
        kube::runtime::WatchStreamExt::backoff(watcher::watcher(Api::<Node>::all(client), config), backoff);
    let mut events = pin!(events);
    let mut relisted: BTreeMap<String, NodeView> = BTreeMap::new();
    let mut trouble: Option<String> = None;
    while let Some(event) = events.next().await {
        let event = match event {
            Ok(event) => event,
            Err(err) => {
                let error = one_line(&format!("{:#}", anyhow::Error::from(err)));
                if trouble.as_ref() != Some(&error) {
                    tracing::warn!(error, "watching nodes fails, retrying");
                    trouble = Some(error);
                }
                continue;
            }
        };
        if !matches!(event, Event::Init) && trouble.take().is_some() {
            tracing::info!("watching nodes again");
        }
        let now = Instant::now();
        match event {
            Event::Init => relisted.clear(),
            Event::InitApply(node) => {
                let view = NodeView::new(&node, out.borrow().by_name.get(&node.name_any()), now);
                relisted.insert(view.name.clone(), view);
            }
            Event::InitDone => {
                let by_name = std::mem::take(&mut relisted);
                out.send_replace(Nodes { synced: true, by_name });
            }
            Event::Apply(node) => out.send_modify(|nodes| {
                let view = NodeView::new(&node, nodes.by_name.get(&node.name_any()), now);
                nodes.by_name.insert(view.name.clone(), view);
            }),
            Event::Delete(node) => out.send_modify(|nodes| {
                nodes.by_name.remove(&node.name_any());
            }),
        }
    }
    anyhow::bail!("the watch of nodes ended")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ec2_provider_ids_name_an_instance() {
        assert_eq!(instance_of("aws:///us-east-1a/i-0abc"), Some("i-0abc".into()));
        assert_eq!(instance_of("aws://us-east-1a/i-0abc"), Some("i-0abc".into()));
        assert_eq!(instance_of("i-0abc"), Some("i-0abc".into()));
        assert_eq!(instance_of("aws:///us-east-1a/fargate-ip-10-0-0-1"), None);
        assert_eq!(instance_of("eks-hybrid:///us-east-1/c/mi-1"), None);
        assert_eq!(instance_of("kwok://node"), None);
        assert_eq!(instance_of(""), None);
    }
}
