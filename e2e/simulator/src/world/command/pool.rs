//! Warm pools as operations make, change and describe them.

use super::super::state::PoolState;

/// A warm pool to be made or changed; what is none stays, or takes AWS's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutWarmPool {
    /// The group.
    pub group: String,
    /// The most instances in group and pool together; `Some(None)` lifts the limit (-1 on the wire).
    pub max_prepared: Option<Option<u32>>,
    /// The least instances in the pool.
    pub min: Option<u32>,
    /// The state that instances are kept in.
    pub state: Option<PoolState>,
    /// Whether instances come back on scale-in.
    pub reuse: Option<bool>,
}

/// A warm pool as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolView {
    /// The most instances in group and pool together.
    pub max_prepared: Option<u32>,
    /// The least instances in the pool.
    pub min: u32,
    /// The state that instances are kept in.
    pub state: PoolState,
    /// Whether instances come back on scale-in; none if it was never said.
    pub reuse: Option<bool>,
    /// Whether it is being deleted.
    pub deleting: bool,
}
