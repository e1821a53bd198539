//! A simulator with a client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::config::retry::RetryConfig;
use aws_sdk_autoscaling::config::{Credentials, Region};
use aws_sdk_autoscaling::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_autoscaling::operation::complete_lifecycle_action::builders::CompleteLifecycleActionFluentBuilder;
use aws_sdk_autoscaling::operation::create_auto_scaling_group::builders::CreateAutoScalingGroupFluentBuilder;
use aws_sdk_autoscaling::types::LaunchTemplateSpecification;
use aws_simulator::{InstanceInfo, Options, Simulator};

/// Far longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// The access key id that `client` signs with.
pub(crate) const CALLER: &str = "AKIDOFTHETESTS";

pub(crate) async fn start() -> (Simulator, Client) {
    let options = Options { min_heartbeat_timeout: Duration::from_secs(1), ..Options::default() };
    let simulator = Simulator::start(options).await.expect("a simulator");
    let client = client(&simulator.endpoint());
    (simulator, client)
}

/// A client that tries once, so that every answer is seen.
pub(crate) fn client(endpoint: &str) -> Client {
    let config = aws_sdk_autoscaling::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(CALLER, "secret", None, None, "tests"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(endpoint)
        .build();
    Client::from_conf(config)
}

/// A client of SQS that tries once.
pub(crate) fn sqs(simulator: &Simulator) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(CALLER, "secret", None, None, "tests"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(simulator.endpoint())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

/// A queue `q`, by its address.
pub(crate) async fn queue(client: &aws_sdk_sqs::Client) -> String {
    let created = client.create_queue().queue_name("q").send().await.expect("a queue");
    created.queue_url.expect("an address")
}

/// A group `g` of up to 9 instances.
pub(crate) async fn group(client: &Client, desired: i32) {
    group_named(client, "g", desired).await;
}

pub(crate) async fn group_named(client: &Client, name: &str, desired: i32) {
    new_group(client, name).min_size(0).max_size(9).desired_capacity(desired).send().await.expect("a group");
}

/// The beginning of a group that launches from the template `template` into three zones; it still needs its sizes.
pub(crate) fn new_group(client: &Client, name: &str) -> CreateAutoScalingGroupFluentBuilder {
    zoned_group(client, name)
        .launch_template(LaunchTemplateSpecification::builder().launch_template_name("template").build())
}

/// The same without anything to launch from.
pub(crate) fn zoned_group(client: &Client, name: &str) -> CreateAutoScalingGroupFluentBuilder {
    let zones = ["us-east-1a", "us-east-1b", "us-east-1c"].map(str::to_owned);
    client
        .create_auto_scaling_group()
        .auto_scaling_group_name(name)
        .set_availability_zones(Some(zones.into()))
}

pub(crate) async fn desire(client: &Client, desired: i32) {
    client
        .set_desired_capacity()
        .auto_scaling_group_name("g")
        .desired_capacity(desired)
        .send()
        .await
        .expect("a desired capacity");
}

/// A launch hook `h` that waits for half a minute.
pub(crate) async fn launch_hook(client: &Client) {
    client
        .put_lifecycle_hook()
        .auto_scaling_group_name("g")
        .lifecycle_hook_name("h")
        .lifecycle_transition("autoscaling:EC2_INSTANCE_LAUNCHING")
        .heartbeat_timeout(30)
        .send()
        .await
        .expect("a hook");
}

/// A completion of what holds `id` by `launch_hook`.
pub(crate) fn complete(client: &Client, id: &str) -> CompleteLifecycleActionFluentBuilder {
    client
        .complete_lifecycle_action()
        .auto_scaling_group_name("g")
        .lifecycle_hook_name("h")
        .instance_id(id)
        .lifecycle_action_result("CONTINUE")
}

/// Waits until the only instance is in this state.
pub(crate) async fn only(simulator: &Simulator, state: &str) -> InstanceInfo {
    let reached = |all: &[InstanceInfo]| all.len() == 1 && all[0].lifecycle_state == state;
    let mut all = simulator
        .wait_until(&format!("the only instance is {state}"), PATIENCE, reached)
        .await
        .expect("in time");
    all.remove(0)
}

/// The code and message of a refusal; the code is empty if there was no answer.
pub(crate) fn refusal<T, E: ProvideErrorMetadata, R>(result: Result<T, SdkError<E, R>>) -> (String, String) {
    let error = result.err().expect("a refusal");
    (error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned())
}

/// Sends bytes to an endpoint and returns all that comes back until the connection ends.
pub(crate) async fn raw(endpoint: &str, request: impl Into<Vec<u8>>) -> std::io::Result<String> {
    let address = endpoint.trim_start_matches("http://").to_owned();
    let request = request.into();
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(&request)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    })
    .await
    .expect("the request does not panic")
}

/// A request without a body, on a connection of its own.
pub(crate) async fn ask(endpoint: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let headers: String = headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n"
    );
    split(&raw(endpoint, request).await.expect("an answer"))
}

/// The headers of a signature for a service. That it is a true one nobody checks.
pub(crate) fn signed(service: &str) -> String {
    format!(
        "Authorization: AWS4-HMAC-SHA256 Credential={CALLER}/20260101/us-east-1/{service}/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature=0\r\nX-Amz-Date: 20260101T000000Z\r\n"
    )
}

/// A signed form to the Auto Scaling API, or with EC2's version to that.
pub(crate) async fn post(endpoint: &str, form: &[u8]) -> (u16, String) {
    let is_for_ec2 = String::from_utf8_lossy(form).contains("Version=2016-11-15");
    post_with(endpoint, &signed(if is_for_ec2 { "ec2" } else { "autoscaling" }), form).await
}

/// A form with headers of one's own, each with its end of line.
pub(crate) async fn post_with(endpoint: &str, headers: &str, form: &[u8]) -> (u16, String) {
    let length = form.len();
    let mut request = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    )
    .into_bytes();
    request.extend_from_slice(form);
    split(&raw(endpoint, request).await.expect("an answer"))
}

pub(crate) fn split(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body.to_owned())
}
