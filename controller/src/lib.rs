//! `node-gate-controller`: marks the nodes of Auto Scaling groups by their instance's lifecycle state, drains leaving ones,
//! and completes their lifecycle actions.
//!
//! ```text
//!  observe ──► World (snapshot) ──► reconcile: decide ──► marks (the only writer of Nodes)
//!                   │                     │
//!                   ├──► heartbeats       └──► jobs: one task an instance, drain → complete
//! ```
//!
//! The policy is in `decide` and `drain::plan`, pure and with time as an argument. All writes leave through [`door`].

pub mod args;
pub mod aws;
pub mod aws_requests;
pub mod blockers;
pub mod condition;
pub mod decide;
pub mod door;
pub mod drain;
pub mod events;
pub mod explain;
pub mod gauges;
pub mod heartbeat;
pub mod intent;
pub mod job;
pub mod lead;
pub mod lease;
pub mod marks;
pub mod metrics;
pub mod nodes;
pub mod observe;
pub mod queue;
pub mod reconcile;
pub mod run;
pub mod scope;
pub mod server;
pub mod status;
pub mod tasks;
pub mod telling;
pub mod trouble;
pub mod world;
