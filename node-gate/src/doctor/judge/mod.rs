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
use super::finding::{Finding, Level};
use super::probe::Looked;

/// Judges everything, in the order in which a reader would ask.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let Facts { units, program, settings, looked, state, known } = facts;
    let mut findings = units::units(units);
    findings.extend(program.as_ref().map(program::program));
    let mut read = settings::settings(settings, looked, known);
    if units.is_err() {
        // Which files and arguments the gate would get is not known: these are those of the unit as it is shipped.
        read.retain(|finding| finding.level != Level::Ok);
    }
    findings.extend(read);
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
    fn without_systemd_nothing_is_said_to_be_well_with_the_settings() {
        let mut facts = healthy();
        facts.units = Err("no answer".into());
        let findings = judge(&facts);
        let of = |check: &str| {
            findings.iter().filter(|one| one.check == check).map(|one| one.level).collect::<Vec<_>>()
        };
        assert_eq!((of("settings"), of("systemd"), of("gate")), (vec![], vec![Level::Fail], vec![]));
        facts.settings = super::examples::settings("export NODE_GATE_UNTIL=target");
        assert!(judge(&facts).iter().any(|one| one.check == "settings" && one.level == Level::Fail));
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
