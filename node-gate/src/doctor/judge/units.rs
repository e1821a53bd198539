//! Whether systemd holds the unit until the gate has opened.

use std::path::PathBuf;
use std::time::Duration;

use super::super::facts::{Seen, Units};
use super::super::finding::Finding;
use super::super::unit::{GATE, Load, USUAL, Unit};
use super::variant::{Variant, applies, held_by};

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
    let broken = [
        (gate.kind != "notify", "Type= is not notify: it would count as started without having opened"),
        (!gate.remains, "RemainAfterExit= is not yes: each restart of the held unit would be held anew"),
        (gate.start_timeout != "infinity", "TimeoutStartSec= is not infinity: systemd would end the wait"),
        (gate.start.len() != 1 || !waits, "ExecStart= is not node-gate wait alone"),
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

/// The units to hold: each that is there is held, and one is there.
fn held(units: &Units) -> Vec<Finding> {
    let there: Vec<_> = units.held.iter().filter(|unit| unit.exists()).collect();
    if !there.is_empty() {
        return there.into_iter().flat_map(|unit| one_held(unit, units)).collect();
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

fn one_held(unit: &Unit, units: &Units) -> Vec<Finding> {
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
    match held_by(unit, units) {
        Err(finding) => vec![finding],
        Ok(variant) => {
            let mut findings = vec![variant_told(variant, unit)];
            findings.extend(too_early(variant, unit, &units.gate));
            findings.push(rearmed(variant, unit, units));
            findings.extend(boot_waits(variant, unit, &units.cloud_final));
            findings
        }
    }
}

fn variant_told(variant: Variant, unit: &Unit) -> Finding {
    let by = unit.ours_on_disk.iter().find(|path| applies(unit, path));
    let by = by.map_or_else(String::new, |path| format!(": {}", path.display()));
    match variant {
        Variant::Blocking => Finding::ok(&unit.name, format!("starts only after the gate has opened{by}")),
        Variant::NonBlocking => {
            Finding::ok(&unit.name, format!("is started by the gate when it opens (non-blocking){by}"))
        }
        Variant::Both => Finding::warn(
            &unit.name,
            "is held in both ways: its start waits for the gate, and the gate starts it",
            "install either kubelet.service.d or the folder non-blocking, not parts of both",
        ),
    }
}

/// One failure of the gate cancels the start of what waits for it, or leaves it unstarted; something has to try again.
fn rearmed(variant: Variant, unit: &Unit, units: &Units) -> Finding {
    let check = "re-arm";
    let failing = if variant == Variant::NonBlocking { &units.gate } else { unit };
    let missing = format!("should the gate fail, {} stays down until somebody starts it", unit.name);
    let named: Vec<_> = failing.rearmed_by().collect();
    let found = units.rearm.iter().find(|one| named.contains(&one.name.as_str()));
    match found {
        None => Finding::warn(
            check,
            format!("{} has no OnFailure= of ours: {missing}", failing.name),
            format!("install the drop-in as it is shipped, then {RELOAD}"),
        ),
        Some(rearm) if rearm.load != Load::Loaded => Finding::warn(
            check,
            format!("{} {}: {missing}", rearm.name, trouble(&rearm.load)),
            format!("install node-gate-rearm@.service as it is shipped, unmasked, then {RELOAD}"),
        ),
        Some(rearm) => Finding::ok(check, format!("{} tries again should the gate fail", rearm.name)),
    }
}

/// Where user data runs after the boot, and the boot waits for the held unit, user data waits for the gate: and if user data
/// is what ends the wait, for ever.
fn boot_waits(variant: Variant, unit: &Unit, cloud_final: &Unit) -> Option<Finding> {
    const BOOTED: &str = "multi-user.target";
    let waits = |list: &[String]| list.iter().any(|name| name == BOOTED);
    let is_late = cloud_final.exists() && waits(&cloud_final.after);
    (variant != Variant::NonBlocking && is_late && waits(&unit.wanted_by)).then(|| {
        Finding::warn(
            "boot",
            format!("user data (cloud-final.service) comes after {BOOTED}, which waits for {}", unit.name),
            "install the non-blocking variant, above all if user data completes a lifecycle hook",
        )
    })
}

/// A unit that runs without the gate having opened first, in this boot.
fn too_early(variant: Variant, unit: &Unit, gate: &Unit) -> Option<Finding> {
    let since = unit.active_since.filter(|_| unit.is_active())?;
    let remedy = "nothing held it in this boot; restart the node, or if it is in service leave it: the next boot is held";
    if !gate.is_active() {
        return Some(Finding::fail(&unit.name, "runs although the gate has not opened", remedy));
    }
    // The gate counts as started once it has asked for the start of what it holds.
    let fine = if variant == Variant::NonBlocking { Duration::from_secs(1) } else { Duration::ZERO };
    let early = gate.active_since?.checked_sub(since).filter(|early| *early > fine)?;
    let early = Duration::from_millis(u64::try_from(early.as_millis()).unwrap_or(u64::MAX));
    let seen = format!("started {} before the gate opened", humantime::format_duration(early));
    Some(Finding::fail(&unit.name, seen, remedy))
}

/// What systemd knows may be older than what is on disk; a boot reads the disk.
fn reloaded(unit: &Unit) -> Option<Finding> {
    // What could not be loaded says so of itself.
    (unit.needs_reload && unit.load == Load::Loaded).then(|| {
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
