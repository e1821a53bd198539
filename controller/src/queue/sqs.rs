//! The queue as the controller uses it: receive and delete.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use lifecycle::api::{ApiError, ErrorKind, classify, guarded};

use crate::aws_requests::Counted;
use crate::door::Door;

/// The most messages that SQS gives, or takes back, at once.
const MOST: i32 = 10;
/// How long SQS holds a question that has no answer yet.
const LONG_POLL: Duration = Duration::from_secs(20);
/// For how long a received message is hidden: longer than a look-up and a deletion may take, yet a message whose look-up
/// failed comes back soon.
const HIDDEN: Duration = Duration::from_secs(20);
/// How much longer than the long poll an answer may take.
const ON_THE_WAY: Duration = Duration::from_secs(10);

/// One queue.
#[derive(Debug, Clone)]
pub struct Queue {
    url: String,
    reads: Client,
    deletes: Client,
}

/// A message as received.
#[derive(Debug, Clone)]
pub struct Received {
    /// What deletes it.
    pub handle: String,
    /// Its text.
    pub body: String,
}

impl Queue {
    /// The queue at `url`. Its calls pass the door, and none is repeated without our knowing.
    pub async fn connect(door: &Door, counted: &Counted, url: &str) -> Result<Self, ApiError> {
        let shared = guarded(aws_config::defaults(aws_config::BehaviorVersion::latest()).load()).await?;
        let client = |timeout: Duration| {
            let timeouts = TimeoutConfig::builder()
                .connect_timeout(timeout.min(Duration::from_secs(3)))
                .operation_attempt_timeout(timeout)
                // the SDK's own default would cut off a long poll
                .read_timeout(timeout)
                .build();
            let config = aws_sdk_sqs::config::Builder::from(&shared)
                .interceptor(door.clone())
                .interceptor(counted.clone())
                .timeout_config(timeouts)
                .retry_config(RetryConfig::disabled())
                .build();
            Client::from_conf(config)
        };
        Ok(Queue {
            url: url.to_owned(),
            reads: client(LONG_POLL + ON_THE_WAY),
            deletes: client(door.write_timeout()),
        })
    }

    /// Waits for messages; none if none came for a while.
    pub async fn receive(&self) -> Result<Vec<Received>, ApiError> {
        let call = self
            .reads
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(MOST)
            .wait_time_seconds(seconds(LONG_POLL))
            .visibility_timeout(seconds(HIDDEN));
        let answer = guarded(call.send()).await?.map_err(|err| classify(&err))?;
        let messages = answer.messages.unwrap_or_default().into_iter().filter_map(|message| {
            Some(Received { handle: message.receipt_handle?, body: message.body.unwrap_or_default() })
        });
        Ok(messages.collect())
    }

    /// Deletes messages of one receive. An error tells of at least one that is still there.
    pub async fn delete(&self, handles: &[String]) -> Result<(), ApiError> {
        let entries = handles.iter().enumerate().filter_map(|(at, handle)| {
            DeleteMessageBatchRequestEntry::builder().id(at.to_string()).receipt_handle(handle).build().ok()
        });
        let call =
            self.deletes.delete_message_batch().queue_url(&self.url).set_entries(Some(entries.collect()));
        let answer = guarded(call.send()).await?.map_err(|err| classify(&err))?;
        match answer.failed().first() {
            None => Ok(()),
            Some(failed) => Err(ApiError {
                kind: ErrorKind::Retryable,
                message: lifecycle::one_line(&format!(
                    "{} messages were not deleted: {}",
                    answer.failed().len(),
                    failed.message().unwrap_or(failed.code())
                )),
            }),
        }
    }
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}
