//! The scale-in as it happens in production: the group shrinks, the controller notices, drains and completes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use aws_simulator::{Call, Envelope, Event};
use futures::FutureExt;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use super::{Cluster, Compared, PATIENCE, Size, figures};
use crate::aws;
use crate::bench::machine::{self, Machine};
use crate::bench::report::{Bar, Measured, Scenario};
use crate::controller::{CALLER, Controller};
use crate::oracle::{Audit, Entry};
use crate::wait::eventually;

/// Marking all nodes may take this long from when the scale-in is known.
const LAST_CORDON: Duration = Duration::from_secs(2);

/// All may take this many floors from then on.
const FLOORS: f64 = 1.3;

/// Kubernetes calls a node, beside one a pod.
const CALLS_A_NODE: usize = 10;

/// How the controller learns of a scale-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// By its next sweep; until then nothing happens.
    Sweep,
    /// By a message in its queue.
    Queue,
}

/// Pods that were still on a node when its action was about to be completed.
type Left = Arc<Mutex<Vec<String>>>;

pub(super) async fn run(
    cluster: &Cluster<'_>,
    notice: Notice,
    compared: Compared,
) -> anyhow::Result<Scenario> {
    let Cluster { bench, story, size, .. } = cluster;
    let mut controller = start(cluster, notice).await?;
    cluster.join(true).await?;
    cluster.pods.fill(&cluster.nodes(), size.pods).await?;
    let left = look_at_completions(cluster);
    let pid = controller.id().context("the controller runs")?;
    let (audit, load, before) = (story.audit.from_now()?, Machine::now()?.load, machine::cpu(pid)?);
    let mut events = story.simulator.subscribe();

    cluster.group.set_desired(0).await?;
    let events = until_completed(&mut events, size.nodes).await?;
    let (memory, cpu) = (machine::memory(pid)?, machine::cpu(pid)?.saturating_sub(before));
    let ended = SystemTime::now();
    let event = figures::event(&events).context("no instance was held by the hook")?;
    let audit = audit_of(&audit, story.controller_user(), *size, ended).await?;
    let calls = story.simulator.calls();
    let calls: Vec<&Call> =
        calls.iter().filter(|call| call.caller == CALLER && call.at >= event && call.at <= ended).collect();
    let seen = Seen { event, events, audit, calls, load };

    let mut scenario = seen.scenario(notice, *size, compared)?;
    scenario.judged(
        "peak_rss_mb",
        "controller: RSS, at most",
        Measured::Bytes(memory.peak),
        Bar::AtMost(60.0),
    );
    scenario.figure("cpu_seconds", "controller: processor time", cpu);
    for left in left.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        scenario.broke(format!("completed with pods left: {left}"));
    }
    let gone = story.node_watch.wait_until("all nodes have left", PATIENCE, BTreeMap::is_empty);
    gone.await?;
    controller.sigterm().await?;
    bench.say(&format!("node-gate: {:.2} s after the event", seen.completed().as_secs_f64()));
    Ok(scenario)
}

/// With the product's own settings: the stories' short ones are not what is measured.
async fn start(cluster: &Cluster<'_>, notice: Notice) -> anyhow::Result<Controller> {
    let controller = cluster.story.controller().env("RUST_LOG", "info");
    let controller = controller.flag("--sweep-interval", "15s").flag("--warm-up-time", "3m");
    let controller = controller.flag("--node-patience", "2m").flag("--lease-duration", "15s");
    match notice {
        Notice::Sweep => controller.start().await,
        Notice::Queue => controller.flag("--queue-url", &queue(cluster).await?).start().await,
    }
}

/// A queue that is told of every lifecycle action from now on, as by a rule of `EventBridge`.
async fn queue(cluster: &Cluster<'_>) -> anyhow::Result<String> {
    let simulator = &cluster.story.simulator;
    let create = aws::sqs(&simulator.endpoint(), "admin").create_queue();
    let created = create.queue_name(format!("of-{}", cluster.size.nodes)).send().await;
    let url = created.context("creating a queue")?.queue_url.context("a queue has a URL")?;
    simulator.route(&url, Envelope::EventBridge);
    Ok(url)
}

/// Lists the pods of a node whenever its action is about to be completed.
fn look_at_completions(cluster: &Cluster<'_>) -> Left {
    let left = Left::default();
    let (found, pods) = (Arc::clone(&left), cluster.pods.api().clone());
    cluster.story.simulator.before_complete(move |request| {
        let (found, pods) = (Arc::clone(&found), pods.clone());
        async move {
            let node = request.instance.unwrap_or_default();
            let there = match names(&pods, &node).await {
                Ok(names) => names,
                Err(error) => vec![format!("(nobody knows: {error:#})")],
            };
            if !there.is_empty() {
                let text = format!("{node}: {}", there.join(", "));
                found.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            }
        }
        .boxed()
    });
    left
}

async fn names(pods: &Api<Pod>, node: &str) -> anyhow::Result<Vec<String>> {
    let there = ListParams::default().fields(&format!("spec.nodeName={node}"));
    Ok(pods.list_metadata(&there).await?.iter().map(ResourceExt::name_any).collect())
}

