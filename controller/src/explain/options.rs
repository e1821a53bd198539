//! The flags of `explain`. Those that the controller has too have the same defaults and environment variables, because
//! what is said here must be what it does.

use std::time::Duration;

use clap::ValueEnum;

use crate::args::{OnDeadlineArg, duration, name};
use crate::aws::HookNames;
use crate::decide::jobs::{Patience, Rules};
use crate::decide::marks::Keys;
use crate::drain::Policy;

/// What `--help` says below the flags.
const RIGHTS: &str = "\
Give the controller's own values (the chart's) where they differ from the defaults.

It asks Kubernetes to get and list nodes, to list pods, poddisruptionbudgets and leases, and to get daemonsets; and Auto Scaling \
for DescribeAutoScalingInstances and DescribeLifecycleHooks. Whatever may not be read is named, and the rest is told. \
The role `view` has all but nodes and leases: `kubectl create clusterrole node-gate-explain --verb=get,list \
--resource=nodes,leases.coordination.k8s.io` makes a role with these.

Exit code: 0 explained, 1 nothing could be found out, 2 wrong usage.";

/// What is to be explained, how, and by which rules.
#[derive(Debug, clap::Args)]
#[command(after_help = RIGHTS)]
pub struct Options {
    /// A Node's name, or the id of an EC2 instance
    #[arg(value_name = "NODE|INSTANCE", value_parser = subject)]
    pub subject: String,

    /// How to tell it
    #[arg(long, short, default_value = "text", value_enum)]
    pub output: Output,

    /// The kubeconfig's context; its current one by default
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub context: Option<String>,

    /// The controller's termination lifecycle hook
    #[arg(
        long,
        env = "NODE_GATE_CONTROLLER_TERMINATION_HOOK",
        default_value = "node-gate-termination",
        value_name = "HOOK",
        value_parser = name
    )]
    pub termination_hook: String,

    /// The controller's launch lifecycle hook
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

    /// How long the controller waits for a Node before it completes a termination without one
    #[arg(long, env = "NODE_GATE_CONTROLLER_NODE_PATIENCE", default_value = "2m", value_parser = duration)]
    pub node_patience: Duration,

    /// How long a drain only evicts, counted from its first eviction
    #[arg(long, env = "NODE_GATE_CONTROLLER_DRAIN_DEADLINE", default_value = "15m", value_parser = duration)]
    pub drain_deadline: Duration,

    /// What the controller does with pods that are left at the drain's deadline
    #[arg(long, env = "NODE_GATE_CONTROLLER_ON_DEADLINE", default_value = "force", value_enum)]
    pub on_deadline: OnDeadlineArg,

    /// Namespace of the controller's lease; looked for in all of them by default
    #[arg(long, env = "NODE_GATE_CONTROLLER_LEASE_NAMESPACE", value_name = "NAMESPACE")]
    pub lease_namespace: Option<String>,

    /// Name of the controller's lease
    #[arg(
        long,
        env = "NODE_GATE_CONTROLLER_LEASE_NAME",
        default_value = "node-gate-controller",
        value_name = "NAME",
        value_parser = name
    )]
    pub lease_name: String,

    /// The taint that kubelet registers with
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

/// What can name a Node or an instance. Anything else would end up in a request's path.
fn subject(text: &str) -> Result<String, &'static str> {
    let name = name(text)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if name.len() <= 253 && name.chars().all(plain) && name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        Ok(name)
    } else {
        Err("neither a Node's name nor an instance's id")
    }
}

/// How the explanation is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people
    Text,
    /// One JSON object
    Json,
}

/// The controller's rules, by which it is judged what happens.
#[derive(Debug, Clone)]
pub struct House {
    /// Hooks and patience.
    pub rules: Rules,
    /// The taints' keys.
    pub keys: Keys,
    /// Of drains.
    pub policy: Policy,
    /// The kubeconfig's context, for the commands that we recommend.
    pub context: Option<String>,
    /// The lease's name.
    pub lease: String,
}

impl Options {
    /// What no flag can know alone.
    pub fn check(&self) -> Result<(), &'static str> {
        crate::args::check_names(
            [&self.taint, &self.startup_taint],
            [&self.termination_hook, &self.launch_hook],
        )
    }

    /// The namespace that was named; an empty variable is one that nobody set.
    pub fn lease_namespace(&self) -> Option<&str> {
        self.lease_namespace.as_deref().map(str::trim).filter(|name| !name.is_empty())
    }

    /// The rules of the controller that these flags describe.
    pub fn house(&self) -> House {
        House {
            rules: Rules {
                names: HookNames {
                    termination: self.termination_hook.clone(),
                    launch: self.launch_hook.clone(),
                },
                patience: Patience {
                    warm_up: self.warm_up_time,
                    node: self.node_patience,
                    leak: self.drain_deadline,
                },
                dry_run: false,
            },
            keys: Keys { startup: self.startup_taint.clone(), out_of_service: self.taint.clone() },
            policy: Policy {
                deadline: self.drain_deadline,
                on_deadline: self.on_deadline.into(),
                settle: crate::run::SETTLE,
            },
            context: self.context.clone(),
            lease: self.lease_name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use crate::args::Args;

    #[test]
    fn what_the_controller_has_too_has_the_same_default_and_variable() {
        let command = Args::command();
        let explain = command.find_subcommand("explain").unwrap();
        let mut shared = 0;
        for flag in explain.get_arguments() {
            let Some(of_run) = command.get_arguments().find(|other| other.get_id() == flag.get_id()) else {
                continue;
            };
            shared += 1;
            assert_eq!(flag.get_long(), of_run.get_long());
            assert_eq!(flag.get_default_values(), of_run.get_default_values(), "{flag}");
            assert_eq!(flag.get_env(), of_run.get_env(), "{flag}");
        }
        assert_eq!(shared, 10);
    }

    #[test]
    fn explain_needs_a_subject_and_no_scope_and_running_is_as_before() {
        let parse = |args: &[&str]| Args::try_parse_from([&["node-gate-controller"], args].concat());
        assert!(parse(&["explain", "n"]).unwrap().command.is_some());
        assert!(parse(&["explain"]).is_err());
        assert!(parse(&["explain", ""]).is_err());
        assert!(parse(&["explain", "n", "--group", "g"]).is_err());
        assert!(parse(&["explain", "ip-10-0-0-1.eu-west-1.compute.internal"]).is_ok());
        for wrong in
            ["--", "..", "../x", "n?watch=1", "n/status", "a\nb", "\u{1b}[31m", "ü", &"n".repeat(254)]
        {
            assert!(parse(&["explain", "--", wrong]).is_err(), "{wrong}");
        }
        assert!(parse(&["--group", "g", "explain", "n"]).is_err());
        assert!(parse(&["--group", "g"]).unwrap().command.is_none());
        assert!(parse(&[]).is_err());
    }
}
