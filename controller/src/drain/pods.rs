//! The pods of one node: a list, then a watch selected by `spec.nodeName`, for as long as somebody polls.
//!
//! Our own loop rather than kube's watcher, because here each request needs a timeout. A deletion cannot be lost: only
//! an unbroken watch is resumed, after anything else comes a fresh list, and the receiver compares.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::stream::{self, BoxStream, Stream, StreamExt};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams, WatchEvent, WatchParams};

use super::Context;
use super::filter::{self, Seen};
use super::plan;

/// For one GET or LIST.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// The server ends a watch after this many seconds,
const WATCH_SECONDS: u32 = 60;
/// so one that is silent for longer is dead.
const SILENCE: Duration = Duration::from_secs(WATCH_SECONDS as u64 + 10);
/// A watch that ended sooner than this was cut.
const CUT: Duration = Duration::from_secs(1);
/// Between attempts; doubles.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// What the watch tells.
#[derive(Debug)]
pub(super) enum Change {
    /// These are all the node's pods.
    Listed(Vec<Pod>),
    /// This pod is new or different.
    Applied(Box<Pod>),
    /// This pod is no more.
    Deleted(Box<Pod>),
}

enum State {
    List,
    Watch { version: String },
    Watching { version: String, since: Instant, events: Events },
}

type Events = BoxStream<'static, kube::Result<WatchEvent<Pod>>>;

struct Watcher {
    api: Api<Pod>,
    selector: String,
    state: State,
    delay: Duration,
    said: Option<String>,
}

/// All changes of the pods bound to `node`, for ever; begins with [`Change::Listed`].
///
/// The list carries no resource version, so it is as new as the API server's store.
pub(super) fn changes(client: &kube::Client, node: &str) -> impl Stream<Item = Change> + Send + use<> {
    let watcher = Watcher {
        api: Api::all(client.clone()),
        selector: selector(node),
        state: State::List,
        delay: RETRY.0,
        said: None,
    };
    stream::unfold(watcher, |mut watcher| async move {
        loop {
            match watcher.advance().await {
                Ok(Some(change)) => return Some((change, watcher)),
                Ok(None) => {}
                Err(error) => watcher.back_off(&error).await,
            }
        }
    })
}

impl Watcher {
    async fn advance(&mut self) -> anyhow::Result<Option<Change>> {
        // On any error the next thing is a list.
        match std::mem::replace(&mut self.state, State::List) {
            State::List => {
                let params = ListParams::default().fields(&self.selector);
                let list = timed(TIMEOUT, self.api.list(&params)).await.context("listing the node's pods")?;
                let version = list.metadata.resource_version.unwrap_or_default();
                self.state = State::Watch { version };
                self.said = None;
                Ok(Some(Change::Listed(list.items)))
            }
            State::Watch { version } => {
                let params = WatchParams::default().fields(&self.selector).timeout(WATCH_SECONDS);
                let events = timed(TIMEOUT, self.api.watch(&params, &version)).await;
                let events = events.context("watching the node's pods")?.boxed();
                self.state = State::Watching { version, since: tokio_now(), events };
                Ok(None)
            }
            State::Watching { version, since, mut events } => {
                let event =
                    tokio::time::timeout(SILENCE, events.next()).await.context("watch fell silent")?;
                let (version, change) = match event {
                    Some(Ok(WatchEvent::Added(pod) | WatchEvent::Modified(pod))) => {
                        (version_of(&pod)?, Some(Change::Applied(Box::new(pod))))
                    }
                    Some(Ok(WatchEvent::Deleted(pod))) => {
                        (version_of(&pod)?, Some(Change::Deleted(Box::new(pod))))
                    }
                    Some(Ok(WatchEvent::Bookmark(mark))) => (mark.metadata.resource_version, None),
                    // 410 among them: what happened meanwhile is forgotten.
                    Some(Ok(WatchEvent::Error(status))) => anyhow::bail!("watch: {}", status.message),
                    Some(Err(error)) => return Err(error).context("watching the node's pods"),
                    None if tokio_now() < since + CUT => anyhow::bail!("watch was cut"),
                    None => {
                        self.state = State::Watch { version };
                        return Ok(None);
                    }
                };
                self.delay = RETRY.0;
                self.state = State::Watching { version, since, events };
                Ok(change)
            }
        }
    }

    async fn back_off(&mut self, error: &anyhow::Error) {
        let message = format!("{error:#}");
        if self.said.as_ref() != Some(&message) {
            tracing::warn!(selector = self.selector, error = message, "lost sight of the node's pods");
            self.said = Some(message);
        }
        tokio::time::sleep(self.delay.mul_f64(0.9 + 0.2 * fastrand::f64())).await;
        self.delay = (self.delay * 2).min(RETRY.1);
    }
}

fn selector(node: &str) -> String {
    format!("spec.nodeName={node}")
}

fn version_of(pod: &Pod) -> anyhow::Result<String> {
    pod.metadata.resource_version.clone().context("watch event without a resource version")
}

async fn timed<T>(limit: Duration, call: impl Future<Output = kube::Result<T>>) -> anyhow::Result<T> {
    Ok(tokio::time::timeout(limit, call).await.with_context(|| format!("no answer within {limit:?}"))??)
}

/// The time as Tokio keeps it, which tests may hold.
pub(super) fn tokio_now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The pods (`namespace/name`, ordered) that name `node` and would have to be drained, also if that Node is no more.
///
/// One list, consistent with the API server's store. Pods of `DaemonSets` count as staying, also orphaned ones: a drain
/// sees to those. In a `context` where a drain no longer waits for pods that nobody
/// will finish (a dead node, an instance that ends) these do not count here either.
pub async fn pods_left(client: &kube::Client, node: &str, context: &Context) -> anyhow::Result<Vec<String>> {
    let params = ListParams::default().fields(&selector(node));
    let api: Api<Pod> = Api::all(client.clone());
    let list = timed(TIMEOUT, api.list(&params)).await.context("listing the node's pods")?;
    let now = Timestamp::now();
    let mut left: Vec<String> = list
        .items
        .iter()
        .filter_map(|pod| match filter::sort(pod) {
            Seen::Goes(view) if !view.finished && !plan::is_lost(&view, context, now) => {
                Some(view.full_name())
            }
            Seen::Goes(_) | Seen::OfSet { .. } | Seen::Left => None,
        })
        .collect();
    left.sort();
    Ok(left)
}
