//! What is told in each case: real sentences, for it is them that a person reads.

mod bed;
mod leaders;
mod leaving;
mod others;
mod pods_left;
mod strangers;
