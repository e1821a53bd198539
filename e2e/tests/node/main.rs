//! The stories on real machines: systemd, kubelet, containerd and the gate as installed. `cargo xtask test node [FILTER]`
//! runs them; `e2e::machine` tells how to write one.

mod boot;
mod by_hand;
mod doctor;
mod held;
mod imds;
mod leftovers;
mod pods;
mod upgrade;
