//! Counts what we ask AWS, and what it answers.

use aws_sdk_autoscaling::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_autoscaling::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use lifecycle::api::{ErrorKind, is_throttled, kind_of};
use prometheus::IntCounterVec;

/// The operations that every controller uses.
pub const OPERATIONS: [&str; 6] = [
    "CompleteLifecycleAction",
    "DescribeAutoScalingGroups",
    "DescribeAutoScalingInstances",
    "DescribeLifecycleHooks",
    "DescribeWarmPool",
    "RecordLifecycleActionHeartbeat",
];

/// What may come of a request. `rejected`: AWS finds the request itself wrong, "No active Lifecycle Action" among others;
/// `failed`: trouble at AWS, or with our credentials; `no_answer`: it did not get there, or took too long.
pub const RESULTS: [&str; 6] = ["ok", "throttled", "denied", "rejected", "failed", "no_answer"];

/// Counts every request of the clients that carry it. They repeat nothing by themselves, so an execution is an attempt.
#[derive(Debug, Clone)]
pub struct Counted(pub IntCounterVec);

impl Intercept for Counted {
    fn name(&self) -> &'static str {
        "Counted"
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(operation) = config.load::<Metadata>().map(Metadata::name) else { return Ok(()) };
        let result = match (context.output_or_error(), context.response()) {
            (Some(Ok(_)), _) => "ok",
            // our door kept it in: nothing was sent, and the door counts it
            (Some(Err(err)), None) if err.is_interceptor_error() => return Ok(()),
            (Some(Err(_)) | None, Some(response)) => refusal(response.status().as_u16(), &code(response)),
            (Some(Err(_)) | None, None) => "no_answer",
        };
        self.0.with_label_values(&[operation, result]).inc();
        Ok(())
    }
}

fn refusal(status: u16, code: &str) -> &'static str {
    if is_throttled(code) || status == 429 {
        return "throttled";
    }
    match kind_of(status, code) {
        ErrorKind::Denied => "denied",
        ErrorKind::Terminal => "rejected",
        ErrorKind::Retryable | ErrorKind::Refused => "failed",
    }
}

/// The error's code, from an XML body (`<Code>Throttling</Code>`) or out of JSON (`"__type":"a.b#QueueDoesNotExist"`).
fn code(response: &HttpResponse) -> String {
    let body = response.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    code_in(&body).unwrap_or(NO_CODE).to_owned()
}

/// What [`kind_of`] takes for an answer without a code.
const NO_CODE: &str = "no error code";

fn code_in(body: &str) -> Option<&str> {
    let xml = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    if let Some((code, _)) = xml {
        return Some(code.trim());
    }
    let (_, rest) = body.split_once("\"__type\"")?;
    let quoted = rest.split('"').nth(1)?;
    Some(quoted.rsplit('#').next().unwrap_or(quoted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_from_both_protocols() {
        let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code></Error></ErrorResponse>";
        assert_eq!(code_in(xml), Some("Throttling"));
        let json = r#"{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no"}"#;
        assert_eq!(code_in(json), Some("QueueDoesNotExist"));
        assert_eq!(code_in(r#"{"__type":"AccessDeniedException"}"#), Some("AccessDeniedException"));
        assert_eq!(code_in("<html>502</html>"), None);
    }

    #[test]
    fn every_answer_is_one_of_the_results() {
        let table = [
            (400, "Throttling", "throttled"),
            (429, NO_CODE, "throttled"),
            (400, "RequestLimitExceeded", "throttled"),
            (403, "AccessDenied", "denied"),
            (400, "ValidationError", "rejected"),
            (400, "QueueDoesNotExist", "rejected"),
            (500, "InternalFailure", "failed"),
            (502, NO_CODE, "failed"),
            (403, "ExpiredToken", "failed"),
        ];
        for (status, code, result) in table {
            assert_eq!(refusal(status, code), result, "{status} {code}");
            assert!(RESULTS.contains(&result));
        }
    }
}
