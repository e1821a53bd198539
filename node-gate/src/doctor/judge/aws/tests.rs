use super::super::examples::{look, problems};
use super::*;
use crate::autoscaling::LaunchHook;
use crate::doctor::finding::Level::{self, Fail, Warn};

/// What is found once the look of a node in service was changed.
fn finds(change: impl FnOnce(&mut Look, &mut Instance), expected: &[(Level, &str, &str)]) {
    let mut look = look();
    let mut instance = look.metadata.clone().unwrap();
    change(&mut look, &mut instance);
    if look.metadata.is_ok() {
        look.metadata = Ok(instance);
    }
    let findings = aws(&look);
    let found = problems(&findings);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ((level, check, seen), (expected_level, expected_check, part)) in found.iter().zip(expected) {
        assert_eq!((level, check), (expected_level, expected_check), "{found:#?}");
        assert!(seen.contains(part), "{seen}");
    }
}

fn denied() -> Api {
    Api::NoAccess("AccessDenied: not authorized".into())
}

#[test]
fn a_node_in_service_has_a_line_for_each_thing_that_was_asked() {
    let findings = aws(&look());
    assert_eq!(problems(&findings), []);
    let lines: Vec<_> = findings.iter().map(|one| (one.check.as_str(), one.seen.as_str())).collect();
    assert_eq!(
        lines,
        [
            ("imds", "answers: i-065912b0a0b011658"),
            ("target", "InService"),
            ("api", "InService in group blue"),
        ]
    );
}

#[test]
fn a_warm_node_has_no_problems() {
    finds(
        |look, instance| {
            instance.target = Some("Warmed:Stopped".into());
            look.api = Some(Api::Listed { group: "blue".into(), state: "Warmed:Pending:Wait".into() });
        },
        &[],
    );
}

#[test]
fn imds_that_is_off_silent_or_something_else() {
    for (why, remedy) in [
        ("HTTP 403", "--http-endpoint enabled"),
        ("HTTP 404", "--http-endpoint enabled"),
        ("HTTP 401", "a proxy or an emulator"),
        ("no answer within 1 s", "hop limit 1"),
        ("Connection refused", "is IMDS enabled"),
    ] {
        finds(|look, _| look.metadata = Err(why.into()), &[(Fail, "imds", why)]);
        assert!(out_of_order(why).remedy.unwrap().contains(remedy), "{why}");
    }
    finds(|_, instance| instance.id = None, &[(Fail, "imds", "does not tell the instance's id")]);
}

#[test]
fn a_target_that_this_version_does_not_know() {
    finds(
        |_, instance| instance.target = Some("Resting".into()),
        &[(Warn, "target", "Resting, which this version")],
    );
}

#[test]
fn no_target_state_on_an_instance_of_a_group() {
    let none = |api: Option<Api>, tag: Option<&str>, expected: &[(Level, &str, &str)]| {
        finds(
            |look, instance| {
                (instance.target, instance.group) = (None, tag.map(str::to_owned));
                look.api = api;
            },
            expected,
        );
    };
    let listed = || Some(Api::Listed { group: "blue".into(), state: "InService".into() });
    none(
        listed(),
        None,
        &[(Warn, "target", "although the instance is in group blue: the API, which says InService")],
    );
    none(
        Some(denied()),
        Some("blue"),
        &[(Fail, "target", "in group blue, and the API cannot be asked: the gate would hold")],
    );
    none(Some(Api::Unlisted), Some("blue"), &[(Warn, "target", "by its tag; the API does not list it")]);
    none(Some(Api::Unlisted), None, &[]);
    // A machine that bakes images.
    none(
        Some(denied()),
        None,
        &[
            (Warn, "target", "none, and nothing tells whether"),
            (
                Warn,
                "api",
                "may not be asked (as role node): AccessDenied: not authorized; IMDS shows no tags",
            ),
        ],
    );
}

