//! The real AWS SDK, pointed at the simulator.

use aws_sdk_autoscaling::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_autoscaling::{Client, Config};

/// The region that all instances are in.
pub const REGION: &str = "us-east-1";

/// An Auto Scaling client. The simulator's call log names callers by their access key id.
pub fn client(endpoint: &str, caller: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new(caller, "secret", None, None, "e2e"))
        .build();
    Client::from_conf(config)
}

/// What makes any AWS client, ours or the AWS CLI, talk to the simulator.
pub fn environment(endpoint: &str, caller: &str) -> [(&'static str, String); 4] {
    [
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", caller.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
    ]
}

/// An SQS client, for the same endpoint.
pub fn sqs(endpoint: &str, caller: &str) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new(caller, "secret", None, None, "e2e"))
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}
