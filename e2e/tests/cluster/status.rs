//! `/status`: what the leader does and why it waits, and who leads.

use anyhow::{Context, ensure};
use e2e::controller::Controller;
use e2e::story::{LONG, Story};
use e2e::wait::eventually;
use e2e::workload::Workload;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::drains::{HEARTBEAT, fill, gone, leads, lift_budget, open_nodes, pods_on, refused_by_budget};

async fn status(controller: &Controller) -> anyhow::Result<Value> {
    let (code, page) = controller.get("/status").await?;
    ensure!(code == 200, "{code}: {page}");
    serde_json::from_str(&page).with_context(|| format!("reading {page}"))
}

fn time(value: &Value) -> anyhow::Result<Timestamp> {
    let text = value.as_str().with_context(|| format!("no time: {value}"))?;
    Ok(text.parse()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_a_blocked_drain_names_the_blocker_and_the_standbys_names_the_leader()
-> anyhow::Result<()> {
    let story = Story::new("status").await?;
    let mut leader = story.controller().flag("--drain-deadline", "10m").start().await?;
    leads(&leader).await?;
    let standby = story.controller().start().await?;
    let group = story.group("workers").max(1).termination_hook(HEARTBEAT).create().await?;
    let leaving = open_nodes(&story, &group, 1).await?.pop().context("a node")?;
    let held = fill(&story, "held", &Workload::new("held", 2), 2).await?;
    story.budget("held", 0).await?;
    let pointer = |field: &str| format!("/instances/{leaving}/{field}");
    eventually("the status knows it in service", LONG, async || {
        let now = status(&leader).await?;
        ensure!(now.pointer(&pointer("phase")) == Some(&json!("in_service")), "{now:#}");
        ensure!(now.pointer(&pointer("drain")) == Some(&Value::Null), "{now:#}");
        Ok(())
    })
    .await?;
    let before = Timestamp::now();
    group.terminate(&leaving).await?;
    refused_by_budget(&story, 1).await?;

    let blocked = eventually("the status names the budget", LONG, async || {
        let now = status(&leader).await?;
        let blockers = now.pointer(&pointer("drain/blockers")).and_then(Value::as_array).cloned();
        let held = |blocker: &Value| blocker["kind"] == "budget";
        ensure!(blockers.is_some_and(|all| all.len() == 2 && all.iter().all(held)), "{now:#}");
        Ok(now)
    })
    .await?;
    let version = env!("CARGO_PKG_VERSION");
    for (field, wanted) in [
        ("identity", json!(leader.name())),
        ("holder", json!(leader.name())),
        ("version", json!(version)),
        ("leading", json!(true)),
        ("swept", json!(true)),
        ("nodes_synced", json!(true)),
        ("dry_run", json!(false)),
    ] {
        assert_eq!(blocked[field], wanted, "{field} in {blocked:#}");
    }
    let instance = &blocked["instances"][&leaving];
    assert_eq!(instance["group"], group.name());
    assert_eq!((&instance["state"], &instance["phase"]), (&json!("Terminating:Wait"), &json!("leaving")));
    assert_eq!((&instance["node"], &instance["ignored"]), (&json!(leaving), &json!(false)));
    assert_eq!(instance["action"]["hook"], "node-gate-termination");
    assert_eq!(instance["action"]["completed"], false);
    let drain = &instance["drain"];
    assert_eq!(drain["pods_left"], 2);
    let mut pods = pods_on(&held, &leaving);
    pods.sort();
    let told: Vec<&str> =
        drain["blockers"].as_array().context("blockers")?.iter().filter_map(|b| b["pod"].as_str()).collect();
    assert_eq!(told, pods.iter().map(|pod| format!("{}/{pod}", story.namespace)).collect::<Vec<_>>());
    let reason = drain["blockers"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("budget held"), "{reason}");
    // the hook lasts for a hundred of its timeouts at most, which is sooner than the ten minutes
    let (first, deadline) = (time(&drain["first_eviction"])?, time(&drain["deadline"])?);
    let ends = time(&instance["action"]["ends"])?;
    assert!(before <= time(&instance["since"])? && time(&instance["since"])? <= first, "{instance:#}");
    assert!(first < deadline && deadline < ends, "{instance:#}");

    let theirs = status(&standby).await?;
    assert_eq!((&theirs["leading"], &theirs["holder"]), (&json!(false), &json!(leader.name())));
    assert_eq!((&theirs["identity"], &theirs["instances"]), (&json!(standby.name()), &json!({})));

    lift_budget(&story, "held").await?;
    gone(&story, &leaving).await?;
    eventually("it is forgotten", LONG, async || {
        let now = status(&leader).await?;
        let state = now.pointer(&pointer("drain/blockers/0"));
        ensure!(state.is_none(), "{now:#}");
        Ok(())
    })
    .await?;
    leader.sigterm().await?;
    eventually("the standby leads", LONG, async || {
        let now = status(&standby).await?;
        ensure!(now["leading"] == true && now["holder"] == standby.name(), "{now:#}");
        Ok(())
    })
    .await?;
    story.end().await
}
