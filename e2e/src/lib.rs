//! The test bed: what our programs meet in production, with real parts wherever a part can be real.
//!
//! ```text
//! control_plane   etcd, kube-apiserver (RBAC, audit log), controller-manager, scheduler, kwok
//! bed             one control plane for a whole test run, shared by its stories
//! node            power from the simulator, a real node-gate, and a stand-in for kubelet
//! machine         a real systemd, kubelet and containerd in a container, with the gate installed on it
//! chart           our chart by the real helm, and a kubeconfig with its ServiceAccount's rights
//! controller      a real node-gate-controller
//! group           groups, warm pools and hooks through the real AWS SDK
//! workload        Deployments and budgets to be drained
//! oracle          what really happened: audit log, Node watch, the simulator's call log
//! story           all of it for one test; read its documentation to write one
//! demo            one story told as it happens
//! bench           speed and size of the release builds
//! ```
//!
//! Nothing here decides anything that our programs decide, and nothing but [`node`] and the kubelet of a [`machine`] writes
//! Nodes.

pub mod aws;
pub mod bed;
pub mod bench;
pub mod chart;
pub mod control_plane;
pub mod controller;
pub mod demo;
pub mod group;
pub mod http;
pub mod machine;
pub mod node;
pub mod oracle;
pub mod process;
pub mod story;
pub mod tools;
pub mod wait;
pub mod workload;
