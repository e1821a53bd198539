//! What the gate tells: to systemd, in its folder, by `node-gate status`.

use std::path::Path;

use tokio::net::UnixDatagram;

use crate::bed::{Bed, Gate, PATIENCE, binary, outcome};

async fn received(socket: &UnixDatagram) -> String {
    let mut buffer = vec![0; 4096];
    let length = tokio::time::timeout(PATIENCE, socket.recv(&mut buffer))
        .await
        .expect("a message")
        .expect("a socket that works");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

/// Exit code, standard output, standard error.
async fn status(folder: &Path, args: &[&str], invocation: Option<&str>) -> (Option<i32>, String, String) {
    let mut command = binary();
    command.arg("status").args(args).env("NODE_GATE_STATE_DIR", folder);
    if let Some(invocation) = invocation {
        command.env("INVOCATION_ID", invocation);
    }
    outcome(&mut command).await
}

#[tokio::test]
async fn systemd_hears_of_each_change_once_and_of_the_opening() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut gate = bed.gate_with(&instance, &[], &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    assert_eq!(received(&socket).await, "STATUS=Holding: asking IMDS for the target lifecycle state\n");
    assert_eq!(
        received(&socket).await,
        "STATUS=Holding: target Warmed:Running: the instance belongs to the warm pool\n"
    );
    bed.polls(&instance, 10).await;
    bed.scale_to(1).await;
    assert_eq!(received(&socket).await, "READY=1\nSTATUS=Opened: target InService\n");
    gate.opens().await;
    assert!(socket.try_recv(&mut [0; 16]).is_err(), "nothing else was said");
}

#[tokio::test]
async fn an_opening_that_systemd_does_not_hear_of_is_told_again_until_it_does() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let mut gate = bed.gate_with(&instance, &[], &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    gate.says("free to open, but that cannot be recorded").await;
    bed.polls(&instance, 3).await;
    assert!(gate.is_holding());
    let socket = UnixDatagram::bind(&path).unwrap();
    while !received(&socket).await.starts_with("READY=1\n") {}
    gate.opens().await;
}

#[tokio::test]
async fn status_tells_a_held_gate_an_open_one_and_none() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let nowhere = tempfile::tempdir().unwrap();
    let (code, out, err) = status(nowhere.path(), &[], None).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("node-gate: the gate never ran here") && err.lines().count() == 1, "{err}");

    let mut gate = bed.gate(&instance, &[]);
    gate.says("holding: target Warmed:Running").await;
    // The line comes before the file, the next look after it.
    bed.polls(&instance, 2).await;
    let (code, out, err) = status(gate.folder(), &[], None).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("node-gate: holding for "), "{out}");
    assert!(out.contains("why: target Warmed:Running: the instance belongs to the warm pool\n"), "{out}");
    assert!(out.contains("waits for: target InService in IMDS\n"), "{out}");

    bed.scale_to(1).await;
    gate.opens().await;
    let (code, out, _) = status(gate.folder(), &[], None).await;
    assert_eq!(code, Some(0));
    assert!(out.starts_with("node-gate: opened at ") && out.contains("why: target InService\n"), "{out}");
    let (code, out, _) = status(gate.folder(), &["--output", "json"], None).await;
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json), (Some(0), &gate.status()));
}

/// A status as a gate leaves it that was killed a moment ago.
fn left_behind(pid: u32, since: jiff::Timestamp) -> String {
    let waits_for = "target InService in IMDS";
    serde_json::json!({
        "state": "held", "reason": "warm", "message": "target Warmed:Stopped", "since": since, "started": since,
        "waits_for": waits_for, "instance": null, "pid": pid
    })
    .to_string()
}

