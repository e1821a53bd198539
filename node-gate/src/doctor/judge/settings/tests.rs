use super::super::examples::{looked, problems, settings as of};
use super::*;
use crate::doctor::finding::Level::{self, Fail, Warn};

fn known() -> Vec<String> {
    ["NODE_GATE_UNTIL", "NODE_GATE_GROUP", "NODE_GATE_UNIT"].map(str::to_owned).into()
}

fn finds(read: &Settings, looked: &Looked, expected: &[(Level, &str)]) {
    let findings = settings(read, looked, &known());
    let found: Vec<_> = problems(&findings).into_iter().map(|(level, _, seen)| (level, seen)).collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ((level, seen), (expected, beginning)) in found.iter().zip(expected) {
        assert_eq!(level, expected, "{found:#?}");
        assert!(seen.starts_with(beginning), "{seen}");
    }
}

#[test]
fn good_settings_are_told_as_they_were_understood() {
    let findings = settings(&of("NODE_GATE_GROUP=a\nAWS_REGION=x\nNODE_GATE_UNIT=a"), &looked(), &known());
    let lines: Vec<_> = findings.iter().map(|one| (one.level, one.seen.as_str())).collect();
    assert_eq!(lines, [(Level::Ok, "/etc/node-gate/node-gate.env: until target, on-unknown open")]);

    let mut look = looked();
    let Looked::Seen(seen) = &mut look else { panic!() };
    seen.settings.strict = true;
    seen.settings.opens_in_doubt = false;
    seen.settings.groups = vec!["a".into(), "b".into()];
    let mut none = of("");
    none.files[0].content = Content::Missing;
    let findings = settings(&none, &look, &known());
    assert_eq!(findings[0].seen, "no file, so the defaults: until in-service, on-unknown hold, group a or b");
}

#[test]
fn lines_that_do_nothing_matter_more_if_they_are_ours() {
    let file = "/etc/node-gate/node-gate.env, line";
    finds(
        &of("export NODE_GATE_UNTIL=target\nhello\n# C:\\\n"),
        &looked(),
        &[
            (Fail, &format!("{file} 1 sets nothing")),
            (Warn, &format!("{file} 2 has no = and is ignored")),
            (Warn, &format!("{file} 3 is a comment that ends in a backslash")),
        ],
    );
    finds(&of("NODE_GATE_UNTIL: target"), &looked(), &[(Fail, &format!("{file} 1 has no ="))]);
    finds(&of("A=\"b"), &looked(), &[(Fail, &format!("{file} 1 opens a quote"))]);
}

#[test]
fn a_name_that_nobody_reads() {
    finds(
        &of("NODE_GATE_UNTILL=target"),
        &looked(),
        &[(Fail, "NODE_GATE_UNTILL is no setting of this version")],
    );
    let mut read = of("");
    read.unit = Ok(vec![("NODE_GATE_GRUOP".into(), "secret".into())]);
    finds(&read, &looked(), &[(Fail, "NODE_GATE_GRUOP is no setting")]);
}

#[test]
fn a_file_that_is_missing_unreadable_or_refused() {
    let with = |content, may_miss| {
        let mut read = of("");
        read.files[0] = SettingsFile { may_miss, content, ..read.files[0].clone() };
        read
    };
    finds(&with(Content::Missing, true), &looked(), &[]);
    finds(&with(Content::Missing, false), &looked(), &[(Fail, "/etc/node-gate/node-gate.env is not there")]);
    finds(
        &with(Content::Unreadable("Permission denied".into()), true),
        &looked(),
        &[(Fail, "could not look: /etc/node-gate/node-gate.env: Permission denied")],
    );
    finds(
        &with(Content::Refused("line 2 is not UTF-8".into()), true),
        &looked(),
        &[(Fail, "systemd takes nothing from /etc/node-gate/node-gate.env: line 2 is not UTF-8")],
    );
}

#[test]
fn what_the_gate_refuses_and_what_could_not_be_tried() {
    finds(
        &of(""),
        &Looked::Refused("invalid value 'x' for '--until <UNTIL>'".into()),
        &[(Fail, "node-gate wait would end with: invalid value 'x' for '--until <UNTIL>'")],
    );
    finds(
        &of(""),
        &Looked::Unseen("it takes more than 15 s".into()),
        &[(Fail, "could not look: it takes more")],
    );
    let mut read = of("");
    read.unit = Err("illegible".into());
    finds(&read, &looked(), &[(Fail, "could not look: illegible")]);
}
