use std::path::PathBuf;
use std::time::Duration;

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
fn the_non_blocking_variant_is_known_and_told() {
    finds(non_blocking, &[]);
    let findings = units(&spoilt(non_blocking).units);
    assert_eq!(
        findings[1].seen,
        "is started by the gate when it opens (non-blocking): \
         /etc/systemd/system/kubelet.service.d/50-node-gate.conf"
    );
    // By its name, without a variable; and in a unit of another name.
    finds(
        |units| {
            non_blocking(units);
            units.started = None;
            units.gate.post[0] = command("/usr/bin/systemctl start --no-block kubelet");
        },
        &[],
    );
}

#[test]
fn a_non_blocking_variant_that_is_not_whole() {
    let wrong = |spoil: fn(&mut Units), seen| {
        finds(
            |units| {
                non_blocking(units);
                spoil(units);
            },
            &[(Fail, "kubelet.service", seen)],
        );
    };
    let unstarted = "waits for the record of the opening, and the gate does not start it";
    wrong(|units| _ = units.gate.post.pop(), unstarted);
    wrong(|units| units.started = Some("kublet.service".into()), unstarted);
    wrong(|units| units.started = None, unstarted);
    wrong(|units| units.gate.post[0] = command("/usr/bin/systemctl start $NODE_GATE_UNIT"), unstarted);
    wrong(|units| units.held[0].wants.clear(), "waits for the gate but does not want it");
    wrong(|units| units.held[0].conditions = Ok(vec!["/etc/x".into()]), "is not held: /etc/systemd/system/");
    wrong(|units| units.held[0].conditions = Err("/x: denied".into()), "could not look: /x: denied");
    wrong(
        |units| units.held[0].after.push(GATE.into()),
        "has the condition of the non-blocking variant and half",
    );
}

#[test]
fn a_mixture_of_both_variants() {
    let both = "is held in both ways";
    finds(
        |units| units.held[0].conditions = Ok(vec!["/run/node-gate/opened.json".into()]),
        &[(Warn, "kubelet.service", both)],
    );
    finds(
        |units| {
            units.started = Some("kubelet.service".into());
            units.gate.post.push(command("/usr/bin/systemctl start --no-block $NODE_GATE_UNIT"));
        },
        &[(Warn, "kubelet.service", both)],
    );
}

#[test]
fn a_boot_in_which_user_data_comes_after_what_is_held() {
    fn ubuntu(units: &mut Units) {
        units.cloud_final.after.push("multi-user.target".into());
        units.held[0].wanted_by.push("multi-user.target".into());
    }
    finds(
        ubuntu,
        &[(Warn, "boot", "user data (cloud-final.service) comes after multi-user.target, which waits for")],
    );
    finds(
        |units| {
            ubuntu(units);
            non_blocking(units);
        },
        &[],
    );
    for spoil in [
        |units: &mut Units| units.cloud_final = absent("cloud-final.service"),
        |units: &mut Units| _ = units.cloud_final.after.pop(),
        |units: &mut Units| units.held[0].wanted_by.clear(),
    ] {
        finds(
            |units| {
                ubuntu(units);
                spoil(units);
            },
            &[],
        );
    }
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
fn a_binding_that_does_not_bind() {
    let kubelet = |spoil: fn(&mut Unit), seen| {
        finds(|units| spoil(&mut units.held[0]), &[(Fail, "kubelet.service", seen)]);
    };
    kubelet(|unit| _ = unit.after.pop(), "requires the gate but does not wait for it");
    kubelet(|unit| _ = unit.requires.pop(), "comes after the gate but does not require it");
    kubelet(
        |unit| unit.wants.extend(unit.requires.pop()),
        "only wants the gate: it would start as well if the gate fails",
    );
}

#[test]
fn a_drop_in_that_is_missing_unread_hidden_or_empty() {
    let unbound = |spoil: fn(&mut Unit), seen: &str, more: &[(_, &str, &str)]| {
        finds(
            |units| {
                units.held[0].requires.pop();
                units.held[0].after.pop();
                spoil(&mut units.held[0]);
            },
            &[&[(Fail, "kubelet.service", seen)], more].concat(),
        );
    };
    let file = "/etc/systemd/system/kubelet.service.d/50-node-gate.conf";
    unbound(
        |unit| (unit.drop_ins, unit.ours_on_disk) = (Vec::new(), Vec::new()),
        "is not held: it has no drop-in of the gate",
        &[],
    );
    unbound(
        |unit| (unit.drop_ins, unit.needs_reload) = (Vec::new(), true),
        &format!("is not held yet: systemd has not read {file}"),
        &[(Warn, "kubelet.service", "its files have changed")],
    );
    unbound(
        |unit| {
            unit.drop_ins.clear();
            unit.ours_on_disk.insert(0, PathBuf::from("/usr/lib/x/node-gate.conf"));
        },
        &format!("is not held: /usr/lib/x/node-gate.conf, {file} does not apply"),
        &[],
    );
    unbound(
        |unit| unit.ours_on_disk.push("/usr/lib/systemd/system/kubelet.service.d/50-node-gate.conf".into()),
        &format!(
            "is not held: {file} hides /usr/lib/systemd/system/kubelet.service.d/50-node-gate.conf, and names"
        ),
        &[],
    );
    unbound(|_| {}, &format!("is not held: {file} applies but names no node-gate.service"), &[]);
}

#[test]
fn a_unit_that_runs_although_nothing_held_it() {
    finds(
        |units| (units.gate.active, units.gate.active_since) = ("activating".into(), None),
        &[(Fail, "kubelet.service", "runs although the gate has not opened")],
    );
    finds(
        |units| units.held[0].active_since = Some(Duration::from_secs(15)),
        &[(Fail, "kubelet.service", "started 5s before the gate opened")],
    );
    finds(
        |units| units.held[0].active_since = Some(Duration::from_millis(19_999)),
        &[(Fail, "kubelet.service", "started 1ms before the gate opened")],
    );
    finds(
        |units| {
            non_blocking(units);
            units.held[0].active_since = Some(Duration::from_millis(18_500));
        },
        &[(Fail, "kubelet.service", "started 1s 500ms before the gate opened")],
    );
    // In the same microsecond, or restarted hours later.
    for since in [20, 40_000] {
        finds(|units| units.held[0].active_since = Some(Duration::from_secs(since)), &[]);
    }
    // It ran before, and is down now: what counts is its next start.
    finds(
        |units| {
            (units.held[0].active, units.held[0].active_since) =
                ("failed".into(), Some(Duration::from_secs(15)));
        },
        &[],
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
