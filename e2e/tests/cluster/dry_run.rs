//! A dry run says everything and does nothing.

use anyhow::{Context, ensure};
use aws_simulator::{CompletedBy, HookResult};
use e2e::controller::CALLER;
use e2e::group::TERMINATION_HOOK;
use e2e::node::STARTUP_TAINT;
use e2e::story::{LONG, Story};
use e2e::wait::eventually;
use e2e::workload::Workload;

use crate::drains::{HEARTBEAT, ends, fill, gone};
use crate::read::{has_startup_taint, history, is_cordoned, is_ready, one_is, out_of_service};

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_it_would_do_and_writes_nothing() -> anyhow::Result<()> {
    let story = Story::new("dry-run").await?;
    let controller = story.controller().switch("--dry-run").start().await?;
    let says = async |text: &str| {
        let said = async || controller.log()?.contains(text).then_some(()).context("not said");
        eventually(&format!("it says {text}"), LONG, said).await
    };
    let group = story.group("workers").max(1).desired(1).termination_hook(HEARTBEAT).create().await?;
    let node = one_is(&story, &group, "InService").await?;
    story.node_watch.wait_until("it is Ready", LONG, |nodes| nodes.get(&node).is_some_and(is_ready)).await?;
    // it would take the startup taint away
    says(r#"\"taints\":[]"#).await?;
    let workload = Workload::new("web", 2).tolerates(STARTUP_TAINT);
    fill(&story, "web", &workload, 2).await?;

    group.terminate(&node).await?;
    says(r#"\"unschedulable\":true"#).await?;
    says(r#""would":"Terminate"#).await?;
    gone(&story, &node).await?;

    // nobody kept the action alive, nobody completed it
    let timed_out = (TERMINATION_HOOK.to_owned(), HookResult::Abandon, CompletedBy::TimedOut);
    assert_eq!(ends(&story, &node), [timed_out]);
    let of_ours = story.simulator.calls().into_iter().filter(|call| call.caller == CALLER);
    let writes: Vec<_> = of_ours.filter(|call| !call.operation.starts_with("Describe")).collect();
    ensure!(writes.is_empty(), "it wrote to Auto Scaling: {writes:?}");
    // the lease included
    let writes = story.audit.writes_by(story.controller_user())?;
    ensure!(writes.is_empty(), "it wrote to Kubernetes: {writes:?}");
    let ever = history(&story.node_watch, &node);
    assert!(
        ever.iter()
            .all(|node| has_startup_taint(node) && !is_cordoned(node) && out_of_service(node).is_none())
    );
    let evicted = story.audit.evicted(&story.namespace)?;
    ensure!(evicted.is_empty(), "evicted: {evicted:?}");
    story.end().await
}
