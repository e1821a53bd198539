//! How a drain stands, as far as one look can tell. Nothing is asked of any pod here: the words are those of [`Plan`],
//! told the same pods and given nothing to do.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use super::deadline::{Began, Window};
use super::filter::{self, PodView, Seen, SetRef};
use super::plan::{Now, Plan};
use super::{Context, Policy, Reason, daemonsets};

/// What one look at a node's pods finds.
#[derive(Debug, Default)]
pub(crate) struct Look<'a> {
    /// The pods that have to be gone before the drain is done, ordered by name.
    pub(crate) left: Vec<Left<'a>>,
    /// How many stay: static ones and those of `DaemonSets`.
    pub(crate) staying: usize,
}

/// A pod that has to go.
#[derive(Debug)]
pub(crate) struct Left<'a> {
    /// The pod.
    pub(crate) pod: &'a Pod,
    /// `namespace/name`.
    pub(crate) name: String,
    /// Why it is not gone yet, without what only the answer to an eviction tells.
    pub(crate) reason: Reason,
    /// Its grace period.
    pub(crate) grace: Duration,
    /// It belongs to a `DaemonSet` that is no more.
    pub(crate) orphan: bool,
}

/// When patience ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The deadline.
    pub(crate) until: Timestamp,
    /// From when on the first of the pods is deleted past its budgets, if the policy is to force.
    pub(crate) forced_from: Timestamp,
}

/// Finds out which of these pods belong to a `DaemonSet` that is no more; gives their UIDs.
pub(crate) async fn orphans(client: &kube::Client, pods: &[Pod]) -> BTreeSet<String> {
    let mut by_set: HashMap<SetRef, Vec<String>> = HashMap::new();
    for pod in pods {
        if let Seen::OfSet { pod, set } = filter::sort(pod) {
            by_set.entry(set).or_default().push(pod.uid);
        }
    }
    let mut orphans = BTreeSet::new();
    for (set, pods) in by_set {
        if !daemonsets::exists(client, &set).await {
            orphans.extend(pods);
        }
    }
    orphans
}

/// Looks at a node's pods as a drain would.
pub(crate) fn look<'a>(
    pods: &'a [Pod],
    orphans: &BTreeSet<String>,
    policy: &Policy,
    context: &Context,
    mono: Instant,
    wall: Timestamp,
) -> Look<'a> {
    let now = Now { mono, wall };
    let mut by_name: BTreeMap<String, (&Pod, PodView)> = BTreeMap::new();
    let mut staying = 0;
    for pod in pods {
        match filter::sort(pod) {
            Seen::Goes(view) => drop(by_name.insert(view.full_name(), (pod, view))),
            Seen::OfSet { pod: view, .. } if orphans.contains(&view.uid) => {
                by_name.insert(view.full_name(), (pod, view));
            }
            Seen::OfSet { .. } | Seen::Left => staying += 1,
        }
    }
    let mut plan = Plan::new(policy.clone(), None, context.clone(), now);
    plan.listed(by_name.values().map(|(_, view)| view.clone()).collect(), now);
    let left = plan.progress(now).blockers.into_iter().filter_map(|blocker| {
        let (pod, view) = by_name.remove(&blocker.pod)?;
        Some(Left {
            pod,
            reason: blocker.reason,
            grace: view.grace,
            orphan: orphans.contains(&view.uid),
            name: blocker.pod,
        })
    });
    Look { left: left.collect(), staying }
}

/// When patience ends for a drain that began at `first`, and that another leader took over at `taken_over`.
pub(crate) fn span(
    first: Timestamp,
    taken_over: Option<Timestamp>,
    longest_grace: Duration,
    policy: &Policy,
    context: &Context,
    mono: Instant,
    wall: Timestamp,
) -> Span {
    let ago = |then: Timestamp| Duration::try_from(wall.duration_since(then)).unwrap_or_default();
    let at = |then: Timestamp| mono.checked_sub(ago(then)).unwrap_or(mono);
    let began = match taken_over {
        Some(run) => Began::Earlier { run: at(run), elapsed: ago(first).saturating_sub(ago(run)) },
        None => Began::Here { first: at(first) },
    };
    let deadline_now = context.deadline_now.then_some(mono);
    let window = Window::new(began, policy.deadline, context.hook_expires, deadline_now);
    let on_the_wall = |then: Instant| {
        let ahead = wall.checked_add(then.saturating_duration_since(mono));
        let then = ahead.ok().and_then(|time| time.checked_sub(mono.saturating_duration_since(then)).ok());
        then.unwrap_or(Timestamp::MAX)
    };
    Span { until: on_the_wall(window.until), forced_from: on_the_wall(window.force_at(longest_grace)) }
}
