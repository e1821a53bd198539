//! Which pods have to go: a Pod becomes a trimmed view, or is left alone.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

/// The annotation by which kubelet shows a static pod in the API; deleting the mirror stops nothing.
const MIRROR: &str = "kubernetes.io/config.mirror";
/// Makes a build with debug assertions panic once over this pod, so that a restarted task can be seen to go on.
const TEST_PANIC: &str = "node-gate.io/test-panic";
/// Pods of this priority and above are `system-cluster-critical` or `system-node-critical`.
const CRITICAL: i32 = 2_000_000_000;
/// What the API server fills in when a pod names no grace period.
const DEFAULT_GRACE: u64 = 30;

/// What a drain knows of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PodView {
    pub(super) uid: String,
    pub(super) namespace: String,
    pub(super) name: String,
    /// Goes after all the others: cluster DNS, storage drivers.
    pub(super) critical: bool,
    /// `Succeeded` or `Failed`: nothing runs any more.
    pub(super) finished: bool,
    pub(super) grace: Duration,
    /// Being deleted, and when its grace period ends.
    pub(super) terminating: Option<Timestamp>,
    pub(super) finalizers: Vec<String>,
    /// UID of the controlling owner: its pods most likely share a budget.
    pub(super) owner: Option<String>,
    pub(super) test_panic: bool,
}

impl PodView {
    /// `namespace/name`.
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// A `DaemonSet` as its pods name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SetRef {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: String,
}

/// What a drain makes of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Not ours to touch.
    Left,
    /// Has to go; one that is finished is evicted once and never waited for.
    Goes(PodView),
    /// Runs for a `DaemonSet`: has to go only if that set is no more.
    OfSet { pod: PodView, set: SetRef },
}

/// Sorts one pod.
pub(super) fn sort(pod: &Pod) -> Seen {
    let view = view(pod);
    let owner = controller(pod);
    let mirror = pod.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(MIRROR));
    // An unnamed or uid-less object cannot be evicted safely; the API server never shows one.
    if mirror || owner.is_some_and(|o| o.kind == "Node") || view.uid.is_empty() || view.name.is_empty() {
        return Seen::Left;
    }
    // A finished pod goes whoever owns it.
    let Some(owner) = owner.filter(|o| o.kind == "DaemonSet" && !view.finished) else {
        return Seen::Goes(view);
    };
    if !owner.api_version.starts_with("apps/") {
        // Other groups' sets (OpenKruise) put their pods back just as fast; we know no way to ask whether one exists.
        return Seen::Left;
    }
    let set = SetRef { namespace: view.namespace.clone(), name: owner.name.clone(), uid: owner.uid.clone() };
    Seen::OfSet { pod: view, set }
}

fn controller(pod: &Pod) -> Option<&OwnerReference> {
    pod.metadata.owner_references.iter().flatten().find(|owner| owner.controller == Some(true))
}

