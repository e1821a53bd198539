//! What a test can break about a metadata service.

use std::time::Duration;

/// What goes wrong with the metadata service of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImdsFault {
    /// Every request, the token's included, gets this status.
    Status(u16),
    /// Tokens are given out, and every reading request gets this status: 401 for a service that forgot them, 5xx.
    Reads(u16),
    /// Requests beyond so many a second, the token's included, get 503, as AWS throttles each instance.
    Throttle {
        /// So many are answered each second.
        per_second: u32,
    },
    /// `autoscaling/target-lifecycle-state` alone answers 404.
    NoTarget,
    /// `autoscaling/target-lifecycle-state` alone answers this text.
    Target(String),
    /// Every answer comes this late.
    Slow(Duration),
    /// Connections are refused.
    Unreachable,
    /// Every GET is answered 200 with these bytes: not UTF-8, or a megabyte, or nothing.
    Garbage(Vec<u8>),
    /// Every request, the token's included, is answered 200 with a web page, as by a proxy that wants a login.
    Html,
    /// What is read comes byte by byte, each this long after the one before.
    Trickle(Duration),
    /// The connection is cut in the middle of what is read.
    Cut,
    /// Requests are taken and never answered.
    Hang,
}
