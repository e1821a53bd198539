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
        let gate = units.as_ref().ok().map(|units| &units.gate);
        findings.extend(gate.and_then(|gate| state::folder(gate, &look.settings.state_dir)));
        findings.extend(aws::aws(look));
    }
    if let Ok(units) = units {
        findings.extend(state::state(&units.gate, state));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::examples::{healthy, look};
    use super::*;
    use crate::doctor::look::Api;
    use crate::doctor::tell;
    use crate::doctor::unit::Load;

    /// The page that shows what the doctor says.
    const PAGE: &str = include_str!("../../../../docs/doctor.md");

    fn shown(facts: &Facts) {
        let text = tell::text(&judge(facts));
        assert!(
            PAGE.contains(&format!("```\n$ node-gate doctor\n{text}```\n")),
            "docs/doctor.md lacks this:\n{text}"
        );
    }

    #[test]
    fn the_page_shows_a_node_on_which_all_is_well() {
        shown(&healthy());
    }

    #[test]
    fn the_page_shows_a_node_with_several_problems() {
        let mut facts = healthy();
        let units = facts.units.as_mut().unwrap();
        units.held[1] = crate::doctor::unit::Unit {
            name: "snap.kubelet-eks.daemon.service".into(),
            ..super::examples::unit("snap.kubelet-eks.daemon.service")
        };
        units.held[0].load = Load::NotFound;
        facts.settings = super::examples::settings("export NODE_GATE_UNTIL=in-service\n");
        let api = Some(Api::NoAccess("AccessDenied: not authorized to perform this".into()));
        facts.looked = Looked::Seen(Box::new(crate::doctor::look::Look { api, ..look() }));
        shown(&facts);
    }
}
