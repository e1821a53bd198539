//! The adapter to the Auto Scaling API. Nothing here exists until the first question: a held node costs no API call.

use std::sync::Arc;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_autoscaling::Client;
use lifecycle::api::{ErrorKind, classify, guarded};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::address::Endpoint;
use crate::gate::Answer;
use crate::line::TIMEOUT;
use crate::transport;

/// A call is answered in well under a second, and the loop asks again anyway.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks Auto Scaling what this instance is doing.
#[derive(Debug, Clone, Default)]
pub struct AutoScaling {
    client: Arc<Mutex<Option<Client>>>,
}

impl AutoScaling {
    /// Forgets connections and credentials, and a question that is under way.
    pub fn renew(&mut self) {
        self.client = Arc::default();
    }

    /// Asks once; region and credentials may come from IMDS at `imds`. Not even a panic in the SDK gets further than this.
    pub async fn ask(self, instance: String, imds: Endpoint) -> Answer {
        guarded(self.ask_unguarded(instance, imds)).await.unwrap_or_else(|err| Answer::Failing(err.message))
    }

    async fn ask_unguarded(self, instance: String, imds: Endpoint) -> Answer {
        // Taken out, and put back only after a success: a failure drops the client, and with it credentials and sockets
        // that may have gone bad, for example in hibernation.
        let mut kept = self.client.lock().await;
        let client = match kept.take() {
            Some(client) => client,
            None => Client::new(&configure(&imds).await),
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

/// A hook at which instances wait on their way into service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchHook {
    /// Its name.
    pub name: String,
    /// How long it waits for a heartbeat, in seconds.
    pub timeout: i32,
    /// What happens then: `CONTINUE` or `ABANDON`.
    pub result: String,
}

impl AutoScaling {
    /// The launch hooks of a group. The error says in one line why they cannot be told.
    pub async fn launch_hooks(self, group: String, imds: Endpoint) -> Result<Vec<LaunchHook>, String> {
        let asked = async {
            let client = Client::new(&configure(&imds).await);
            client.describe_lifecycle_hooks().auto_scaling_group_name(group).send().await
        };
        let answer = guarded(asked).await.map_err(|err| err.message)?;
        let answer = answer.map_err(|err| classify(&err).message)?;
        let launching = answer
            .lifecycle_hooks()
            .iter()
            .filter(|hook| hook.lifecycle_transition() == Some("autoscaling:EC2_INSTANCE_LAUNCHING"));
        let told = |hook: &aws_sdk_autoscaling::types::LifecycleHook| LaunchHook {
            name: hook.lifecycle_hook_name().unwrap_or_default().to_owned(),
            timeout: hook.heartbeat_timeout().unwrap_or_default(),
            result: hook.default_result().unwrap_or_default().to_owned(),
        };
        Ok(launching.map(told).collect())
    }
}

/// No retries here: the loop above is the only one that repeats, and its pace is what 1,000 nodes share.
async fn configure(imds: &Endpoint) -> SdkConfig {
    // Auto Scaling may need a proxy, and the SDK takes it from the environment; IMDS must never get one.
    let imds = imds_client(imds);
    // An empty variable is what a line without a value in the environment file makes: nothing was set.
    let told = EnvironmentVariableRegionProvider::new().region().await;
    let region = match told.filter(|region| !region.as_ref().is_empty()) {
        Some(region) => Some(region),
        None => ImdsRegionProvider::builder().imds_client(imds.clone()).build().region().await,
    };
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

/// A client that tries once and never asks a proxy: the loop above is the only one that repeats.
fn imds_client(endpoint: &Endpoint) -> aws_config::imds::Client {
    let builder = aws_config::imds::Client::builder()
        .configure(&ProviderConfig::without_region().with_http_client(transport::direct()))
        .max_attempts(1)
        .connect_timeout(TIMEOUT)
        .read_timeout(TIMEOUT)
        .operation_attempt_timeout(TIMEOUT)
        .operation_timeout(TIMEOUT);
    // The address was parsed when it was read; if the SDK should disagree, it finds its own default.
    builder.clone().endpoint(endpoint.as_str()).unwrap_or(builder).build()
}
