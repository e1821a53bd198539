//! The stories: our programs on a real control plane. `cargo xtask test cluster [FILTER]` runs them;
//! `e2e::story` tells how to write one.

mod bed;
mod drains;
mod dry_run;
mod lost_claim;
mod outage;
mod read;
mod scale_in;
mod take_over;
mod task_panic;
mod warming;
mod wrong_input;
