//! Launching into a group at once.

/// `LaunchInstances`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchInstances {
    /// The group.
    pub group: String,
    /// How many more.
    pub count: u32,
    /// Whoever repeats it launches nothing new.
    pub token: String,
    /// The zone.
    pub zone: Option<String>,
    /// The subnet.
    pub subnet: Option<String>,
}

/// To `LaunchInstances`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launched {
    /// What was asked.
    pub request: LaunchInstances,
    /// The type of the new members.
    pub kind: String,
    /// Where they are.
    pub zone: String,
    /// Where they are.
    pub subnet: String,
    /// The new members.
    pub ids: Vec<String>,
}
