//! The stories: our programs on a real control plane. `cargo xtask test cluster [FILTER]` runs them;
//! `e2e::story` tells how to write one.

mod bed;
mod drains;
mod dry_run;
mod events;
mod explain;
mod human;
mod launch_hook;
mod leak;
mod lost_claim;
mod metrics;
mod outage;
mod queue;
mod queues;
mod read;
mod reuse;
mod scale_in;
mod scale_out;
mod status;
mod strangers;
mod survivors;
mod take_over;
mod task_panic;
mod warming;
mod wrong_input;
