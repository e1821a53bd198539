//! What the facts mean. Pure: facts in, findings out.

pub mod aws;
pub mod program;
pub mod settings;
pub mod state;
pub mod units;
pub mod variant;

#[cfg(test)]
pub(crate) mod examples;

use super::facts::Facts;
use super::finding::Finding;
use super::probe::Looked;

/// Judges everything, in the order in which a reader would ask.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let Facts { units, program, settings, looked, state, known } = facts;
    let mut findings = units::units(units);
    findings.extend(program.as_ref().map(program::program));
    findings.extend(settings::settings(settings, looked, known));
    if let Looked::Seen(look) = looked {
        findings.extend(aws::aws(look));
    }
    if let Ok(units) = units {
        findings.extend(state::state(&units.gate, state));
    }
    findings
}
