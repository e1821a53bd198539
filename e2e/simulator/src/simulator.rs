//! The simulator as tests hold it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use crate::account::queue_of_url;
use crate::api;
use crate::calls::{Call, ImdsCall};
use crate::fault::{Fault, Only};
use crate::http::Service;
use crate::imds::ImdsFault;
use crate::options::Options;
use crate::seed_file::SeedFile;
use crate::shared::{Shared, run_clock};
use crate::sqs::Counts as QueueInfo;
use crate::world::{Envelope, Event, HookResult, HookTransition, MetadataChange, Power};

/// An instance as seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceInfo {
    /// `i-` and 17 hex digits.
    pub id: String,
    /// Its group; empty if it belongs to none.
    pub group: String,
    /// What the API says, `InService`; empty if it belongs to no group.
    pub lifecycle_state: String,
    /// Whether it runs.
    pub power: Power,
    /// The base address of its metadata service, the same for its whole life.
    pub imds_endpoint: String,
    /// Its availability zone, `us-east-1a`.
    pub zone: String,
}

/// A `CompleteLifecycleAction` that is about to be handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionRequest {
    /// The group named.
    pub group: String,
    /// The hook named.
    pub hook: String,
    /// The token sent.
    pub token: Option<String>,
    /// The instance: as sent, or found by the token.
    pub instance: Option<String>,
    /// The result sent.
    pub result: HookResult,
    /// The kind of the open action that this completes; none if it completes nothing.
    pub transition: Option<HookTransition>,
    /// The access key id it was signed with.
    pub caller: String,
}

/// A running simulator. Clones are handles to the same one; it stops when the last is dropped.
#[derive(Clone)]
pub struct Simulator {
    pub(crate) shared: Arc<Shared>,
    _server: Arc<Server>,
}

/// What runs; ends when dropped.
struct Server {
    clock: JoinHandle<()>,
    shared: Arc<Shared>,
    _api: Service,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.clock.abort();
        self.shared.lock().imds.clear();
    }
}

