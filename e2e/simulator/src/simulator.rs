//! The simulator as tests hold it.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::broadcast;

use crate::calls::{Call, ImdsCall};
use crate::fault::{Fault, ImdsFault};
use crate::options::Options;
use crate::world::{Event, HookResult, HookTransition, Power};

/// An instance as seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceInfo {
    /// `i-` and 17 hex digits.
    pub id: String,
    /// Its group.
    pub group: String,
    /// What the API says, `InService`.
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
pub struct Simulator {}

impl Simulator {
    /// Starts a simulator on loopback.
    pub async fn start(_options: Options) -> anyhow::Result<Self> {
        anyhow::bail!("under construction")
    }

    /// The base address of the Auto Scaling API, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        String::new()
    }

    /// All instances that are not terminated, by id.
    pub fn instances(&self) -> Vec<InstanceInfo> {
        Vec::new()
    }

    /// One instance, also after its termination (`Terminated`, `Warmed:Terminated`).
    pub fn instance(&self, _id: &str) -> Option<InstanceInfo> {
        None
    }

    /// All events from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        broadcast::channel(1).1
    }

    /// Waits, event by event, until the instances are as wished; the error names `what` and the states seen.
    pub async fn wait_until(
        &self,
        what: &str,
        _timeout: Duration,
        _reached: impl Fn(&[InstanceInfo]) -> bool,
    ) -> anyhow::Result<Vec<InstanceInfo>> {
        anyhow::bail!("waiting until {what}")
    }

    /// Every request to the Auto Scaling API so far.
    pub fn calls(&self) -> Vec<Call> {
        Vec::new()
    }

    /// Every request to the metadata service of an instance so far.
    pub fn imds_calls(&self, _id: &str) -> Vec<ImdsCall> {
        Vec::new()
    }

    /// Breaks an operation until `clear_faults`; `*` breaks all of them. Several faults add up, in order.
    pub fn fault(&self, _operation: &str, _fault: Fault) {}

    /// Mends all operations.
    pub fn clear_faults(&self) {}

    /// Breaks the metadata service of an instance, or mends it.
    pub fn imds_fault(&self, _id: &str, _fault: Option<ImdsFault>) {}

    /// Makes the API report this state, until the instance moves on by itself.
    pub fn force_state(&self, _id: &str, _state: &str) {}

    /// Has `observer` awaited before each `CompleteLifecycleAction` is handled and answered.
    pub fn before_complete<F>(&self, _observer: F)
    where
        F: Fn(CompletionRequest) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    {
    }
}
