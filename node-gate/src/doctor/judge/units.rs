//! Whether systemd holds the unit until the gate has opened.

use std::path::PathBuf;
use std::time::Duration;

use super::super::facts::{Seen, Units};
use super::super::finding::Finding;
use super::super::unit::{GATE, Load, USUAL, Unit};

const RELOAD: &str = "systemctl daemon-reload";

/// Judges all units, or says that they could not be seen.
pub fn units(seen: &Seen<Units>) -> Vec<Finding> {
    let units = match seen {
        Ok(units) => units,
        Err(why) => {
            let remedy = "run the doctor where systemd runs: on the instance, not in a container or a chroot";
            return vec![Finding::fail("systemd", format!("could not look: {why}"), remedy)];
        }
    };
    let mut findings = vec![loaded(&units.gate)];
    if units.gate.load == Load::Loaded {
        findings.extend(as_shipped(&units.gate));
        findings.push(rearmed(units));
    }
    findings.extend(held(units));
    findings.extend(all(units).filter_map(reloaded));
    findings
}

fn all(units: &Units) -> impl Iterator<Item = &Unit> {
    std::iter::once(&units.gate).chain(&units.held).chain(&units.rearm)
}

/// The gate's unit is there and can be started.
fn loaded(gate: &Unit) -> Finding {
    let check = "gate unit";
    match &gate.load {
        Load::Loaded => Finding::ok(check, file(gate)),
        Load::NotFound => Finding::fail(
            check,
            format!("there is no {GATE}"),
            format!("install it as /etc/systemd/system/{GATE} or by the package, then {RELOAD}"),
        ),
        Load::Masked => Finding::fail(
            check,
            format!("{GATE} is masked: what requires it can never start"),
            format!("systemctl unmask {GATE}"),
        ),
        Load::Other(word) => Finding::fail(
            check,
            format!("systemd does not load {GATE}: {word}"),
            format!("systemd-analyze verify {GATE} says what is wrong with it"),
        ),
    }
}

/// What the promises of the gate rest on, setting by setting.
fn as_shipped(gate: &Unit) -> Vec<Finding> {
    let waits = gate.start.iter().any(|one| words(&one.line).any(|word| word == "wait") && !one.may_fail);
    let checks = gate.post.iter().any(|one| {
        let mut words = words(&one.line);
        !one.may_fail && words.any(|word| word == "status") && words.any(|word| word == "--opened")
    });
    let broken = [
        (gate.kind != "oneshot", "Type= is not oneshot: it would count as started while it still holds"),
        (!gate.remains, "RemainAfterExit= is not yes: each restart of the held unit would be held anew"),
        (gate.start_timeout != "infinity", "TimeoutStartSec= is not infinity: systemd would end the wait"),
        (gate.start.len() != 1 || !waits, "ExecStart= is not node-gate wait alone"),
        (!checks, "ExecStartPost= does not run node-gate status --opened: a stray SIGTERM would open"),
    ];
    let remedy = match &gate.drop_ins[..] {
        [] => format!("bring back the unit as it is shipped, then {RELOAD}"),
        drop_ins => format!("take that out of {}, then {RELOAD}", list(drop_ins)),
    };
    broken
        .into_iter()
        .filter(|(is_broken, _)| *is_broken)
        .map(|(_, what)| Finding::fail("gate unit", what, remedy.clone()))
        .collect()
}

/// One failure of the gate cancels the start of what waits for it; something has to start both again.
fn rearmed(units: &Units) -> Finding {
    let check = "re-arm";
    let missing = "if the gate should ever fail, what it holds stays down until somebody starts it";
    let broken = units.rearm.iter().find(|unit| unit.load != Load::Loaded);
    match (units.rearm.first(), broken) {
        (None, _) => Finding::warn(
            check,
            format!("{GATE} has no OnFailure=: {missing}"),
            format!("install {GATE} and its re-arm unit as they are shipped"),
        ),
        (Some(_), Some(unit)) => Finding::warn(
            check,
            format!("{} {}: {missing}", unit.name, trouble(&unit.load)),
            format!("install {} as it is shipped, unmasked, then {RELOAD}", unit.name),
        ),
        (Some(unit), None) => Finding::ok(check, format!("{} tries again should the gate fail", unit.name)),
    }
}

/// The units to hold: each that is there is held, and one is there.
fn held(units: &Units) -> Vec<Finding> {
    let there: Vec<_> = units.held.iter().filter(|unit| unit.exists()).collect();
    if !there.is_empty() {
        return there.into_iter().flat_map(|unit| one_held(unit, &units.gate)).collect();
    }
    let finding = match &units.held[..] {
        [asked] if units.asked => Finding::fail(
            &asked.name,
            "there is no unit of this name",
            format!("systemctl list-unit-files shows the names; usual ones are {}", USUAL.join(", ")),
        ),
        looked_for => {
            let names: Vec<_> = looked_for.iter().map(|unit| unit.name.as_str()).collect();
            Finding::fail(
                "held unit",
                format!("there is nothing to hold: no unit {}", names.join(", ")),
                "if the agent's unit has another name, put the drop-in there and tell the doctor by --unit NAME",
            )
        }
    };
    vec![finding]
}

