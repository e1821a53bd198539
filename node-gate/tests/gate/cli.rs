//! Wrong configuration: one clear line and exit code 2.

use crate::bed::{binary, ended};

async fn fails(args: &[&str], env: &[(&str, &str)], says: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = binary();
    command.args(args).env("NODE_GATE_STATE_DIR", folder.path()).envs(env.iter().copied());
    let output = ended(&mut command).await;
    let err = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{args:?} {env:?}: {err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(err.starts_with("node-gate: ") && err.contains(says), "{err}");
    assert!(output.stdout.is_empty());
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("our folder").count(),
        0,
        "nothing was opened or begun"
    );
}

#[tokio::test]
async fn wrong_configuration_ends_with_one_line_and_code_2() {
    fails(&[], &[], "subcommand").await;
    fails(&["close"], &[], "unrecognized subcommand 'close'").await;
    fails(&["open"], &[], "--reason <TEXT>").await;
    fails(&["open", "--reason", " "], &[], "it must not be empty").await;
    fails(&["open", "--reason", "two\nlines"], &[], "it must be one line").await;
    fails(&["doctor", "--unit", "*"], &[], "not the name of a unit").await;
    fails(&["wait", "--untill", "target"], &[], "unexpected argument '--untill'").await;
    fails(&["wait", "--until", "tomorrow"], &[], "[possible values: target, in-service]").await;
    fails(&["wait", "--on-unknown", ""], &[], "--on-unknown").await;
    fails(&["wait", "--grace", "soon"], &[], "--grace").await;
    fails(&["wait", "--poll-interval", "0s"], &[], "it must be 50ms or more").await;
    fails(&["wait", "--group", ""], &[], "a group's name must not be empty").await;
    fails(&["wait"], &[("NODE_GATE_UNTIL", "tomorrow")], "tomorrow").await;
    fails(&["wait"], &[("NODE_GATE_GROUP", "blue,")], "a group's name must not be empty").await;
    fails(&["wait"], &[("NODE_GATE_POLL_INTERVAL", "500")], "--poll-interval").await;
    fails(&["wait"], &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254")], "not an http address")
        .await;
    let second = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9,nowhere");
    fails(&["wait"], &[second], "not an http address").await;
    fails(&["wait"], &[("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5")], "[possible values: ipv4, ipv6]")
        .await;
    fails(&["wait"], &[("RUST_LOG", "node_gate=loud")], "--log").await;
}

#[tokio::test]
async fn a_state_folder_that_cannot_be_used_is_wrong_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = ended(binary().args(["wait", "--state-dir"]).arg(&file)).await;
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), err.lines().count()), (Some(2), 1), "{err}");
    assert!(err.starts_with("node-gate: --state-dir cannot be used: "), "{err}");
}

#[tokio::test]
async fn help_and_version_go_to_standard_output() {
    for args in [
        &["--help"][..],
        &["--version"],
        &["wait", "--help"],
        &["status", "--help"],
        &["open", "--help"],
        &["doctor", "--help"],
    ] {
        let output = ended(binary().args(args)).await;
        assert!(output.status.success() && !output.stdout.is_empty() && output.stderr.is_empty(), "{args:?}");
    }
}
