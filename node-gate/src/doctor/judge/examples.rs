//! A node on which all is well, to be spoilt by tests.

use std::path::PathBuf;
use std::time::Duration;

use crate::doctor::environment::parse;
use crate::doctor::facts::{Facts, State, Units};
use crate::doctor::finding::{Finding, Level};
use crate::doctor::look::{Api, Instance, Look, Understood};
use crate::doctor::probe::Looked;
use crate::doctor::program::{self, Program};
use crate::doctor::properties::Command;
use crate::doctor::settings::{Content, Settings, SettingsFile};
use crate::doctor::unit::{GATE, Load, USUAL, Unit};
use crate::status::Opened;

/// What a gate with default settings sees on a node in service.
pub(crate) fn look() -> Look {
    Look {
        settings: Understood {
            strict: false,
            opens_in_doubt: true,
            groups: Vec::new(),
            state_dir: "/run/node-gate".into(),
        },
        metadata: Ok(Instance {
            target: Some("InService".into()),
            id: Some("i-065912b0a0b011658".into()),
            shows_tags: false,
            group: None,
            role: Some("node".into()),
        }),
        api: Some(Api::Listed { group: "blue".into(), state: "InService".into() }),
        hooks: None,
    }
}

pub(crate) fn looked() -> Looked {
    Looked::Seen(Box::new(look()))
}

/// The folder of a gate that has opened.
pub(crate) fn opened() -> State {
    State {
        opened: Some(Opened {
            at: "2026-11-21T07:00:00Z".parse().unwrap(),
            reason: "in-service".into(),
            message: "target InService".into(),
            invocation: Some(INVOCATION.into()),
        }),
        message: Some("target InService".into()),
    }
}

const INVOCATION: &str = "0123456789abcdef0123456789abcdef";

/// The settings of one file.
pub(crate) fn settings(file: &str) -> Settings {
    let path = PathBuf::from("/etc/node-gate/node-gate.env");
    let content = parse(file.as_bytes()).map_or_else(Content::Refused, Content::Read);
    let files = vec![SettingsFile { path, may_miss: true, content }];
    Settings { arguments: Ok(vec!["wait".into()]), unit: Ok(Vec::new()), files }
}

const REARM: &str = "node-gate-rearm@kubelet.service";

pub(crate) fn healthy() -> Facts {
    let [kubelet, others @ ..] = USUAL;
    let mut held = vec![kubelet_held(kubelet)];
    held.extend(others.map(absent));
    let cloud_final = Unit { wanted_by: vec!["cloud-init.target".into()], ..unit("cloud-final.service") };
    let units =
        Units { gate: gate(), held, asked: false, rearm: vec![unit(REARM)], started: None, cloud_final };
    let program = Some(Program { path: "/usr/bin/node-gate".into(), state: program::State::Ours });
    Facts {
        units: Ok(units),
        program,
        settings: settings(""),
        looked: looked(),
        state: Ok(opened()),
        known: Vec::new(),
    }
}

/// The units of a healthy node, one of them spoilt.
pub(crate) fn spoilt(spoil: impl FnOnce(&mut Units)) -> Facts {
    let mut facts = healthy();
    spoil(facts.units.as_mut().unwrap());
    facts
}

/// The same in the variant that lets nobody wait.
pub(crate) fn non_blocking(units: &mut Units) {
    units.gate.on_failure = vec!["node-gate-rearm@node-gate.service".into()];
    units.started = Some("kubelet.service".into());
    units.gate.post.push(command("/usr/bin/systemctl start --no-block $NODE_GATE_UNIT"));
    units.rearm = vec![unit("node-gate-rearm@node-gate.service")];
    let kubelet = &mut units.held[0];
    kubelet.requires.pop();
    kubelet.after.pop();
    kubelet.on_failure.clear();
    kubelet.wants = vec![GATE.into()];
    kubelet.conditions = Ok(vec!["/run/node-gate/opened.json".into()]);
    // Its start is asked for a moment before the gate counts as started.
    kubelet.active_since = Some(Duration::from_millis(19_990));
}

/// What of it is not well: level, check, what was seen.
pub(crate) fn problems(findings: &[Finding]) -> Vec<(Level, &str, &str)> {
    let bad = findings.iter().filter(|finding| finding.level != Level::Ok);
    bad.map(|finding| (finding.level, finding.check.as_str(), finding.seen.as_str())).collect()
}

pub(crate) fn unit(name: &str) -> Unit {
    Unit {
        name: name.to_owned(),
        load: Load::Loaded,
        fragment: Some(PathBuf::from(format!("/usr/lib/systemd/system/{name}"))),
        drop_ins: Vec::new(),
        ours_on_disk: Vec::new(),
        needs_reload: false,
        requires: vec!["sysinit.target".into()],
        wants: Vec::new(),
        wanted_by: Vec::new(),
        after: vec!["network.target".into()],
        on_failure: Vec::new(),
        conditions: Ok(Vec::new()),
        active: "inactive".into(),
        result: "success".into(),
        active_since: None,
        invocation: None,
        kind: "simple".into(),
        remains: false,
        start_timeout: "1min 30s".into(),
        start: Vec::new(),
        post: Vec::new(),
        environment: Ok(Vec::new()),
        environment_files: Vec::new(),
        runtime_folders: Vec::new(),
    }
}

pub(crate) fn absent(name: &str) -> Unit {
    Unit { load: Load::NotFound, fragment: None, ..unit(name) }
}

pub(crate) fn command(line: &str) -> Command {
    let path = line.split(' ').next().unwrap_or_default().to_owned();
    Command { path, line: line.to_owned(), may_fail: false }
}

fn gate() -> Unit {
    Unit {
        active: "active".into(),
        active_since: Some(Duration::from_secs(20)),
        invocation: Some(INVOCATION.into()),
        kind: "notify".into(),
        remains: true,
        start_timeout: "infinity".into(),
        start: vec![command("/usr/bin/node-gate wait")],
        post: Vec::new(),
        environment_files: vec![("/etc/node-gate/node-gate.env".into(), true)],
        runtime_folders: vec!["node-gate".into()],
        ..unit(GATE)
    }
}

fn kubelet_held(name: &str) -> Unit {
    let drop_in = PathBuf::from(format!("/etc/systemd/system/{name}.d/50-node-gate.conf"));
    Unit {
        drop_ins: vec![drop_in.clone()],
        ours_on_disk: vec![drop_in],
        requires: vec!["sysinit.target".into(), GATE.into()],
        after: vec!["network.target".into(), GATE.into()],
        on_failure: vec![REARM.into()],
        active: "active".into(),
        active_since: Some(Duration::from_millis(20_060)),
        ..unit(name)
    }
}
