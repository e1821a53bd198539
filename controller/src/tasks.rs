//! The tasks of single instances: begun, replaced and ended as decided; a panic is counted and the task started again.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::task::JoinMap;

use crate::decide::jobs::{Job, Work};
use crate::drain::{Context, Progress};
use crate::job::{self, Ended, Tools};
use crate::metrics::Metrics;

/// The pause before a panicked task starts again, times the number of its panics.
const PANIC_PAUSE: Duration = Duration::from_secs(1);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// All running tasks, by instance; dropping it ends them.
pub struct Tasks {
    tools: Tools,
    wake: Arc<Notify>,
    metrics: Metrics,
    handles: JoinMap<String, Ended>,
    running: BTreeMap<String, Running>,
    panics: BTreeMap<String, Panics>,
}

struct Running {
    job: Job,
    context: watch::Sender<Context>,
    progress: watch::Receiver<Progress>,
}

struct Panics {
    count: u32,
    again: Instant,
}

impl Tasks {
    /// No tasks yet; `wake` is notified when one has progressed.
    pub fn new(tools: Tools, wake: Arc<Notify>, metrics: Metrics) -> Self {
        Tasks {
            tools,
            wake,
            metrics,
            handles: JoinMap::new(),
            running: BTreeMap::new(),
            panics: BTreeMap::new(),
        }
    }

    /// Makes `wanted` what runs: ends other tasks, begins missing ones, and tells each its node's situation.
    pub fn keep(
        &mut self,
        now: Instant,
        wanted: &BTreeMap<String, Job>,
        situation: impl Fn(&str) -> Option<Context>,
    ) {
        let (handles, running) = (&mut self.handles, &mut self.running);
        running.retain(|id, task| {
            let goes_on = wanted.get(id).is_some_and(|job| job.is_same_as(&task.job));
            if !goes_on {
                handles.abort(id);
            }
            goes_on
        });
        self.panics.retain(|id, _| wanted.contains_key(id));
        for (id, job) in wanted {
            let situation = situation(id).unwrap_or_default();
            if let Some(task) = self.running.get(id) {
                task.context.send_if_modified(|context| {
                    let changed = *context != situation;
                    *context = situation;
                    changed
                });
            } else if self.panics.get(id).is_none_or(|panics| now >= panics.again) {
                self.begin(id, job.clone(), situation);
            }
        }
    }

    fn begin(&mut self, id: &str, job: Job, situation: Context) {
        let (context, context_seen) = watch::channel(situation);
        let (progress, mut progress_seen) = watch::channel(Progress::default());
        let work = job.work.clone();
        let running = Running { job, context, progress: progress.subscribe() };
        self.running.insert(id.to_owned(), running);
        let (tools, wake) = (self.tools.clone(), Arc::clone(&self.wake));
        self.handles.spawn(id.to_owned(), async move {
            let report = async {
                while progress_seen.changed().await.is_ok() {
                    wake.notify_one();
                }
                std::future::pending::<Infallible>().await
            };
            tokio::select! {
                ended = job::run(tools, work, context_seen, progress) => ended,
                never = report => match never {},
            }
        });
    }

    /// The next task that ended with a result, and its job; pending while none runs.
    pub async fn next_ended(&mut self) -> (String, Job, Ended) {
        loop {
            let Some((id, result)) = self.handles.join_next().await else {
                std::future::pending::<()>().await;
                continue;
            };
            match result {
                Ok(ended) => {
                    // A task that ended just as it was called off has no job any more.
                    if let Some(task) = self.running.remove(&id) {
                        return (id, task.job, ended);
                    }
                }
                Err(err) if err.is_panic() => {
                    self.metrics.task_panics.inc();
                    self.running.remove(&id);
                    let count = self.panics.get(&id).map_or(0, |panics| panics.count) + 1;
                    let pause = (PANIC_PAUSE * count).min(LONGEST_PAUSE);
                    tracing::error!(instance = id, count, "its task panicked, again in {pause:?}");
                    self.panics.insert(id, Panics { count, again: Instant::now() + pause });
                }
                Err(_) => {}
            }
        }
    }

    /// How far the drain of an instance is, if one runs.
    pub fn drain(&self, id: &str) -> Option<Progress> {
        let task = self.running.get(id)?;
        let drains = matches!(task.job.work, Work::Terminate { .. } | Work::EmptyLeak { .. });
        drains.then(|| task.progress.borrow().clone())
    }

    /// When the task of an instance first tried an eviction, if it did.
    pub fn first_eviction(&self, id: &str) -> Option<Timestamp> {
        self.running.get(id)?.progress.borrow().first_eviction
    }
}
