//! Joins the plan with the API server: tells it what happens, does what it says.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use prometheus::IntCounterVec;
use tokio::sync::watch;

use super::daemonsets::{self, DaemonSets, Verdict};
use super::evict::{self, Answer};
use super::filter::{self, PodView, Seen, SetRef};
use super::plan::{Action, Now, Plan, Step};
use super::pods::{self, Change};
use super::{Blocker, Context, Outcome, Policy, Progress, Reason};

/// At the latest after this time the plan is asked again: the wall clock may jump.
const TICK: Duration = Duration::from_secs(10);

/// See [`super::drain`].
pub(super) async fn run(
    client: &kube::Client,
    node: &str,
    policy: &Policy,
    first_eviction: Option<Timestamp>,
    mut context: watch::Receiver<Context>,
    progress: &watch::Sender<Progress>,
    evictions: &IntCounterVec,
) -> Outcome {
    let situation = context.borrow_and_update().clone();
    let mut drain = Drain {
        client,
        node,
        plan: Plan::new(policy.clone(), first_eviction, situation, now()),
        sets: DaemonSets::default(),
        answers: FuturesUnordered::new(),
        look_ups: FuturesUnordered::new(),
        evictions,
    };
    let mut changes = pin!(pods::changes(client, node));
    let mut deaf = false;
    loop {
        let step = drain.plan.step(now());
        drain.publish(progress);
        let wake = match step {
            Step::Done if drain.look_ups.is_empty() => return Outcome::Drained,
            Step::Abandon => return Outcome::DeadlineAbandon,
            Step::Done => None,
            Step::Act { actions, wake } => {
                for action in actions {
                    drain.send(action);
                }
                wake
            }
        };
        let tick = tokio::time::Instant::now() + TICK;
        let wake = wake.map_or(tick, |wake| tick.min(wake.into()));
        tokio::select! {
            Some(change) = changes.next() => drain.changed(change),
            Some((action, answer)) = drain.answers.next() => drain.answered(&action, answer),
            Some((set, exists)) = drain.look_ups.next() => drain.found(&set, exists),
            told = context.changed(), if !deaf => match told {
                Ok(()) => drain.plan.situation(context.borrow_and_update().clone(), now()),
                // Nobody will tell any more; what was told last stands.
                Err(_) => deaf = true,
            },
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}

struct Drain<'a> {
    client: &'a kube::Client,
    node: &'a str,
    plan: Plan,
    sets: DaemonSets,
    answers: FuturesUnordered<BoxFuture<'a, (Action, Answer)>>,
    look_ups: FuturesUnordered<BoxFuture<'a, (SetRef, bool)>>,
    evictions: &'a IntCounterVec,
}

impl Drain<'_> {
    fn changed(&mut self, change: Change) {
        match change {
            Change::Listed(all) => {
                self.sets.clear();
                let views = all.iter().filter_map(|pod| self.sort(pod)).collect();
                self.plan.listed(views, now());
            }
            Change::Applied(pod) => match self.sort(&pod) {
                Some(view) => self.plan.seen(view, now()),
                None => self.plan.departed(uid(&pod), now()),
            },
            Change::Deleted(pod) => {
                self.sets.departed(uid(&pod));
                self.plan.departed(uid(&pod), now());
            }
        }
    }

    /// The pod's view, if it has to go.
    fn sort(&mut self, pod: &Pod) -> Option<PodView> {
        let view = match filter::sort(pod) {
            Seen::Left => None,
            Seen::Goes(view) => {
                self.sets.departed(&view.uid);
                Some(view)
            }
            Seen::OfSet { pod, set } => match self.sets.seen(pod, set) {
                Verdict::Stays => None,
                Verdict::Orphan(view) => Some(view),
                Verdict::LookUp(set) => {
                    let client = self.client.clone();
                    self.look_ups.push(Box::pin(async move {
                        let exists = daemonsets::exists(&client, &set).await;
                        (set, exists)
                    }));
                    None
                }
            },
        }?;
        panic_if_asked(&view);
        Some(view)
    }

    fn found(&mut self, set: &SetRef, exists: bool) {
        for orphan in self.sets.found(set, exists) {
            self.plan.seen(orphan, now());
        }
    }

    fn send(&mut self, action: Action) {
        let Some(view) = self.plan.view(action.uid()).cloned() else { return };
        self.plan.sent(&action);
        let client = self.client.clone();
        self.answers.push(Box::pin(async move {
            let answer = match &action {
                Action::Evict { .. } => evict::evict(&client, &view).await,
                Action::Delete { grace, .. } => evict::delete(&client, &view, *grace).await,
            };
            (action, answer)
        }));
    }

    fn answered(&mut self, action: &Action, answer: Answer) {
        let pod = self.plan.view(action.uid()).map(PodView::full_name).unwrap_or_default();
        match (action, &answer) {
            (Action::Evict { .. }, _) => {
                self.evictions.with_label_values(&[answer.label()]).inc();
                tracing::debug!(node = self.node, pod, ?answer, "asked for an eviction");
            }
            (Action::Delete { grace, .. }, Answer::Accepted) => {
                self.evictions.with_label_values(&["forced"]).inc();
                tracing::info!(node = self.node, pod, ?grace, "deadline: deleted the pod past its budgets");
            }
            (Action::Delete { grace, .. }, _) => {
                tracing::debug!(node = self.node, pod, ?grace, ?answer, "asked for a deletion");
            }
        }
        self.plan.answered(action, answer, now(), fastrand::f64());
    }

    fn publish(&self, progress: &watch::Sender<Progress>) {
        let new = self.plan.progress(now());
        progress.send_if_modified(|old| {
            let changed = *old != new;
            if changed {
                self.say_who_refuses(old, &new);
                *old = new;
            }
            changed
        });
    }

    /// One line for each reason that is new, however many pods it holds back.
    fn say_who_refuses(&self, old: &Progress, new: &Progress) {
        let mut said: Vec<&Reason> = old.blockers.iter().map(|blocker| &blocker.reason).collect();
        for Blocker { pod, reason } in &new.blockers {
            if reason.is_refusal() && !said.contains(&reason) {
                let pods = new.blockers.iter().filter(|other| other.reason == *reason).count();
                tracing::info!(node = self.node, pods, such_as = pod, %reason, "pods are not leaving");
                said.push(reason);
            }
        }
    }
}

fn uid(pod: &Pod) -> &str {
    pod.metadata.uid.as_deref().unwrap_or_default()
}

fn now() -> Now {
    Now { mono: pods::tokio_now(), wall: Timestamp::now() }
}

/// Panics over a pod that asks for it, once a process and only in builds with debug assertions: a test must see that
/// the task is restarted, and that the second try goes on.
fn panic_if_asked(view: &PodView) {
    static DONE: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    if cfg!(debug_assertions) && view.test_panic {
        let is_first = DONE.lock().unwrap_or_else(PoisonError::into_inner).insert(view.uid.clone());
        assert!(!is_first, "pod {} asked for a test panic", view.full_name());
    }
}
