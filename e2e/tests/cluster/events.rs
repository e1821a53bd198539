//! What a human sees of a node's life with `kubectl describe node`: Events on every turning point, and the condition
//! that says who holds up its drain and until when.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::group::Pool;
use e2e::process::{command, output};
use e2e::story::{LONG, Story};
use e2e::tools::tool;
use e2e::wait::eventually;
use e2e::workload::Workload;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Node, NodeCondition};
use k8s_openapi::api::rbac::v1::{ClusterRole, RoleBinding};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, ResourceExt};

use crate::drains::{
    LeftAtCompletion, completed_once, ends, fill, gone, leads, lift_budget, open_nodes, pods_on,
    refused_by_budget,
};
use crate::read::{history, is_ready, one_is, our_writes};

/// Outlives a take-over by far.
const HEARTBEAT: Duration = Duration::from_secs(20);
const REPORTER: &str = "node-gate-controller";
const DRAINED: &str = "node-gate.io/Drained";

/// Our Events of a Node, oldest first, as `kubectl describe` finds them.
async fn told(story: &Story, node: &str) -> anyhow::Result<Vec<Event>> {
    let events: Api<Event> = Api::namespaced(story.client.clone(), "default");
    let fields = format!("involvedObject.kind=Node,involvedObject.name={node}");
    let mut events = events.list(&ListParams::default().fields(&fields)).await?.items;
    events.retain(|event| event.reporting_component.as_deref() == Some(REPORTER));
    events.sort_by_key(|event| {
        (event.last_timestamp.as_ref().map(|time| time.0), event.creation_timestamp().map(|time| time.0))
    });
    Ok(events)
}

/// How often each turning point was told: `Warning Blocked`, `Normal Leaving`, …
async fn tally(story: &Story, node: &str) -> anyhow::Result<BTreeMap<String, i32>> {
    let mut tally = BTreeMap::new();
    for event in told(story, node).await? {
        let what = format!("{} {}", event.type_.unwrap_or_default(), event.reason.unwrap_or_default());
        *tally.entry(what).or_default() += event.count.unwrap_or_default();
    }
    Ok(tally)
}

/// Waits until a turning point was told, and returns its words.
async fn is_told(story: &Story, node: &str, reason: &str) -> anyhow::Result<String> {
    eventually(&format!("{reason} is told of {node}"), LONG, async || {
        let events = told(story, node).await?;
        let said = events.iter().find(|event| event.reason.as_deref() == Some(reason));
        said.and_then(|event| event.message.clone()).with_context(|| format!("{events:#?}"))
    })
    .await
}

fn condition<'a>(node: &'a Node, type_: &str) -> Option<&'a NodeCondition> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// Our condition's status, reason and message.
fn says(node: &Node) -> Option<(&str, &str, &str)> {
    let condition = condition(node, DRAINED)?;
    Some((&condition.status, condition.reason.as_deref()?, condition.message.as_deref()?))
}

async fn node_says(
    story: &Story,
    node: &str,
    what: &str,
    wanted: impl Fn(Option<(&str, &str, &str)>) -> bool,
) -> anyhow::Result<Node> {
    let reached = |nodes: &BTreeMap<String, Node>| nodes.get(node).is_some_and(|node| wanted(says(node)));
    let mut nodes = story.node_watch.wait_until(what, LONG, reached).await?;
    nodes.remove(node).context("it was just there")
}

