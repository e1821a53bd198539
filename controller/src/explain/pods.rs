//! Which pods have to go, and what is in their way: the drain's own words, and what the disruption budgets say, which a
//! drain learns only by asking.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::core::{Selector, SelectorExt};
use lifecycle::one_line;

use crate::drain::{self, Context, Left, Reason};
use crate::explain::case::Now;
use crate::explain::explanation::{BudgetTold, PodTold};
use crate::explain::facts::Facts;
use crate::explain::options::House;
use crate::explain::words::{between, clock, count, span};

/// What is on a node, for a drain.
#[derive(Debug, Default)]
pub(super) struct Pods {
    /// What has to go.
    pub(super) left: Vec<PodTold>,
    /// How many stay.
    pub(super) staying: usize,
    /// The longest grace period among those that have to go: it is forced first.
    pub(super) longest_grace: Duration,
}

/// Sorts a node's pods; fails with the reason why they are not known.
pub(super) fn pods(facts: &Facts, house: &House, context: &Context, now: Now) -> Result<Pods, String> {
    let all = facts.pods.as_ref().map_err(Clone::clone)?;
    let look = drain::look(all, &facts.orphans, &house.policy, context, now.mono.into_std(), now.wall);
    let budgets = facts.budgets.as_deref().unwrap_or_default();
    Ok(Pods {
        left: look.left.iter().map(|left| told(left, budgets, now)).collect(),
        staying: look.staying,
        longest_grace: look.left.iter().map(|left| left.grace).max().unwrap_or_default(),
    })
}

fn told(left: &Left<'_>, budgets: &[PodDisruptionBudget], now: Now) -> PodTold {
    let selecting: Vec<&PodDisruptionBudget> =
        budgets.iter().filter(|budget| selects(budget, left.pod)).collect();
    let reason = match (&left.reason, selecting.as_slice()) {
        (Reason::Evicting, [_, _, ..]) if budgets_count(left.pod) => Reason::ManyBudgets,
        (Reason::Evicting, [budget]) if refuses(budget, left.pod) => {
            Reason::Budget { name: budget.metadata.name.clone().unwrap_or_default() }
        }
        (other, _) => other.clone(),
    };
    let budgets: Vec<BudgetTold> = selecting.into_iter().map(numbers).collect();
    let namespace = left.pod.metadata.namespace.as_deref().unwrap_or_default();
    let mut text = words(&reason, namespace, &budgets, now);
    if left.orphan {
        text.push_str("; its DaemonSet is no more");
    } else if !has_controller(left.pod) {
        text.push_str("; it has no controller, so nobody will start it elsewhere");
    }
    PodTold { pod: one_line(&left.name), kind: reason.label(), reason: one_line(&text), budgets }
}

fn words(reason: &Reason, namespace: &str, budgets: &[BudgetTold], now: Now) -> String {
    match (reason, budgets) {
        (Reason::Budget { name }, [budget]) => format!(
            "disruption budget {namespace}/{name} allows no eviction now ({} healthy, {} have to be)",
            count(usize::try_from(budget.healthy).unwrap_or(0), "pod"),
            budget.needed
        ),
        (Reason::ManyBudgets, all) => {
            let names: Vec<&str> = all.iter().map(|budget| budget.name.as_str()).collect();
            format!(
                "more than one disruption budget selects it ({}): the API server never evicts such a pod",
                names.join(", ")
            )
        }
        (Reason::Terminating { until }, _) if *until > now.wall => {
            let left = span(between(now.wall, *until));
            format!("terminating, its grace period lasts until {} ({left} more)", clock(*until, now.wall))
        }
        (Reason::Terminating { until }, _) => {
            let over = span(between(*until, now.wall));
            format!("terminating, its grace period ended {over} ago and kubelet has not reported its end")
        }
        (Reason::Finalizer { names }, _) => {
            format!("terminated but kept by finalizers: {}", names.join(", "))
        }
        (Reason::Evicting, _) => "nothing known is in its way".to_owned(),
        (other, _) => other.to_string(),
    }
}

fn selects(budget: &PodDisruptionBudget, pod: &Pod) -> bool {
    let Some(selector) = budget.spec.as_ref().and_then(|spec| spec.selector.clone()) else { return false };
    let Ok(selector) = Selector::try_from(selector) else { return false };
    budget.metadata.namespace == pod.metadata.namespace
        && selector.matches(&pod.metadata.labels.clone().unwrap_or_default())
}

/// Whether the API server asks budgets about this pod at all: not if it never ran.
fn budgets_count(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    phase != Some("Pending")
}

/// Whether a budget refuses this pod's eviction now, by the rules of the API server.
fn refuses(budget: &PodDisruptionBudget, pod: &Pod) -> bool {
    let Some(status) = &budget.status else { return true };
    let policy = budget.spec.as_ref().and_then(|spec| spec.unhealthy_pod_eviction_policy.as_deref());
    let spare = status.current_healthy >= status.desired_healthy && status.desired_healthy > 0;
    // An unhealthy pod is evicted where the budget holds without it, or at its owner's wish always.
    let ignored = !is_ready(pod) && (policy == Some("AlwaysAllow") || spare);
    budgets_count(pod) && !ignored && status.disruptions_allowed <= 0
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn has_controller(pod: &Pod) -> bool {
    pod.metadata.owner_references.iter().flatten().any(|owner| owner.controller == Some(true))
}

fn numbers(budget: &PodDisruptionBudget) -> BudgetTold {
    let status = budget.status.clone().unwrap_or_default();
    BudgetTold {
        name: one_line(budget.metadata.name.as_deref().unwrap_or_default()),
        allowed: status.disruptions_allowed,
        healthy: status.current_healthy,
        needed: status.desired_healthy,
    }
}
