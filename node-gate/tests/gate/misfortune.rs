//! What must not end a gate: a log that nobody takes, and an AWS SDK that panics.

use std::fs::OpenOptions;

use crate::bed::{Bed, GATE_KEY, PATIENCE, binary};

#[tokio::test]
async fn a_gate_whose_log_cannot_be_written_opens_all_the_same() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let folder = tempfile::tempdir().expect("a folder");
    let full = OpenOptions::new().write(true).open("/dev/full").expect("a device that is always full");
    let mut gate = binary();
    gate.args(["wait", "--state-dir"])
        .arg(folder.path())
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &instance.imds_endpoint)
        .env("AWS_ACCESS_KEY_ID", GATE_KEY)
        .stderr(full);
    let ended = tokio::time::timeout(PATIENCE, gate.status()).await.expect("it opens").expect("it starts");
    assert!(ended.success(), "{ended}");
    assert!(folder.path().join("opened.json").exists());
}

#[tokio::test]
async fn a_panic_in_the_sdk_holds_and_says_so() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let mut gate = bed.gate_with(&instance, &["--until", "in-service"], &[("AWS_ENDPOINT_URL", "")]);
    gate.says("the AWS SDK panicked").await;
    bed.polls(&instance, 3).await;
    gate.signal("TERM").await;
    assert_eq!(gate.exit_code().await, Some(0), "alive until now");
    assert!(!gate.file("opened.json").exists());
}
