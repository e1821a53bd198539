//! The flags that the controller and `explain` share: what is said must be what is done.

use std::time::Duration;

use super::{OnDeadlineArg, duration, name};
use crate::aws::HookNames;
use crate::decide::jobs::{Patience, Rules};
use crate::decide::marks::Keys;
use crate::drain::Policy;
use crate::run::SETTLE;

/// The rules of the house, and where its lease is.
#[derive(Debug, clap::Args)]
pub struct HouseArgs {
    /// The termination lifecycle hook to complete once a node is drained
    #[arg(
        long,
        env = "NODE_GATE_CONTROLLER_TERMINATION_HOOK",
        default_value = "node-gate-termination",
        value_name = "HOOK",
        value_parser = name
    )]
    pub termination_hook: String,

    /// The launch lifecycle hook to complete once a node is warmed up, or Ready
    #[arg(
        long,
        env = "NODE_GATE_CONTROLLER_LAUNCH_HOOK",
        default_value = "node-gate-launch",
        value_name = "HOOK",
        value_parser = name
    )]
    pub launch_hook: String,

    /// How long an instance is warmed up before the launch hook lets it into the pool
    #[arg(long, env = "NODE_GATE_CONTROLLER_WARM_UP_TIME", default_value = "3m", value_parser = duration)]
    pub warm_up_time: Duration,

    /// How long to wait for a Node before a termination is completed without one
    #[arg(long, env = "NODE_GATE_CONTROLLER_NODE_PATIENCE", default_value = "2m", value_parser = duration)]
    pub node_patience: Duration,

    /// How long a drain only evicts, counted from its first eviction
    #[arg(long, env = "NODE_GATE_CONTROLLER_DRAIN_DEADLINE", default_value = "15m", value_parser = duration)]
    pub drain_deadline: Duration,

    /// What to do with pods that are left at the drain's deadline
    #[arg(long, env = "NODE_GATE_CONTROLLER_ON_DEADLINE", default_value = "force", value_enum)]
    pub on_deadline: OnDeadlineArg,

    /// Namespace of the lease; the Pod's own by default
    #[arg(long, env = "NODE_GATE_CONTROLLER_LEASE_NAMESPACE", value_name = "NAMESPACE")]
    pub lease_namespace: Option<String>,

    /// Name of the lease
    #[arg(
        long,
        env = "NODE_GATE_CONTROLLER_LEASE_NAME",
        default_value = "node-gate-controller",
        value_name = "NAME",
        value_parser = name
    )]
    pub lease_name: String,

    /// The taint that kubelet registers with; taken away once the instance is in service
    #[arg(
        long,
        env = "NODE_GATE_CONTROLLER_STARTUP_TAINT",
        default_value = "node-gate.io/starting",
        value_name = "KEY",
        value_parser = name
    )]
    pub startup_taint: String,

    /// The taint for nodes out of service
    #[arg(
        long,
        env = "NODE_GATE_CONTROLLER_TAINT",
        default_value = "node-gate.io/out-of-service",
        value_name = "KEY",
        value_parser = name
    )]
    pub taint: String,
}

impl HouseArgs {
    /// Names that would be mistaken for each other.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.taint == self.startup_taint {
            return Err("--taint and --startup-taint must differ: only one of them is kubelet's");
        }
        if self.termination_hook == self.launch_hook {
            return Err("--termination-hook and --launch-hook must differ");
        }
        Ok(())
    }

    /// Hooks and patience.
    pub fn rules(&self, dry_run: bool) -> Rules {
        Rules {
            names: HookNames { termination: self.termination_hook.clone(), launch: self.launch_hook.clone() },
            patience: Patience {
                warm_up: self.warm_up_time,
                node: self.node_patience,
                leak: self.drain_deadline,
            },
            dry_run,
        }
    }

    /// The taints' keys.
    pub fn keys(&self) -> Keys {
        Keys { startup: self.startup_taint.clone(), out_of_service: self.taint.clone() }
    }

    /// Of drains.
    pub fn policy(&self) -> Policy {
        Policy { deadline: self.drain_deadline, on_deadline: self.on_deadline.into(), settle: SETTLE }
    }

    /// The namespace that was named; an empty variable is one that nobody set.
    pub fn lease_namespace(&self) -> Option<&str> {
        self.lease_namespace.as_deref().map(str::trim).filter(|name| !name.is_empty())
    }
}
