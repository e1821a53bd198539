//! What is wanted, from what is known. Pure: no clock, no client, no log line.

pub mod jobs;
pub mod marks;
pub mod memory;
mod phase;
pub mod situation;
pub mod snapshot;

pub use phase::{Phase, destination, phase};
