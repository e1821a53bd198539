//! Instances as the API describes them.

use super::LaunchTemplate;

/// An instance as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceView {
    /// Its id.
    pub id: String,
    /// Its group.
    pub group: String,
    /// Its type, `t3.medium`.
    pub kind: String,
    /// Its zone.
    pub zone: String,
    /// Its lifecycle state, or the text it was forced to.
    pub state: String,
    /// Whether it is healthy.
    pub healthy: bool,
    /// Whether scale-in passes it by.
    pub protected: bool,
    /// The launch template it came from.
    pub launch_template: Option<LaunchTemplate>,
    /// The launch configuration it was launched from.
    pub launch_configuration: Option<String>,
}
