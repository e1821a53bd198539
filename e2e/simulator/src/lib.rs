//! EC2 Auto Scaling with warm pools and lifecycle hooks, and the metadata service of each instance, on loopback.

mod calls;
mod fault;
mod options;
mod simulator;
pub mod world;

pub use calls::{Call, ImdsCall};
pub use fault::{Fault, ImdsFault};
pub use options::Options;
pub use simulator::{CompletionRequest, InstanceInfo, Simulator};
pub use world::{CompletedBy, Event, HookResult, HookTransition, Place, Power};
