mod holding;

use super::super::examples::{absent, command, healthy, non_blocking, problems, spoilt, unit};
use super::*;
use crate::doctor::finding::Level::{self, Fail, Warn};

/// What is found in the units after one of them was spoilt: the level, the check and the beginning of what was seen.
fn finds(spoil: impl FnOnce(&mut Units), expected: &[(Level, &str, &str)]) {
    let findings = units(&spoilt(spoil).units);
    let found = problems(&findings);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ((level, check, seen), (expected_level, expected_check, beginning)) in found.iter().zip(expected) {
        assert_eq!((level, check), (expected_level, expected_check), "{found:#?}");
        assert!(seen.starts_with(beginning), "{seen}");
    }
    for finding in &findings {
        assert_eq!(finding.level == Level::Ok, finding.remedy.is_none(), "{finding:?}");
    }
}

#[test]
fn a_healthy_node_has_no_problems_and_a_line_for_each_thing_that_was_looked_at() {
    let findings = units(&healthy().units);
    assert_eq!(problems(&findings), []);
    let lines: Vec<_> = findings.iter().map(|one| (one.check.as_str(), one.seen.as_str())).collect();
    let drop_in =
        "starts only after the gate has opened: /etc/systemd/system/kubelet.service.d/50-node-gate.conf";
    assert_eq!(
        lines,
        [
            ("gate unit", "/usr/lib/systemd/system/node-gate.service"),
            ("kubelet.service", drop_in),
            ("re-arm", "node-gate-rearm@kubelet.service tries again should the gate fail"),
        ]
    );
}

#[test]
fn an_image_just_baked_has_no_problems() {
    finds(
        |units| {
            for unit in [&mut units.gate, &mut units.held[0]] {
                (unit.active, unit.active_since, unit.invocation) = ("inactive".into(), None, None);
            }
        },
        &[],
    );
}

#[test]
fn a_held_node_has_no_problems() {
    finds(
        |units| {
            (units.gate.active, units.gate.active_since) = ("activating".into(), None);
            (units.held[0].active, units.held[0].active_since) = ("inactive".into(), None);
        },
        &[],
    );
}

#[test]
fn systemd_that_cannot_be_asked_is_a_problem_of_its_own() {
    let findings = units(&Err("systemctl does not answer within 5 s".into()));
    assert_eq!(
        problems(&findings),
        [(Fail, "systemd", "could not look: systemctl does not answer within 5 s")]
    );
    assert_eq!(findings.len(), 1);
}

#[test]
fn a_gate_unit_that_is_missing_masked_or_broken() {
    finds(
        |units| units.gate = absent(GATE),
        &[
            (Fail, "gate unit", "there is no node-gate.service"),
            (Fail, "kubelet.service", "runs although the gate has not opened"),
        ],
    );
    finds(|units| units.gate.load = Load::Masked, &[(Fail, "gate unit", "node-gate.service is masked")]);
    finds(
        |units| (units.gate.load, units.gate.needs_reload) = (Load::Other("bad-setting".into()), true),
        &[(Fail, "gate unit", "systemd does not load node-gate.service: bad-setting")],
    );
}

#[test]
fn a_gate_unit_that_was_altered_where_it_matters() {
    let wrong = |spoil: fn(&mut Unit), seen| {
        finds(|units| spoil(&mut units.gate), &[(Fail, "gate unit", seen)]);
    };
    for kind in ["simple", "oneshot", "exec"] {
        finds(|units| units.gate.kind = kind.into(), &[(Fail, "gate unit", "Type= is not notify")]);
    }
    wrong(|gate| gate.remains = false, "RemainAfterExit= is not yes");
    wrong(|gate| gate.start_timeout = "1min 30s".into(), "TimeoutStartSec= is not infinity");
    wrong(|gate| gate.start = vec![command("/bin/true")], "ExecStart= is not node-gate wait alone");
    wrong(|gate| gate.start.push(command("/usr/bin/node-gate wait")), "ExecStart= is not");
    wrong(|gate| gate.start[0].may_fail = true, "ExecStart= is not");
    wrong(|gate| gate.start.clear(), "ExecStart= is not");
    finds(
        |units| {
            units.gate.start = vec![command("/usr/bin/node-gate wait --until in-service --group a")];
            units.gate.post.push(command("/bin/true"));
        },
        &[],
    );
}

