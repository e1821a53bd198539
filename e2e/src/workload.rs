//! What runs on the nodes: Deployments pinned to a story's nodes, and budgets for them.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, PodTemplateSpec, Toleration};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::node::STORY_LABEL;
use crate::oracle::Change;

/// A Deployment to be created; see [`crate::story::Story::deploy`]. Its pods are labelled `app=NAME`.
#[derive(Debug, Clone)]
pub struct Workload {
    pub(crate) name: String,
    replicas: i32,
    grace: i64,
    annotations: BTreeMap<String, String>,
    tolerations: Vec<Toleration>,
}

impl Workload {
    /// So many pods that stop at once when asked to.
    pub fn new(name: &str, replicas: i32) -> Self {
        Workload {
            name: name.to_owned(),
            replicas,
            grace: 30,
            annotations: BTreeMap::new(),
            tolerations: Vec::new(),
        }
    }

    /// Lets each pod take this long to stop, at most its grace period.
    #[must_use]
    pub fn stops_after(mut self, seconds: u32) -> Self {
        self.annotations.insert("e2e/stop-after-seconds".into(), seconds.to_string());
        self
    }

    /// Lets each pod take this long until it is Ready.
    #[must_use]
    pub fn ready_after(mut self, seconds: u32) -> Self {
        self.annotations.insert("e2e/ready-after".into(), format!("{seconds}s"));
        self
    }

    /// Sets the grace period (30).
    #[must_use]
    pub fn grace(mut self, seconds: i64) -> Self {
        self.grace = seconds;
        self
    }

    /// Lets the pods onto nodes with this taint, whatever its value and effect.
    #[must_use]
    pub fn tolerates(mut self, key: &str) -> Self {
        let toleration =
            Toleration { key: Some(key.to_owned()), operator: Some("Exists".into()), ..Default::default() };
        self.tolerations.push(toleration);
        self
    }

    pub(crate) fn deployment(&self, story: &str) -> Deployment {
        let labels = labels(&self.name);
        let container = Container { name: "main".into(), image: Some("none".into()), ..Container::default() };
        let template = PodTemplateSpec {
            metadata: Some(ObjectMeta {
                labels: Some(labels.clone()),
                annotations: Some(self.annotations.clone()),
                ..ObjectMeta::default()
            }),
            spec: Some(PodSpec {
                containers: vec![container],
                node_selector: Some([(STORY_LABEL.into(), story.into())].into()),
                termination_grace_period_seconds: Some(self.grace),
                tolerations: Some(self.tolerations.clone()),
                ..PodSpec::default()
            }),
        };
        Deployment {
            metadata: ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() },
            spec: Some(DeploymentSpec {
                replicas: Some(self.replicas),
                selector: LabelSelector { match_labels: Some(labels), ..LabelSelector::default() },
                template,
                ..DeploymentSpec::default()
            }),
            status: None,
        }
    }
}

/// A budget for a workload's pods.
pub(crate) fn budget(workload: &str, max_unavailable: i32) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: ObjectMeta { name: Some(workload.to_owned()), ..ObjectMeta::default() },
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(max_unavailable)),
            selector: Some(LabelSelector {
                match_labels: Some(labels(workload)),
                ..LabelSelector::default()
            }),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    }
}

fn labels(workload: &str) -> BTreeMap<String, String> {
    [("app".to_owned(), workload.to_owned())].into()
}

/// True if a pod serves, as a budget counts it: Ready, and not being deleted.
pub fn is_available(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    let ready = conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    ready && pod.metadata.deletion_timestamp.is_none()
}

/// The node that a pod is bound to.
pub fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}

/// The fewest pods that were available at any moment since all `wanted` were; none if they never were.
pub fn fewest_available(history: &[Change<Pod>], wanted: usize) -> Option<usize> {
    let mut available = BTreeMap::new();
    let mut fewest = None;
    for change in history {
        available.insert(&change.name, change.object.as_ref().is_some_and(is_available));
        let now = available.values().filter(|available| **available).count();
        fewest = match fewest {
            None => (now >= wanted).then_some(now),
            Some(least) => Some(now.min(least)),
        };
    }
    fewest
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::json;

    use super::*;

    fn change(name: &str, ready: Option<&str>) -> Change<Pod> {
        let pod = |status| json!({"metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": status}]}});
        let object = ready.map(|status| serde_json::from_value(pod(status)).unwrap());
        Change { at: SystemTime::now(), name: name.to_owned(), object }
    }

    #[test]
    fn the_fewest_count_from_when_all_were_there() {
        let mut history = vec![change("a", Some("False")), change("a", Some("True"))];
        assert_eq!(fewest_available(&history, 2), None);
        history.push(change("b", Some("True")));
        assert_eq!(fewest_available(&history, 2), Some(2));
        history.push(change("a", None));
        history.push(change("c", Some("True")));
        assert_eq!(fewest_available(&history, 2), Some(1));
    }
}
