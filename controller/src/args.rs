//! The command line. Each flag can also be given as an environment variable.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{ArgGroup, Parser, Subcommand, ValueEnum};

use crate::drain::OnDeadline;
use crate::explain::Options;
use crate::scope::{GroupTag, Scope};

mod house;

pub use house::HouseArgs;

/// Taints and cordons nodes whose EC2 instance is in a warm pool, lifts both when it is in service, and drains leaving
/// nodes before it completes their termination lifecycle action.
///
/// One way to say which Auto Scaling groups are yours is mandatory: --cluster-name, --group-tag or --group.
#[derive(Debug, Parser)]
#[command(
    name = "node-gate-controller",
    version,
    group(ArgGroup::new("scope").required(true)),
    disable_help_subcommand = true,
    // without a subcommand the controller runs, as the chart starts it
    subcommand_negates_reqs = true,
    args_conflicts_with_subcommands = true
)]
pub struct Args {
    /// What to do instead of running
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Look after the groups of this EKS cluster (tag eks:cluster-name or kubernetes.io/cluster/NAME)
    #[arg(long, group = "scope", env = "NODE_GATE_CONTROLLER_CLUSTER_NAME", value_name = "NAME", value_parser = name)]
    pub cluster_name: Option<String>,

    /// Look after the groups that carry this tag; repeat it to ask for several tags at once
    #[arg(
        long,
        group = "scope",
        env = "NODE_GATE_CONTROLLER_GROUP_TAG",
        value_delimiter = ',',
        value_name = "KEY[=VALUE]"
    )]
    pub group_tag: Vec<GroupTag>,

    /// Look after this group; repeatable
    #[arg(
        long,
        group = "scope",
        env = "NODE_GATE_CONTROLLER_GROUP",
        value_delimiter = ',',
        value_name = "NAME",
        value_parser = name
    )]
    pub group: Vec<String>,

    /// Hooks, patience, taints, lease
    #[command(flatten)]
    pub house: HouseArgs,

    /// Time between two looks at all groups
    #[arg(long, env = "NODE_GATE_CONTROLLER_SWEEP_INTERVAL", default_value = "15s", value_parser = duration)]
    pub sweep_interval: Duration,

    /// An SQS queue that is told of lifecycle actions, so that they are noticed at once and not by the next look
    #[arg(long, env = "NODE_GATE_CONTROLLER_QUEUE_URL", value_name = "URL", value_parser = queue_url)]
    pub queue_url: Option<String>,

    /// How long the lease holds without a renewal; a standby takes over after that
    #[arg(long, env = "NODE_GATE_CONTROLLER_LEASE_DURATION", default_value = "15s", value_parser = lease_duration)]
    pub lease_duration: Duration,

    /// Our name in the lease, unique among the replicas; the Pod's name by default
    #[arg(long, env = "NODE_GATE_CONTROLLER_IDENTITY", value_name = "NAME")]
    pub identity: Option<String>,

    /// The namespace we run in, from the downward API
    #[arg(long, env = "POD_NAMESPACE", hide = true)]
    pub pod_namespace: Option<String>,

    /// The name of our Pod, from the downward API
    #[arg(long, env = "POD_NAME", hide = true)]
    pub pod_name: Option<String>,

    /// Look after Nodes with these labels only, so that several controllers can share a cluster
    #[arg(long, env = "NODE_GATE_CONTROLLER_NODE_SELECTOR", value_name = "SELECTOR")]
    pub node_selector: Option<String>,

    /// Where to serve /livez, /readyz, /metrics and /status
    #[arg(long, env = "NODE_GATE_CONTROLLER_LISTEN", default_value = "0.0.0.0:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,

    /// Say what would be done and do nothing: no write to Kubernetes or AWS, no part in the election
    #[arg(long, env = "NODE_GATE_CONTROLLER_DRY_RUN")]
    pub dry_run: bool,

    /// How to write log lines; the variable `RUST_LOG` chooses which
    #[arg(long, env = "NODE_GATE_CONTROLLER_LOG_FORMAT", default_value = "json", value_enum)]
    pub log_format: LogFormat,
}

/// What the program does for people.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Explain a node or instance: what holds it, what blocks its drain, how long that can last, what happens next
    ///
    /// Reads with your kubeconfig and your AWS credentials, and writes nothing.
    Explain(Box<Options>),
}

/// Why the program does not run.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    /// Help or version was asked for.
    Help(String),
    /// The configuration is wrong; one line says how.
    Wrong(String),
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line
    Json,
    /// For people
    Text,
}

/// What happens at a drain's deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnDeadlineArg {
    /// Delete the pods with the grace that remains
    Force,
    /// Go on evicting for as long as the hook allows
    Wait,
    /// Abandon the lifecycle action: the instance dies with its pods, or is retained and billed
    Abandon,
}

impl From<OnDeadlineArg> for OnDeadline {
    fn from(arg: OnDeadlineArg) -> Self {
        match arg {
            OnDeadlineArg::Force => OnDeadline::Force,
            OnDeadlineArg::Wait => OnDeadline::Wait,
            OnDeadlineArg::Abandon => OnDeadline::Abandon,
        }
    }
}

impl Args {
    /// Reads the command line and the environment.
    pub fn read() -> Result<Self, Stop> {
        let args = Self::try_parse().map_err(|err| {
            let text = err.render().to_string();
            if err.use_stderr() { Stop::Wrong(one_line(&text)) } else { Stop::Help(text) }
        })?;
        args.check().map_err(|line| Stop::Wrong(line.to_owned()))?;
        Ok(args)
    }