#[test]
fn a_drop_in_that_alters_the_gate_is_named() {
    let facts = spoilt(|units| {
        units.gate.drop_ins = vec!["/etc/systemd/system/node-gate.service.d/x.conf".into()];
        units.gate.remains = false;
    });
    let findings = units(&facts.units);
    assert!(
        findings[0].seen.ends_with("node-gate.service, with /etc/systemd/system/node-gate.service.d/x.conf")
    );
    assert!(findings[1].remedy.as_ref().unwrap().contains("node-gate.service.d/x.conf"), "{findings:?}");
}

#[test]
fn a_re_arm_unit_that_is_not_named_not_there_or_masked() {
    finds(
        |units| units.rearm.clear(),
        &[(Warn, "re-arm", "kubelet.service has no OnFailure= of ours: should")],
    );
    finds(
        |units| units.held[0].on_failure = vec!["alarm.service".into()],
        &[(
            Warn,
            "re-arm",
            "kubelet.service has no OnFailure= of ours: should the gate fail, kubelet.service stays",
        )],
    );
    let broken = |load, seen| {
        finds(|units| units.rearm[0].load = load, &[(Warn, "re-arm", seen)]);
    };
    broken(Load::NotFound, "node-gate-rearm@kubelet.service is not there: should the gate fail");
    broken(Load::Masked, "node-gate-rearm@kubelet.service is masked");
    broken(Load::Other("error".into()), "node-gate-rearm@kubelet.service cannot be loaded (error)");
    finds(
        |units| {
            non_blocking(units);
            units.gate.on_failure = vec!["node-gate-rearm@kubelet.service".into()];
        },
        &[(
            Warn,
            "re-arm",
            "node-gate.service has no OnFailure= of ours: should the gate fail, kubelet.service",
        )],
    );
}

#[test]
fn nothing_to_hold_and_a_wrong_name() {
    finds(
        |units| units.held[0] = absent("kubelet.service"),
        &[(Fail, "held unit", "there is nothing to hold")],
    );
    finds(
        |units| (units.held, units.asked) = (vec![absent("kublet.service")], true),
        &[(Fail, "kublet.service", "there is no unit of this name")],
    );
    // kubelet is a snap here, and the drop-in is for a kubelet that is not.
    finds(
        |units| {
            units.held[0].load = Load::NotFound;
            units.held[1] = unit("snap.kubelet-eks.daemon.service");
        },
        &[(
            Fail,
            "snap.kubelet-eks.daemon.service",
            "is not held: it has no drop-in of the gate; one is there for kubelet.service, which does not exist",
        )],
    );
}

#[test]
fn each_unit_that_is_there_has_to_be_held() {
    finds(
        |units| units.held[2] = unit("ecs.service"),
        &[(Fail, "ecs.service", "is not held: it has no drop-in of the gate")],
    );
    let second =
        |units: &mut Units| units.held[2] = Unit { name: "ecs.service".into(), ..units.held[0].clone() };
    finds(second, &[]);
}

#[test]
fn a_held_unit_that_is_masked_or_broken() {
    finds(|units| units.held[0].load = Load::Masked, &[(Fail, "kubelet.service", "is masked")]);
    finds(
        |units| units.held[0].load = Load::Other("bad-setting".into()),
        &[(Fail, "kubelet.service", "systemd does not load it: bad-setting")],
    );
}

#[test]
fn files_that_systemd_has_not_read_yet() {
    let reload = |spoil: fn(&mut Units), name| {
        finds(spoil, &[(Warn, name, "its files have changed since systemd read them")]);
    };
    reload(|units| units.gate.needs_reload = true, GATE);
    reload(|units| units.held[0].needs_reload = true, "kubelet.service");
    reload(|units| units.rearm[0].needs_reload = true, "node-gate-rearm@kubelet.service");
}
