//! What really happened, told by others than the programs under test.
//!
//! - [`Audit`]: the API server's log of requests, by user;
//! - [`Watch`]: every state of every Node or Pod since before the first one;
//! - the simulator's own records: `calls()`, `imds_calls()`, and the story's `events()`.
//!
//! "Never" means: not in these. "Nothing twice" means: one successful completion, at most one accepted eviction a pod.

mod audit;
mod watch;

pub use audit::{Audit, Entry};
pub use watch::{Change, Watch};