#[tokio::test]
async fn a_status_that_cannot_be_read_is_one_line_and_code_1_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("status.json");
    let whole = left_behind(1, jiff::Timestamp::now());
    let unknown = whole.replace("held", "dreaming");
    for wrong in ["", "no json", "{}", "[1]", "\u{0}\u{1}", &whole[..40], &unknown, &"x".repeat(1_000_000)] {
        std::fs::write(&file, wrong).unwrap();
        for args in [&[][..], &["--output", "json"]] {
            let (code, out, err) = status(folder.path(), args, None).await;
            assert_eq!((code, out.as_str(), err.lines().count()), (Some(1), "", 1), "{err}");
            assert!(err.starts_with("node-gate: the status cannot be read: "), "{err}");
        }
    }
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(status(folder.path(), &[], None).await.0, Some(0), "what they were made of");

    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert!(status(folder.path(), &[], None).await.2.contains("it is no plain file"));
    std::fs::remove_dir(&file).unwrap();
    // Nobody writes into it: who reads it waits for ever.
    let made = tokio::process::Command::new("mkfifo").arg(&file).status().await.unwrap();
    assert!(made.success());
    assert!(status(folder.path(), &[], None).await.2.contains("it is no plain file"));
}

#[tokio::test]
async fn a_gate_that_was_killed_or_stopped_is_told_from_one_that_holds() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    for (signal, says) in [("KILL", ", which wrote this, is not running: see"), ("TERM", "not opened\n")] {
        let mut gate = bed.gate(&instance, &[]);
        gate.says("holding: target Warmed:Running").await;
        bed.polls(&instance, 2).await;
        let (code, out, _) = status(gate.folder(), &[], None).await;
        assert!(code == Some(0) && !out.contains("but:"), "{out}");
        gate.signal(signal).await;
        gate.exit_code().await;
        let (code, out, err) = status(gate.folder(), &[], None).await;
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.contains(says), "{out}");
    }
}

#[tokio::test]
async fn a_status_from_before_this_boot_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("status.json");
    std::fs::write(&file, left_behind(4_000_000, "2020-01-01T00:00:00Z".parse().unwrap())).unwrap();
    let (code, out, _) = status(folder.path(), &[], None).await;
    assert!(code == Some(0) && out.contains("but: that was before this machine was started, at "), "{out}");
}

#[tokio::test]
async fn any_user_may_ask_for_the_status() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let mut gate = bed.gate(&instance, &[]);
    gate.says("holding: target Warmed:Running").await;
    bed.polls(&instance, 2).await;
    let open = |path: &Path| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path, permissions).unwrap();
    };
    // As systemd makes the gate's folder; and the program where others may run it.
    open(gate.folder());
    let elsewhere = tempfile::tempdir().unwrap();
    open(elsewhere.path());
    let program = elsewhere.path().join("node-gate");
    std::fs::copy(env!("CARGO_BIN_EXE_node-gate"), &program).unwrap();
    let mut command = tokio::process::Command::new(&program);
    command.env_clear().arg("status").arg("--state-dir").arg(gate.folder());
    if rustix::process::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    } else {
        eprintln!("not as another user, for which this test has to be root's");
    }
    let (code, out, err) = outcome(&mut command).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("why: target Warmed:Running") && !out.contains("but:"), "{out}");
}

#[tokio::test]
async fn the_record_of_an_opening_names_its_start_and_goes_with_the_next() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let mut gate = bed.gate_with(&instance, &[], &[("INVOCATION_ID", "first")]);
    gate.opens().await;
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(gate.file("opened.json")).unwrap()).unwrap();
    assert_eq!(record["invocation"], "first");
    let warm = bed.warm_instance().await;
    let api = bed.simulator.endpoint();
    let mut next = Gate::run(gate.into_folder(), &["wait"], &warm.imds_endpoint, &api, &[]);
    next.says("holding: target Warmed:Running").await;
    assert!(next.is_holding());
}

#[tokio::test]
async fn a_new_start_takes_the_old_record_away() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("opened.json"), "{}").unwrap();
    // The last --state-dir would be refused as a repetition: the variable does it.
    let mut child = binary()
        .arg("wait")
        .env("NODE_GATE_STATE_DIR", folder.path())
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &instance.imds_endpoint)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    bed.polls(&instance, 1).await;
    assert!(!folder.path().join("opened.json").exists());
    child.kill().await.unwrap();
}
