//! What others ask us over HTTP: are we alive, are we ready, what do we count.

use std::future::Future;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::metrics::Metrics;
use crate::nodes::Nodes;

/// What readiness and metrics are made of.
#[derive(Debug, Clone)]
pub struct Probes {
    /// The Node watch.
    pub nodes: watch::Receiver<Nodes>,
    /// Who was last seen holding the lease; a dry run takes no part.
    pub holder: Option<watch::Receiver<Option<String>>>,
    /// The metrics.
    pub metrics: Metrics,
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
    probes.metrics.render().map_err(|err| (StatusCode::INTERNAL_SERVER_ERROR, format!("{err:#}\n")))
}
