//! The calls to Auto Scaling that both programs share, with their errors classified once.

use std::error::Error;
use std::fmt;
use std::panic::AssertUnwindSafe;

use aws_sdk_autoscaling::Client;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use futures::FutureExt;

use crate::{LifecycleState, one_line};

/// The most ids that one `DescribeAutoScalingInstances` call takes.
pub const MAX_IDS: usize = 50;

/// One lifecycle action: an instance held by a hook of its group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Action {
    /// The group's name.
    pub group: String,
    /// The hook's name.
    pub hook: String,
    /// The instance's id.
    pub instance: String,
    /// The action's token, where an event brought it; no API lists tokens.
    pub token: Option<String>,
}

/// How an action is completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on with the transition; other hooks may still hold the instance.
    Continue,
    /// A launch ends in termination, a termination skips the other hooks (or is retained, and billed).
    Abandon,
}

/// What Auto Scaling answered to a heartbeat or a completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The action was open, and the call took effect.
    Accepted,
    /// "No active Lifecycle Action found": completed or timed out already, *or* not yet at `:Wait`. Only the caller, who
    /// knows the instance's state, can tell these apart.
    NoActiveAction,
}

/// An instance as `DescribeAutoScalingInstances` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceDetail {
    /// The instance's id.
    pub id: String,
    /// The group it belongs to, as a member or in its warm pool.
    pub group: String,
    /// Its lifecycle state.
    pub state: LifecycleState,
}

/// What a caller can do about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Throttled, unreachable, broken in passing, or our credentials are between two lives: back off and repeat.
    Retryable,
    /// A right is missing: repeating soon is useless, saying so is not.
    Denied,
    /// The request itself is wrong (no such group or hook): repeating is useless.
    Terminal,
    /// Our own door kept the write in: no claim, or a dry run.
    Refused,
}

/// A failed call to AWS in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// What to do about it.
    pub kind: ErrorKind,
    /// What was said, in one line.
    pub message: String,
}

/// Awaits a call of the SDK and makes an error of a panic in it: odd text from outside, such as a line break in an access key
/// or an empty endpoint, makes the SDK panic, and nothing that we read may end us.
pub fn guarded<T>(call: impl Future<Output = T>) -> impl Future<Output = Result<T, ApiError>> {
    // Boxed, for the SDK's futures are large.
    let caught = Box::pin(AssertUnwindSafe(call).catch_unwind());
    async move {
        caught.await.map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            let message = one_line(&format!("the AWS SDK panicked, check its configuration: {text}"));
            ApiError { kind: ErrorKind::Retryable, message }
        })
    }
}

/// The error by which an interceptor of ours keeps a write in; [`classify`] knows it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("refused at the door: {0}")]
pub struct Refusal(pub &'static str);

/// Completes a lifecycle action.
pub async fn complete(client: &Client, action: &Action, verdict: Verdict) -> Result<Reply, ApiError> {
    let result = match verdict {
        Verdict::Continue => "CONTINUE",
        Verdict::Abandon => "ABANDON",
    };
    let sent = guarded(
        client
            .complete_lifecycle_action()
            .auto_scaling_group_name(&action.group)
            .lifecycle_hook_name(&action.hook)
            .instance_id(&action.instance)
            .set_lifecycle_action_token(action.token.clone())
            .lifecycle_action_result(result)
            .send(),
    );
    reply(sent.await?)
}

/// Restarts the heartbeat period of a lifecycle action.
pub async fn heartbeat(client: &Client, action: &Action) -> Result<Reply, ApiError> {
    let sent = guarded(
        client
            .record_lifecycle_action_heartbeat()
            .auto_scaling_group_name(&action.group)
            .lifecycle_hook_name(&action.hook)
            .instance_id(&action.instance)
            .set_lifecycle_action_token(action.token.clone())
            .send(),
    );
    reply(sent.await?)
}

/// Looks up at most [`MAX_IDS`] instances; ids that AWS does not know are missing from the answer.
pub async fn describe_instances(client: &Client, ids: &[String]) -> Result<Vec<InstanceDetail>, ApiError> {
    let call = client.describe_auto_scaling_instances().set_instance_ids(Some(ids.to_vec())).send();
    let answer = guarded(call).await?.map_err(|err| classify(&err))?;
    Ok(answer
        .auto_scaling_instances()
        .iter()
        .filter_map(|instance| {
            Some(InstanceDetail {
                id: instance.instance_id()?.to_owned(),
                group: instance.auto_scaling_group_name()?.to_owned(),
                state: instance.lifecycle_state()?.into(),
            })
        })
        .collect())
}

fn reply<T, E>(sent: Result<T, SdkError<E, HttpResponse>>) -> Result<Reply, ApiError>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match sent {
        Ok(_) => Ok(Reply::Accepted),
        Err(err) if is_no_active_action(err.message()) => Ok(Reply::NoActiveAction),
        Err(err) => Err(classify(&err)),
    }
}

