//! Wake-ups: an optional SQS queue whose messages make the controller look *now*. They are never the truth.
//!
//! ```text
//!  poll.rs (receive) ──► message.rs: what does it say? ──► observer: looked up ──► poll.rs (delete)
//! ```

pub mod message;
mod pace;
pub mod poll;
pub mod sqs;
