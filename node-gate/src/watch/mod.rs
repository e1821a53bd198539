//! `node-gate watch`: what has to happen after the gate has opened.
//!
//! ```text
//!            imds ─┐                              ┌─ systemctl   restart node-gate.service
//!                  ├─► memory ─► decide ─► round ─┼─ notify      STATUS= to systemd
//!     autoscaling ─┘   (turns)   (pure)   (loop)  └─ stderr      one line a change
//! ```
//!
//! Today that is one job, `--rehold`: where an instance goes back into the warm pool without a power-off, hold anew what the gate
//! holds. Only after the drain: what is stopped with kubelet no longer answers an eviction, and its containers run on.

pub mod decide;
pub mod memory;
pub mod round;
pub mod systemctl;
mod tell;
pub mod why;
