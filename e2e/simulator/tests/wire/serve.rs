//! The program as people run it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::bed::{client, group};

/// Ends the program when the test does.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_aws-simulator"))
}

#[tokio::test]
async fn its_first_line_is_the_endpoint_that_the_sdk_can_use() {
    let mut child = program()
        .args(["serve", "--min-heartbeat-timeout", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let _running = Running(child);
    let mut endpoint = String::new();
    stdout.read_line(&mut endpoint).expect("a line");
    let client = client(endpoint.trim());
    group(&client, 1).await;
    let instances = client.describe_auto_scaling_instances().send().await.expect("instances");
    assert_eq!(instances.auto_scaling_instances().len(), 1);
    for (seconds, accepted) in [(1, false), (2, true)] {
        let put = client
            .put_lifecycle_hook()
            .auto_scaling_group_name("g")
            .lifecycle_hook_name("h")
            .lifecycle_transition("autoscaling:EC2_INSTANCE_TERMINATING")
            .heartbeat_timeout(seconds);
        assert_eq!(put.send().await.is_ok(), accepted, "{seconds} s");
    }
}

#[test]
fn it_refuses_the_open_network_in_one_line() {
    let output = program().args(["serve", "--listen", "0.0.0.0:0"]).output().expect("the program runs");
    assert!(!output.status.success() && output.stdout.is_empty());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("0.0.0.0:0 is not a loopback address"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

/// Runs it with arguments that it refuses, and returns what it says.
fn refusal(args: &[&str]) -> String {
    let output = program().arg("serve").args(args).output().expect("the program runs");
    assert!(!output.status.success() && output.stdout.is_empty(), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_speed_that_makes_no_sense_is_refused_in_one_line() {
    for speed in ["0", "-1", "1001", "NaN", "inf"] {
        let stderr = refusal(&[&format!("--speed={speed}")]);
        assert!(stderr.contains("is not above 0 and at most 1000"), "{speed}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[tokio::test]
async fn it_starts_with_the_groups_of_the_seed_file_in_the_docs() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/aws-simulator-seed.json");
    let mut child = program()
        .args(["serve", "--speed", "60", "--seed-file", file])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let _running = Running(child);
    let mut endpoint = String::new();
    stdout.read_line(&mut endpoint).expect("a line");
    let client = client(endpoint.trim());
    let groups = client.describe_auto_scaling_groups().send().await.expect("groups");
    let [group] = groups.auto_scaling_groups() else { panic!("not one group: {groups:?}") };
    let pool = group.warm_pool_configuration().expect("a pool");
    assert_eq!(group.auto_scaling_group_name(), Some("web"));
    assert_eq!((group.min_size(), group.max_size(), group.desired_capacity()), (Some(0), Some(4), Some(1)));
    assert_eq!(group.availability_zones(), ["us-east-1a", "us-east-1b"]);
    let tags: Vec<_> = group.tags().iter().map(|tag| (tag.key(), tag.propagate_at_launch())).collect();
    assert_eq!(tags, [(Some("cost-centre"), Some(false)), (Some("team"), Some(true))]);
    assert_eq!((pool.min_size(), pool.max_group_prepared_capacity()), (Some(1), Some(3)));
    assert_eq!(pool.pool_state().map(aws_sdk_autoscaling::types::WarmPoolState::as_str), Some("Stopped"));
    assert_eq!(
        pool.instance_reuse_policy()
            .and_then(aws_sdk_autoscaling::types::InstanceReusePolicy::reuse_on_scale_in),
        Some(true)
    );
    let hooks = client.describe_lifecycle_hooks().auto_scaling_group_name("web").send().await.expect("hooks");
    let [launch, terminate] = hooks.lifecycle_hooks() else { panic!("not two hooks: {hooks:?}") };
    assert_eq!((launch.heartbeat_timeout(), launch.default_result()), (Some(300), Some("ABANDON")));
    assert_eq!((terminate.heartbeat_timeout(), terminate.default_result()), (Some(120), Some("CONTINUE")));
    let arn = Some("arn:aws:sqs:us-east-1:000000000000:hooks");
    assert_eq!(terminate.notification_target_arn(), arn);
}

#[test]
fn a_seed_file_that_is_wrong_is_refused_with_its_name_and_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("groups.json");
    let path = file.to_str().expect("a path");
    let with = |text: &str| {
        std::fs::write(&file, text).expect("written");
        let stderr = refusal(&["--seed-file", path]);
        assert!(stderr.contains(path), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        stderr
    };
    let wrong = with("{\"groups\": [\n{\"name\": \"web\", \"min\": 0, \"max\": 1, \"desird\": 1}]}");
    assert!(wrong.contains("`desird`") && wrong.contains("line 2"), "{wrong}");
    let wrong = with(r#"{"groups": [{"name": "web", "min": 2, "max": 1}]}"#);
    assert!(wrong.contains("group web: Max bound, 1, must be greater"), "{wrong}");
    let hook = r#"{"name": "h", "on": "launching", "heartbeat_timeout_seconds": 5}"#;
    let wrong = with(&format!(r#"{{"groups": [{{"name": "web", "min": 0, "max": 1, "hooks": [{hook}]}}]}}"#));
    assert!(wrong.contains("group web: Heartbeat timeout must be between 30 and 7200"), "{wrong}");
    let wrong = with(r#"{"routes": [{"queue": "q", "envelope": "sns"}]}"#);
    assert!(wrong.contains("route to q: there is no such queue"), "{wrong}");
    std::fs::remove_file(&file).expect("removed");
    assert!(refusal(&["--seed-file", path]).contains(path), "a file that is not there");
}
