//! What others ask us over HTTP: are we alive, are we ready, what do we count, how do things stand.

use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use jiff::Timestamp;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::gauges;
use crate::metrics::Metrics;
use crate::nodes::Nodes;
use crate::status::Status;

/// What the answers are made of.
#[derive(Debug, Clone)]
pub struct Probes {
    /// The Node watch.
    pub nodes: watch::Receiver<Nodes>,
    /// Who was last seen holding the lease; a dry run takes no part.
    pub holder: Option<watch::Receiver<Option<String>>>,
    /// The metrics.
    pub metrics: Metrics,
    /// How long an instance in service may be without a Node before it counts as unjoined.
    pub node_patience: Duration,
    /// Our name in the lease.
    pub identity: String,
    /// How things stand, as of the last pass of the reconcile loop.
    pub status: watch::Receiver<Status>,
}

/// What `/status` answers.
#[derive(Serialize)]
struct Answer {
    identity: String,
    /// Who holds the lease, as far as we know.
    holder: Option<String>,
    version: &'static str,
    dry_run: bool,
    /// True once the list of Nodes is complete.
    nodes_synced: bool,
    #[serde(flatten)]
    status: Status,
}

/// Answers until `stop` is done.
pub async fn serve(
    listener: TcpListener,
    probes: Probes,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let router = Router::new()
        // Alive while it answers: a main loop that ends, ends the process.
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .with_state(probes);
    Ok(axum::serve(listener, router).with_graceful_shutdown(stop).await?)
}

async fn ready(State(probes): State<Probes>) -> (StatusCode, &'static str) {
    if !probes.nodes.borrow().synced {
        return (StatusCode::SERVICE_UNAVAILABLE, "the list of nodes is not complete yet\n");
    }
    if probes.holder.is_some_and(|holder| holder.borrow().is_none()) {
        return (StatusCode::SERVICE_UNAVAILABLE, "no lease holder seen yet\n");
    }
    (StatusCode::OK, "ok\n")
}

async fn metrics(State(probes): State<Probes>) -> Result<String, (StatusCode, String)> {
    let status = probes.status.borrow().clone();
    gauges::show(&probes.metrics, &status, Timestamp::now(), Instant::now(), probes.node_patience);
    probes.metrics.render().map_err(|err| (StatusCode::INTERNAL_SERVER_ERROR, format!("{err:#}\n")))
}

async fn status(State(probes): State<Probes>) -> Result<impl IntoResponse, (StatusCode, String)> {
    let holder = probes.holder.as_ref().and_then(|holder| holder.borrow().clone());
    let answer = Answer {
        identity: probes.identity,
        holder: holder.filter(|holder| !holder.is_empty()),
        version: env!("CARGO_PKG_VERSION"),
        dry_run: probes.holder.is_none(),
        nodes_synced: probes.nodes.borrow().synced,
        status: probes.status.borrow().clone(),
    };
    let json = serde_json::to_string_pretty(&answer)
        .map_err(|err| (StatusCode::INTERNAL_SERVER_ERROR, format!("{err}\n")))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json + "\n"))
}
