//! The units as systemd's own checker sees them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const GATE: &str = "node-gate.service";
const REARM: &str = "node-gate-rearm@.service";
const WATCH: &str = "node-gate-watch.service";
const KUBELET: &str = "kubelet.service.d/50-node-gate.conf";
const ECS: &str = "ecs.service.d/50-node-gate.conf";
const NON_BLOCKING_KUBELET: &str = "non-blocking/kubelet.service.d/50-node-gate.conf";
const NON_BLOCKING_GATE: &str = "non-blocking/node-gate.service.d/50-non-blocking.conf";

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd")
}

fn shipped(name: &str) -> String {
    let path = source().join(name);
    fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

/// Everything in the folder, by its path in it.
fn all_shipped() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![source()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("our folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(source()).expect("below it");
                found.push(name.to_str().expect("text").to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The shipped units in a folder of their own, unchanged but for the program's path, with a kubelet and an ECS agent to hold.
struct Units {
    folder: TempDir,
}

impl Units {
    fn install(drop_ins: &[&str]) -> Units {
        let units = Units { folder: tempfile::tempdir().expect("a folder") };
        for name in all_shipped().iter().filter(|name| name.ends_with(".service")) {
            units.write(name, &shipped(name).replace("/usr/bin/node-gate", env!("CARGO_BIN_EXE_node-gate")));
        }
        for held in ["kubelet.service", "ecs.service", "mine@.service"] {
            units.write(held, "[Service]\nExecStart=/bin/true\n");
        }
        for drop_in in drop_ins {
            units.write(drop_in.trim_start_matches("non-blocking/"), &shipped(drop_in));
        }
        units
    }

    fn blocking() -> Units {
        let units = Units::install(&[KUBELET, ECS]);
        // What a user writes for a unit of his own.
        units.write("mine@.service.d/50-node-gate.conf", &shipped(KUBELET));
        units
    }

    fn non_blocking() -> Units {
        Units::install(&[NON_BLOCKING_KUBELET, NON_BLOCKING_GATE])
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("our folder");
        fs::write(path, content).expect("our folder");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn analyze(&self, args: &[&str], unit: &str) -> Output {
        Command::new("systemd-analyze")
            .args(args)
            .arg(self.path(unit))
            // The trailing colon keeps systemd's own folders.
            .env("SYSTEMD_UNIT_PATH", format!("{}:", self.folder.path().display()))
            .output()
            .unwrap_or_else(|err| {
                panic!(
                    "systemd-analyze cannot be run ({err}); it comes with systemd: apt-get install systemd"
                )
            })
    }

    /// What systemd's checker has to say about a unit.
    fn verify(&self, unit: &str) -> String {
        let output = self.analyze(&["verify", "--man=no"], unit);
        let said = text(&output);
        // An unknown key is only a warning with exit code 0: any output counts.
        assert!(output.status.success() || !said.is_empty(), "{unit}");
        said
    }

    fn is_exposed_to(&self, unit: &str, tenths: u32) -> bool {
        let threshold = format!("--threshold={tenths}");
        self.analyze(&["security", "--offline=yes", &threshold], unit).status.success()
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn has(name: &str, line: &str) -> bool {
    shipped(name).lines().any(|one| one == line)
}

fn sets(name: &str, key: &str) -> bool {
    shipped(name).lines().any(|one| one.starts_with(key))
}

#[test]
fn the_folder_holds_what_is_tested_here_and_nothing_else() {
    let mut known =
        [GATE, REARM, WATCH, KUBELET, ECS, NON_BLOCKING_KUBELET, NON_BLOCKING_GATE, "node-gate.env"];
    known.sort_unstable();
    assert_eq!(all_shipped(), known);
}

#[test]
fn verify_has_nothing_to_say() {
    let blocking = Units::blocking();
    for unit in
        [GATE, WATCH, "node-gate-rearm@kubelet.service", "kubelet.service", "ecs.service", "mine@1.service"]
    {
        // Of a template the checker takes an instance, by a file of that name.
        if let Some((template, _)) = unit.split_once('@') {
            let template = blocking.path(&format!("{template}@.service"));
            fs::copy(template, blocking.path(unit)).expect("our folder");
        }
        assert_eq!(blocking.verify(unit), "", "{unit}");
    }
    let non_blocking = Units::non_blocking();
    for unit in [GATE, WATCH, "kubelet.service"] {
        assert_eq!(non_blocking.verify(unit), "", "{unit}, non-blocking");
    }
}

#[test]
fn verify_sees_a_misspelled_key_in_each_of_them() {
    for (name, key) in [
        (GATE, "RemainAfterExit="),
        (REARM, "PartOf="),
        (WATCH, "WantedBy="),
        (KUBELET, "OnFailure="),
        (NON_BLOCKING_KUBELET, "StopPropagatedFrom="),
        (NON_BLOCKING_GATE, "ExecStartPre="),
    ] {
        let units = if name.starts_with("non-blocking") { Units::non_blocking() } else { Units::blocking() };
        let installed = name.trim_start_matches("non-blocking/");
        let content = fs::read_to_string(units.path(installed)).unwrap();
        assert!(content.contains(key), "{name}");
        units.write(installed, &content.replace(key, "Misspelled="));
        let unit = installed.split_once(".d/").map_or(installed, |(unit, _)| unit);
        assert!(units.verify(unit).contains("Misspelled"), "{name}");
    }
}

#[test]
fn each_unit_is_exposed_no_further_than_its_job_needs() {
    let units = Units::blocking();
    // Tenths of a point, as the threshold counts.
    for (unit, tenths) in [(GATE, 20), (REARM, 15), (WATCH, 20)] {
        assert!(units.is_exposed_to(unit, tenths), "{unit}");
        assert!(!units.is_exposed_to(unit, 5), "{unit}: the checker sees a difference");
    }
}

#[test]
fn what_is_held_is_bound_to_the_gate_and_asked_for_again_after_a_failure() {
    for drop_in in [KUBELET, ECS] {
        for line in
            ["Requires=node-gate.service", "After=node-gate.service", "OnFailure=node-gate-rearm@%N.service"]
        {
            assert!(has(drop_in, line), "{drop_in}: {line}");
        }
    }
}

#[test]
fn where_nobody_may_wait_the_unit_has_a_condition_and_no_order() {
    assert!(has(NON_BLOCKING_KUBELET, "ConditionPathExists=/run/node-gate/opened.json"));
    assert!(has(NON_BLOCKING_KUBELET, "Wants=node-gate.service"));
    assert!(has(NON_BLOCKING_KUBELET, "StopPropagatedFrom=node-gate.service"));
    for absent in ["Requires=", "After=", "BindsTo=", "PartOf="] {
        assert!(!sets(NON_BLOCKING_KUBELET, absent), "{absent}");
    }
    assert!(has(NON_BLOCKING_GATE, "OnFailure=node-gate-rearm@%N.service"));
    assert!(has(NON_BLOCKING_GATE, "ExecStartPost=+/usr/bin/systemctl start --no-block $NODE_GATE_UNIT"));
    // Otherwise a gate that was told to end would start kubelet.
    assert!(has(GATE, "Type=notify"));
}

#[test]
fn the_gate_is_bound_to_nothing_that_outlives_a_boot_and_gives_up_never() {
    for line in [
        "Type=notify",
        "RemainAfterExit=yes",
        "TimeoutStartSec=infinity",
        "NotifyAccess=main",
        "StartLimitIntervalSec=0",
    ] {
        assert!(has(GATE, line), "{line}");
    }
    assert!(has(REARM, "StartLimitIntervalSec=0"));
    for name in all_shipped() {
        for absent in ["StateDirectory", "ConditionFirstBoot", "ConditionPathExists=/var"] {
            assert!(!sets(&name, absent), "{name}: {absent}");
        }
    }
    for absent in ["ConditionPathExists", "Restart="] {
        assert!(!sets(GATE, absent), "{absent}");
    }
}

#[test]
fn the_watch_follows_the_gate_and_nothing_follows_the_watch() {
    for line in [
        "Requires=node-gate.service",
        "After=node-gate.service",
        "Restart=on-failure",
        "StartLimitIntervalSec=0",
        "CapabilityBoundingSet=",
        // A target that wants it would wait for it, and so for the gate.
        "WantedBy=node-gate.service",
    ] {
        assert!(has(WATCH, line), "{line}");
    }
    for name in all_shipped().iter().filter(|name| *name != WATCH) {
        let unit = shipped(name);
        let mut settings = unit.lines().filter(|line| !line.starts_with('#'));
        assert!(!settings.any(|line| line.contains(WATCH)), "{name}");
    }
}

#[test]
fn nothing_is_started_by_itself_and_only_the_watch_can_be_enabled() {
    for name in all_shipped() {
        assert_eq!(sets(&name, "[Install]"), name == WATCH, "{name}");
    }
}

#[test]
fn each_setting_of_the_environment_file_is_a_flag_with_that_default() {
    let help = |command| {
        let output = Command::new(env!("CARGO_BIN_EXE_node-gate")).args([command, "--help"]).output();
        text(&output.expect("the program runs"))
    };
    let help = [help("wait"), help("watch")].concat();
    let file = shipped("node-gate.env");
    let settings: Vec<_> = file.lines().filter_map(|line| line.strip_prefix("#NODE_GATE_")).collect();
    assert_eq!(settings.len(), 9);
    for setting in settings {
        let (name, value) = setting.split_once('=').unwrap();
        if name == "UNIT" {
            // The only one that is read by a unit alone.
            assert!(has(NON_BLOCKING_GATE, &format!("Environment=NODE_GATE_{setting}")));
            continue;
        }
        assert!(help.contains(&format!("[env: NODE_GATE_{name}=")), "{name}: {help}");
        let shown = help.contains(&format!("[default: {value}]"));
        // Of these the help shows no default: no group, and no.
        assert!(shown || setting == "GROUP=blue,green" || setting == "REHOLD=false", "{setting}: {help}");
    }
    assert!(
        file.lines().all(|line| line.is_empty() || line.starts_with('#')),
        "the file sets nothing by itself"
    );
}
