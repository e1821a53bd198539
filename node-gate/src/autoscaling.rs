//! The adapter to the Auto Scaling API. Nothing here exists until the first question: a held node costs no API call.

use std::sync::Arc;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_autoscaling::Client;
use lifecycle::api::{ErrorKind, classify, guarded};
use tokio::sync::Mutex;

use crate::gate::Answer;
use crate::imds::{self, Endpoint};

/// A call is answered in well under a second, and the loop asks again anyway.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks Auto Scaling what this instance is doing.
#[derive(Debug, Clone)]
pub struct AutoScaling {
    endpoint: Option<Endpoint>,
    client: Arc<Mutex<Option<Client>>>,
}

impl AutoScaling {
    /// A client to be; region and credentials may come from IMDS at `endpoint`.
    pub fn new(endpoint: Option<Endpoint>) -> Self {
        AutoScaling { endpoint, client: Arc::default() }
    }

    /// Forgets connections and credentials, and a question that is under way.
    pub fn renew(&mut self) {
        self.client = Arc::default();
    }

    /// Asks once. Not even a panic in the SDK gets further than this.
    pub async fn ask(self, instance: String) -> Answer {
        guarded(self.ask_unguarded(instance)).await.unwrap_or_else(|err| Answer::Failing(err.message))
    }

    async fn ask_unguarded(self, instance: String) -> Answer {
        // Taken out, and put back only after a success: a failure drops the client, and with it credentials and sockets
        // that may have gone bad, for example in hibernation.
        let mut kept = self.client.lock().await;
        let client = match kept.take() {
            Some(client) => client,
            None => Client::new(&configure(self.endpoint.as_ref()).await),
        };
        match client.describe_auto_scaling_instances().instance_ids(&instance).send().await {
            Ok(answer) => {
                *kept = Some(client);
                answer
                    .auto_scaling_instances()
                    .iter()
                    .find(|one| one.instance_id() == Some(&instance))
                    .and_then(|one| Some((one.auto_scaling_group_name()?, one.lifecycle_state()?)))
                    .map_or(Answer::Unlisted, |(group, state)| Answer::Listed {
                        group: group.to_owned(),
                        state: state.into(),
                    })
            }
            Err(err) => {
                let reached = err.raw_response().is_some();
                let err = classify(&err);
                match err.kind {
                    ErrorKind::Denied => Answer::NoAccess(err.message),
                    // No route, no credentials, no region: the API never heard of us.
                    ErrorKind::Retryable if !reached => Answer::NoAccess(err.message),
                    ErrorKind::Retryable | ErrorKind::Terminal | ErrorKind::Refused => {
                        Answer::Failing(err.message)
                    }
                }
            }
        }
    }
}

/// No retries here: the loop above is the only one that repeats, and its pace is what 1,000 nodes share.
async fn configure(endpoint: Option<&Endpoint>) -> SdkConfig {
    // Auto Scaling may need a proxy, and the SDK takes it from the environment; IMDS must never get one.
    let imds = imds::client(endpoint);
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ImdsRegionProvider::builder().imds_client(imds.clone()).build())
        .region()
        .await;
    let credentials =
        DefaultCredentialsChain::builder().region(region.clone()).imds_client(imds).build().await;
    aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(CALL_TIMEOUT).build(),
        )
        .load()
        .await
}
