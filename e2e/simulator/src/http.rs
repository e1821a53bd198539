//! The thin HTTP ground that the API and the metadata services stand on.
//!
//! Bare hyper rather than a framework, because a connection must be cuttable without an answer, and a whole service
//! switched off at once with all its connections.

use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The longest body of an Auto Scaling request.
pub(crate) const LONGEST_BODY: usize = 1 << 20;
/// How long a body may take: nobody holds a place by sending byte by byte.
const BODY_TIME: Duration = Duration::from_secs(60);
/// How long to let things calm down when no connection can be accepted.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(10);

/// Why a body breaks off.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An answer; none cuts the connection.
pub(crate) type Answer = Option<Response<Full<Bytes>>>;

/// What one client may take, so that others are served too.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// So many connections at a time; more wait to be accepted.
    connections: usize,
    /// How long a connection may be without a whole head. Longer than clients keep idle connections, so that it is they
    /// who close them.
    head_time: Duration,
    /// The longest head.
    head: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { connections: 16_384, head_time: Duration::from_secs(180), head: 64 << 10 }
    }
}

/// A service that listens until it is dropped, and then is gone at once: the port refuses, connections are cut.
#[derive(Debug)]
pub(crate) struct Service {
    listener: Arc<Mutex<Option<TcpListener>>>,
    task: JoinHandle<()>,
}

impl Service {
    /// Serves `handler` on `listener`.
    pub(crate) fn start<H, F, B>(listener: TcpListener, handler: H) -> Self
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Option<Response<B>>> + Send + 'static,
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        Service::start_within(Limits::default(), listener, handler)
    }

    fn start_within<H, F, B>(limits: Limits, listener: TcpListener, handler: H) -> Self
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Option<Response<B>>> + Send + 'static,
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let listener = Arc::new(Mutex::new(Some(listener)));
        let task = tokio::spawn(accept_all(limits, listener.clone(), handler));
        Service { listener, task }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Here rather than in the task, which ends only when it is next polled.
        drop(self.listener.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.task.abort();
    }
}

async fn accept_all<H, F, B>(limits: Limits, listener: Arc<Mutex<Option<TcpListener>>>, handler: H)
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Option<Response<B>>> + Send + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    // Dropped with this task, and with it every connection.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = accept(&listener), if connections.len() < limits.connections => match accepted {
                Some(Ok(stream)) => {
                    connections.spawn(serve_connection(limits, stream, handler.clone()));
                }
                // A client that left already, or no descriptors left: nothing tells when there are some again.
                Some(Err(error)) => {
                    tracing::warn!(%error, "accepting a connection");
                    tokio::time::sleep(AFTER_FAILED_ACCEPT).await;
                }
                None => return,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The next connection; none once the listener is taken away.
async fn accept(listener: &Mutex<Option<TcpListener>>) -> Option<std::io::Result<TcpStream>> {
    poll_fn(|cx| match &*listener.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(listener) => listener.poll_accept(cx).map(|accepted| Some(accepted.map(|(stream, _)| stream))),
        None => Poll::Ready(None),
    })
    .await
}

async fn serve_connection<H, F, B>(limits: Limits, stream: TcpStream, handler: H)
where
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Option<Response<B>>>,
    B: Body<Error: Into<BoxError>> + 'static,
{
    // Small answers should not wait for more.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let answer = handler(request);
        // hyper closes the connection without a word when a service fails.
        async { answer.await.ok_or(Cut) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.head)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "connection ended");
    }
}

/// Why a connection ends without an answer.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut on purpose")
    }
}

impl std::error::Error for Cut {}

/// The body of a request; none if it is longer than `longest` bytes, breaks off or takes too long.
pub(crate) async fn body(incoming: Incoming, longest: usize) -> Option<Bytes> {
    body_within(BODY_TIME, incoming, longest).await
}

async fn body_within(time: Duration, incoming: Incoming, longest: usize) -> Option<Bytes> {
    let whole = tokio::time::timeout(time, Limited::new(incoming, longest).collect());
    whole.await.ok()?.ok().map(http_body_util::Collected::to_bytes)
}

/// An answer with this status, type and body.
pub(crate) fn answer(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = content_type.parse() {
        response.headers_mut().insert(http::header::CONTENT_TYPE, value);
    }
    response
}

#[cfg(test)]
mod tests;
