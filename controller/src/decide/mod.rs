//! What is wanted, from what is known. Pure: no clock, no client, no log line.

pub mod jobs;
pub mod marks;
mod phase;

pub use phase::{Phase, destination, phase};
