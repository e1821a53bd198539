//! In which of the two ways a unit is held, or why in neither.

use std::path::{Path, PathBuf};

use super::super::drop_ins::is_same;
use super::super::facts::Units;
use super::super::finding::Finding;
use super::super::unit::{GATE, Unit};

const RELOAD: &str = "systemctl daemon-reload";
/// The record of an opening, which is the condition of the variant that lets nobody wait.
const RECORD: &str = "/opened.json";

/// How a unit is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Its start waits for the gate.
    Blocking,
    /// Its start comes to nothing until the gate has opened, and the gate starts it.
    NonBlocking,
    /// Parts of both.
    Both,
}

/// How this unit is held. Dependencies cannot be taken back by a later drop-in, so what systemd shows of them is the whole
/// truth; conditions can.
pub fn held_by(unit: &Unit, units: &Units) -> Result<Variant, Finding> {
    let has = |list: &[String]| list.iter().any(|name| name == GATE);
    let fail = |seen: String, remedy: String| Err(Finding::fail(&unit.name, seen, remedy));
    let add = |what: &str| format!("add {what}={GATE} to its drop-in, then {RELOAD}");
    let conditions = match &unit.conditions {
        Ok(conditions) => conditions,
        Err(why) => return fail(format!("could not look: {why}"), "run the doctor as root".into()),
    };
    let is_conditional = conditions.iter().any(|path| path.ends_with(RECORD));
    match (has(&unit.requires), has(&unit.after), is_conditional) {
        (true, true, false) if !is_started(unit, units) => Ok(Variant::Blocking),
        (true, true, _) => Ok(Variant::Both),
        (false, false, true) if !is_started(unit, units) => fail(
            format!("waits for {RECORD_OF_GATE}, and the gate does not start it when it opens"),
            format!(
                "install non-blocking/node-gate.service.d with NODE_GATE_UNIT={}, then {RELOAD}",
                unit.name
            ),
        ),
        (false, false, true) if !has(&unit.wants) => {
            fail("waits for the gate but does not want it: nothing starts the gate".into(), add("Wants"))
        }
        (false, false, true) => Ok(Variant::NonBlocking),
        (_, _, true) => fail(
            "has the condition of the non-blocking variant and half of the dependencies of the other".into(),
            "install either kubelet.service.d or the folder non-blocking, not parts of both".into(),
        ),
        (true, false, false) => {
            fail("requires the gate but does not wait for it: both would start together".into(), add("After"))
        }
        (false, true, false) if has(&unit.wants) => {
            fail("only wants the gate: it would start as well if the gate fails".into(), add("Requires"))
        }
        (false, true, false) => fail(
            "comes after the gate but does not require it: nothing starts the gate".into(),
            add("Requires"),
        ),
        (false, false, false) => Err(unbound(unit, units)),
    }
}

const RECORD_OF_GATE: &str = "the record of the opening";

/// The gate starts the unit when it has opened.
fn is_started(unit: &Unit, units: &Units) -> bool {
    let is_it = |word: &&str| {
        let is_variable = word.trim_matches(['{', '}', '$']) == "NODE_GATE_UNIT";
        let name = if is_variable { units.started.as_deref().unwrap_or_default() } else { word };
        name == unit.name || format!("{name}.service") == unit.name
    };
    units.gate.post.iter().any(|one| {
        let words: Vec<_> = one.line.split_ascii_whitespace().collect();
        words.contains(&"start") && words.contains(&"--no-block") && words.iter().any(is_it)
    })
}

/// Why a unit is not held, as far as its drop-ins tell.
fn unbound(unit: &Unit, units: &Units) -> Finding {
    let not_held = "is not held";
    let ours = &unit.ours_on_disk;
    let applied: Vec<_> = ours.iter().filter(|path| applies(unit, path)).collect();
    match (&ours[..], &applied[..]) {
        ([], _) => Finding::fail(
            &unit.name,
            format!("{not_held}: it has no drop-in of the gate{}", astray(units)),
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
        (_, [first, ..]) if applied.len() < ours.len() => {
            let hidden: Vec<_> = ours.iter().filter(|path| !applies(unit, path)).cloned().collect();
            Finding::fail(
                &unit.name,
                format!("{not_held}: {} hides {}, and names no {GATE}", first.display(), list(&hidden)),
                format!("remove {}, then {RELOAD}", first.display()),
            )
        }
        (_, [first, ..]) => Finding::fail(
            &unit.name,
            format!("{not_held}: {} applies but names no {GATE}", first.display()),
            format!("bring back that file as it is shipped, then {RELOAD}"),
        ),
    }
}

/// Units that have a drop-in of the gate and do not exist: there, somebody took a wrong name.
fn astray(units: &Units) -> String {
    let there = units.held.iter().filter(|unit| !unit.exists() && !unit.ours_on_disk.is_empty());
    let names: Vec<_> = there.map(|unit| unit.name.as_str()).collect();
    match &names[..] {
        [] => String::new(),
        names => format!("; one is there for {}, which does not exist", names.join(", ")),
    }
}

/// Whether systemd applies a drop-in to the unit.
pub fn applies(unit: &Unit, path: &Path) -> bool {
    unit.drop_ins.iter().any(|one| is_same(one, path))
}

fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(", ")
}