/// What a human sees.
async fn describe(story: &Story, node: &str) -> anyhow::Result<String> {
    let mut kubectl = command(tool("kubectl")?);
    kubectl.args(["describe", "node", node, "--kubeconfig"]).arg(story.kubeconfig());
    output(kubectl).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_turning_point_of_a_life_is_told_once_and_a_blocked_drain_says_by_whom() -> anyhow::Result<()> {
    let story = Story::new("told").await?;
    let mut leader = story.controller().start().await?;
    leads(&leader).await?;
    let standby = story.controller().start().await?;
    let group = story.group("workers").gateless().max(1).warm_pool(Pool::Running).reuse();
    let group = group.termination_hook(HEARTBEAT).create().await?;
    let id = one_is(&story, &group, "Warmed:Running").await?;
    let said = is_told(&story, &id, "JoinedWhileWarm").await?;
    assert!(said.contains(&id) && said.contains("Warmed:Running"), "{said}");

    open_nodes(&story, &group, 1).await?;
    is_told(&story, &id, "InService").await?;
    let pods = fill(&story, "web", &Workload::new("web", 4).stops_after(2), 4).await?;
    story.budget("web", 0).await?;
    let left = LeftAtCompletion::observe(&story);
    group.set_desired(0).await?;

    // who holds it up, how many there are, and until when
    let said = is_told(&story, &id, "Blocked").await?;
    let web = "Disruption budget web allows no eviction now: 4 pods, such as story-told/web-";
    assert!(said.contains(web) && said.contains(" UTC at the latest, then forced"), "{said}");
    let blocked = node_says(&story, &id, "it says that it is blocked", |says| {
        says.is_some_and(|(status, reason, message)| {
            status == "False"
                && reason == "Blocked"
                && message.contains(web)
                && message.contains("UTC at the latest, then forced")
        })
    });
    let blocked = blocked.await?;
    let seen = describe(&story, &id).await?;
    let (conditions, events) = seen.split_once("Events:").context("no Events")?;
    assert!(conditions.contains(DRAINED) && conditions.contains(web), "{seen}");
    for reason in ["JoinedWhileWarm", "InService", "Leaving", "Draining", "Blocked"] {
        assert!(events.contains(reason), "{reason}: {seen}");
    }

    // the next leader neither repeats what was told nor writes the condition anew
    leader.kill_9().await?;
    leads(&standby).await?;
    refused_by_budget(&story, 4).await?;
    let since = Timestamp::now();
    eventually("the standby tries, too", LONG, async || {
        let evictions = story.audit.evictions(&story.namespace)?;
        ensure!(evictions.iter().any(|eviction| eviction.at > since), "not yet");
        Ok(())
    })
    .await?;
    lift_budget(&story, "web").await?;
    let drained = node_says(&story, &id, "it says that it is drained", |says| {
        says.is_some_and(|(status, reason, _)| status == "True" && reason == "Drained")
    });
    let drained = drained.await?;
    let turned = |node: &Node| condition(node, DRAINED).and_then(|says| says.last_transition_time.clone());
    assert!(turned(&drained) > turned(&blocked), "drained since when it was blocked");
    one_is(&story, &group, "Warmed:Running").await?;
    left.none(1)?;
    completed_once(&story, &id)?;
    assert!(pods_on(&pods, &id).is_empty());
    is_told(&story, &id, "InPool").await?;
    is_told(&story, &id, "Completed").await?;
    let once = [
        "Normal Completed",
        "Normal Draining",
        "Normal InPool",
        "Normal InService",
        "Normal Leaving",
        "Warning Blocked",
        "Warning JoinedWhileWarm",
    ];
    let once: BTreeMap<String, i32> = once.map(|what| (what.to_owned(), 1)).into();
    assert_eq!(tally(&story, &id).await?, once);

    // kubelet's conditions went their own way all the time
    let ever = history(&story.node_watch, &id);
    let since_ready = ever.iter().skip_while(|node| !is_ready(node));
    assert!(since_ready.clone().all(is_ready), "Ready was lost");
    assert!(
        ever.iter().all(|node| condition(node, DRAINED).is_none_or(|_| condition(node, "Ready").is_some()))
    );

    // and the next time it serves, nothing of it is left
    open_nodes(&story, &group, 1).await?;
    node_says(&story, &id, "its condition is gone", |says| says.is_none()).await?;
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_past_the_deadline_are_told_and_few_calls_are_made() -> anyhow::Result<()> {
    let story = Story::new("told-forced").await?;
    let _controller = story.controller().flag("--drain-deadline", "12s").start().await?;
    let group = story.group("workers").max(1).termination_hook(HEARTBEAT).create().await?;
    let id = open_nodes(&story, &group, 1).await?.pop().context("a node")?;
    fill(&story, "web", &Workload::new("web", 2).grace(1), 2).await?;
    story.budget("web", 0).await?;
    group.set_desired(0).await?;
    let said = is_told(&story, &id, "DeadlinePassed").await?;
    assert!(said.contains("past their budgets"), "{said}");
    gone(&story, &id).await?;
    completed_once(&story, &id)?;
    let told = eventually("its end is told", LONG, async || {
        let told = tally(&story, &id).await?;
        ensure!(told.contains_key("Normal Completed"), "{told:?}");
        Ok(told)
    });
    let told = told.await?;
    let drain: i32 =
        told.iter().filter(|(what, _)| !what.contains("InService")).map(|(_, count)| count).sum();
    assert!(drain <= 5, "{told:?}");
    let conditions =
        our_writes(&story, &id)?.into_iter().filter(|write| write.subresource == "status").count();
    assert!((1..=5).contains(&conditions), "{conditions} writes of the condition");
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_nodes_that_are_not_ours_nothing_is_told() -> anyhow::Result<()> {
    let story = Story::new("told-stranger").await?;
    let _controller = story.controller().start().await?;
    let theirs = story.group("theirs").untagged().max(1).termination_hook(Duration::from_secs(5));
    let theirs = theirs.desired(1).create().await?;
    let ours = story.group("ours").max(1).termination_hook(HEARTBEAT).create().await?;
    let our = open_nodes(&story, &ours, 1).await?.pop().context("a node")?;
    let their = one_is(&story, &theirs, "InService").await?;
    theirs.set_desired(0).await?;
    ours.set_desired(0).await?;
    gone(&story, &our).await?;
    gone(&story, &their).await?;
    is_told(&story, &our, "Completed").await?;
    assert!(told(&story, &their).await?.is_empty());
    assert!(our_writes(&story, &their)?.is_empty());
    story.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_tell_a_drain_goes_on_all_the_same() -> anyhow::Result<()> {
    let story = Story::new("told-nothing").await?;
    let name = format!("{}:node-gate", story.namespace);
    let bindings: Api<RoleBinding> = Api::namespaced(story.client.clone(), "default");
    bindings.delete(&name, &DeleteParams::default()).await.context("the right to create Events")?;
    let cluster_roles: Api<ClusterRole> = Api::all(story.client.clone());
    let mut role = cluster_roles.get(&name).await?;
    let rules = role.rules.as_mut().context("a role has rules")?;
    let before = rules.len();
    rules.retain(|rule| rule.resources.as_deref() != Some(&["nodes/status".to_owned()]));
    ensure!(rules.len() + 1 == before, "the right to write the status is not a rule of its own");
    role.metadata.managed_fields = None;
    cluster_roles.replace(&name, &PostParams::default(), &role).await?;

    let controller = story.controller().start().await?;
    let group = story.group("workers").max(1).termination_hook(HEARTBEAT).create().await?;
    let id = open_nodes(&story, &group, 1).await?.pop().context("a node")?;
    // longer than a drain is young: until then its condition only tells its end
    fill(&story, "web", &Workload::new("web", 3).stops_after(12), 3).await?;
    let left = LeftAtCompletion::observe(&story);
    group.set_desired(0).await?;
    gone(&story, &id).await?;
    left.none(1)?;
    completed_once(&story, &id)?;
    let refused = || {
        let log = controller.log()?;
        let lines = log.lines().filter(|line| line.contains("nothing depends on it")).count();
        anyhow::Ok((lines, log))
    };
    let (lines, log) = refused()?;
    assert_eq!(lines, 2, "one line for Events and one for conditions: {log}");
    assert!(told(&story, &id).await?.is_empty());
    assert!(history(&story.node_watch, &id).iter().all(|node| says(node).is_none()));
    assert_eq!(ends(&story, &id).len(), 1);
    story.end().await
}
