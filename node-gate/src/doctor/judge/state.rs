//! What the gate is doing, and whether its own record says the same.

use std::path::Path;

use super::super::facts::{Seen, State};
use super::super::finding::Finding;
use super::super::unit::{Load, Unit};

const CHECK: &str = "gate";

/// Judges the gate of this boot.
pub fn state(gate: &Unit, state: &Seen<State>) -> Option<Finding> {
    if gate.load != Load::Loaded {
        return None;
    }
    let journal = "journalctl -b -u node-gate says why";
    let state = match state {
        Ok(state) => state,
        Err(why) => {
            return Some(Finding::warn(CHECK, format!("could not look: {why}"), "run the doctor as root"));
        }
    };
    Some(match gate.active.as_str() {
        "active" => match &state.opened {
            Some(opened) if opened.invocation.is_some() && opened.invocation == gate.invocation => {
                Finding::ok(CHECK, format!("open: {}", opened.message))
            }
            Some(_) => Finding::warn(
                CHECK,
                "counts as open, by the record of another start",
                "systemctl restart node-gate holds again, and what it holds with it",
            ),
            None => Finding::warn(
                CHECK,
                "counts as open, without a record of the opening",
                "systemctl restart node-gate holds again, and what it holds with it",
            ),
        },
        "activating" => {
            let why = state.message.as_deref().unwrap_or("it has not said why yet");
            Finding::ok(CHECK, format!("holds: {why}"))
        }
        "failed" => Finding::fail(CHECK, format!("failed ({})", gate.result), journal),
        "inactive" => Finding::ok(CHECK, "was not asked for in this boot"),
        other => Finding::warn(CHECK, format!("is {other}"), journal),
    })
}

/// The gate's sandbox lets it write into the folder that systemd makes for it, and nowhere else.
pub fn folder(gate: &Unit, state_dir: &Path) -> Option<Finding> {
    let made = |name: &String| state_dir.starts_with(Path::new("/run").join(name));
    if gate.runtime_folders.is_empty() || gate.runtime_folders.iter().any(made) {
        return None;
    }
    Some(Finding::fail(
        "settings",
        format!("NODE_GATE_STATE_DIR is {}, where the gate's unit may not write", state_dir.display()),
        "leave it out, or let RuntimeDirectory= of the unit make it",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::examples::{healthy, opened};
    use super::*;
    use crate::doctor::finding::Level::{self, Fail, Ok as Good, Warn};

    fn gate(active: &str) -> Unit {
        Unit { active: active.into(), result: "exit-code".into(), ..healthy().units.unwrap().gate }
    }

    fn told(active: &str, seen: &Seen<State>) -> (Level, String) {
        let finding = state(&gate(active), seen).unwrap();
        (finding.level, finding.seen)
    }

    #[test]
    fn each_state_has_its_line() {
        let fresh = Ok(State { opened: None, message: None });
        let held = Ok(State { opened: None, message: Some("target Warmed:Stopped".into()) });
        assert_eq!(told("active", &Ok(opened())), (Good, "open: target InService".into()));
        assert_eq!(told("activating", &held), (Good, "holds: target Warmed:Stopped".into()));
        assert_eq!(told("activating", &fresh), (Good, "holds: it has not said why yet".into()));
        assert_eq!(told("inactive", &fresh), (Good, "was not asked for in this boot".into()));
        assert_eq!(told("failed", &fresh), (Fail, "failed (exit-code)".into()));
        assert_eq!(told("deactivating", &fresh), (Warn, "is deactivating".into()));
        assert_eq!(told("active", &Err("denied".into())), (Warn, "could not look: denied".into()));
        assert_eq!(state(&Unit { load: Load::Masked, ..gate("inactive") }, &fresh), None);
    }

    #[test]
    fn an_opening_counts_with_the_record_of_this_start_alone() {
        let none = Ok(State { opened: None, message: None });
        assert_eq!(told("active", &none), (Warn, "counts as open, without a record of the opening".into()));
        for invocation in [None, Some("another".to_owned())] {
            let mut of_another = opened();
            of_another.opened.as_mut().unwrap().invocation = invocation;
            assert_eq!(
                told("active", &Ok(of_another)),
                (Warn, "counts as open, by the record of another start".into())
            );
        }
    }

    #[test]
    fn a_folder_of_state_that_the_gate_may_not_write() {
        let gate = gate("active");
        for fine in ["/run/node-gate", "/run/node-gate/deeper"] {
            assert_eq!(folder(&gate, Path::new(fine)), None);
        }
        for wrong in ["/var/lib/node-gate", "/run/node-gates", "/run"] {
            assert_eq!(folder(&gate, Path::new(wrong)).map(|finding| finding.level), Some(Fail), "{wrong}");
        }
        assert_eq!(
            folder(&Unit { runtime_folders: Vec::new(), ..gate }, Path::new("/x")),
            None,
            "not ours to know"
        );
    }
}
