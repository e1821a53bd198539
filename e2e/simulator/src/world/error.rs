//! Refusals in AWS's words.

/// An error as Auto Scaling answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsError {
    /// The code clients branch on, `ValidationError`.
    pub code: String,
    /// The HTTP status.
    pub status: u16,
    /// The message.
    pub message: String,
}

impl AwsError {
    /// An error of this code and status.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        AwsError { code: code.to_owned(), status, message: message.into() }
    }

    /// `ValidationError`: a parameter, a name, or the state of things does not allow the call.
    pub fn validation(message: impl Into<String>) -> Self {
        AwsError::new(400, "ValidationError", message)
    }

    pub(crate) fn no_group(name: &str) -> Self {
        AwsError::validation(format!("AutoScalingGroup name not found - AutoScalingGroup: {name} not found"))
    }

    pub(crate) fn no_instance(id: &str) -> Self {
        AwsError::validation(format!(
            "Instance Id not found - No managed instance found for instance ID: {id}"
        ))
    }

    pub(crate) fn no_hook(name: &str) -> Self {
        AwsError::validation(format!("No Lifecycle Hook found with name: {name}"))
    }
}
