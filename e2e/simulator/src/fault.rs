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
    /// One bucket of tokens for all Auto Scaling calls that it hits, as AWS has one per account and Region: a call takes a
    /// token, and without one it is answered `Throttling: Rate exceeded`.
    TokenBucket {
        /// So many tokens it holds at most, and at first.
        capacity: u32,
        /// So many come back each second of simulated time.
        refill_per_second: f64,
    },
    /// Describing calls see the world as it was so long ago, but not as it was before the fault began.
    Stale(Duration),
    /// Describing calls do not see an instance for so long after its launch.
    UnlistedAfterLaunch(Duration),
    /// `DescribeAutoScalingGroups` and `DescribeWarmPool` both do not list an instance for so long after it set out from
    /// one to the other. `DescribeAutoScalingInstances` does.
    UnlistedWhileMoving(Duration),
}

/// Which calls a fault hits; what is none does not matter.
///
/// For [`Fault::UnlistedAfterLaunch`] and [`Fault::UnlistedWhileMoving`], `group` and `instance` say which instances are
/// hidden; for all others, which are named by the call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Only {
    /// Those signed with this access key id.
    pub caller: Option<String>,
    /// Those that name this group.
    pub group: Option<String>,
    /// Those that name this instance.
    pub instance: Option<String>,
    /// This share of them, 0 to 1.
    pub share: Option<f64>,
    /// The first so many.
    pub times: Option<u64>,
}
