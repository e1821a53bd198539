//! What a test can break.

use std::time::Duration;

/// What goes wrong with an operation of Auto Scaling or SQS. Both have codes of their own; Auto Scaling's are named here.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// This share (0 to 1) of the calls is answered `Throttling: Rate exceeded`, HTTP 400.
    Throttle {
        /// The share of calls refused.
        share: f64,
    },
    /// `AccessDenied`, HTTP 403.
    Deny,
    /// This answer.
    Fail {
        /// The HTTP status.
        status: u16,
        /// The error code.
        code: String,
    },
    /// The call is handled after this delay.
    Delay(Duration),
    /// The connection is cut before the call is handled.
    Reset,
    /// The call takes effect, and the connection is cut before the answer.
    LoseReply,
}
