//! The command line. Every flag has an environment variable, and nothing else of ours reads the environment.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant};

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use self::common::Common;
use self::watch::Watch;
use crate::autoscaling::AutoScaling;
use crate::by_hand::{self, Reason};
use crate::doctor::look::look;
use crate::doctor::{self, UnitName};
use crate::gate::{OnUnknown, Policy, Until};
use crate::hold::Holder;
use crate::imds::Metadata;
use crate::report::Reporter;
use crate::show;
use crate::sleep::asleep;
use crate::status::Folder;

mod common;
mod watch;

/// Why the program does not run.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    /// Help or version was asked for.
    Help(String),
    /// The configuration is wrong; one line says how.
    Wrong(String),
}

/// Holds kubelet (or the ECS agent) until the instance is in service.
#[derive(Debug, Parser)]
#[command(name = "node-gate", version, disable_help_subcommand = true)]
pub struct Args {
    /// Folder of status.json and opened.json
    #[arg(
        long,
        env = "NODE_GATE_STATE_DIR",
        default_value = "/run/node-gate",
        global = true,
        value_name = "DIR"
    )]
    state_dir: PathBuf,
    /// systemd's id of this start of the unit
    #[arg(long, env = "INVOCATION_ID", hide = true, global = true)]
    invocation: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Hold until the instance is in service, then end with success; the unit's `ExecStart`
    Wait(Box<Wait>),
    /// Tell whether the gate holds or has opened, since when and why
    Status(ShowStatus),
    /// Open the gate of this machine now, as root; who and why is recorded
    Open(OpenByHand),
    /// Check whether the gate could work on this machine; exit code 1 if not
    Doctor(Doctor),
    /// Watch the instance while the gate is open, and hold anew when it is back in the pool; an optional unit
    Watch(Box<Watch>),
    /// Look once as wait does, for the doctor
    #[command(hide = true)]
    Look(Box<Wait>),
}

#[derive(Debug, clap::Args)]
struct Wait {
    /// Open when IMDS names InService as the target, or only once the API says so too
    #[arg(long, env = "NODE_GATE_UNTIL", value_enum, default_value = "target")]
    until: Until,
    /// What to do if IMDS knows no target state and neither tag nor API tells whether the instance is in a group
    #[arg(long, env = "NODE_GATE_ON_UNKNOWN", value_enum, default_value = "open")]
    on_unknown: OnUnknown,
    /// Open only as a member of this Auto Scaling group (repeatable, or comma-separated)
    #[arg(long = "group", env = "NODE_GATE_GROUP", value_delimiter = ',', value_name = "NAME")]
    groups: Vec<GroupName>,
    /// How long IMDS may know no target state before tag and API are asked
    #[arg(long, env = "NODE_GATE_GRACE", default_value = "60s", value_parser = humantime::parse_duration, value_name = "DURATION")]
    grace: Duration,
    /// How often IMDS is asked
    #[arg(long, env = "NODE_GATE_POLL_INTERVAL", default_value = "500ms", value_parser = poll_interval, value_name = "DURATION")]
    poll_interval: Duration,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct ShowStatus {
    /// How to tell it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Debug, clap::Args)]
struct OpenByHand {
    /// Why, in one line; it goes into the log and the status
    #[arg(long, value_name = "TEXT")]
    reason: Reason,
    /// Who became root
    #[arg(long, env = "SUDO_USER", default_value = "root", hide = true)]
    by: Reason,
}

#[derive(Debug, clap::Args)]
struct Doctor {
    /// How to tell it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    /// The unit that the gate should hold, if it is neither kubelet's nor the ECS agent's
    #[arg(long, value_name = "NAME")]
    unit: Option<UnitName>,
    /// Where IMDS is, if the gate's settings do not say
    #[arg(long, env = "AWS_EC2_METADATA_SERVICE_ENDPOINT", value_name = "URL", hide = true)]
    imds_endpoint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people
    Text,
    /// For scripts
    Json,
}

/// The name of an Auto Scaling group. An empty one is refused: it would be a wish for a group that any node fulfils.
#[derive(Debug, Clone, PartialEq, Eq)]
struct GroupName(String);

impl FromStr for GroupName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "" => Err("a group's name must not be empty"),
            name => Ok(GroupName(name.to_owned())),
        }
    }
}

/// IMDS is throttled per instance; 20 looks a second are far below that and more than anybody needs.
fn poll_interval(text: &str) -> Result<Duration, String> {
    const SHORTEST: Duration = Duration::from_millis(50);
    let interval = humantime::parse_duration(text).map_err(|err| err.to_string())?;
    if interval < SHORTEST { Err("it must be 50ms or more".into()) } else { Ok(interval) }
}

impl Args {
    /// Reads the command line and the environment.
    pub fn read() -> Result<Self, Stop> {
        Self::try_parse().map_err(|err| {
            let text = err.render().to_string();
            if err.use_stderr() { Stop::Wrong(one_line(&text)) } else { Stop::Help(text) }
        })
    }