fn one_held(unit: &Unit, gate: &Unit) -> Vec<Finding> {
    match &unit.load {
        Load::Loaded | Load::NotFound => {}
        Load::Masked => {
            return vec![Finding::fail(
                &unit.name,
                "is masked: it never starts, gate or no gate",
                format!("systemctl unmask {}", unit.name),
            )];
        }
        Load::Other(word) => {
            return vec![Finding::fail(
                &unit.name,
                format!("systemd does not load it: {word}"),
                format!("systemd-analyze verify {} says what is wrong with it", unit.name),
            )];
        }
    }
    let bound = bound(unit);
    let is_bound = bound.is_ok();
    let mut findings = vec![bound.unwrap_or_else(|finding| finding)];
    if is_bound {
        findings.extend(too_early(unit, gate));
    }
    findings
}

/// The unit requires the gate and comes after it. Dependencies cannot be taken back by a later drop-in, so what systemd
/// knows is the whole truth.
fn bound(unit: &Unit) -> Result<Finding, Finding> {
    let has = |list: &[String]| list.iter().any(|name| name == GATE);
    let fail = |seen: &str, remedy: String| Err(Finding::fail(&unit.name, seen, remedy));
    let add = |what: &str| format!("add {what}={GATE} to its drop-in, then {RELOAD}");
    match (has(&unit.requires), has(&unit.after)) {
        (true, true) => {
            let by = unit.drop_ins.iter().find(|path| unit.ours_on_disk.contains(path));
            let by = by.map_or_else(String::new, |path| format!(": {}", path.display()));
            Ok(Finding::ok(&unit.name, format!("starts only after the gate has opened{by}")))
        }
        (true, false) => {
            fail("requires the gate but does not wait for it: both would start together", add("After"))
        }
        (false, true) if has(&unit.wants) => {
            fail("only wants the gate: it would start as well if the gate fails", add("Requires"))
        }
        (false, true) => {
            fail("comes after the gate but does not require it: nothing starts the gate", add("Requires"))
        }
        (false, false) => Err(unbound(unit)),
    }
}

/// Why a unit is not held, as far as its drop-ins tell.
fn unbound(unit: &Unit) -> Finding {
    let not_held = "is not held";
    let ours = &unit.ours_on_disk;
    let applied: Vec<_> = ours.iter().filter(|path| unit.drop_ins.contains(path)).collect();
    match (&ours[..], &applied[..]) {
        ([], _) => Finding::fail(
            &unit.name,
            format!("{not_held}: it has no drop-in of the gate"),
            format!("install /etc/systemd/system/{}.d/50-node-gate.conf, then {RELOAD}", unit.name),
        ),
        (_, []) if unit.needs_reload => {
            Finding::fail(&unit.name, format!("{not_held} yet: systemd has not read {}", list(ours)), RELOAD)
        }
        (_, []) => Finding::fail(
            &unit.name,
            format!("{not_held}: {} does not apply: a file of the same name comes before it", list(ours)),
            format!(
                "systemctl cat {} shows what applies; remove what hides the drop-in, then {RELOAD}",
                unit.name
            ),
        ),
        (_, [first, ..]) => Finding::fail(
            &unit.name,
            format!("{not_held}: {} applies but names no {GATE}", first.display()),
            format!("bring back that file as it is shipped, then {RELOAD}"),
        ),
    }
}

/// A unit that runs without the gate having opened first, in this boot.
fn too_early(unit: &Unit, gate: &Unit) -> Option<Finding> {
    let since = unit.active_since.filter(|_| unit.is_active())?;
    let remedy = "nothing held it in this boot; restart the node, or if it is in service leave it: the next boot is held";
    if !gate.is_active() {
        return Some(Finding::fail(&unit.name, "runs although the gate has not opened", remedy));
    }
    let early = gate.active_since?.checked_sub(since).filter(|early| !early.is_zero())?;
    let early = Duration::from_millis(u64::try_from(early.as_millis()).unwrap_or(u64::MAX));
    let seen = format!("started {} before the gate opened", humantime::format_duration(early));
    Some(Finding::fail(&unit.name, seen, remedy))
}

/// What systemd knows may be older than what is on disk; a boot reads the disk.
fn reloaded(unit: &Unit) -> Option<Finding> {
    unit.needs_reload.then(|| {
        Finding::warn(
            &unit.name,
            "its files have changed since systemd read them; judged is what it read",
            RELOAD,
        )
    })
}

fn trouble(load: &Load) -> String {
    match load {
        Load::Loaded => "is there".to_owned(),
        Load::NotFound => "is not there".to_owned(),
        Load::Masked => "is masked".to_owned(),
        Load::Other(word) => format!("cannot be loaded ({word})"),
    }
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split_ascii_whitespace()
}

fn file(unit: &Unit) -> String {
    let path = unit.fragment.as_ref().map_or_else(|| unit.name.clone(), |path| path.display().to_string());
    match &unit.drop_ins[..] {
        [] => path,
        drop_ins => format!("{path}, with {}", list(drop_ins)),
    }
}

fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(", ")
}

#[cfg(test)]
mod tests;
