//! The pure world, without a clock or a socket.

mod activities;
mod bed;
mod deeds;
mod deliveries;
mod edges;
mod events;
mod groups;
mod health;
mod hibernation;
mod hooks;
mod invariants;
mod life_bed;
mod listings;
mod loose;
mod machine_lists;
mod machines;
mod notifications;
mod pools;
mod queue_bed;
mod queue_laws;
mod queue_rules;
mod queues;
mod refresh;
mod retention;
mod standby;
mod warnings;
