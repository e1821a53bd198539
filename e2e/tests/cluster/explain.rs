//! `explain`: one command tells what is being waited for, and writes nothing.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use e2e::aws;
use e2e::chart::token;
use e2e::control_plane::Endpoint;
use e2e::group::Pool;
use e2e::process::{command, output};
use e2e::story::{LONG, Story};
use e2e::tools::{built, tool};
use e2e::wait::eventually;
use e2e::workload::Workload;
use serde_json::Value;

use crate::drains::{fill, leads, open_nodes, refused_by_budget};
use crate::read::{all_are, is_ready, one_is, out_of_service};

/// How the simulator's call log names who asks for explanations.
const ASKER: &str = "asker";

/// Somebody with a role to read, and no other right.
struct Asker<'a> {
    story: &'a Story,
    kubeconfig: PathBuf,
    user: String,
}

/// What was told.
struct Told {
    text: String,
    errors: String,
    code: Option<i32>,
}

impl<'a> Asker<'a> {
    /// The rights are those that `--help` names.
    async fn new(story: &'a Story) -> anyhow::Result<Self> {
        let (namespace, role) = (&story.namespace, format!("{}:explain", story.namespace));
        let account = format!("--serviceaccount={namespace}:asker");
        for args in [
            &["create", "serviceaccount", "asker", "--namespace", namespace][..],
            &[
                "create",
                "clusterrole",
                &role,
                "--verb=get,list",
                "--resource=nodes,leases.coordination.k8s.io",
            ],
            &["create", "clusterrolebinding", &role, "--clusterrole", &role, &account],
            &["create", "clusterrolebinding", &format!("{role}-view"), "--clusterrole=view", &account],
        ] {
            kubectl(story, args).await?;
        }
        let kubeconfig = story.dir().join("asker.kubeconfig");
        let token = token(&story.client, namespace, "asker").await?;
        Endpoint::read(story.kubeconfig())?.write_kubeconfig("asker", &token, &kubeconfig)?;
        Ok(Asker { story, kubeconfig, user: format!("system:serviceaccount:{namespace}:asker") })
    }

    async fn ask(&self, args: &[&str]) -> anyhow::Result<Told> {
        self.ask_with(args, &aws::environment(&self.story.simulator.endpoint(), ASKER)).await
    }

    async fn ask_with(&self, args: &[&str], env: &[(&str, String)]) -> anyhow::Result<Told> {
        let mut explain = command(built("node-gate-controller")?);
        explain.arg("explain").args(args).args(["--lease-namespace", &self.story.namespace]);
        explain.args(["--drain-deadline", "10m"]).env_clear().env("KUBECONFIG", &self.kubeconfig);
        explain.envs(env.iter().map(|(name, value)| (name, value)));
        let told = tokio::time::timeout(LONG, explain.output()).await.context("no end")??;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let told = Told { text: text(&told.stdout), errors: text(&told.stderr), code: told.status.code() };
        eprintln!("explain {args:?}, exit {:?}\n{}{}", told.code, told.text, told.errors);
        Ok(told)
    }

    /// Fails unless it only read.
    async fn only_read(&self) -> anyhow::Result<()> {
        eventually("the log has what was read", LONG, async || {
            let asked = self.story.audit.by(&self.user)?;
            let read = |resource| asked.iter().any(|entry| entry.resource == resource && entry.code == 200);
            for resource in ["nodes", "pods", "poddisruptionbudgets", "leases"] {
                ensure!(read(resource), "{resource} were never read");
            }
            Ok(())
        })
        .await?;
        for entry in self.story.audit.by(&self.user)? {
            ensure!(["get", "list"].contains(&entry.verb.as_str()), "not a mere look: {entry:?}");
            ensure!(entry.code != 403, "a right is missing: {entry:?}");
        }
        let calls = self.story.simulator.calls().into_iter().filter(|call| call.caller == ASKER);
        let operations: Vec<_> = calls.map(|call| call.operation.clone()).collect();
        for operation in ["DescribeAutoScalingInstances", "DescribeLifecycleHooks"] {
            ensure!(operations.iter().any(|one| one == operation), "{operation} was never called");
        }
        ensure!(operations.iter().all(|one| one.starts_with("Describe")), "{operations:?}");
        Ok(())
    }

    async fn end(self) -> anyhow::Result<()> {
        let role = format!("{}:explain", self.story.namespace);
        kubectl(self.story, &["delete", "clusterrolebinding", &role, &format!("{role}-view")]).await?;
        kubectl(self.story, &["delete", "clusterrole", &role]).await
    }
}

impl Told {
    fn says(&self, parts: &[&str]) -> anyhow::Result<()> {
        for part in parts {
            ensure!(self.text.contains(part), "not said: {part}\n{}{}", self.text, self.errors);
        }
        Ok(())
    }
}

