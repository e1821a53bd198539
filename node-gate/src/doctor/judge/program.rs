//! Whether the program that the gate's unit starts can be started.

use super::super::finding::Finding;
use super::super::program::{Program, State};

const CHECK: &str = "program";

/// Judges the file.
pub fn program(program: &Program) -> Finding {
    let path = program.path.display();
    match &program.state {
        State::Ours => Finding::ok(CHECK, path.to_string()),
        State::Another => Finding::warn(
            CHECK,
            format!("{path} is another file than this doctor"),
            format!("run {path} doctor: versions may judge differently"),
        ),
        State::Missing => Finding::fail(
            CHECK,
            format!("{path}, which the gate's unit starts, is not there"),
            "install the program there",
        ),
        State::NotExecutable => Finding::fail(
            CHECK,
            format!("{path} is not executable for everybody, and the gate does not run as root"),
            format!("chmod 0755 {path}"),
        ),
        State::Unseen(why) => {
            Finding::fail(CHECK, format!("could not look: {path}: {why}"), "run the doctor as root")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level::{Fail, Ok, Warn};

    #[test]
    fn each_state_has_its_line() {
        for (state, level, seen) in [
            (State::Ours, Ok, "/usr/bin/node-gate"),
            (State::Another, Warn, "/usr/bin/node-gate is another file than this doctor"),
            (State::Missing, Fail, "/usr/bin/node-gate, which the gate's unit starts, is not there"),
            (State::NotExecutable, Fail, "/usr/bin/node-gate is not executable for everybody"),
            (State::Unseen("denied".into()), Fail, "could not look: /usr/bin/node-gate: denied"),
        ] {
            let finding = program(&Program { path: "/usr/bin/node-gate".into(), state });
            assert_eq!(finding.level, level);
            assert!(finding.seen.starts_with(seen), "{}", finding.seen);
        }
    }
}