#[test]
fn neither_tags_nor_the_right_so_that_on_unknown_decides() {
    finds(
        |look, _| look.api = Some(denied()),
        &[(Warn, "api", "Where IMDS has no target state, --on-unknown=open decides")],
    );
    finds(
        |look, instance| {
            (look.api, instance.role, instance.shows_tags) = (Some(denied()), None, true);
            look.settings.opens_in_doubt = false;
        },
        &[(
            Warn,
            "api",
            "(the instance has no role): AccessDenied: not authorized; no tag names a group. Where IMDS",
        )],
    );
    finds(|look, instance| (look.api, instance.group) = (Some(denied()), Some("blue".into())), &[]);
    finds(
        |look, _| look.api = Some(Api::Failing("Throttling".into())),
        &[(Warn, "api", "could not look: Throttling")],
    );
}

#[test]
fn in_service_mode_without_the_right() {
    let strict = |change: fn(&mut Look, &mut Instance), expected: &[(Level, &str, &str)]| {
        finds(
            |look, instance| {
                look.settings.strict = true;
                look.hooks = Some(Ok(Vec::new()));
                change(look, instance);
            },
            expected,
        );
    };
    strict(|_, _| {}, &[]);
    strict(|look, _| look.api = Some(denied()), &[(Fail, "api", "the gate would hold for ever")]);
    strict(
        |look, instance| (look.api, instance.target) = (Some(denied()), None),
        &[
            (Warn, "target", "none, and nothing tells"),
            (Warn, "api", "without it a node would be held for ever"),
        ],
    );
    strict(
        |look, instance| {
            (look.api, instance.target, instance.group) = (Some(denied()), None, Some("blue".into()));
        },
        &[(Fail, "target", "the gate would hold"), (Fail, "api", "the gate would hold for ever")],
    );
}

#[test]
fn in_service_mode_with_a_launch_hook() {
    let hook = LaunchHook { name: "ready".into(), timeout: 300, result: "ABANDON".into() };
    let hooks = |hooks, expected: &[(Level, &str, &str)]| {
        finds(
            |look, _| {
                look.settings.strict = true;
                look.hooks = hooks;
            },
            expected,
        );
    };
    hooks(
        Some(Ok(vec![hook.clone()])),
        &[(Warn, "launch hook", "group blue has ready (after 300 s: ABANDON): with")],
    );
    hooks(Some(Ok(Vec::new())), &[]);
    hooks(Some(Err("AccessDenied".into())), &[(Warn, "launch hook", "could not look: AccessDenied")]);
    hooks(None, &[(Warn, "launch hook", "could not look: the instance's group is not known")]);
    // By its target alone the gate does not wait for hooks.
    finds(|look, _| look.hooks = Some(Ok(vec![hook])), &[]);
}

#[test]
fn a_group_that_is_wanted_and_cannot_be_shown_or_is_another() {
    let wanted = |change: fn(&mut Look, &mut Instance), expected: &[(Level, &str, &str)]| {
        finds(
            |look, instance| {
                look.settings.groups = vec!["blue".into(), "green".into()];
                change(look, instance);
            },
            expected,
        );
    };
    wanted(|_, _| {}, &[]);
    wanted(
        |look, _| look.api = Some(denied()),
        &[(Fail, "api", "--group opens only where the API or an instance tag")],
    );
    wanted(|look, instance| (look.api, instance.group) = (Some(denied()), Some("green".into())), &[]);
    wanted(
        |look, instance| (look.api, instance.group) = (Some(denied()), Some("red".into())),
        &[(Warn, "group", "is in group red: the gate holds until it is in blue or green")],
    );
    wanted(
        |look, instance| (look.api, instance.target) = (Some(Api::Unlisted), None),
        &[(Warn, "group", "is in no group: the gate holds until it is in blue or green")],
    );
    wanted(
        |look, instance| (look.api, instance.target) = (Some(denied()), None),
        &[(Warn, "target", "none, and nothing"), (Warn, "api", "without it a node would be held for ever")],
    );
}
