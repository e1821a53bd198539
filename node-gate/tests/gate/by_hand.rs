//! `node-gate open`: opens a gate that holds, says who and why, and opens nothing else.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use aws_simulator::ImdsFault;
use node_gate::files::write_atomically;

use crate::bed::{Bed, binary, outcome};

/// Exit code, standard output, standard error.
async fn open(folder: &Path, reason: &str) -> (Option<i32>, String, String) {
    let mut command = binary();
    command.args(["open", "--reason", reason]).env("NODE_GATE_STATE_DIR", folder).env("SUDO_USER", "ubuntu");
    outcome(&mut command).await
}

#[tokio::test]
async fn a_held_gate_opens_by_hand_and_tells_who_and_why() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let mut gate = bed.gate_with(&instance, &[], &[("INVOCATION_ID", "this")]);
    gate.says("holding: target Warmed:Running").await;
    bed.polls(&instance, 2).await;
    let (code, out, err) = open(gate.folder(), "the pool is stuck, ticket 7").await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out, "node-gate: opened: by hand, by ubuntu: the pool is stuck, ticket 7\n");
    gate.opens().await;
    assert_eq!(gate.status()["reason"], "by-hand");
    assert_eq!(gate.status()["message"], "by hand, by ubuntu: the pool is stuck, ticket 7");
    let last = gate.said.last().unwrap();
    assert!(last.contains("opened after") && last.contains("by ubuntu: the pool is stuck"), "{last}");

    let (code, out, _) = open(gate.folder(), "again").await;
    assert_eq!(code, Some(0));
    assert!(out.starts_with("node-gate: nothing to do, the gate opened at "), "{out}");
}

#[tokio::test]
async fn a_request_can_be_read_by_the_gate_whatever_the_umask_of_root() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let mut gate = bed.gate(&instance, &[]);
    gate.says("holding: target Warmed:Running").await;
    let mut command = tokio::process::Command::new("sh");
    command
        .args([
            "-c",
            "umask 077; exec \"$0\" open --reason why --state-dir \"$1\"",
            env!("CARGO_BIN_EXE_node-gate"),
        ])
        .arg(gate.folder())
        .env_clear();
    assert_eq!(outcome(&mut command).await.0, Some(0));
    gate.opens().await;
    let mode = std::fs::metadata(gate.file("open.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
}

#[tokio::test]
async fn opening_by_hand_needs_neither_imds_nor_the_api() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    bed.simulator.imds_fault(&instance.id, Some(ImdsFault::Hang));
    let mut gate = bed.gate(&instance, &[]);
    gate.says("holding: IMDS gives no usable answer").await;
    assert_eq!(open(gate.folder(), "IMDS is down").await.0, Some(0));
    gate.opens().await;
}

#[tokio::test]
async fn what_was_asked_of_an_earlier_start_opens_no_later_one() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = open(folder.path(), "no gate ever ran here").await;
    assert_eq!((code, out.as_str(), err.lines().count()), (Some(1), "", 1), "{err}");
    assert!(err.starts_with("node-gate: the gate is not running"), "{err}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left for later");

    let request = r#"{"at":"2026-11-21T07:00:00Z","by":"root","reason":"yesterday"}"#;
    std::fs::write(folder.path().join("open.json"), request).unwrap();
    let mut child = binary()
        .arg("wait")
        .env("NODE_GATE_STATE_DIR", folder.path())
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &instance.imds_endpoint)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    bed.polls(&instance, 2).await;
    assert!(!folder.path().join("open.json").exists());
    assert!(child.try_wait().unwrap().is_none() && !folder.path().join("opened.json").exists());
    child.kill().await.unwrap();
}

#[tokio::test]
async fn a_request_that_is_no_request_is_told_once_and_opens_nothing() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let mut gate = bed.gate(&instance, &[]);
    gate.says("holding: target Warmed:Running").await;
    for (wrong, why) in [
        (r#"{"at":"2026-11-21T07:00:00Z","by":"root","reason":""}"#, "it must not be empty"),
        ("open, please", "it is not understood"),
        (&"x".repeat(5000), "it is too long"),
    ] {
        write_atomically(&gate.file("open.json"), wrong.as_bytes()).unwrap();
        gate.says(why).await;
        bed.polls(&instance, 5).await;
        assert!(gate.is_holding());
    }
    std::fs::remove_file(gate.file("open.json")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", gate.file("open.json")).unwrap();
    gate.says("it is no plain file").await;
    bed.scale_to(1).await;
    gate.opens().await;
    let told = gate.said.iter().filter(|line| line.contains("does not count")).count();
    assert_eq!(told, 4, "each once: {:#?}", gate.said);
}