async fn kubectl(story: &Story, args: &[&str]) -> anyhow::Result<()> {
    let mut kubectl = command(tool("kubectl")?);
    kubectl.arg("--kubeconfig").arg(story.kubeconfig()).args(args);
    output(kubectl).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_tells_of_every_stage_and_writes_nothing() -> anyhow::Result<()> {
    let story = Story::new("explain").await?;
    let asker = Asker::new(&story).await?;
    // so long that it outlives the leader
    let workers =
        story.group("workers").max(2).warm_pool(Pool::Stopped).termination_hook(LONG * 10).create().await?;
    let warm = all_are(&story, &workers, 2, "Warmed:Stopped").await?;

    let told = asker.ask(&[&warm[0]]).await?;
    assert_eq!(told.code, Some(0));
    told.says(&[
        &format!("Instance {} is in the warm pool, stopped; nobody leads", warm[0]),
        "Warmed:Stopped",
        "It has no Node, as it should be",
        "there is no lease node-gate-controller",
    ])?;

    let mut controller = story.controller().flag("--drain-deadline", "10m").start().await?;
    leads(&controller).await?;
    // a machine without a gate joins while it is warmed
    let leaky = story.group("leaky").max(1).warm_pool(Pool::Running).gateless().create().await?;
    let leak = one_is(&story, &leaky, "Warmed:Running").await?;
    let closed = story.node_watch.wait_until("the leak is closed", LONG, |nodes| {
        nodes.get(&leak).is_some_and(|node| is_ready(node) && out_of_service(node) == Some("warm"))
    });
    closed.await?;
    asker.ask(&[&leak]).await?.says(&[
        &format!("Node {leak} is in the warm pool, running"),
        "taint node-gate.io/out-of-service=warm:NoSchedule",
        "cordoned by the controller",
        "A machine in the pool should have no Node",
        &format!("{} leads", controller.name()),
    ])?;

    let node = open_nodes(&story, &workers, 1).await?.pop().context("a node")?;
    fill(&story, "web", &Workload::new("web", 2), 2).await?;
    story.budget("web", 0).await?;
    asker.ask(&[&node]).await?.says(&[
        &format!("Node {node} is in service."),
        "marks: labelled InService",
        "Nothing, until its group takes it out",
        "(2 pods now)",
        "Of these, 2 pods could not be evicted now: disruption budget",
    ])?;

    workers.terminate(&node).await?;
    refused_by_budget(&story, 2).await?;
    let begun = |node: &k8s_openapi::api::core::v1::Node| {
        let annotations = node.metadata.annotations.as_ref();
        annotations.is_some_and(|all| {
            all.get("node-gate.io/termination").is_some_and(|text| text.contains("firstEviction"))
        })
    };
    let recorded = |nodes: &std::collections::BTreeMap<_, _>| nodes.get(&node).is_some_and(begun);
    story.node_watch.wait_until("the first eviction is on record", LONG, recorded).await?;
    let told = asker.ask(&[&node]).await?;
    told.says(&[
        &format!("Node {node} is leaving its group to be terminated, held by a termination hook; 2 pods have to go."),
        "Terminating:Wait",
        "taint node-gate.io/out-of-service=leaving:NoSchedule",
        "node-gate-termination: open by the Node's record since",
        "/web allows no eviction now (2 pods healthy, 2 have to be)",
        "(in 9m",
        "completes node-gate-termination, and the instance is terminated",
        &format!("kubectl annotate --overwrite node {node} node-gate.io/deadline=now"),
    ])?;
    let json: Value = serde_json::from_str(&asker.ask(&[&node, "--output", "json"]).await?.text)?;
    assert_eq!(json["instance"]["phase"], "leaving");
    assert_eq!(json["drain"]["pods_left"], 2);
    assert_eq!(json["drain"]["pods"][0]["kind"], "budget");
    assert_eq!(json["drain"]["pods"][0]["budgets"][0]["name"], "web");
    assert_eq!(json["leader"]["holder"], controller.name());
    assert!(json["drain"]["deadline"].is_string() && json["action"]["ends"].is_string(), "{json}");
    assert_eq!(json["unknown"], serde_json::json!([]));

    // nobody may ask AWS
    let without = [("AWS_EC2_METADATA_DISABLED", "true".to_owned()), ("AWS_REGION", aws::REGION.to_owned())];
    let told = asker.ask_with(&[&node], &without).await?;
    assert_eq!(told.code, Some(0));
    told.says(&[
        "last saw it as Terminating:Wait (its label)",
        "no AWS credentials found",
        "By the Node's record node-gate-termination holds it since",
        "/web allows no eviction now",
    ])?;

    for nobody in ["ip-10-0-0-1.ec2.internal", "i-00000000000000000"] {
        let told = asker.ask(&[nobody]).await?;
        assert_eq!(told.code, Some(1), "{}", told.text);
        told.says(&[nobody])?;
    }
    assert_eq!(asker.ask(&[&node, "--output", "yaml"]).await?.code, Some(2));

    controller.sigterm().await?;
    asker.ask(&[&node]).await?.says(&[
        "; 2 pods have to go; nobody leads, so nothing is done for it.",
        "the last leader gave its lease away",
        "Without heartbeats node-gate-termination times out 10m after the last one, and Auto Scaling goes on with ABANDON",
    ])?;

    asker.only_read().await?;
    asker.end().await?;
    story.end().await
}
