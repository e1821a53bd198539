//! Puts the program together and keeps it running: the first main loop to end ends the process.

use anyhow::Context;
use kube::client::ClientBuilder;
use kube::{Client, Config};
use lifecycle::one_line;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

use crate::args::{Args, LogFormat};
use crate::aws;
use crate::aws_requests::Counted;
use crate::door::{Claim, Door};
use crate::heartbeat::Heartbeats;
use crate::job;
use crate::lead::Leader;
use crate::lease::{self, Publish, Settings};
use crate::metrics::Metrics;
use crate::nodes::{self, Nodes};
use crate::queue::sqs::Queue;
use crate::reconcile::Reconciler;
use crate::server::{self, Probes};
use crate::status::Status;

/// How long a test may take to connect to the API server before we say that it cannot be reached.
const FIRST_CONTACT: std::time::Duration = std::time::Duration::from_secs(5);

/// kube's client logs each failed request as an error, although we retry it and say so once ourselves; only who names it in
/// `RUST_LOG` hears it.
const KUBE_IS_QUIET: &str = "kube_runtime=off,kube_client=off";

/// Sets up logging to standard error, or says in one line what is wrong with `RUST_LOG`.
pub fn init_logging(format: LogFormat) -> Result<(), String> {
    let wish = std::env::var("RUST_LOG").unwrap_or_default();
    let wish = if wish.trim().is_empty() { "info" } else { wish.trim() };
    let quiet = if wish.contains("kube") { String::new() } else { format!(",{KUBE_IS_QUIET}") };
    let filter = EnvFilter::try_new(format!("{wish}{quiet}"))
        .map_err(|err| format!("RUST_LOG cannot be read: {err}"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // told by eprintln, which panics: a log that cannot be written must not take heartbeats with it
        .log_internal_errors(false);
    match format {
        LogFormat::Json => lines.json().flatten_event(true).init(),
        LogFormat::Text => lines.init(),
    }
    Ok(())
}

/// A fenced write may take this long at most; with a short lease, a third of it.
const LONGEST_WRITE: std::time::Duration = std::time::Duration::from_secs(5);
/// A read or a heartbeat may take this long; neither needs the claim.
const READ_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// For so long a drained node has to stay empty.
pub(crate) const SETTLE: std::time::Duration = std::time::Duration::from_secs(1);

/// Two clients behind the same door, which differ in how long a call may take.
struct AwsClients {
    reads: aws_sdk_autoscaling::Client,
    writes: aws_sdk_autoscaling::Client,
}

/// Runs until SIGTERM or SIGINT.
pub async fn run(args: Args) -> anyhow::Result<()> {
    // Before anything that can be slow: from now on a signal ends us cleanly.
    let mut stop_signal = stop_signal()?;
    let listener =
        TcpListener::bind(args.listen).await.with_context(|| format!("listening on {}", args.listen))?;
    tracing::info!(address = %listener.local_addr()?, version = env!("CARGO_PKG_VERSION"), "serving");

    let (claim, seen_claim) = watch::channel::<Claim>(None);
    let (holder, seen_holder) = watch::channel(None);
    let (stop, stopped) = watch::channel(false);
    let (nodes, seen_nodes) = watch::channel(Nodes::default());
    let metrics = Metrics::new()?;

    let write_timeout = (args.lease_duration / 3).min(LONGEST_WRITE);
    let door = Door::new(seen_claim.clone(), args.dry_run, write_timeout, metrics.writes_refused.clone());
    let (reader, writer, namespace) = kube_clients(&door).await?;
    let settings = settings(&args, namespace);
    say_if_unreachable(&reader).await;
    let counted = Counted(metrics.aws_requests.clone());
    let aws = AwsClients {
        reads: aws::connect(&door, &counted, READ_TIMEOUT).await?,
        writes: aws::connect(&door, &counted, write_timeout).await?,
    };
    let queue = queue(&args, &door, &counted).await?;
    let heartbeats = Heartbeats::default();
    let (status, seen_status) = watch::channel(Status::default());
    let leader =
        Leader { queue, ..leader(&args, &writer, &aws, &heartbeats, &seen_nodes, &metrics, &status) };

    let mut loops = JoinSet::new();
    loops.spawn(nodes::watch(reader.clone(), args.node_selector.clone(), nodes));
    let probes = Probes {
        nodes: seen_nodes,
        holder: (!args.dry_run).then(|| seen_holder.clone()),
        metrics: metrics.clone(),
        identity: settings.identity.clone(),
        node_patience: args.house.node_patience,
        status: seen_status,
    };
    let mut server_stop = stopped.clone();
    loops.spawn(server::serve(listener, probes, async move {
        server_stop.wait_for(|stop| *stop).await.ok();
    }));
    let mut election = JoinSet::new();
    if args.dry_run {
        tracing::info!("dry run: nothing will be written");
        loops.spawn(leader.lead());
    } else {
        loops.spawn(heartbeats.run(aws.reads, settings.identity.clone(), seen_holder, metrics.clone()));
        loops.spawn(lead_while_claimed(leader, seen_claim, metrics, status));
        election.spawn(lease::run(reader, settings, Publish { claim, holder }, stopped));
    }

    let ended = tokio::select! {
        _ = stop_signal.recv() => Ok(()),
        Some(ended) = loops.join_next() => ended.context("a main loop panicked")?.context("a main loop ended"),
        Some(ended) = election.join_next() => ended.context("the election panicked")?.context("the election ended"),
    };
    tracing::info!("stopping");
    // First everything that writes, then the lease: nobody may lead while we still do something.
    loops.shutdown().await;
    door.settled().await;
    stop.send_replace(true);
    while let Some(last) = election.join_next().await {
        last.context("the election panicked")?.context("ending the election")?;
    }
    ended
}

async fn lead_while_claimed(
    leader: Leader,
    mut claim: watch::Receiver<Claim>,
    metrics: Metrics,
    status: watch::Sender<Status>,
) -> anyhow::Result<()> {
    loop {
        claim.wait_for(Option::is_some).await.context("waiting for the claim")?;
        tracing::info!("leading");
        metrics.leader.set(1);
        tokio::select! {
            ended = leader.clone().lead() => return ended,
            () = lease::lost(claim.clone()) => {}
        }
        metrics.leader.set(0);
        metrics.sweep_clock.set(None);
        status.send_replace(Status::default());
        tracing::warn!("lost the lease claim, everything that writes is stopped");
        wait_for_renewal(&mut claim).await?;
    }
}

/// A claim that lapsed by the clock is still in the channel; only another value can be a new claim.
async fn wait_for_renewal(claim: &mut watch::Receiver<Claim>) -> anyhow::Result<()> {
    let lapsed = *claim.borrow_and_update();
    claim.wait_for(|now| *now != lapsed).await.context("waiting for the claim")?;
    Ok(())
}

fn leader(
    args: &Args,
    writer: &Client,
    aws: &AwsClients,
    heartbeats: &Heartbeats,
    nodes: &watch::Receiver<Nodes>,
    metrics: &Metrics,
    status: &watch::Sender<Status>,
) -> Leader {
    let policy = args.house.policy();
    let reconciler = Reconciler {
        kube: writer.clone(),
        tools: job::Tools { kube: writer.clone(), aws: aws.writes.clone(), policy, metrics: metrics.clone() },
        keys: args.house.keys(),
        rules: args.house.rules(args.dry_run),
        heartbeats: heartbeats.clone(),
        metrics: metrics.clone(),
        status: status.clone(),
    };
    Leader {
        scope: args.scope(),
        client: aws.reads.clone(),
        sweep_interval: args.sweep_interval,
        reconciler,
        nodes: nodes.clone(),
        queue: None,
        metrics: metrics.clone(),
    }
}

/// The queue that wakes us, if there is one. A dry run leaves its messages to whoever acts on them.
async fn queue(args: &Args, door: &Door, counted: &Counted) -> anyhow::Result<Option<Queue>> {
    match &args.queue_url {
        None => Ok(None),
        Some(_) if args.dry_run => {
            tracing::info!("dry run: the queue is not read");
            Ok(None)
        }
        Some(url) => Ok(Some(Queue::connect(door, counted, url).await?)),
    }
}

/// A client for reads and the lease, and one for all other writes, behind the door.
async fn kube_clients(door: &Door) -> anyhow::Result<(Client, Client, String)> {
    let mut config = Config::infer().await.context("finding the API server (KUBECONFIG, or in a cluster)")?;
    // We own the pace of everything we send; hidden retries would hold up a drain for minutes.
    config.default_retry = false;
    // HTTPS_PROXY is there for AWS; the API server is in the cluster.
    config.proxy_url = None;
    let namespace = config.default_namespace.clone();
    let reader = Client::try_from(config.clone()).context("making the Kubernetes client")?;
    let writer = ClientBuilder::try_from(config).context("making the Kubernetes client")?.with_layer(door);
    Ok((reader, writer.build(), namespace))
}

fn settings(args: &Args, namespace: String) -> Settings {
    // An empty variable is one that nobody set: two replicas of the same empty name would both lead.
    let first = |names: [&Option<String>; 2]| {
        names.into_iter().flatten().map(|name| name.trim().to_owned()).find(|name| !name.is_empty())
    };
    let named = first([&args.identity, &args.pod_name]);
    Settings {
        namespace: first([&args.house.lease_namespace, &args.pod_namespace]).unwrap_or(namespace),
        name: args.house.lease_name.clone(),
        identity: named.unwrap_or_else(|| format!("node-gate-controller-{:08x}", fastrand::u32(..))),
        duration: args.lease_duration,
    }
}

async fn say_if_unreachable(client: &Client) {
    let answer = tokio::time::timeout(FIRST_CONTACT, client.apiserver_version()).await;
    match answer {
        Ok(Ok(version)) => tracing::info!(version = version.git_version, "connected to the API server"),
        Ok(Err(err)) => tracing::warn!(
            error = one_line(&format!("{:#}", anyhow::Error::from(err))),
            "cannot reach the API server, retrying"
        ),
        Err(_) => tracing::warn!("the API server does not answer, retrying"),
    }
}

/// Turns SIGTERM and SIGINT into one event.
fn stop_signal() -> anyhow::Result<tokio::sync::mpsc::Receiver<()>> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate()).context("listening for SIGTERM")?,
        signal(SignalKind::interrupt()).context("listening for SIGINT")?,
    );
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        sender.send(()).await.ok();
    });
    Ok(receiver)
}
