//! Reads the facts: from Kubernetes and from Auto Scaling, each as far as it may be read. By these clients nothing can be
//! written: they stand behind a door that never opens.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use aws_sdk_autoscaling::config::retry::RetryConfig;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::ListParams;
use kube::client::ClientBuilder;
use kube::config::KubeConfigOptions;
use kube::{Api, Client, Config};
use lifecycle::api::{self, ApiError, ErrorKind, InstanceDetail, classify, guarded};
use lifecycle::one_line;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::aws::{self, HookNames, LAUNCHING, TERMINATING};
use crate::aws_requests::Counted;
use crate::door::Door;
use crate::drain;
use crate::explain::facts::{AnyHook, Facts, Hooks, Read, Subject};
use crate::explain::options::Options;
use crate::metrics::Metrics;

/// One call to Auto Scaling may take this long.
const AWS_TIMEOUT: Duration = Duration::from_secs(10);
/// All that is asked of Kubernetes in one go may take this long, however slowly an answer trickles in.
const KUBE_TIMEOUT: Duration = Duration::from_secs(30);
/// Objects of one page of a list.
const PAGE: u32 = 500;
/// Nobody asked.
const NOT_ASKED: &str = "not asked";

/// Reads all that there is to know; what fails is in the facts as a line.
pub(super) async fn read(options: &Options) -> anyhow::Result<Facts> {
    let door = closed_door()?;
    let subject = Subject::new(&options.subject);
    let kube = connect(&door, options.context.as_deref()).await;
    let mut facts = Facts {
        nodes: Err(NOT_ASKED.to_owned()),
        pods: Ok(Vec::new()),
        orphans: BTreeSet::new(),
        budgets: Ok(Vec::new()),
        leases: Err(NOT_ASKED.to_owned()),
        listed: Ok(None),
        hooks: Ok(None),
        subject,
    };
    match &kube {
        Ok(client) => {
            let (nodes, leases) = tokio::join!(
                within(KUBE_TIMEOUT, nodes(client, &facts.subject)),
                within(KUBE_TIMEOUT, leases(client, options))
            );
            (facts.nodes, facts.leases) = (nodes, leases);
        }
        Err(why) => (facts.nodes, facts.leases) = (Err(why.clone()), Err(why.clone())),
    }
    let cluster = async {
        match &kube {
            Ok(client) => {
                let asked = async { Ok(pods_and_budgets(client, &facts).await) };
                within(KUBE_TIMEOUT, asked)
                    .await
                    .unwrap_or_else(|why| (Err(why), BTreeSet::new(), Ok(Vec::new())))
            }
            Err(_) => (Ok(Vec::new()), BTreeSet::new(), Ok(Vec::new())),
        }
    };
    let names = options.house().rules.names;
    let ((pods, orphans, budgets), (listed, hooks)) =
        tokio::join!(cluster, auto_scaling(&door, facts.instance(), &names));
    Ok(Facts { pods, orphans, budgets, listed, hooks, ..facts })
}

/// The client's own timeouts end with an answer's first line.
async fn within<T>(limit: Duration, asked: impl Future<Output = Read<T>>) -> Read<T> {
    let late = |_| Err(format!("no whole answer within {}s", limit.as_secs()));
    tokio::time::timeout(limit, asked).await.unwrap_or_else(late)
}

/// A dry run's door: reads pass, writes never.
fn closed_door() -> anyhow::Result<Door> {
    let (_, no_claim) = watch::channel(None);
    Ok(Door::new(no_claim, true, Duration::ZERO, Metrics::new()?.writes_refused))
}

/// Counted for nobody: there is no page that would show it.
fn counted() -> Result<Counted, ApiError> {
    let metrics = Metrics::new()
        .map_err(|err| ApiError { kind: ErrorKind::Terminal, message: one_line(&err.to_string()) })?;
    Ok(Counted(metrics.aws_requests))
}

async fn connect(door: &Door, context: Option<&str>) -> Read<Client> {
    let connected = async {
        let wish =
            KubeConfigOptions { context: context.map(ToOwned::to_owned), ..KubeConfigOptions::default() };
        let mut config = match Config::from_kubeconfig(&wish).await {
            Ok(config) => config,
            // In a Pod of the controller there is none, and none is needed.
            Err(err) => match Config::incluster() {
                Ok(config) if context.is_none() => config,
                Ok(_) | Err(_) => return Err(err).context("no cluster"),
            },
        };
        // A proxy in the environment is there for AWS, as it is for the controller.
        if ["HTTPS_PROXY", "https_proxy"].into_iter().any(|name| std::env::var_os(name).is_some()) {
            config.proxy_url = None;
        }
        let builder = ClientBuilder::try_from(config).context("making the Kubernetes client")?;
        anyhow::Ok(builder.with_layer(door).build())
    };
    connected.await.map_err(|err| line(&err))
}