    /// Does what was asked for.
    pub fn run(self) -> Result<ExitCode, Stop> {
        let Args { state_dir, invocation, command } = self;
        let folder = Folder::new(&state_dir);
        match command {
            Command::Wait(wait) => wait.run(folder, invocation),
            Command::Watch(watch) => watch.run(&folder),
            Command::Doctor(doctor) => doctor.run(),
            Command::Look(wait) => {
                let seen = wait.look(state_dir).map_err(|err| Stop::Wrong(err.to_string()))?;
                println!("{seen}");
                Ok(ExitCode::SUCCESS)
            }
            Command::Open(OpenByHand { reason, by }) => Ok(by_hand::open(&folder, reason, by)),
            Command::Status(ShowStatus { output: Output::Text }) => Ok(show::text(&folder)),
            Command::Status(ShowStatus { output: Output::Json }) => Ok(show::json(&folder)),
        }
    }
}

impl Doctor {
    fn run(self) -> Result<ExitCode, Stop> {
        let Doctor { output, unit, imds_endpoint } = self;
        let json = output == Output::Json;
        doctor::run(doctor::Request { unit, metadata: imds_endpoint, known: variables(), json })
            .map_err(|err| Stop::Wrong(format!("the async runtime does not start: {err}")))
    }
}

/// The variables that some command reads, and the one that the unit's own lines read.
fn variables() -> Vec<String> {
    let args = Args::command();
    let all = std::iter::once(&args).chain(args.get_subcommands());
    let names = all.flat_map(clap::Command::get_arguments).filter_map(clap::Arg::get_env);
    names.map(|name| name.to_string_lossy().into_owned()).chain(["NODE_GATE_UNIT".to_owned()]).collect()
}

impl Wait {
    fn look(self, state_dir: PathBuf) -> std::io::Result<String> {
        let Wait { until, on_unknown, groups, grace, common, .. } = self;
        let groups = groups.into_iter().map(|GroupName(name)| name).collect();
        let policy = Policy { until, on_unknown, groups, grace };
        look(&policy, state_dir, common.addresses())
    }

    fn run(self, folder: Folder, invocation: Option<String>) -> Result<ExitCode, Stop> {
        let Wait { until, on_unknown, groups, grace, poll_interval, common } = self;
        let addresses = common.begin();
        folder.prepare().map_err(|err| {
            Stop::Wrong(format!("--state-dir cannot be used: {}: {err}", folder.status_path().display()))
        })?;
        let groups = groups.into_iter().map(|GroupName(name)| name).collect();
        let policy = Policy { until, on_unknown, groups, grace };
        common::run(|signals| {
            let holder = Holder {
                reporter: Reporter::new(folder, show::wish(&policy), Instant::now()),
                imds: Metadata::new(addresses, &policy),
                autoscaling: AutoScaling::default(),
                policy,
                poll_interval,
                invocation,
                asleep,
            };
            holder.hold(signals)
        })?;
        // Also after a signal: success alone never opens, the unit asks the record.
        Ok(ExitCode::SUCCESS)
    }
}

/// The gist of clap's message, without its usage lines: systemd's log and console show one line at a time.
fn one_line(text: &str) -> String {
    let lines: Vec<_> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty())
        .collect();
    lines.join(" ").trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_doctor_knows_every_setting_of_the_shipped_file() {
        let known = variables();
        let file = include_str!("../../systemd/node-gate.env");
        let names: Vec<_> = file
            .lines()
            .filter_map(|line| line.strip_prefix('#')?.split_once('='))
            .map(|(name, _)| name)
            .collect();
        let settings: Vec<_> = names.into_iter().filter(|name| name.starts_with("NODE_GATE_")).collect();
        assert!(settings.len() >= 8, "{settings:?}");
        for name in settings {
            assert!(known.iter().any(|one| one == name), "{name}");
        }
    }

    #[test]
    fn a_message_of_clap_becomes_one_line() {
        let err = Args::try_parse_from(["node-gate", "wait", "--until", "tomorrow"]).unwrap_err();
        let line = one_line(&err.render().to_string());
        assert!(line.starts_with("invalid value 'tomorrow' for '--until"), "{line}");
        assert!(line.contains("in-service"), "{line}");
        assert!(!line.contains('\n') && !line.contains("Usage"), "{line}");
    }

    #[test]
    fn groups_may_be_repeated_or_listed_but_not_empty() {
        let parse = |args: &[&str]| Args::try_parse_from([&["node-gate", "wait"], args].concat());
        let Command::Wait(wait) = parse(&["--group", "a", "--group", "b,c"]).unwrap().command else {
            panic!("not wait")
        };
        assert_eq!(wait.groups, ["a", "b", "c"].map(|name| GroupName(name.into())));
        assert!(parse(&["--group", ""]).is_err());
        assert!(parse(&["--group", "a,,b"]).is_err());
    }
}
