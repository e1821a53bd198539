//! `node-gate doctor`, with a `systemctl` that shows what a test wants; how real systemd is judged, tests on real machines tell.

mod aws;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::bed::{binary, outcome};

/// A folder to find `systemctl` in, which is this script.
fn systemctl(script: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("systemctl");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("our folder");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our file");
    folder
}

/// A `systemctl` that shows, for each unit that it is asked for, the file of that name in a folder, as real ones do.
fn shows(units: &[(&str, &str)]) -> TempDir {
    let folder = systemctl(
        r#"while [ "$1" != -- ]; do shift; done; shift
           first=yes
           for unit; do
               [ $first ] || echo
               first=
               cat "${0%/*}/$unit" 2>/dev/null || printf 'Id=%s\nLoadState=not-found\nActiveState=inactive\n' "$unit"
           done"#,
    );
    for (unit, shown) in units {
        fs::write(folder.path().join(unit), shown).expect("our folder");
    }
    folder
}

/// The gate's unit, whose program is this one.
fn gate(environment: &Path) -> String {
    let file = environment.display().to_string();
    GATE.replace("/usr/bin/node-gate", env!("CARGO_BIN_EXE_node-gate"))
        .replace("/nonexistent/node-gate.env", &file)
}

const GATE: &str = "Type=notify\nRemainAfterExit=yes\nTimeoutStartUSec=infinity\n\
    ExecStart={ path=/usr/bin/node-gate ; argv[]=/usr/bin/node-gate wait ; ignore_errors=no ; start_time=[n/a] ; \
    stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }\n\
    Environment=\nEnvironmentFiles=/nonexistent/node-gate.env (ignore_errors=yes)\nId=node-gate.service\n\
    LoadState=loaded\nActiveState=inactive\nFragmentPath=/etc/node-gate.service\n";
const REARM: &str = "Id=node-gate-rearm@kubelet.service\nLoadState=loaded\nActiveState=inactive\n";
const HELD: &str = "Id=kubelet.service\nRequires=sysinit.target node-gate.service\nAfter=node-gate.service\n\
    OnFailure=node-gate-rearm@kubelet.service\nLoadState=loaded\nActiveState=inactive\nActiveEnterTimestampMonotonic=0\n";

/// Exit code, standard output, standard error.
async fn doctor(path: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = binary();
    let path = format!("{}:{}", path.display(), std::env::var("PATH").unwrap_or_default());
    command.arg("doctor").args(args).env("PATH", path);
    outcome(&mut command).await
}

#[tokio::test]
async fn systemctl_that_is_missing_failing_hanging_or_talking_nonsense_is_told_and_no_ok() {
    let empty = tempfile::tempdir().unwrap();
    for (folder, why) in [
        (systemctl("echo 'Failed to connect to bus: Host is down' >&2; exit 1"), "Failed to connect to bus"),
        (systemctl("echo 'Running in chroot, ignoring command.' >&2"), "Running in chroot"),
        (systemctl("head -c 100000 /dev/urandom"), "does not show these units"),
        (systemctl("exec sleep 600"), "systemctl does not answer within"),
        (empty, "systemctl cannot be run"),
    ] {
        let mut command = binary();
        // Nothing but this folder, and what the script needs.
        command.arg("doctor").env("PATH", folder.path());
        if why != "systemctl cannot be run" {
            command.env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()));
        }
        let (code, out, err) = outcome(&mut command).await;
        assert_eq!((code, err.as_str()), (Some(1), ""), "{out}");
        let line = out.lines().next().unwrap();
        assert!(line.starts_with("FAIL  systemd") && line.contains("could not look: "), "{out}");
        assert!(line.contains(why), "{out}");
    }
}

#[tokio::test]
async fn a_unit_that_is_not_held_is_found_and_the_exit_code_tells() {
    let units = |kubelet| {
        [
            ("node-gate.service", GATE),
            ("node-gate-rearm@kubelet.service", REARM),
            ("kubelet.service", kubelet),
        ]
    };
    let bare = "Id=kubelet.service\nRequires=sysinit.target\nLoadState=loaded\nActiveState=active\n";
    let (code, out, _) = doctor(shows(&units(bare)).path(), &[]).await;
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("\nFAIL  kubelet.service  is not held: it has no drop-in of the gate\n"), "{out}");
    assert!(out.contains("do: install /etc/systemd/system/kubelet.service.d/50-node-gate.conf"), "{out}");

    let (_, out, _) = doctor(shows(&units(HELD)).path(), &[]).await;
    assert!(out.contains("\nok    kubelet.service  starts only after the gate has opened\n"), "{out}");
}

#[tokio::test]
async fn a_unit_may_be_named_and_scripts_get_json() {
    let held = HELD.replace("kubelet", "k3s-agent");
    let folder = shows(&[
        ("node-gate.service", GATE),
        ("node-gate-rearm@kubelet.service", REARM),
        ("k3s-agent.service", &held),
    ]);
    let (_, out, _) = doctor(folder.path(), &["--unit", "k3s-agent", "--output", "json"]).await;
    let report: Value = serde_json::from_str(&out).unwrap();
    let line = |check: &str| {
        let all = report["findings"].as_array().unwrap();
        all.iter().find(|one| one["check"] == check).cloned().unwrap_or_default()
    };
    assert_eq!(line("k3s-agent.service")["level"], "ok", "{out}");
    assert_eq!(line("kubelet.service"), Value::Null, "only what was asked for");

    let (code, out, _) = doctor(folder.path(), &["--unit", "k3s-server"]).await;
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("FAIL  k3s-server.service  there is no unit of this name\n"), "{out}");
}

#[tokio::test]
async fn the_gate_s_own_reading_of_its_settings_is_told_line_by_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let folder = shows(&[
        ("node-gate.service", &gate(file.path())),
        ("node-gate-rearm@kubelet.service", REARM),
        ("kubelet.service", HELD),
    ]);
    let told = async |settings: &str| {
        fs::write(file.path(), settings).unwrap();
        let (code, out, err) = doctor(folder.path(), &[]).await;
        assert_eq!(err, "");
        (code, out)
    };
    let (_, out) = told("NODE_GATE_UNTIL=in-service\nNODE_GATE_GROUP='a b'\n").await;
    let path = file.path().display();
    assert!(
        out.contains(&format!("settings         {path}: until in-service, on-unknown open, group a b\n")),
        "{out}"
    );
    assert!(out.contains(&format!("ok    program          {}\n", env!("CARGO_BIN_EXE_node-gate"))), "{out}");
    for (settings, seen) in [
        (
            "NODE_GATE_UNTIL=tomorrow",
            "node-gate wait would end with: invalid value 'tomorrow' for '--until <UNTIL>'",
        ),
        ("NODE_GATE_GRACE=60s # a minute", "node-gate wait would end with: invalid value '60s # a minute'"),
        ("NODE_GATE_GROUP=", "node-gate wait would end with: "),
        ("export NODE_GATE_UNTIL=target", "line 1 sets nothing"),
        ("NODE_GATE_UNTILL=target", "NODE_GATE_UNTILL is no setting of this version"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT=nowhere", "not an http address"),
    ] {
        let (code, out) = told(settings).await;
        assert_eq!(code, Some(1), "{out}");
        let line = out.lines().find(|line| line.starts_with("FAIL  settings")).unwrap();
        assert!(line.contains(seen), "{line}");
    }
    let (_, out) = told("AWS_SECRET_ACCESS_KEY=hidden\nexport OTHER_SECRET=hidden\nhidden").await;
    assert!(!out.contains("hidden"), "{out}");
}
