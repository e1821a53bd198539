//! Whether the settings say what their writer meant.

use super::super::environment::{Odd, Oddity};
use super::super::finding::Finding;
use super::super::look::Understood;
use super::super::probe::Looked;
use super::super::settings::{Content, Settings, SettingsFile};

const CHECK: &str = "settings";

/// Judges the files, the names in them, and what the gate makes of them. `known` are the variables that something of ours
/// reads.
pub fn settings(settings: &Settings, looked: &Looked, known: &[String]) -> Vec<Finding> {
    let mut findings: Vec<_> = settings.files.iter().flat_map(file).collect();
    if let Err(why) = &settings.unit {
        let remedy = "set the gate's variables in /etc/node-gate/node-gate.env, not in Environment=";
        findings.push(Finding::fail(CHECK, format!("could not look: {why}"), remedy));
    }
    findings.extend(unknown(settings, known));
    findings.push(understood(settings, looked));
    findings
}

fn file(file: &SettingsFile) -> Vec<Finding> {
    let path = file.path.display();
    match &file.content {
        Content::Read(found) => found.odd.iter().map(|odd| oddity(file, odd)).collect(),
        Content::Missing if file.may_miss => Vec::new(),
        Content::Missing => vec![Finding::fail(
            CHECK,
            format!("{path} is not there, and the gate's unit does not start without it"),
            "write that file, or put a - before its path in EnvironmentFile=",
        )],
        Content::Unreadable(why) => vec![Finding::fail(
            CHECK,
            format!("could not look: {path}: {why}"),
            "run the doctor as root; if it still cannot look, make it one plain file",
        )],
        Content::Refused(why) => vec![Finding::fail(
            CHECK,
            format!("systemd takes nothing from {path}: {why}"),
            "write the file in UTF-8, one NAME=value a line",
        )],
    }
}

fn oddity(file: &SettingsFile, odd: &Oddity) -> Finding {
    let place = format!("{}, line {}", file.path.display(), odd.line);
    let (what, remedy) = match odd.kind {
        Odd::NoAssignment => ("has no = and is ignored", "write NAME=value, or make it a comment by a #"),
        Odd::NoName => ("sets nothing: what is before the = is no name", "write NAME=value, without export"),
        Odd::OpenQuote => {
            ("opens a quote that is never closed: all that follows is its value", "close the quote")
        }
        Odd::LongComment => (
            "is a comment that ends in a backslash: before systemd 254 the next line belongs to it",
            "take the backslash away",
        ),
    };
    let seen = format!("{place} {what}");
    // A line of ours that does nothing is a gate that does something else than its owner thinks.
    if odd.is_ours || odd.kind == Odd::OpenQuote {
        Finding::fail(CHECK, seen, remedy)
    } else {
        Finding::warn(CHECK, seen, remedy)
    }
}

/// A misspelled name sets nothing, and nobody else says so.
fn unknown<'a>(settings: &'a Settings, known: &'a [String]) -> impl Iterator<Item = Finding> + 'a {
    let is_unknown = |name: &str| name.starts_with("NODE_GATE_") && !known.iter().any(|one| one == name);
    settings.variables().map(|(name, _)| name).filter(move |name| is_unknown(name)).map(|name| {
        Finding::fail(
            CHECK,
            format!("{name} is no setting of this version"),
            "node-gate wait --help lists them",
        )
    })
}

/// What the gate's own reading of it all came to.
fn understood(settings: &Settings, looked: &Looked) -> Finding {
    match looked {
        Looked::Seen(look) => Finding::ok(CHECK, format!("{}: {}", sources(settings), wish(&look.settings))),
        Looked::Refused(line) => Finding::fail(
            CHECK,
            format!("node-gate wait would end with: {line}"),
            "correct it; what systemd takes for a value is all that follows the =",
        ),
        Looked::Unseen(why) => Finding::fail(
            CHECK,
            format!("could not look: {why}"),
            "set the gate's ExecStart= to /usr/bin/node-gate wait and its settings in node-gate.env",
        ),
    }
}

fn sources(settings: &Settings) -> String {
    let there = |file: &&SettingsFile| matches!(file.content, Content::Read(_));
    let paths: Vec<_> =
        settings.files.iter().filter(there).map(|file| file.path.display().to_string()).collect();
    if paths.is_empty() { "no file, so the defaults".to_owned() } else { paths.join(", ") }
}

fn wish(understood: &Understood) -> String {
    let Understood { strict, opens_in_doubt, groups, state_dir: _ } = understood;
    let until = if *strict { "in-service" } else { "target" };
    let doubt = if *opens_in_doubt { "open" } else { "hold" };
    let group = if groups.is_empty() { String::new() } else { format!(", group {}", groups.join(" or ")) };
    format!("until {until}, on-unknown {doubt}{group}")
}

#[cfg(test)]
mod tests;
