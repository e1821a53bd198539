//! How others wait for an instance to be in service: a loop that asks every so often. For `bench gate`.
//!
//! ```text
//! poller api|imds SECONDS FIRST     ends with success once it is in service; looks first after FIRST milliseconds
//! ```

use std::env;
use std::time::Duration;

use anyhow::{Context, bail};
use aws_config::{BehaviorVersion, imds};
use tokio::time::{MissedTickBehavior, interval_at, sleep};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [what, seconds, first] = &args[..] else { bail!("usage: poller api|imds SECONDS FIRST") };
    let interval = Duration::from_secs(seconds.parse().context("seconds")?);
    sleep(Duration::from_millis(first.parse().context("milliseconds")?)).await;
    let mut looks = interval_at(tokio::time::Instant::now(), interval);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let metadata = imds::Client::builder().build();
    match &**what {
        "imds" => loop {
            looks.tick().await;
            let target = metadata.get("/latest/meta-data/autoscaling/target-lifecycle-state").await;
            if target.is_ok_and(|target| target.as_ref() == "InService") {
                return Ok(());
            }
        },
        "api" => {
            let instance = metadata.get("/latest/meta-data/instance-id").await?;
            let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
            let client = aws_sdk_autoscaling::Client::new(&config);
            loop {
                looks.tick().await;
                let asked = client.describe_auto_scaling_instances().instance_ids(instance.as_ref()).send();
                let in_service = |one: &aws_sdk_autoscaling::types::AutoScalingInstanceDetails| {
                    one.lifecycle_state() == Some("InService")
                };
                if asked.await.is_ok_and(|answer| answer.auto_scaling_instances().iter().any(in_service)) {
                    return Ok(());
                }
            }
        }
        other => bail!("{other}: api or imds"),
    }
}
