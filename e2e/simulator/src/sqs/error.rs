//! Refusals in SQS's words.

/// An error as SQS answers it: the JSON protocol's shape, and the code of the older query protocol, which goes into a
/// header and which most clients still show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqsError {
    /// The HTTP status.
    pub status: u16,
    /// The shape with its namespace, `com.amazonaws.sqs#QueueDoesNotExist`.
    pub shape: String,
    /// The code of the query protocol, `AWS.SimpleQueueService.NonExistentQueue`.
    pub code: String,
    /// The message.
    pub message: String,
}

impl SqsError {
    /// An error of SQS's own model.
    pub(crate) fn modeled(shape: &str, code: &str, message: impl Into<String>) -> Self {
        SqsError {
            status: 400,
            shape: format!("com.amazonaws.sqs#{shape}"),
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// A modeled error whose code in the query protocol is its shape in a namespace.
    pub(crate) fn spaced(shape: &str, message: impl Into<String>) -> Self {
        Self::modeled(shape, &format!("AWS.SimpleQueueService.{shape}"), message)
    }

    /// An error of the layer below SQS.
    pub(crate) fn common(status: u16, shape: &str, code: &str, message: impl Into<String>) -> Self {
        SqsError {
            status,
            shape: format!("com.amazon.coral.service#{shape}"),
            code: code.to_owned(),
            message: message.into(),
        }
    }

    pub(crate) fn no_queue() -> Self {
        Self::modeled(
            "QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue",
            "The specified queue does not exist.",
        )
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::common(400, "InvalidParameterValueException", "InvalidParameterValue", message)
    }

    /// A number outside of its limits.
    pub(crate) fn out_of_range(value: impl std::fmt::Display, name: &str, least: u32, most: u32) -> Self {
        Self::invalid(format!(
            "Value {value} for parameter {name} is invalid. Reason: Must be between {least} and {most}, if provided."
        ))
    }

    pub(crate) fn missing(name: &str) -> Self {
        Self::common(
            400,
            "MissingRequiredParameterException",
            "MissingParameter",
            format!("The request must contain the parameter {name}."),
        )
    }

    pub(crate) fn bad_handle(handle: &str) -> Self {
        let message = format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
        Self::modeled("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", message)
    }

    pub(crate) fn too_much(what: &str) -> Self {
        Self::modeled("OverLimit", "OverLimit", what)
    }

    /// Something that AWS has and the simulator has not, and that would change how messages live.
    pub(crate) fn not_built(what: &str) -> Self {
        Self::spaced("UnsupportedOperation", format!("{what} is not supported by this simulator"))
    }
}
