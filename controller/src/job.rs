//! What is done for one instance, from top to bottom: drain → be sure → complete. It never writes to a Node.

use std::time::Duration;

use aws_sdk_autoscaling::Client;
use jiff::Timestamp;
use lifecycle::api::{self, Action, ErrorKind, Reply, Verdict};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::aws::Backoff;
use crate::decide::jobs::Work;
use crate::drain::{self, Context, OnDeadline, Outcome, Policy, Progress};
use crate::metrics::Metrics;
use crate::nodes;

/// "No active Lifecycle Action" counts only when said twice, this far apart: once it may be a stale answer.
const BELIEVED_AFTER: Duration = Duration::from_secs(5);
/// How long an empty node is believed to be empty while completing fails; then it is drained and looked at again.
const SURE_FOR: Duration = Duration::from_secs(10);
/// The pause after an answer that repeating cannot mend soon.
const HOPELESS_PAUSE: Duration = Duration::from_secs(30);
/// The pause after our own door kept a write in.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);
/// The pause before all Nodes are looked at again.
const NODELESS_PAUSE: Duration = Duration::from_secs(10);

/// How the work for an instance ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// We completed the action.
    Completed,
    /// We abandoned it at the deadline, as we were told to.
    Abandoned,
    /// It had been completed, or had timed out, before us.
    AlreadyGone,
    /// The node is empty; there was nothing to complete.
    Emptied,
}

impl Ended {
    /// Its name in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Ended::Completed => "completed",
            Ended::Abandoned => "abandoned",
            Ended::AlreadyGone => "already_gone",
            Ended::Emptied => "emptied",
        }
    }
}

/// What a job works with.
#[derive(Clone)]
pub struct Tools {
    /// Writes through the door, repeats nothing by itself.
    pub kube: kube::Client,
    /// Writes through the door, repeats nothing by itself.
    pub aws: Client,
    /// How patient drains are.
    pub policy: Policy,
    /// Counts evictions, measures drains.
    pub metrics: Metrics,
}

/// Does the work; ends when there is nothing left to do, and never because something failed.
pub async fn run(
    tools: Tools,
    work: Work,
    context: watch::Receiver<Context>,
    progress: watch::Sender<Progress>,
) -> Ended {
    match work {
        Work::Complete { action, why } => {
            tracing::info!(instance = action.instance, hook = action.hook, why, "completing");
            loop {
                if let Some(ended) = complete(&tools.aws, &action, Verdict::Continue, &context).await {
                    return ended;
                }
            }
        }
        Work::CompleteNodeless { action } => loop {
            until_nodeless(&tools.kube, &action.instance).await;
            tracing::info!(
                instance = action.instance,
                hook = action.hook,
                "no Node ever appeared, completing"
            );
            if let Some(ended) = complete(&tools.aws, &action, Verdict::Continue, &context).await {
                return ended;
            }
        },
        Work::EmptyLeak { node } => {
            let policy = Policy { on_deadline: OnDeadline::Wait, ..tools.policy };
            let (seen, evictions) = (progress.subscribe(), &tools.metrics.evictions);
            let outcome = drain::drain(&tools.kube, &node, &policy, None, context, progress, evictions).await;
            measure(&tools.metrics, outcome, &seen.borrow(), None);
            Ended::Emptied
        }
        Work::Terminate { nodes, action, first_eviction } => {
            tracing::info!(nodes = nodes.join(","), instance = action.instance, "draining");
            let mut first_eviction = first_eviction;
            let mut measured = false;
            loop {
                let outcome = drain_until_sure(&tools, &nodes, first_eviction, &context, &progress).await;
                let verdict = match outcome {
                    Outcome::Drained => Verdict::Continue,
                    Outcome::DeadlineAbandon => Verdict::Abandon,
                };
                // drained again because completing took long, it is still the same drain
                if !std::mem::replace(&mut measured, true) {
                    measure(&tools.metrics, outcome, &progress.borrow(), first_eviction);
                }
                tracing::info!(instance = action.instance, hook = action.hook, ?outcome, "completing");
                if let Some(ended) = complete(&tools.aws, &action, verdict, &context).await {
                    return ended;
                }
                first_eviction = progress.borrow().first_eviction.or(first_eviction);
            }
        }
    }
}

