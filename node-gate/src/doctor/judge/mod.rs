//! What the facts mean. Pure: facts in, findings out.

pub mod units;

#[cfg(test)]
pub(crate) mod examples;

use super::facts::Facts;
use super::finding::Finding;

/// Judges everything, in the order in which a reader would ask.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    units::units(&facts.units)
}
