//! The pure world, without a clock or a socket.

mod bed;
mod groups;
mod hooks;
mod invariants;
mod listings;
mod pools;
