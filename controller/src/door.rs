//! The door: the one way by which writes leave the controller.
//!
//! A write passes only while our claim to the lease holds for longer than the write may take, and never in a dry run.
//! Reads pass always. Heartbeats need no claim, for a second one is harmless and a missing one loses a node, but a dry
//! run keeps them in, too.

use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_autoscaling::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_autoscaling::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Either, Full};
use lifecycle::api::Refusal;
use prometheus::IntCounter;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tower::{Layer, Service};

/// A read may take this long.
const READ_TIMEOUT: Duration = Duration::from_secs(15);
/// An eviction may take this long, for under contention the server itself tries for ten seconds. It names its pod's UID:
/// should it end after our claim, it does what the next leader would do.
const EVICTION_TIMEOUT: Duration = Duration::from_secs(15);

/// Our claim to the lease: until when, on our monotonic clock, nobody else can hold it.
pub type Claim = Option<Instant>;

/// Decides whether a write may leave, and counts those kept in.
#[derive(Debug, Clone)]
pub struct Door {
    claim: watch::Receiver<Claim>,
    dry_run: bool,
    write_timeout: Duration,
    refused: IntCounter,
    under_way: TaskTracker,
}

impl Door {
    /// A door that opens while `claim` holds for longer than `write_timeout`.
    /// Writes kept in are counted in `refused`.
    pub fn new(
        claim: watch::Receiver<Claim>,
        dry_run: bool,
        write_timeout: Duration,
        refused: IntCounter,
    ) -> Self {
        Door { claim, dry_run, write_timeout, refused, under_way: TaskTracker::new() }
    }

    /// True if nothing may ever leave.
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// How long a write may take; the claim must hold for longer.
    pub fn write_timeout(&self) -> Duration {
        self.write_timeout
    }

    /// Waits for the Kubernetes writes under way, each of which ends by its timeout. Nobody may write any more.
    pub async fn settled(&self) {
        self.under_way.close();
        self.under_way.wait().await;
    }

    /// Lets a fenced write pass or says why not.
    pub fn pass(&self, now: Instant) -> Result<(), Refusal> {
        if self.dry_run {
            self.refuse("dry run")
        } else if self.claim.borrow().is_some_and(|until| until > now + self.write_timeout) {
            Ok(())
        } else {
            self.refuse("the lease claim does not hold for long enough")
        }
    }

    fn pass_unfenced(&self) -> Result<(), Refusal> {
        if self.dry_run { self.refuse("dry run") } else { Ok(()) }
    }

    fn refuse(&self, why: &'static str) -> Result<(), Refusal> {
        self.refused.inc();
        Err(Refusal(why))
    }
}

impl Intercept for Door {
    fn name(&self) -> &'static str {
        "Door"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map_or("", |metadata| metadata.name());
        if operation.starts_with("Describe") {
            Ok(())
        } else if operation == "RecordLifecycleActionHeartbeat" {
            Ok(self.pass_unfenced()?)
        } else {
            Ok(self.pass(Instant::now())?)
        }
    }
}

impl<S> Layer<S> for Door {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded { door: self.clone(), inner }
    }
}

/// A Kubernetes client's service behind the door. Every call but a watch has a timeout, its answer's last byte included.
///
/// A write that has left runs to its end even if nobody waits for it any more. An eviction that is cut off may already
/// stand in its budget while its pod is not deleted, and such a budget allows nothing for two minutes.
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    door: Door,
    inner: S,
}

/// What a watch still has to tell, or all that was answered.
type Answer<A> = Response<Either<A, Full<Bytes>>>;

impl<S, B, A> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<A>>,
    S::Error: Into<tower::BoxError> + Send,
    S::Future: Send + 'static,
    A: http_body::Body<Data = Bytes> + Send + 'static,
    A::Error: Into<tower::BoxError>,
{
    type Response = Answer<A>;
    type Error = tower::BoxError;
    type Future = BoxFuture<'static, Result<Answer<A>, tower::BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let reads = [Method::GET, Method::HEAD].contains(request.method());
        let watches = request.uri().query().is_some_and(|query| query.contains("watch="));
        if !reads && let Err(refusal) = self.door.pass(Instant::now()) {
            return Box::pin(async move { Err(refusal.into()) });
        }
        let limit = if reads {
            READ_TIMEOUT
        } else if request.uri().path().ends_with("/eviction") {
            EVICTION_TIMEOUT.max(self.door.write_timeout)
        } else {
            self.door.write_timeout
        };
        let call = self.inner.call(request);
        if watches {
            return Box::pin(async move { Ok(call.await.map_err(Into::into)?.map(Either::Left)) });
        }
        let whole = async move {
            let (head, body) = call.await.map_err(Into::into)?.into_parts();
            let body = body.collect().await.map_err(Into::into)?.to_bytes();
            Ok(Response::from_parts(head, Either::Right(Full::new(body))))
        };
        let answer = async move {
            match tokio::time::timeout(limit, whole).await {
                Ok(answer) => answer,
                Err(_) => Err(format!("no answer within {}s", limit.as_secs_f32()).into()),
            }
        };
        if reads {
            return Box::pin(answer);
        }
        let write = self.door.under_way.spawn(answer);
        Box::pin(async move { write.await? })
    }
}

