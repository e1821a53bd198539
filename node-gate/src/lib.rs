//! Holds kubelet (or the ECS agent) on an EC2 instance until Auto Scaling means it to serve.
//!
//! ```text
//!            imds ─┐                                  ┌─ status   status.json, opened.json
//!                  ├─► memory ─► gate::decide ─► hold ─┼─ notify   STATUS= to systemd
//!     autoscaling ─┘   (since     (pure)       (loop) └─ stderr   one line a change
//!                       when)
//! ```
//!
//! systemd starts kubelet only after `node-gate wait` has ended with success, and that happens in one way alone:
//! [`gate::decide`] said [`gate::Step::Open`]. Whatever goes wrong, the gate holds and tries again. It ends without
//! opening only at a signal, and at start if its own configuration is wrong.

pub mod address;
pub mod args;
pub mod autoscaling;
pub mod by_hand;
pub mod doctor;
pub mod files;
pub mod gate;
pub mod hold;
pub mod imds;
mod line;
pub mod memory;
pub mod notify;
pub mod pace;
pub mod reason;
pub mod report;
pub mod show;
pub mod sleep;
pub mod status;
mod transport;
pub mod watch;
