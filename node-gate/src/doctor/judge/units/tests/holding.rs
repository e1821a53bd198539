//! How a unit is held, or is not.

use std::path::PathBuf;
use std::time::Duration;

use super::super::super::examples::{absent, command, non_blocking, spoilt};
use super::*;

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