/// The text is known from captures, not from a promise: therefore only a part of it, in any case.
fn is_no_active_action(message: Option<&str>) -> bool {
    message.is_some_and(|text| text.to_ascii_lowercase().contains("no active lifecycle action found"))
}

/// Says in one place what each failure of an AWS call means for its caller.
pub fn classify<E>(err: &SdkError<E, HttpResponse>) -> ApiError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let Some(refusal) = find_refusal(err) {
        return ApiError { kind: ErrorKind::Refused, message: refusal.to_string() };
    }
    let Some(response) = err.raw_response() else {
        return ApiError { kind: ErrorKind::Retryable, message: one_line(&Chain(err).to_string()) };
    };
    let status = response.status().as_u16();
    let code = err.code().unwrap_or("no error code");
    let message = err.message().unwrap_or("no message");
    ApiError { kind: kind_of(status, code), message: one_line(&format!("{code} (HTTP {status}): {message}")) }
}

/// True if an error's code says that we ask too often.
pub fn is_throttled(code: &str) -> bool {
    // "LimitExceeded" alone is a quota of the account, no matter of patience.
    code.contains("Throttl")
        || (code.ends_with("LimitExceeded") && code != "LimitExceeded")
        || code.starts_with("TooMany")
}

/// What to do about an answer, by its status and its error's code; "no error code" if it has none.
///
/// Codes as the user guide and captures of the wire name them.
pub fn kind_of(status: u16, code: &str) -> ErrorKind {
    const DENIED: &[&str] = &[
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "AuthFailure",
        "OptInRequired",
    ];
    // Credentials that expired, or a clock that jumped (resume from hibernation), heal by themselves.
    const HEALING: &[&str] = &[
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "PriorRequestNotComplete",
        "SlowDown",
        "RequestTimeout",
        "RequestTimeoutException",
        "ResourceContention",
    ];
    if DENIED.contains(&code) || (status == 403 && !HEALING.contains(&code)) {
        ErrorKind::Denied
    } else if is_throttled(code) || HEALING.contains(&code) || status == 429 || status >= 500 {
        ErrorKind::Retryable
    } else if code == "no error code" {
        // A 4xx without AWS's error shape comes from something between us and AWS.
        ErrorKind::Retryable
    } else {
        ErrorKind::Terminal
    }
}

fn find_refusal<'a>(err: &'a (dyn Error + 'static)) -> Option<&'a Refusal> {
    let mut current = Some(err);
    while let Some(err) = current {
        if let Some(refusal) = err.downcast_ref::<Refusal>() {
            return Some(refusal);
        }
        current = err.source();
    }
    None
}

/// An error with its causes on one line.
struct Chain<'a>(&'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(err) = source {
            write!(f, ": {err}")?;
            source = err.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_of_the_facts_page_has_its_class() {
        let table = [
            (400, "Throttling", ErrorKind::Retryable),
            (400, "ThrottlingException", ErrorKind::Retryable),
            (400, "RequestLimitExceeded", ErrorKind::Retryable),
            (400, "TooManyRequestsException", ErrorKind::Retryable),
            (500, "ResourceContention", ErrorKind::Retryable),
            (500, "ServiceLinkedRoleFailure", ErrorKind::Retryable),
            (503, "ServiceUnavailable", ErrorKind::Retryable),
            (429, "no error code", ErrorKind::Retryable),
            (400, "no error code", ErrorKind::Retryable),
            (403, "ExpiredToken", ErrorKind::Retryable),
            (403, "SignatureDoesNotMatch", ErrorKind::Retryable),
            (403, "AccessDenied", ErrorKind::Denied),
            (400, "UnauthorizedOperation", ErrorKind::Denied),
            (403, "SomethingNew", ErrorKind::Denied),
            (400, "ValidationError", ErrorKind::Terminal),
            (400, "InvalidNextToken", ErrorKind::Terminal),
            (400, "LimitExceeded", ErrorKind::Terminal),
        ];
        for (status, code, kind) in table {
            assert_eq!(kind_of(status, code), kind, "{status} {code}");
        }
    }

    #[tokio::test]
    async fn a_panic_in_the_sdk_is_an_error_like_others() {
        let err = guarded(async { panic!("invalid\nkey") }).await.map(|()| "no error").unwrap_err();
        assert_eq!(err.kind, ErrorKind::Retryable);
        assert!(err.message.contains("invalid key"), "{err}");
        assert_eq!(guarded(async { 1 }).await, Ok(1));
    }

    #[test]
    fn the_sentence_is_known_with_a_token_and_with_an_instance_in_any_case() {
        assert!(is_no_active_action(Some("No active Lifecycle Action found with token 36b210eb")));
        assert!(is_no_active_action(Some("no active lifecycle action found with instance ID i-1")));
        assert!(!is_no_active_action(Some("AutoScalingGroup name not found - null")));
        assert!(!is_no_active_action(None));
    }
}
