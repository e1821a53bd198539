//! The stories: our programs on a real control plane. `cargo xtask test cluster [FILTER]` runs them;
//! `e2e::story` tells how to write one.

mod bed;
mod warming;
