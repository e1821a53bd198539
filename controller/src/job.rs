//! What is done for one instance, from top to bottom: drain → be sure → complete. It never writes to a Node.

use std::time::Duration;

use aws_sdk_autoscaling::Client;
use jiff::Timestamp;
use lifecycle::api::{self, Action, ErrorKind, Reply, Verdict};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::aws::Backoff;
use crate::decide::jobs::Work;
use crate::drain;

/// "No active Lifecycle Action" counts only when said twice, this far apart: once it may be a stale answer.
const BELIEVED_AFTER: Duration = Duration::from_secs(5);
/// The pause after an answer that repeating cannot mend soon.
const HOPELESS_PAUSE: Duration = Duration::from_secs(30);
/// The pause after our own door kept a write in.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);

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
    pub policy: drain::Policy,
}

/// Does the work; ends when there is nothing left to do, and never because something failed.
pub async fn run(
    tools: Tools,
    work: Work,
    context: watch::Receiver<drain::Context>,
    progress: watch::Sender<drain::Progress>,
) -> Ended {
    match work {
        Work::Complete { action, why } => {
            tracing::info!(instance = action.instance, hook = action.hook, why, "completing");
            complete(&tools.aws, &action, Verdict::Continue).await
        }
        Work::EmptyLeak { node } => {
            let policy = drain::Policy { on_deadline: drain::OnDeadline::Wait, ..tools.policy };
            drain::drain(&tools.kube, &node, &policy, None, context, progress).await;
            Ended::Emptied
        }
        Work::Terminate { node, action, first_eviction } => {
            tracing::info!(node, instance = action.instance, "draining");
            match drain_until_sure(&tools, &node, first_eviction, context, progress).await {
                drain::Outcome::Drained => {
                    tracing::info!(
                        node,
                        instance = action.instance,
                        hook = action.hook,
                        "drained, completing"
                    );
                    complete(&tools.aws, &action, Verdict::Continue).await
                }
                drain::Outcome::DeadlineAbandon => {
                    tracing::warn!(
                        node,
                        instance = action.instance,
                        "deadline passed, abandoning the action as told by --on-deadline=abandon"
                    );
                    complete(&tools.aws, &action, Verdict::Abandon).await
                }
            }
        }
    }
}

/// Drains until one consistent list, made after the drain, shows that nothing is left.
async fn drain_until_sure(
    tools: &Tools,
    node: &str,
    first_eviction: Option<Timestamp>,
    context: watch::Receiver<drain::Context>,
    progress: watch::Sender<drain::Progress>,
) -> drain::Outcome {
    let mut first_eviction = first_eviction;
    let mut backoff = Backoff::default();
    loop {
        let outcome =
            drain::drain(&tools.kube, node, &tools.policy, first_eviction, context.clone(), progress.clone())
                .await;
        if outcome == drain::Outcome::DeadlineAbandon {
            return outcome;
        }
        first_eviction = progress.borrow().first_eviction.or(first_eviction);
        match drain::is_empty(&tools.kube, node).await {
            Ok(true) => return outcome,
            Ok(false) => tracing::info!(node, "pods came after the drain, draining again"),
            Err(err) => {
                tracing::warn!(
                    node,
                    error = format!("{err:#}"),
                    "cannot make sure that the node is empty, retrying"
                );
                tokio::time::sleep(backoff.failed()).await;
            }
        }
    }
}

async fn complete(client: &Client, action: &Action, verdict: Verdict) -> Ended {
    let mut backoff = Backoff::default();
    let mut first_miss: Option<Instant> = None;
    loop {
        let pause = match api::complete(client, action, verdict).await {
            Ok(Reply::Accepted) => {
                return match verdict {
                    Verdict::Continue => Ended::Completed,
                    Verdict::Abandon => Ended::Abandoned,
                };
            }
            Ok(Reply::NoActiveAction) => {
                let first = *first_miss.get_or_insert_with(Instant::now);
                if first.elapsed() >= BELIEVED_AFTER {
                    return Ended::AlreadyGone;
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
}
