//! The program as people run it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::bed::{client, group};

/// Ends the program when the test does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_aws-simulator"))
}

#[tokio::test]
async fn its_first_line_is_the_endpoint_that_the_sdk_can_use() {
    let mut child = program()
        .args(["serve", "--min-heartbeat-timeout", "2"])
        .stdout(Stdio::piped())
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
