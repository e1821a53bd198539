//! A unit, as systemd knows it and as its files on disk tell.

use std::path::PathBuf;
use std::time::Duration;

use super::facts::Seen;
use super::properties::{self, Command, Properties};
use super::unit_file;

/// The gate's unit.
pub const GATE: &str = "node-gate.service";
/// The units that people gate: kubelet, kubelet in Ubuntu's images for EKS, the ECS agent.
pub const USUAL: [&str; 3] = ["kubelet.service", "snap.kubelet-eks.daemon.service", "ecs.service"];

/// What runs the scripts of user data.
pub const CLOUD_FINAL: &str = "cloud-final.service";

/// What `systemctl show` is asked for.
pub const PROPERTIES: [&str; 24] = [
    "LoadState",
    "UnitFileState",
    "FragmentPath",
    "DropInPaths",
    "NeedDaemonReload",
    "Requires",
    "BindsTo",
    "Wants",
    "WantedBy",
    "After",
    "OnFailure",
    "ActiveState",
    "Result",
    "ActiveEnterTimestampMonotonic",
    "InvocationID",
    "Type",
    "RemainAfterExit",
    "TimeoutStartUSec",
    "ExecStart",
    "ExecStartPost",
    "Environment",
    "EnvironmentFiles",
    "RuntimeDirectory",
    "Id",
];

/// Whether systemd could load it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Load {
    /// It could.
    #[default]
    Loaded,
    /// There is no such unit.
    NotFound,
    /// It is masked, or will be after the next reload.
    Masked,
    /// Something else, in systemd's word: `bad-setting`, `error`, …
    Other(String),
}

/// What is known about one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The name by which it was asked for.
    pub name: String,
    /// Whether it could be loaded.
    pub load: Load,
    /// Its own file.
    pub fragment: Option<PathBuf>,
    /// Drop-ins, as they apply.
    pub drop_ins: Vec<PathBuf>,
    /// Drop-ins of ours on disk, whether they apply or not.
    pub ours_on_disk: Vec<PathBuf>,
    /// The files on disk are newer than what systemd knows.
    pub needs_reload: bool,
    /// `Requires=` and `BindsTo=`.
    pub requires: Vec<String>,
    /// `Wants=`.
    pub wants: Vec<String>,
    /// Who wants it, of the units that systemd has loaded.
    pub wanted_by: Vec<String>,
    /// `After=`.
    pub after: Vec<String>,
    /// `OnFailure=`.
    pub on_failure: Vec<String>,
    /// `ConditionPathExists=`, as its files say; systemd does not show it.
    pub conditions: Seen<Vec<String>>,
    /// `active`, `inactive`, `activating`, `failed`, …
    pub active: String,
    /// How it ended: `success`, `exit-code`, …
    pub result: String,
    /// When it last became active, from boot; `None`: not in this boot.
    pub active_since: Option<Duration>,
    /// systemd's id of its present start.
    pub invocation: Option<String>,
    /// `Type=`.
    pub kind: String,
    /// `RemainAfterExit=`.
    pub remains: bool,
    /// `TimeoutStartSec=`, in systemd's words.
    pub start_timeout: String,
    /// `ExecStart=`.
    pub start: Vec<Command>,
    /// `ExecStartPost=`.
    pub post: Vec<Command>,
    /// `Environment=`, names and values.
    pub environment: Seen<Vec<(String, String)>>,
    /// `EnvironmentFile=`: the path, and whether it may be missing.
    pub environment_files: Vec<(String, bool)>,
    /// `RuntimeDirectory=`.
    pub runtime_folders: Vec<String>,
}

impl Unit {
    /// Makes a unit of what systemd shows of it, of its files, and of the drop-ins of ours that are there for it.
    pub fn read(name: &str, shown: &Properties, ours_on_disk: Vec<PathBuf>) -> Self {
        let load = match (shown.text("LoadState"), shown.text("UnitFileState")) {
            ("masked", _) | (_, "masked" | "masked-runtime") => Load::Masked,
            ("loaded", _) => Load::Loaded,
            ("not-found", _) => Load::NotFound,
            (other, _) => Load::Other(other.to_owned()),
        };
        let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
        let commands = |name| shown.all(name).iter().filter_map(|one| properties::command(one)).collect();
        let fragment = path(shown.text("FragmentPath"));
        let drop_ins: Vec<PathBuf> = shown.words("DropInPaths").into_iter().map(PathBuf::from).collect();
        let files = fragment.iter().chain(&drop_ins).map(PathBuf::as_path);
        let time = |name| {
            let since_boot = shown.text(name).parse().unwrap_or(0);
            (since_boot > 0).then(|| Duration::from_micros(since_boot))
        };
        Unit {
            name: name.to_owned(),
            load,
            conditions: unit_file::path_conditions(files),
            ours_on_disk,
            needs_reload: shown.is("NeedDaemonReload"),
            requires: [shown.words("Requires"), shown.words("BindsTo")].concat(),
            wants: shown.words("Wants"),
            wanted_by: shown.words("WantedBy"),
            after: shown.words("After"),
            on_failure: shown.words("OnFailure"),
            active: shown.text("ActiveState").to_owned(),
            result: shown.text("Result").to_owned(),
            active_since: time("ActiveEnterTimestampMonotonic"),
            invocation: Some(shown.text("InvocationID").to_owned()).filter(|id| !id.is_empty()),
            kind: shown.text("Type").to_owned(),
            remains: shown.is("RemainAfterExit"),
            start_timeout: shown.text("TimeoutStartUSec").to_owned(),
            start: commands("ExecStart"),
            post: commands("ExecStartPost"),
            environment: assignments(shown.text("Environment")),
            environment_files: shown
                .all("EnvironmentFiles")
                .iter()
                .filter_map(|one| properties::environment_file(one))
                .collect(),
            runtime_folders: shown.words("RuntimeDirectory"),
            fragment,
            drop_ins,
        }
    }

    /// Whether there is such a unit, in whatever state.
    pub fn exists(&self) -> bool {
        self.load != Load::NotFound
    }

    /// The units of ours that start it, or what it holds, again after a failure.
    pub fn rearmed_by(&self) -> impl Iterator<Item = &str> {
        self.on_failure.iter().map(String::as_str).filter(|name| name.starts_with("node-gate-rearm"))
    }

    /// Whether it is up.
    pub fn is_active(&self) -> bool {
        matches!(self.active.as_str(), "active" | "reloading" | "deactivating")
    }
}

fn assignments(text: &str) -> Seen<Vec<(String, String)>> {
    let illegible = || "systemctl does not show Environment= legibly".to_owned();
    let words = properties::quoted_words(text).ok_or_else(illegible)?;
    let pair = |word: String| {
        let (name, value) = word.split_once('=').ok_or_else(illegible)?;
        Ok((name.to_owned(), value.to_owned()))
    };
    words.into_iter().map(pair).collect()
}
