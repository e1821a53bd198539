//! The units as systemd's own checker sees them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn shipped(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd").join(name);
    fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

/// The shipped units in a folder of their own, unchanged but for the program's path, with a kubelet to hold.
fn units() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let gate = shipped("node-gate.service").replace("/usr/bin/node-gate", env!("CARGO_BIN_EXE_node-gate"));
    let unit = folder.path().join("node-gate.service");
    fs::write(&unit, gate).expect("our folder");
    fs::write(folder.path().join("kubelet.service"), "[Service]\nExecStart=/bin/true\n").expect("our folder");
    fs::create_dir(folder.path().join("kubelet.service.d")).expect("our folder");
    let drop_in = "kubelet.service.d/50-node-gate.conf";
    fs::write(folder.path().join(drop_in), shipped(drop_in)).expect("our folder");
    (folder, unit)
}

fn analyze(units: &Path, args: &[&str]) -> Output {
    Command::new("systemd-analyze")
        .args(args)
        // The trailing colon keeps systemd's own folders.
        .env("SYSTEMD_UNIT_PATH", format!("{}:", units.display()))
        .output()
        .unwrap_or_else(|err| {
            panic!("systemd-analyze cannot be run ({err}); it comes with systemd: apt-get install systemd")
        })
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn verify_has_nothing_to_say() {
    let (folder, unit) = units();
    for unit in [unit, folder.path().join("kubelet.service")] {
        let output = analyze(folder.path(), &["verify", "--man=no", unit.to_str().unwrap()]);
        // An unknown key is only a warning with exit code 0: any output counts.
        assert!(output.status.success() && text(&output).is_empty(), "{}: {}", unit.display(), text(&output));
    }
}

#[test]
fn verify_sees_a_misspelled_key() {
    let (folder, unit) = units();
    fs::write(&unit, fs::read_to_string(&unit).unwrap().replace("RemainAfterExit=", "RemainsAfterExit="))
        .unwrap();
    let output = analyze(folder.path(), &["verify", "--man=no", unit.to_str().unwrap()]);
    assert!(text(&output).contains("RemainsAfterExit"), "{}", text(&output));
}

#[test]
fn the_gate_is_exposed_to_two_points_at_most() {
    let (folder, unit) = units();
    let unit = unit.to_str().unwrap();
    // The threshold is ten times the exposure level.
    let output = analyze(folder.path(), &["security", "--offline=yes", "--threshold=20", unit]);
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn kubelet_is_bound_to_the_gate_and_the_gate_to_nothing_that_outlives_a_boot() {
    let drop_in = shipped("kubelet.service.d/50-node-gate.conf");
    for line in ["Requires=node-gate.service", "After=node-gate.service"] {
        assert!(drop_in.lines().any(|one| one == line), "{line}");
    }
    let gate = shipped("node-gate.service");
    for line in ["Type=oneshot", "RemainAfterExit=yes", "TimeoutStartSec=infinity", "NotifyAccess=main"] {
        assert!(gate.lines().any(|one| one == line), "{line}");
    }
    for absent in ["[Install]", "StateDirectory", "ConditionPathExists", "Restart="] {
        assert!(!gate.lines().any(|one| one.starts_with(absent)), "{absent}");
    }
}

#[test]
fn each_setting_of_the_environment_file_is_a_flag_with_that_default() {
    let help = Command::new(env!("CARGO_BIN_EXE_node-gate")).args(["wait", "--help"]).output().unwrap();
    let help = text(&help);
    let file = shipped("node-gate.env");
    let settings: Vec<_> = file.lines().filter_map(|line| line.strip_prefix("#NODE_GATE_")).collect();
    assert_eq!(settings.len(), 5);
    for setting in settings {
        let (name, value) = setting.split_once('=').unwrap();
        assert!(help.contains(&format!("[env: NODE_GATE_{name}=")), "{name}: {help}");
        assert!(name == "GROUP" || help.contains(&format!("[default: {value}]")), "{name}={value}: {help}");
    }
    assert!(
        file.lines().all(|line| line.is_empty() || line.starts_with('#')),
        "the file sets nothing by itself"
    );
}
