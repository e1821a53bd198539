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

/// What goes wrong with the metadata service of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImdsFault {
    /// Every request, the token's included, gets this status.
    Status(u16),
    /// `autoscaling/target-lifecycle-state` alone answers 404.
    NoTarget,
    /// `autoscaling/target-lifecycle-state` alone answers this text.
    Target(String),
    /// Every answer comes this late.
    Slow(Duration),
    /// Connections are refused.
    Unreachable,
    /// Every GET is answered 200 with these bytes.
    Garbage(Vec<u8>),
    /// Requests are taken and never answered.
    Hang,
}
