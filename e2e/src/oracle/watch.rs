//! Everything that ever happened to some objects, from before the first of them existed.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use futures::StreamExt;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// What happened to an object.
#[derive(Debug, Clone)]
pub struct Change<K> {
    /// When we saw it.
    pub at: SystemTime,
    /// Its name.
    pub name: String,
    /// How it was then; none if it was deleted.
    pub object: Option<K>,
}

/// A watch that remembers.
#[derive(Debug)]
pub struct Watch<K> {
    records: Arc<Records<K>>,
    changed: watch::Receiver<()>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct Records<K>(Mutex<Vec<Change<K>>>);

impl<K> Records<K> {
    fn lock(&self) -> MutexGuard<'_, Vec<Change<K>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Watch<K>
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    /// Starts it; returns when it sees everything that happens from now on.
    pub async fn start(api: Api<K>, label_selector: &str) -> anyhow::Result<Self> {
        let records = Arc::new(Records(Mutex::default()));
        let (sender, changed) = watch::channel(());
        let (first, synced) = tokio::sync::oneshot::channel();
        let mut first = Some(first);
        let config = watcher::Config::default().labels(label_selector);
        // an API server that is stopped for a while is part of some stories
        let mut stream = watcher(api, config).default_backoff().boxed();
        let kept = records.clone();
        let task = tokio::spawn(async move {
            while let Some(event) = stream.next().await {
                match event {
                    Ok(Event::Apply(object) | Event::InitApply(object)) => {
                        kept.keep(object.name_any(), Some(object));
                    }
                    Ok(Event::Delete(object)) => kept.keep(object.name_any(), None),
                    Ok(Event::InitDone) => {
                        if let Some(first) = first.take() {
                            let _ = first.send(());
                        }
                    }
                    Ok(Event::Init) | Err(_) => {}
                }
                let _ = sender.send(());
            }
        });
        let synced = tokio::time::timeout(Duration::from_secs(60), synced).await;
        synced.context("a watch does not start")?.context("starting a watch")?;
        Ok(Watch { records, changed, _task: AbortOnDropHandle::new(task) })
    }

    /// Everything so far, oldest first.
    pub fn history(&self) -> Vec<Change<K>> {
        self.records.lock().clone()
    }

    /// Waits for changes beyond the first `seen`, returns them and counts them as seen.
    pub async fn next(&self, seen: &mut usize) -> Vec<Change<K>> {
        let mut changed = self.changed.clone();
        loop {
            changed.mark_unchanged();
            let new: Vec<Change<K>> = self.records.lock().iter().skip(*seen).cloned().collect();
            // the sender ends with this watch
            if !new.is_empty() || changed.changed().await.is_err() {
                *seen += new.len();
                return new;
            }
        }
    }

    /// The names of all objects that ever existed.
    pub fn ever(&self) -> Vec<String> {
        let mut names: Vec<String> = self.records.lock().iter().map(|change| change.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// All objects as they are now, by name.
    pub fn now(&self) -> BTreeMap<String, K> {
        let mut objects = BTreeMap::new();
        for change in self.records.lock().iter() {
            match &change.object {
                Some(object) => objects.insert(change.name.clone(), object.clone()),
                None => objects.remove(&change.name),
            };
        }
        objects
    }

    /// Waits, change by change, until the objects are as wished; the error shows them as they are.
    pub async fn wait_until(
        &self,
        what: &str,
        timeout: Duration,
        reached: impl Fn(&BTreeMap<String, K>) -> bool,
    ) -> anyhow::Result<BTreeMap<String, K>> {
        let mut changed = self.changed.clone();
        let waiting = async {
            loop {
                changed.mark_unchanged();
                let now = self.now();
                if reached(&now) || changed.changed().await.is_err() {
                    return now;
                }
            }
        };
        let waited = tokio::time::timeout(timeout, waiting).await;
        waited.with_context(|| format!("waited {timeout:?} until {what}; last seen: {:#?}", self.now()))
    }
}

impl<K> Records<K> {
    fn keep(&self, name: String, object: Option<K>) {
        self.lock().push(Change { at: SystemTime::now(), name, object });
    }
}