/// Drains until one consistent list of each node's pods, made after the drain, shows that nothing is left.
async fn drain_until_sure(
    tools: &Tools,
    nodes: &[String],
    first_eviction: Option<Timestamp>,
    context: &watch::Receiver<Context>,
    progress: &watch::Sender<Progress>,
) -> Outcome {
    let mut first_eviction = first_eviction;
    let mut backoff = Backoff::default();
    loop {
        for node in nodes {
            let (context, progress) = (context.clone(), progress.clone());
            let evictions = &tools.metrics.evictions;
            let outcome =
                drain::drain(&tools.kube, node, &tools.policy, first_eviction, context, progress, evictions)
                    .await;
            if outcome == Outcome::DeadlineAbandon {
                return outcome;
            }
        }
        first_eviction = progress.borrow().first_eviction.or(first_eviction);
        let context = context.borrow().clone();
        match pods_left(&tools.kube, nodes, &context).await {
            Ok(left) if left.is_empty() => {
                progress.send_modify(|progress| progress.drained = true);
                return Outcome::Drained;
            }
            Ok(left) => tracing::info!(pods = left.join(","), "pods came after the drain, draining again"),
            Err(err) => {
                let error = lifecycle::one_line(&format!("{err:#}"));
                tracing::warn!(error, "cannot make sure that no pod is left, retrying");
                tokio::time::sleep(backoff.failed()).await;
            }
        }
    }
}

/// Books a drain that ended: from the first eviction of all, by whichever leader, or no time if there was none.
fn measure(metrics: &Metrics, outcome: Outcome, last: &Progress, first_eviction: Option<Timestamp>) {
    let result = match outcome {
        Outcome::DeadlineAbandon => "abandoned",
        Outcome::Drained if last.forced > 0 => "forced",
        Outcome::Drained => "drained",
    };
    let began = first_eviction.or(last.first_eviction);
    let took = began.map_or(0.0, |began| Timestamp::now().duration_since(began).as_secs_f64().max(0.0));
    metrics.drain_duration.with_label_values(&[result]).observe(took);
}

async fn pods_left(
    client: &kube::Client,
    nodes: &[String],
    context: &Context,
) -> anyhow::Result<Vec<String>> {
    let mut left = Vec::new();
    for node in nodes {
        left.extend(drain::pods_left(client, node, context).await?);
    }
    Ok(left)
}

/// Waits until one consistent list of *all* Nodes, whatever we otherwise select, shows none that could be the instance's.
async fn until_nodeless(client: &kube::Client, instance: &str) {
    loop {
        match nodes::find_possible(client, instance).await {
            Ok(None) => return,
            Ok(Some(node)) => {
                tracing::warn!(instance, node, "there may be a Node after all, so nothing is completed yet");
            }
            Err(err) => {
                let error = lifecycle::one_line(&format!("{err:#}"));
                tracing::warn!(instance, error, "cannot make sure that there is no Node, retrying");
            }
        }
        tokio::time::sleep(NODELESS_PAUSE).await;
    }
}

/// Tries to complete for as long as what was seen before may be relied on; none if that time is over.
///
/// The token comes from a message, which may be wrong: an answer that there is no action of that token says nothing about
/// the instance, and it is asked again without one.
async fn complete(
    client: &Client,
    action: &Action,
    verdict: Verdict,
    context: &watch::Receiver<Context>,
) -> Option<Ended> {
    let sure_until = Instant::now() + SURE_FOR;
    let mut backoff = Backoff::default();
    let mut first_miss: Option<Instant> = None;
    let mut useless_token = None;
    while Instant::now() < sure_until {
        let token = context.borrow().token.clone().filter(|token| useless_token.as_ref() != Some(token));
        let action = &Action { token, ..action.clone() };
        let pause = match api::complete(client, action, verdict).await {
            Ok(Reply::Accepted) => {
                return Some(match verdict {
                    Verdict::Continue => Ended::Completed,
                    Verdict::Abandon => Ended::Abandoned,
                });
            }
            Ok(Reply::NoActiveAction) if action.token.is_some() => {
                useless_token.clone_from(&action.token);
                continue;
            }
            Err(err) if action.token.is_some() && err.kind == ErrorKind::Terminal => {
                tracing::info!(instance = action.instance, %err, "its token is of no use, completing without");
                useless_token.clone_from(&action.token);
                continue;
            }
            Ok(Reply::NoActiveAction) => {
                let first = *first_miss.get_or_insert_with(Instant::now);
                if first.elapsed() >= BELIEVED_AFTER {
                    return Some(Ended::AlreadyGone);
                }
                BELIEVED_AFTER
            }
            Err(err) => {
                let pause = match err.kind {
                    ErrorKind::Retryable => backoff.failed(),
                    ErrorKind::Refused => REFUSED_PAUSE,
                    ErrorKind::Denied | ErrorKind::Terminal => HOPELESS_PAUSE,
                };
                tracing::warn!(
                    instance = action.instance, hook = action.hook, %err,
                    "completing failed, again in {:.1} s", pause.as_secs_f32()
                );
                pause
            }
        };
        tokio::time::sleep(pause).await;
    }
    None
}
