//! What clients asked for: the record that tests judge by.

use std::collections::BTreeMap;
use std::time::SystemTime;

/// One request to Auto Scaling or SQS, recorded when it was answered or cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// When it came in, wall clock.
    pub at: SystemTime,
    /// The operation's name as the client sent it; empty if it sent none.
    pub operation: String,
    /// The access key id it was signed with; empty if it was not signed.
    pub caller: String,
    /// All parameters except `Action` and `Version`, by their names on the wire (`InstanceIds.member.1`, `Entries.1.Id`).
    pub params: BTreeMap<String, String>,
    /// The HTTP status of the answer; 0 if the connection was cut instead.
    pub status: u16,
    /// The error code of the answer.
    pub error: Option<String>,
}

/// One request to the metadata service of an instance, recorded when it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImdsCall {
    /// When it came in, wall clock.
    pub at: SystemTime,
    /// The HTTP method.
    pub method: String,
    /// The path as the client sent it.
    pub path: String,
    /// The HTTP status of the answer; 0 if there was none.
    pub status: u16,
}
