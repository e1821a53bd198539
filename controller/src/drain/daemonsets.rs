//! Pods of `DaemonSets`: they stay, unless their set is gone.

use std::collections::HashMap;

use k8s_openapi::api::apps::v1::DaemonSet;
use kube::api::Api;

use super::filter::{PodView, SetRef};
use super::pods::TIMEOUT;

/// The node's `DaemonSet` pods and what is known of their sets.
#[derive(Debug, Default)]
pub(super) struct DaemonSets {
    pods: HashMap<String, (PodView, SetRef)>,
    /// Whether the set exists; none while it is being asked for. Once asked, never again in this drain.
    exists: HashMap<SetRef, Option<bool>>,
}

/// What to do about a `DaemonSet`'s pod.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its set exists, or is being asked for: it stays.
    Stays,
    /// Look up its set, then tell [`DaemonSets::found`].
    LookUp(SetRef),
    /// Nobody owns it any more: it has to go like any other.
    Orphan(PodView),
}

impl DaemonSets {
    /// A pod of a set is there.
    pub(super) fn seen(&mut self, pod: PodView, set: SetRef) -> Verdict {
        match self.exists.get(&set) {
            Some(Some(false)) => return Verdict::Orphan(pod),
            Some(Some(true) | None) => {}
            None => {
                self.exists.insert(set.clone(), None);
                self.pods.insert(pod.uid.clone(), (pod, set.clone()));
                return Verdict::LookUp(set);
            }
        }
        self.pods.insert(pod.uid.clone(), (pod, set));
        Verdict::Stays
    }

    /// A pod is no more.
    pub(super) fn departed(&mut self, uid: &str) {
        self.pods.remove(uid);
    }

    /// A fresh list follows.
    pub(super) fn clear(&mut self) {
        self.pods.clear();
    }

    /// A set was looked up; gives the pods that turn out to be orphans.
    pub(super) fn found(&mut self, set: &SetRef, exists: bool) -> Vec<PodView> {
        self.exists.insert(set.clone(), Some(exists));
        if exists {
            return Vec::new();
        }
        self.pods.extract_if(|_, (_, of)| of == set).map(|(_, (pod, _))| pod).collect()
    }
}

/// Whether a set still exists. Without an answer it does: a running `DaemonSet` pod is never evicted on a guess.
pub(super) async fn exists(client: &kube::Client, set: &SetRef) -> bool {
    let api: Api<DaemonSet> = Api::namespaced(client.clone(), &set.namespace);
    match tokio::time::timeout(TIMEOUT, api.get_opt(&set.name)).await {
        // One of the same name is another set, which will not look after this pod.
        Ok(Ok(found)) => found.is_some_and(|found| found.metadata.uid.as_deref() == Some(&set.uid)),
        Ok(Err(error)) => {
            tracing::warn!(set = set.name, namespace = set.namespace, %error, "cannot look up a DaemonSet");
            true
        }
        Err(_) => true,
    }
}
