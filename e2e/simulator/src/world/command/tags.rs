//! Tags as operations look for them, and what the service tells about itself.

/// A condition on a tag: one of the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagFilter {
    /// `auto-scaling-group`: the name of its group.
    Group(Vec<String>),
    /// `key`
    Key(Vec<String>),
    /// `value`
    Value(Vec<String>),
    /// `propagate-at-launch`: `true` or `false`.
    Propagate(Vec<String>),
}

/// A list that the service tells about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Types {
    /// `DescribeLifecycleHookTypes`
    Hooks,
    /// `DescribeTerminationPolicyTypes`
    TerminationPolicies,
    /// `DescribeAdjustmentTypes`
    Adjustments,
    /// `DescribeMetricCollectionTypes`
    Metrics,
}
