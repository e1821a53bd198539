//! `aws-simulator imds-forward`, as people run it: over TCP, over sockets in files, and in a namespace of its own.
//!
//! On several threads, because a line of a child is waited for on one of them while the simulator answers the child.

use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use aws_simulator::{InstanceInfo, Simulator};

use crate::bed::{PATIENCE, ask, desire, group, only, raw, start};

const ID: &str = "/latest/meta-data/instance-id";
const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "X-aws-ec2-metadata-token";

/// A forwarder that ends when the test does.
struct Forwarder {
    child: Child,
    /// What its first line says.
    address: String,
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aws-simulator"));
    command.arg("imds-forward").args(args);
    command
}

fn forward(args: &[&str]) -> Forwarder {
    running(command(args))
}

fn running(mut command: Command) -> Forwarder {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut address = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut address).expect("a line");
    Forwarder { child, address: address.trim().to_owned() }
}

/// What a forwarder says that does not start.
fn refused(args: &[&str]) -> String {
    let output = command(args).output().expect("the program runs");
    assert!(!output.status.success() && output.stdout.is_empty(), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn socket(folder: &Path) -> String {
    format!("unix:{}", folder.join("imds.sock").display())
}

async fn serving() -> (Simulator, aws_sdk_autoscaling::Client, InstanceInfo) {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let instance = only(&simulator, "InService").await;
    (simulator, client, instance)
}

/// Reads the instance id the way of version 2.
async fn instance_id(address: &str) -> String {
    let (status, token) = ask(address, "PUT", "/latest/api/token", &[(TTL, "60")]).await;
    assert_eq!(status, 200);
    let (status, id) = ask(address, "GET", ID, &[(TOKEN, &token)]).await;
    assert_eq!(status, 200);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_reads_through_a_forwarder_to_an_address() {
    let (simulator, _client, instance) = serving().await;
    let to = instance.imds_endpoint.trim_start_matches("http://");
    let forwarder = forward(&["--listen", "127.0.0.1:0", "--to", to]);
    let imds = aws_config::imds::Client::builder()
        .endpoint(format!("http://{}", forwarder.address))
        .expect("an address")
        .build();
    assert_eq!(imds.get(ID).await.expect("an id").as_ref(), instance.id);
    assert_eq!(simulator.imds_calls(&instance.id).len(), 2, "a token and the id");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_forwarders_meet_at_a_socket_in_a_file() {
    let (simulator, _client, instance) = serving().await;
    let folder = tempfile::tempdir().expect("a folder");
    let socket = socket(folder.path());
    let host =
        forward(&["--listen", &socket, "--instance", &instance.id, "--simulator", &simulator.endpoint()]);
    assert_eq!(host.address, socket);
    let machine = forward(&["--listen", "127.0.0.1:0", "--to", &socket]);
    assert_eq!(instance_id(&machine.address).await, instance.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_cut_while_the_instance_is_off_and_carried_when_it_is_back() {
    let (simulator, client, instance) = serving().await;
    let folder = tempfile::tempdir().expect("a folder");
    let socket = socket(folder.path());
    let _host =
        forward(&["--listen", &socket, "--instance", &instance.id, "--simulator", &simulator.endpoint()]);
    let near = forward(&[
        "--listen",
        "127.0.0.1:0",
        "--instance",
        &instance.id,
        "--simulator",
        &simulator.endpoint(),
    ]);
    let far = forward(&["--listen", "127.0.0.1:0", "--to", &socket]);
    simulator.imds_fault(&instance.id, Some(aws_simulator::ImdsFault::Unreachable));
    let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let error = raw(&near.address, request).await.expect_err("cut");
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    let answer = raw(&far.address, request).await;
    assert!(answer.as_ref().map_or(true, String::is_empty), "{answer:?}");
    simulator.imds_fault(&instance.id, None);
    assert_eq!(instance_id(&near.address).await, instance.id);
    assert_eq!(instance_id(&far.address).await, instance.id);

    // A request that waits for its answer is cut with the power.
    simulator.imds_fault(&instance.id, Some(aws_simulator::ImdsFault::Hang));
    let seen = simulator.imds_calls(&instance.id).len();
    let hanging = raw(&far.address, request);
    let off = async {
        simulator
            .wait_until("it asks", PATIENCE, |_| simulator.imds_calls(&instance.id).len() > seen)
            .await
            .expect("in time");
        desire(&client, 0).await;
    };
    let (answer, ()) = tokio::join!(hanging, off);
    assert!(
        answer.as_ref().map_or_else(|error| error.kind() == ErrorKind::ConnectionReset, String::is_empty),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_cleanly_and_takes_its_socket_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = socket(folder.path());
    let mut forwarder = forward(&["--listen", &socket, "--to", "127.0.0.1:1"]);
    assert!(folder.path().join("imds.sock").exists());
    let pid = forwarder.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
    assert!(forwarder.child.wait().expect("an end").success());
    assert!(!folder.path().join("imds.sock").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_refused_in_words() {
    let (simulator, _client, _instance) = serving().await;
    let endpoint = simulator.endpoint();
    let listen = ["--listen", "127.0.0.1:0"];
    let with = |more: &[&str]| refused(&[&listen[..], more].concat());
    let unknown = with(&["--instance", "i-none", "--simulator", &endpoint]);
    assert!(unknown.contains("for i-none: there is no such instance among its 1"), "{unknown}");
    let nobody = with(&["--instance", "i-none", "--simulator", "http://127.0.0.1:1"]);
    assert!(nobody.contains("http://127.0.0.1:1") && nobody.contains("refused"), "{nobody}");
    assert!(with(&[]).contains("required"));
    assert!(with(&["--instance", "i-1"]).contains("--simulator"));
    assert!(
        with(&["--to", "127.0.0.1:1", "--instance", "i-1", "--simulator", &endpoint])
            .contains("cannot be used")
    );
    assert!(refused(&["--listen", "0.0.0.0:0", "--to", "127.0.0.1:1"]).contains("others could reach it"));
    let taken = endpoint.trim_start_matches("http://");
    let taken = refused(&["--listen", taken, "--to", "127.0.0.1:1"]);
    assert!(taken.contains("something listens there already"), "{taken}");
}

#[test]
fn its_help_shows_how_to_use_it_in_a_namespace() {
    let output = command(&["--help"]).output().expect("the program runs");
    let help = String::from_utf8_lossy(&output.stdout);
    for text in ["169.254.169.254:80", "unix:PATH", "ip netns exec", "--instance <ID>"] {
        assert!(help.contains(text), "{help}");
    }
}