fn view(pod: &Pod) -> PodView {
    let meta = &pod.metadata;
    let spec = pod.spec.as_ref();
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    let annotation = meta.annotations.as_ref().and_then(|all| all.get(TEST_PANIC));
    let grace = spec.and_then(|spec| spec.termination_grace_period_seconds);
    PodView {
        uid: meta.uid.clone().unwrap_or_default(),
        namespace: meta.namespace.clone().unwrap_or_default(),
        name: meta.name.clone().unwrap_or_default(),
        critical: spec.and_then(|spec| spec.priority).is_some_and(|priority| priority >= CRITICAL),
        finished: matches!(phase, Some("Succeeded" | "Failed")),
        grace: Duration::from_secs(
            grace.and_then(|grace| u64::try_from(grace).ok()).unwrap_or(DEFAULT_GRACE),
        ),
        terminating: meta.deletion_timestamp.as_ref().map(|time| time.0),
        finalizers: meta.finalizers.clone().unwrap_or_default(),
        owner: controller(pod).map(|owner| owner.uid.clone()),
        test_panic: annotation.is_some_and(|value| value == "once"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(change: impl FnOnce(&mut serde_json::Value)) -> Pod {
        let mut pod = json!({
            "metadata": {"name": "web", "namespace": "shop", "uid": "u1"},
            "spec": {"containers": []},
            "status": {"phase": "Running"},
        });
        change(&mut pod);
        serde_json::from_value(pod).unwrap()
    }

    fn owned(kind: &str, api_version: &str) -> serde_json::Value {
        json!([{"kind": kind, "apiVersion": api_version, "name": "agent", "uid": "o1", "controller": true}])
    }

    fn goes(pod: &Pod) -> PodView {
        match sort(pod) {
            Seen::Goes(view) => view,
            other @ (Seen::Left | Seen::OfSet { .. }) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_naked_pod_goes() {
        let view = goes(&pod(|_| {}));
        assert_eq!(view.full_name(), "shop/web");
        assert_eq!((view.critical, view.finished, view.terminating, view.owner), (false, false, None, None));
        assert_eq!(view.grace, Duration::from_secs(30));
    }

    #[test]
    fn a_pod_of_a_replica_set_goes_and_keeps_its_owner() {
        let view = goes(&pod(|p| p["metadata"]["ownerReferences"] = owned("ReplicaSet", "apps/v1")));
        assert_eq!(view.owner.as_deref(), Some("o1"));
    }

    #[test]
    fn a_running_pod_of_a_daemon_set_depends_on_its_set() {
        let seen = sort(&pod(|p| p["metadata"]["ownerReferences"] = owned("DaemonSet", "apps/v1")));
        let Seen::OfSet { set, .. } = seen else { panic!("{seen:?}") };
        assert_eq!(set, SetRef { namespace: "shop".into(), name: "agent".into(), uid: "o1".into() });
    }

    #[test]
    fn a_daemon_set_of_another_group_is_left_alone() {
        let seen =
            sort(&pod(|p| p["metadata"]["ownerReferences"] = owned("DaemonSet", "apps.kruise.io/v1alpha1")));
        assert_eq!(seen, Seen::Left);
    }

    #[test]
    fn an_owner_that_does_not_control_changes_nothing() {
        let view = goes(&pod(|p| {
            p["metadata"]["ownerReferences"] = owned("DaemonSet", "apps/v1");
            p["metadata"]["ownerReferences"][0]["controller"] = json!(false);
        }));
        assert_eq!(view.owner, None);
    }

    #[test]
    fn a_finished_pod_goes_also_a_daemon_sets() {
        for phase in ["Succeeded", "Failed"] {
            let view = goes(&pod(|p| {
                p["metadata"]["ownerReferences"] = owned("DaemonSet", "apps/v1");
                p["status"]["phase"] = json!(phase);
            }));
            assert!(view.finished);
        }
    }

    #[test]
    fn a_static_pod_is_left_alone_running_or_finished() {
        for phase in ["Running", "Failed"] {
            let by_annotation = pod(|p| {
                p["metadata"]["annotations"] = json!({MIRROR: "hash"});
                p["status"]["phase"] = json!(phase);
            });
            assert_eq!(sort(&by_annotation), Seen::Left);
            let by_owner = pod(|p| {
                p["metadata"]["ownerReferences"] = owned("Node", "v1");
                p["status"]["phase"] = json!(phase);
            });
            assert_eq!(sort(&by_owner), Seen::Left);
        }
    }

    proptest::proptest! {
        /// Whatever else a pod says of itself: a static one and a running one of a DaemonSet never go by themselves.
        #[test]
        fn static_and_running_daemon_set_pods_never_go(
            is_static: bool, by_owner: bool, priority: i32, terminating: bool, finalizer: bool,
            phase in proptest::sample::select(vec!["Pending", "Running", "Succeeded", "Failed", "Unknown", ""]),
            kind in proptest::sample::select(vec!["DaemonSet", "ReplicaSet", "Job", "Foo"]),
            group in proptest::sample::select(vec!["apps/v1", "apps.kruise.io/v1alpha1", "batch/v1"]),
        ) {
            let pod = pod(|p| {
                p["metadata"]["ownerReferences"] =
                    if is_static && by_owner { owned("Node", "v1") } else { owned(kind, group) };
                if is_static && !by_owner {
                    p["metadata"]["annotations"] = json!({MIRROR: "x"});
                }
                if terminating {
                    p["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
                }
                if finalizer {
                    p["metadata"]["finalizers"] = json!(["a/b"]);
                }
                p["spec"]["priority"] = json!(priority);
                p["status"]["phase"] = json!(phase);
            });
            let runs = !matches!(phase, "Succeeded" | "Failed");
            let stays = is_static || (kind == "DaemonSet" && runs);
            proptest::prop_assert_eq!(!matches!(sort(&pod), Seen::Goes(_)), stays);
        }
    }

    #[test]
    fn priority_grace_deletion_and_finalizers_are_read() {
        let view = goes(&pod(|p| {
            p["spec"]["priority"] = json!(2_000_001_000);
            p["spec"]["terminationGracePeriodSeconds"] = json!(5);
            p["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
            p["metadata"]["finalizers"] = json!(["example.com/hold"]);
            p["metadata"]["annotations"] = json!({TEST_PANIC: "once"});
        }));
        assert!(view.critical && view.test_panic);
        assert_eq!(view.grace, Duration::from_secs(5));
        assert_eq!(view.terminating, Some("2026-01-02T03:04:05Z".parse().unwrap()));
        assert_eq!(view.finalizers, ["example.com/hold"]);
        let below = goes(&pod(|p| p["spec"]["priority"] = json!(1_999_999_999)));
        assert!(!below.critical);
    }
}
