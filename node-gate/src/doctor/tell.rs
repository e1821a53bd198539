//! The table, for people and for scripts.

use std::fmt::Write;

use serde::Serialize;

use super::finding::{Finding, Level};

/// Whether the gate could work here.
pub fn works(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.level != Level::Fail)
}

/// One line a finding, what to do below it, and a verdict.
pub fn text(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.check.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for Finding { level, check, seen, remedy } in findings {
        let level = match level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        // Writing to a String does not fail.
        let _ = writeln!(text, "{level:<4}  {check:<width$}  {seen}");
        if let Some(remedy) = remedy {
            let _ = writeln!(text, "      do: {remedy}");
        }
    }
    let _ = writeln!(text, "\n{}", verdict(findings));
    text
}

/// The same as JSON.
pub fn json(findings: &[Finding]) -> String {
    #[derive(Serialize)]
    struct Report<'a> {
        works: bool,
        findings: &'a [Finding],
    }
    let report = Report { works: works(findings), findings };
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}

fn verdict(findings: &[Finding]) -> String {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (fails, warnings) = (plural(count(Level::Fail), "problem"), plural(count(Level::Warn), "warning"));
    match (count(Level::Fail), count(Level::Warn)) {
        (0, 0) => "The gate can work here.".to_owned(),
        (0, _) => format!("The gate can work here; {warnings}."),
        (_, 0) => format!("The gate cannot be trusted here: {fails}."),
        (_, _) => format!("The gate cannot be trusted here: {fails}, {warnings}."),
    }
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Vec<Finding> {
        vec![
            Finding::ok("gate unit", "/etc/systemd/system/node-gate.service"),
            Finding::warn("re-arm", "node-gate.service has no OnFailure=", "install it as shipped"),
            Finding::fail("kubelet.service", "is not held", "install the drop-in"),
        ]
    }

    #[test]
    fn a_line_a_finding_what_to_do_below_and_a_verdict() {
        assert_eq!(
            text(&findings()),
            "\
ok    gate unit        /etc/systemd/system/node-gate.service
warn  re-arm           node-gate.service has no OnFailure=
      do: install it as shipped
FAIL  kubelet.service  is not held
      do: install the drop-in

The gate cannot be trusted here: 1 problem, 1 warning.
"
        );
        assert!(text(&findings()[..1]).ends_with("\n\nThe gate can work here.\n"));
        assert!(text(&findings()[..2]).ends_with("\n\nThe gate can work here; 1 warning.\n"));
        assert!(text(&findings()[2..]).ends_with("\n\nThe gate cannot be trusted here: 1 problem.\n"));
    }

    #[test]
    fn scripts_get_the_same() {
        let json: serde_json::Value = serde_json::from_str(&json(&findings())).unwrap();
        assert_eq!(json["works"], false);
        assert_eq!(json["findings"][0].get("do"), None);
        assert_eq!(
            json["findings"][2],
            serde_json::json!({
                "level": "fail", "check": "kubelet.service", "seen": "is not held", "do": "install the drop-in",
            })
        );
        assert!(works(&findings()[..2]) && !works(&findings()));
    }
}