/// All events up to the end of the last action, however it ended.
async fn until_completed(events: &mut Receiver<Event>, nodes: usize) -> anyhow::Result<Vec<Event>> {
    let mut seen = Vec::new();
    let mut ended = 0;
    let all = async {
        while ended < nodes {
            let event = events.recv().await?;
            ended += usize::from(matches!(event, Event::ActionCompleted { .. }));
            seen.push(event);
        }
        anyhow::Ok(())
    };
    timeout(PATIENCE, all).await.context("not all actions were completed")??;
    Ok(seen)
}

/// What the controller asked for until `ended`. The log is a little behind.
async fn audit_of(audit: &Audit, user: &str, size: Size, ended: SystemTime) -> anyhow::Result<Vec<Entry>> {
    let complete = eventually("the audit log has all evictions", Duration::from_secs(20), async || {
        let entries = audit.by(user)?;
        let accepted = entries.iter().filter(|entry| entry.is_eviction() && entry.accepted()).count();
        ensure!(accepted >= size.all_pods(), "{accepted} of {}", size.all_pods());
        Ok(entries)
    });
    let mut entries = complete.await?;
    entries.retain(|entry| SystemTime::from(entry.at) <= ended);
    Ok(entries)
}

/// One scale-in, as others recorded it.
struct Seen<'a> {
    event: SystemTime,
    events: Vec<Event>,
    audit: Vec<Entry>,
    calls: Vec<&'a Call>,
    load: f64,
}

impl Seen<'_> {
    fn completed(&self) -> Duration {
        figures::completions(self.event, &self.events).last
    }

    fn scenario(&self, notice: Notice, size: Size, compared: Compared) -> anyhow::Result<Scenario> {
        let (name, how) = match notice {
            Notice::Sweep => ("drain-sweep", "no queue, a sweep every 15 s"),
            Notice::Queue => ("drain-queue", "told by a queue"),
        };
        let about =
            format!("scale-in of {} nodes with {} pods each, {how}; since the event", size.nodes, size.pods);
        let mut scenario = Scenario::new(name, about);
        scenario.figure("nodes", "", size.nodes);
        scenario.figure("pods_per_node", "", size.pods);
        let cordons = figures::cordons(self.event, &self.audit);
        let evictions = figures::evictions(self.event, &self.audit);
        let noticed =
            figures::noticed(self.event, &self.calls).context("the controller never looked at AWS")?;
        scenario.figure("noticed_seconds", "noticed", noticed);
        scenario.figure("first_cordon_seconds", "first cordon", cordons.first);
        scenario.figure("first_eviction_seconds", "first eviction", evictions.first);
        scenario.figure("last_eviction_seconds", "last eviction", evictions.last);
        let (cordoned, completed) = (cordons.last, self.completed());
        let (soon, floors) =
            (Bar::AtMost(LAST_CORDON.as_secs_f64()), Bar::AtMost(FLOORS * compared.floor.as_secs_f64()));
        match notice {
            Notice::Queue => {
                scenario.judged("last_cordon_seconds", "last cordon", cordoned, soon);
                scenario.judged("last_completion_seconds", "last completion", completed, floors);
            }
            Notice::Sweep => {
                scenario.figure("last_cordon_seconds", "last cordon", cordoned);
                scenario.figure("last_completion_seconds", "last completion", completed);
                let since = |moment: Duration| moment.saturating_sub(noticed);
                let (cordoned, completed) = (since(cordoned), since(completed));
                let name = "last_cordon_since_noticed_seconds";
                scenario.judged(name, "last cordon since noticed", cordoned, soon);
                let name = "last_completion_since_noticed_seconds";
                scenario.judged(name, "last completion since noticed", completed, floors);
            }
        }
        compared.put(&mut scenario);
        // the lease is renewed whether anything happens or not, and longer waits cost more of it
        let of_lease = self.audit.iter().filter(|entry| entry.resource == "leases").count();
        let per_node = Measured::Number(ratio(self.audit.len() - of_lease, size.nodes));
        let bar = Bar::AtMost(ratio(size.pods + CALLS_A_NODE, 1));
        scenario.judged("kube_calls_per_node", "Kubernetes calls a node, the lease's aside", per_node, bar);
        scenario.figure("kube_calls_of_lease", "Kubernetes calls for the lease", of_lease);
        scenario.figure("aws_calls", "AWS calls", self.calls.len());
        let operations = figures::operations(&self.calls);
        for (operation, count) in &operations {
            scenario.figure(&format!("aws_calls_{operation}"), "", *count);
        }
        scenario.load(self.load);
        scenario.note(format!("Kubernetes calls: {}", figures::list(&figures::kinds(&self.audit))));
        scenario.note(format!("AWS calls: {}", figures::list(&operations)));
        self.judge(&mut scenario, size);
        Ok(scenario)
    }

    fn judge(&self, scenario: &mut Scenario, size: Size) {
        let completed = figures::completions(self.event, &self.events).count;
        if completed != size.nodes {
            scenario.broke(format!("{completed} of {} actions were completed with CONTINUE", size.nodes));
        }
        let twice = figures::evicted_twice(&self.audit);
        if !twice.is_empty() {
            scenario.broke(format!("more than one eviction was accepted of {}", twice.join(", ")));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "thousands")]
fn ratio(count: usize, of: usize) -> f64 {
    count as f64 / of as f64
}