    /// What no flag can know alone.
    fn check(&self) -> Result<(), &'static str> {
        match &self.command {
            Some(Command::Explain(options)) => options.house.check(),
            None => self.house.check(),
        }
    }

    /// The scope; clap has made sure that there is exactly one.
    pub fn scope(&self) -> Scope {
        if let Some(name) = &self.cluster_name {
            Scope::Cluster(name.clone())
        } else if self.group_tag.is_empty() {
            Scope::Groups(self.group.clone())
        } else {
            Scope::Tags(self.group_tag.clone())
        }
    }
}

/// The gist of clap's message, without its usage lines: whoever collects logs shows one line at a time.
fn one_line(text: &str) -> String {
    let gist = text.lines().map(str::trim);
    let gist =
        gist.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let gist: Vec<_> = gist.filter(|line| !line.is_empty()).collect();
    gist.join(" ").trim_start_matches("error: ").to_owned()
}

pub(crate) fn name(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    if name.is_empty() { Err("must not be empty; leave it out instead") } else { Ok(name.to_owned()) }
}

fn queue_url(text: &str) -> Result<String, &'static str> {
    let url = text.trim();
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match rest.and_then(|rest| rest.split_once('/')) {
        Some((host, name))
            if !host.is_empty()
                && !name.is_empty()
                && !name.ends_with('/')
                && !url.contains(|c: char| c.is_whitespace() || c.is_control()) =>
        {
            Ok(url.to_owned())
        }
        Some(_) | None => {
            Err("the URL of an SQS queue looks like https://sqs.REGION.amazonaws.com/ACCOUNT/NAME")
        }
    }
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    at_least(Duration::from_secs(1), text)
}

fn lease_duration(text: &str) -> Result<Duration, String> {
    let duration = at_least(Duration::from_secs(2), text)?;
    if duration > Duration::from_secs(3600) {
        return Err("at most 1h".to_owned());
    }
    Ok(duration)
}

fn at_least(least: Duration, text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|err| err.to_string())?;
    if duration < least {
        Err(format!("at least {}", humantime::format_duration(least)))
    } else {
        Ok(duration)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_mistake_is_told_in_one_line() {
        let err = Args::try_parse_from(["node-gate-controller"]).unwrap_err();
        let line = one_line(&err.render().to_string());
        assert!(line.starts_with("the following required arguments were not provided"), "{line}");
        assert!(line.contains("--cluster-name") && !line.contains('\n') && !line.contains("Usage"), "{line}");
    }

    #[test]
    fn a_scope_is_mandatory_and_only_one_kind_is_taken() {
        let parse = |args: &[&str]| {
            Args::try_parse_from([&["node-gate-controller"], args].concat()).map(|args| args.scope())
        };
        assert!(parse(&[]).is_err());
        assert!(parse(&["--group", "a", "--cluster-name", "b"]).is_err());
        assert_eq!(parse(&["--cluster-name", "b"]).unwrap(), Scope::Cluster("b".into()));
        assert_eq!(parse(&["--group", "a,b"]).unwrap(), Scope::Groups(vec!["a".into(), "b".into()]));
        assert!(
            matches!(parse(&["--group-tag", "k=v", "--group-tag", "l"]).unwrap(), Scope::Tags(tags) if tags.len() == 2)
        );
    }

    #[test]
    fn names_are_never_empty() {
        let parse = |flags: &[&str]| {
            Args::try_parse_from([&["node-gate-controller"], flags].concat()).map(|a| a.group)
        };
        assert!(parse(&["--group", ""]).is_err());
        assert!(parse(&["--group", "a,,b"]).is_err());
        assert!(parse(&["--cluster-name", " "]).is_err());
        assert!(parse(&["--group", "a", "--termination-hook", ""]).is_err());
        assert!(parse(&["--group", "a", "--lease-name", ""]).is_err());
        assert_eq!(parse(&["--group", "a, b"]).unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_queue_is_given_by_its_url() {
        let parse = |url: &str| {
            Args::try_parse_from(["node-gate-controller", "--group", "a", "--queue-url", url])
                .map(|args| args.queue_url)
        };
        let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/node-gate";
        assert_eq!(parse(url).unwrap().as_deref(), Some(url));
        assert_eq!(parse(&format!(" {url}\n")).unwrap().as_deref(), Some(url));
        for wrong in [
            "",
            "node-gate",
            "arn:aws:sqs:eu-west-1:123456789012:node-gate",
            "https://a",
            "https://a/b c",
            "https:///b",
            "https://a/",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hooks_and_taints_must_differ() {
        let check = |flags: &[&str]| {
            Args::try_parse_from([&["node-gate-controller", "--group", "a"], flags].concat()).unwrap().check()
        };
        assert!(check(&[]).is_ok());
        assert!(check(&["--taint", "x", "--startup-taint", "x"]).is_err());
        assert!(check(&["--launch-hook", "x", "--termination-hook", "x"]).is_err());
    }

    #[test]
    fn durations_that_would_spin_or_never_end_are_refused() {
        let parse = |flag: &str, value: &str| {
            Args::try_parse_from(["node-gate-controller", "--group", "a", flag, value]).is_ok()
        };
        assert!(parse("--sweep-interval", "1s"));
        assert!(!parse("--sweep-interval", "10ms"));
        assert!(!parse("--sweep-interval", "soon"));
        assert!(!parse("--lease-duration", "1s"));
        assert!(!parse("--lease-duration", "2h"));
    }
}
