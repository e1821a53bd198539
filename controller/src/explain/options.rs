//! The flags of `explain`.

use clap::ValueEnum;

use crate::args::{HouseArgs, name};
use crate::decide::jobs::Rules;
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

    /// The controller's own settings
    #[command(flatten)]
    pub house: HouseArgs,
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
    /// The rules of the controller that these flags describe.
    pub fn house(&self) -> House {
        House {
            rules: self.house.rules(false),
            keys: self.house.keys(),
            policy: self.house.policy(),
            context: self.context.clone(),
            lease: self.house.lease_name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::args::Args;

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