async fn nodes(client: &Client, subject: &Subject) -> Read<Vec<Node>> {
    match subject {
        Subject::Node(name) => {
            let found = Api::<Node>::all(client.clone()).get_opt(name).await;
            found.map(|node| node.into_iter().collect()).map_err(|err| line(&err.into()))
        }
        Subject::Instance(_) => list(Api::all(client.clone()), ListParams::default()).await,
    }
}

async fn leases(client: &Client, options: &Options) -> Read<Vec<Lease>> {
    let name = &options.house.lease_name;
    if let Some(namespace) = options.house.lease_namespace() {
        let found = Api::<Lease>::namespaced(client.clone(), namespace).get_opt(name).await;
        return found.map(|lease| lease.into_iter().collect()).map_err(|err| line(&err.into()));
    }
    let named = ListParams::default().fields(&format!("metadata.name={name}"));
    list(Api::all(client.clone()), named).await
}

async fn pods_and_budgets(
    client: &Client,
    facts: &Facts,
) -> (Read<Vec<Pod>>, BTreeSet<String>, Read<Vec<PodDisruptionBudget>>) {
    let mut pods = Vec::new();
    for node in facts.own_nodes() {
        let name = node.metadata.name.as_deref().unwrap_or_default();
        let bound = ListParams::default().fields(&format!("spec.nodeName={name}"));
        match list::<Pod>(Api::all(client.clone()), bound).await {
            Ok(some) => pods.extend(some),
            Err(why) => return (Err(why), BTreeSet::new(), Ok(Vec::new())),
        }
    }
    if pods.is_empty() {
        return (Ok(pods), BTreeSet::new(), Ok(Vec::new()));
    }
    let (orphans, budgets) =
        tokio::join!(drain::orphans(client, &pods), list(Api::all(client.clone()), ListParams::default()));
    (Ok(pods), orphans, budgets)
}

async fn list<K>(api: Api<K>, params: ListParams) -> Read<Vec<K>>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let mut page = params.limit(PAGE);
    let mut all = Vec::new();
    loop {
        let some = api.list(&page).await.map_err(|err| line(&err.into()))?;
        all.extend(some.items);
        match some.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(all),
        }
    }
}

async fn auto_scaling(
    door: &Door,
    instance: Option<String>,
    names: &HookNames,
) -> (Read<Option<InstanceDetail>>, Read<Option<Hooks>>) {
    let Some(id) = instance else { return (Ok(None), Ok(None)) };
    let asked = async {
        let client = aws::connect(door, &counted()?, AWS_TIMEOUT).await?;
        // Reads may be repeated: at a large scale-in others use up the API's quota.
        let patient = client.config().to_builder().retry_config(RetryConfig::standard()).build();
        let client = aws_sdk_autoscaling::Client::from_conf(patient);
        let found = api::describe_instances(&client, std::slice::from_ref(&id)).await?;
        Ok::<_, ApiError>((client, found.into_iter().find(|detail| detail.id == id)))
    };
    match asked.await {
        Err(err) => (Err(gist(err)), Ok(None)),
        Ok((_, None)) => (Ok(None), Ok(None)),
        Ok((client, Some(detail))) => {
            let hooks = hooks(&client, &detail.group, names).await;
            (Ok(Some(detail)), hooks.map(Some).map_err(gist))
        }
    }
}

async fn hooks(
    client: &aws_sdk_autoscaling::Client,
    group: &str,
    names: &HookNames,
) -> Result<Hooks, ApiError> {
    let call = client.describe_lifecycle_hooks().auto_scaling_group_name(group).send();
    let answer = guarded(call).await?.map_err(|err| classify(&err))?;
    let all = answer.lifecycle_hooks().iter().filter_map(|hook| {
        let transition =
            hook.lifecycle_transition().filter(|name| [TERMINATING, LAUNCHING].contains(name))?;
        Some(AnyHook {
            name: hook.lifecycle_hook_name()?.to_owned(),
            terminating: transition == TERMINATING,
            default_result: hook.default_result().unwrap_or("ABANDON").to_owned(),
            heartbeat_timeout: aws::timeouts_of(hook).heartbeat_timeout,
        })
    });
    Ok(Hooks { ours: aws::ours_of(answer.lifecycle_hooks(), names), all: all.collect() })
}

/// The SDK tells at length where it looked for credentials.
fn gist(err: ApiError) -> String {
    if err.message.contains("no credentials found") {
        "no AWS credentials found".to_owned()
    } else {
        err.message
    }
}

fn line(err: &anyhow::Error) -> String {
    one_line(&format!("{err:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_that_never_ends_is_not_waited_for() {
        let endless = std::future::pending::<Read<()>>();
        let short = Duration::from_millis(1);
        assert_eq!(within(short, endless).await, Err("no whole answer within 0s".to_owned()));
        assert_eq!(within(KUBE_TIMEOUT, async { Ok(1) }).await, Ok(1));
    }
}
