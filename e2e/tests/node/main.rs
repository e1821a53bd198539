//! The stories on real machines: systemd, kubelet, containerd and the gate as installed. `cargo xtask test node [FILTER]`
//! runs them; `e2e::machine` tells how to write one.

mod boot;
mod by_hand;
mod doctor;
mod ecs;
mod held;
mod imds;
mod leftovers;
mod non_blocking;
mod pods;
mod rearm;
mod rehold;
mod units;
mod upgrade;
