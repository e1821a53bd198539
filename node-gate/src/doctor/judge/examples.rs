//! A node on which all is well, to be spoilt by tests.

use std::path::PathBuf;
use std::time::Duration;

use crate::doctor::facts::{Facts, Units};
use crate::doctor::finding::{Finding, Level};
use crate::doctor::properties::Command;
use crate::doctor::unit::{GATE, Load, USUAL, Unit};

pub(crate) fn healthy() -> Facts {
    let [kubelet, others @ ..] = USUAL;
    let mut held = vec![kubelet_held(kubelet)];
    held.extend(others.map(absent));
    Facts {
        units: Ok(Units { gate: gate(), held, asked: false, rearm: vec![unit("node-gate-rearm.service")] }),
    }
}

/// The units of a healthy node, one of them spoilt.
pub(crate) fn spoilt(spoil: impl FnOnce(&mut Units)) -> Facts {
    let mut facts = healthy();
    spoil(facts.units.as_mut().unwrap());
    facts
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
        environment: Vec::new(),
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
        on_failure: vec!["node-gate-rearm.service".into()],
        active: "active".into(),
        active_since: Some(Duration::from_secs(20)),
        invocation: Some("0123456789abcdef0123456789abcdef".into()),
        kind: "oneshot".into(),
        remains: true,
        start_timeout: "infinity".into(),
        start: vec![command("/usr/bin/node-gate wait")],
        post: vec![command("/usr/bin/node-gate status --opened")],
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
        active: "active".into(),
        active_since: Some(Duration::from_millis(20_060)),
        ..unit(name)
    }
}