/// True if a Kubernetes call failed because the door kept it in.
pub fn is_refusal(err: &kube::Error) -> bool {
    matches!(err, kube::Error::Service(inner) if inner.is::<Refusal>())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    const WRITE: Duration = Duration::from_secs(5);

    fn door(dry_run: bool) -> (watch::Sender<Claim>, Door) {
        let (sender, receiver) = watch::channel(None);
        (sender, Door::new(receiver, dry_run, WRITE, IntCounter::new("refused", "x").unwrap()))
    }

    #[test]
    fn a_write_passes_only_while_the_claim_outlives_it() {
        let (claim, door) = door(false);
        let now = Instant::now();
        assert!(door.pass(now).is_err(), "no claim yet");
        claim.send_replace(Some(now + WRITE));
        assert!(door.pass(now).is_err(), "the write could outlive the claim");
        claim.send_replace(Some(now + WRITE + Duration::from_millis(1)));
        assert!(door.pass(now).is_ok());
        claim.send_replace(None);
        assert!(door.pass(now).is_err(), "lost");
        assert_eq!(door.refused.get(), 3);
    }

    #[test]
    fn nothing_passes_in_a_dry_run() {
        let (claim, door) = door(true);
        let now = Instant::now();
        claim.send_replace(Some(now + WRITE * 10));
        assert!(door.pass(now).is_err());
        assert!(door.pass_unfenced().is_err());
    }

    #[test]
    fn heartbeats_need_no_claim() {
        let (_claim, door) = door(false);
        assert!(door.pass_unfenced().is_ok());
    }

    #[tokio::test]
    async fn the_kubernetes_client_reads_without_a_claim_and_writes_only_with_one() {
        let (claim, door) = door(false);
        let service = tower::service_fn(|request: Request<()>| async move {
            Ok::<_, tower::BoxError>(Response::new(request.method().to_string()))
        });
        let mut guarded = door.layer(service);
        let mut send = |method: Method| {
            let request = Request::builder().method(method).uri("/api/v1/nodes/n").body(()).unwrap();
            let answer = guarded.call(request);
            async { Ok::<_, tower::BoxError>(answer.await?.collect().await?.to_bytes()) }
        };
        assert_eq!(send(Method::GET).await.unwrap(), "GET");
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert!(send(method.clone()).await.unwrap_err().is::<Refusal>(), "{method}");
        }
        claim.send_replace(Some(Instant::now() + WRITE * 2));
        assert_eq!(send(Method::PATCH).await.unwrap(), "PATCH");
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_has_left_ends_although_its_caller_is_gone() {
        let (claim, door) = door(false);
        claim.send_replace(Some(Instant::now() + WRITE * 2));
        let ended = Arc::new(AtomicU64::new(0));
        let service = tower::service_fn(|_: Request<()>| {
            let ended = Arc::clone(&ended);
            async move {
                tokio::time::sleep(WRITE / 2).await;
                ended.fetch_add(1, Ordering::Relaxed);
                Ok::<_, tower::BoxError>(Response::new(String::new()))
            }
        });
        let mut guarded = door.layer(service);
        for method in [Method::POST, Method::GET] {
            let request = Request::builder().method(method).uri("/").body(()).unwrap();
            let call = guarded.call(request);
            assert!(tokio::time::timeout(WRITE / 4, call).await.is_err(), "the caller gave up");
        }
        door.settled().await;
        assert_eq!(ended.load(Ordering::Relaxed), 1, "the write and not the read");
    }

    #[tokio::test(start_paused = true)]
    async fn an_eviction_that_waits_for_its_budget_is_not_cut_off_as_other_writes_are() {
        let (claim, door) = door(false);
        claim.send_replace(Some(Instant::now() + WRITE * 10));
        let service = tower::service_fn(|_: Request<()>| async move {
            tokio::time::sleep(WRITE * 2).await;
            Ok::<_, tower::BoxError>(Response::new(String::new()))
        });
        let mut guarded = door.layer(service);
        let mut post = |path: &str| guarded.call(Request::post(path).body(()).unwrap());
        assert!(post("/api/v1/namespaces/shop/pods/web-1/eviction").await.is_ok());
        assert!(post("/api/v1/namespaces/shop/events").await.is_err());
    }
    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_comes_to_its_end_is_given_up_unless_it_is_a_watch() {
        let (claim, door) = door(false);
        claim.send_replace(Some(Instant::now() + WRITE * 10));
        let service = tower::service_fn(|_: Request<()>| async move {
            let trickle = futures::stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Some((Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b" "))), ()))
            });
            Ok::<_, tower::BoxError>(Response::new(StreamBody::new(Box::pin(trickle))))
        });
        let mut guarded = door.layer(service);
        let mut send = |method: Method, uri: &str| {
            guarded.call(Request::builder().method(method).uri(uri).body(()).unwrap())
        };
        let started = Instant::now();
        assert!(send(Method::PATCH, "/api/v1/nodes/n").await.is_err());
        assert_eq!(started.elapsed(), WRITE);
        assert!(send(Method::GET, "/api/v1/nodes/n").await.is_err());
        assert_eq!(started.elapsed(), WRITE + READ_TIMEOUT);
        let mut watch = send(Method::GET, "/api/v1/nodes?watch=true").await.unwrap().into_body();
        for _ in 0..60 {
            assert!(watch.frame().await.unwrap().is_ok(), "a watch goes on");
        }
    }
}
