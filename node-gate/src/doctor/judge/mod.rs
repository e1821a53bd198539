//! What the facts mean. Pure: facts in, findings out.

pub mod program;
pub mod settings;
pub mod units;
pub mod variant;

#[cfg(test)]
pub(crate) mod examples;

use super::facts::Facts;
use super::finding::Finding;

/// Judges everything, in the order in which a reader would ask.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let Facts { units, program, settings, looked, known } = facts;
    let mut findings = units::units(units);
    findings.extend(program.as_ref().map(program::program));
    findings.extend(settings::settings(settings, looked, known));
    findings
}
