//! EC2 Auto Scaling with warm pools and lifecycle hooks, its machines in EC2, SQS, and the metadata service of each
//! instance, on loopback.
//!
//! Any AWS client can drive it: `AWS_ENDPOINT_URL` for Auto Scaling, EC2 and SQS, `AWS_EC2_METADATA_SERVICE_ENDPOINT` for what a
//! program on an instance sees. Tests hold it in-process as a [`Simulator`]; people run `aws-simulator serve`.
//!
//! ```text
//! Auto Scaling ─► api ────► World::handle       ┐
//! EC2 ──────────► ec2 ────► World::handle_ec2   ├─► events ─► metadata services switch on and off ─► subscribers
//! SQS ──────────► queues ─► World::handle_queue │      └────► messages in queues
//!                 clock ──► World::advance      │
//! /_simulator ──► admin ──► faults, times, …    ┘
//! ```
//!
//! [`world`] is pure: groups, pools, hooks and instances, with time as an argument; so are the queues in [`sqs`]. All else is skin. It behaves as AWS is
//! known to behave, states, errors and pages included; what it does not know it refuses rather than ignores where it
//! would change how instances live.

mod account;
mod admin;
mod announce;
mod api;
mod args;
mod broken;
mod call_log;
mod calls;
mod carry;
mod clock;
mod descriptors;
mod ec2;
mod fault;
mod forward;
mod http;
mod imds;
mod json;
mod machines;
mod options;
mod past;
mod query;
mod queues;
mod refusals;
mod rules;
mod seed_file;
mod shared;
mod signature;
mod simulator;
pub mod sqs;
mod times;
pub mod world;

pub use args::Args;
pub use calls::{Call, ImdsCall};
pub use fault::{Fault, Only};
pub use imds::ImdsFault;
pub use options::Options;
pub use simulator::{CompletionRequest, InstanceInfo, Simulator};
pub use sqs::Counts as QueueInfo;
pub use world::{
    CompletedBy, Envelope, Event, EventFault, EventKind, EventTrouble, HookResult, HookTransition, Made,
    MadeChange, MaintenanceCode, MetadataChange, NotWarned, Place, Power, SpotAction,
};