impl Simulator {
    /// Starts a simulator on loopback.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        options.check()?;
        let listener = TcpListener::bind(options.listen)
            .await
            .with_context(|| format!("listening on {}", options.listen))?;
        let address = listener.local_addr()?;
        let shared = Shared::new(&options, format!("http://{address}"));
        let clock = tokio::spawn(run_clock(shared.clone()));
        let api = {
            let shared = shared.clone();
            Service::start(listener, move |request| api::serve(shared.clone(), request))
        };
        let server = Arc::new(Server { clock, shared: shared.clone(), _api: api });
        Ok(Simulator { shared, _server: server })
    }

    /// Makes what a seed file names.
    pub(crate) fn sow(&self, seed_file: SeedFile) -> anyhow::Result<()> {
        seed_file.sow(&self.shared)
    }

    /// The base address of Auto Scaling, EC2 and SQS, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        self.shared.endpoint.clone()
    }

    /// From now on tells every lifecycle action of every group to this queue, in this shape; once more for each call.
    ///
    /// As with a rule, what cannot be delivered is lost, and the action goes on.
    pub fn route(&self, queue_url: &str, envelope: Envelope) {
        // An address that is no queue's is one of a queue that never exists.
        let queue = queue_of_url(queue_url).unwrap_or(queue_url);
        self.shared.lock().world.route(queue, envelope);
    }

    /// How a queue stands; none if there is no such queue.
    pub fn queue(&self, queue_url: &str) -> Option<QueueInfo> {
        let mut inner = self.shared.lock();
        self.shared.settle(&mut inner);
        let now = inner.world.moment();
        inner.world.count_queue(now, queue_of_url(queue_url)?)
    }

    /// All instances that are not terminated: those of groups by id, then those without a group by id.
    pub fn instances(&self) -> Vec<InstanceInfo> {
        self.shared.instances()
    }

    /// One instance, also for an hour of simulated time after its termination (`Terminated`, `Warmed:Terminated`).
    pub fn instance(&self, id: &str) -> Option<InstanceInfo> {
        let mut inner = self.shared.lock();
        self.shared.settle(&mut inner);
        let machine = inner.world.machine(id)?;
        Some(inner.info(machine))
    }

    /// All events from now on. A receiver that falls thousands of events behind is told that it lost the oldest.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// Waits until the instances are as wished; the error names `what` and the states seen.
    ///
    /// `reached` is asked at once and again after every event and every call to the API or a metadata service, so that it
    /// may look at `calls` and `imds_calls` too.
    pub async fn wait_until(
        &self,
        what: &str,
        timeout: Duration,
        reached: impl Fn(&[InstanceInfo]) -> bool,
    ) -> anyhow::Result<Vec<InstanceInfo>> {
        let mut changes = self.shared.changes.subscribe();
        let waiting = async {
            loop {
                changes.mark_unchanged();
                let instances = self.instances();
                if reached(&instances) {
                    return instances;
                }
                // The sender lives as long as this handle.
                let _ = changes.changed().await;
            }
        };
        tokio::time::timeout(timeout, waiting).await.map_err(|_| {
            let seen: Vec<_> = self
                .instances()
                .iter()
                .map(|info| format!("{} {} {}", info.id, info.lifecycle_state, info.power.as_str()))
                .collect();
            anyhow::anyhow!("waited {timeout:?} until {what}; instances: [{}]", seen.join(", "))
        })
    }

    /// Every request to Auto Scaling, EC2 and SQS so far, in the order in which they took effect; the newest
    /// [`Options::calls_kept`] of them.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.all()
    }

    /// The newest requests to the metadata service of an instance, some thousands at least unless there are hundreds of
    /// instances; also for an hour of simulated time after its termination.
    pub fn imds_calls(&self, id: &str) -> Vec<ImdsCall> {
        self.shared.lock().imds.get(id).map(|imds| imds.calls.iter().cloned().collect()).unwrap_or_default()
    }

    /// Breaks an operation until `clear_faults`; `*` breaks all of them. Several faults add up; of several errors the
    /// first counts.
    pub fn fault(&self, operation: &str, fault: Fault) {
        self.fault_only(operation, fault, Only::default());
    }

    /// Breaks an operation for some calls, until `clear_faults` or `mend` with the number returned. The operation may be
    /// named with its service, `autoscaling:DescribeTags`, `sqs:*`.
    pub fn fault_only(&self, operation: &str, fault: Fault, only: Only) -> u64 {
        self.shared.lock().break_operation(operation, fault, only, self.shared.now())
    }

    /// Ends one fault; false if it is over already.
    pub fn mend(&self, fault: u64) -> bool {
        self.shared.lock().mend(fault)
    }

    /// Mends all operations.
    pub fn clear_faults(&self) {
        self.shared.lock().mend_all();
    }

    /// Breaks the metadata service of an instance, or mends it.
    pub fn imds_fault(&self, id: &str, fault: Option<ImdsFault>) {
        let mut inner = self.shared.lock();
        if let Some(imds) = inner.imds.get_mut(id) {
            imds.fault = fault;
        }
        self.shared.follow(&mut inner, id);
    }

    /// Makes every token that the metadata service of an instance gave out so far a bad one.
    pub fn forget_imds_tokens(&self, id: &str) {
        if let Some(imds) = self.shared.lock().imds.get_mut(id) {
            imds.forget_tokens();
        }
    }

    /// Changes how the metadata service of an instance may be asked; false if there is no such instance.
    pub fn imds_options(&self, id: &str, change: MetadataChange) -> bool {
        self.shared.lock().world.change_metadata(self.shared.now(), id, change)
    }

    /// Makes the API report this state, until the instance moves on by itself or another state is forced.
    pub fn force_state(&self, id: &str, state: &str) {
        let mut inner = self.shared.lock();
        inner.world.force_state(self.shared.now(), id, state);
        self.shared.settle(&mut inner);
    }

    /// Has `observer` awaited before each `CompleteLifecycleAction` is handled and answered. A later one replaces it.
    ///
    /// It may call the API, but must not own a handle of this simulator: that would keep it running for ever.
    pub fn before_complete<F>(&self, observer: F)
    where
        F: Fn(CompletionRequest) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    {
        self.shared.lock().observer = Some(Arc::new(observer));
    }
}
