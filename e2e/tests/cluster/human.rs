//! What a human put on a Node stays there, whatever comes and goes beside it.

use e2e::group::Pool;
use e2e::process::{command, output};
use e2e::story::{LONG, Story};
use e2e::tools::tool;
use k8s_openapi::api::core::v1::Node;

use crate::drains::HEARTBEAT;
use crate::read::{
    has_our_cordon, history, is_closed_by_us, is_cordoned, is_ready, one_is, our_writes, out_of_service,
    taint, told_state,
};

const FOREIGN: &str = "example.com/being-repaired";

#[tokio::test(flavor = "multi_thread")]
async fn a_cordon_and_a_taint_of_a_human_survive_a_whole_life() -> anyhow::Result<()> {
    let story = Story::new("human").await?;
    // no gate: the Node is there from the beginning to the end
    let group = story.group("workers").gateless().max(1).warm_pool(Pool::Running).reuse();
    let group = group.termination_hook(HEARTBEAT).create().await?;
    let id = one_is(&story, &group, "Warmed:Running").await?;
    let becomes = async |what: &str, reached: &(dyn Fn(&Node) -> bool + Sync)| {
        let seen = story.node_watch.wait_until(what, LONG, |nodes| nodes.get(&id).is_some_and(reached));
        seen.await.map(drop)
    };
    becomes("it joined", &is_ready).await?;
    let kubectl = async |args: &[&str]| {
        let mut kubectl = command(tool("kubectl")?);
        output({
            kubectl.arg("--kubeconfig").arg(story.kubeconfig()).args(args);
            kubectl
        })
        .await
    };
    kubectl(&["cordon", &id]).await?;
    kubectl(&["taint", "node", &id, &format!("{FOREIGN}=disk:NoSchedule")]).await?;
    let is_humans = |node: &Node| {
        let taint = taint(node, FOREIGN);
        taint.is_some_and(|taint| taint.value.as_deref() == Some("disk") && taint.effect == "NoSchedule")
            && is_cordoned(node)
    };
    becomes("the human is done", &is_humans).await?;

    let is = |phase: Option<&'static str>, state: &'static str| {
        move |node: &Node| out_of_service(node) == phase && told_state(node) == Some(state)
    };
    let _controller = story.controller().start().await?;
    becomes("it is marked as warm", &is(Some("warm"), "Warmed.Running")).await?;
    group.set_desired(1).await?;
    becomes("it is free of us", &|node| is(None, "InService")(node) && !is_closed_by_us(node)).await?;
    group.set_desired(0).await?;
    becomes("it is marked as warm again", &is(Some("warm"), "Warmed.Running")).await?;
    group.set_desired(1).await?;
    becomes("it is free of us again", &|node| is(None, "InService")(node) && !is_closed_by_us(node)).await?;

    let since: Vec<Node> =
        history(&story.node_watch, &id).into_iter().skip_while(|node| !is_humans(node)).collect();
    assert!(since.iter().any(|node| out_of_service(node) == Some("leaving")));
    assert!(since.iter().all(is_humans), "something of the human's was touched");
    assert!(!since.iter().any(has_our_cordon), "the human's cordon was taken for ours");
    let cordons = our_writes(&story, &id)?.into_iter().filter(|write| {
        write.request.as_ref().is_some_and(|request| request.pointer("/spec/unschedulable").is_some())
    });
    assert_eq!(cordons.count(), 0);
    story.end().await
}
