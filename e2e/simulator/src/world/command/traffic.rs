//! What sends traffic to the members of a group, and the metrics that are collected of it.

use super::Page;

/// An operation on load balancers, target groups and other sources of traffic, or on the metrics of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrafficCommand {
    /// `AttachLoadBalancers`, `AttachLoadBalancerTargetGroups`, `AttachTrafficSources`
    Attach {
        /// The group.
        group: String,
        /// To which list.
        list: TrafficList,
        /// What.
        sources: Vec<TrafficSource>,
    },
    /// `DetachLoadBalancers`, `DetachLoadBalancerTargetGroups`, `DetachTrafficSources`
    Detach {
        /// The group.
        group: String,
        /// From which list.
        list: TrafficList,
        /// What.
        sources: Vec<TrafficSource>,
    },
    /// `DescribeLoadBalancers`, `DescribeLoadBalancerTargetGroups`, `DescribeTrafficSources`
    Describe {
        /// The group.
        group: String,
        /// Which list.
        list: TrafficList,
        /// Only those of this type.
        kind: Option<String>,
        /// Which page.
        page: Page,
    },
    /// `EnableMetricsCollection`
    EnableMetrics {
        /// The group.
        group: String,
        /// Which; all if empty.
        metrics: Vec<String>,
    },
    /// `DisableMetricsCollection`
    DisableMetrics {
        /// The group.
        group: String,
        /// Which; all if empty.
        metrics: Vec<String>,
    },
}

/// The lists that a group keeps apart, as it was told of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrafficList {
    /// Classic load balancers, by name.
    LoadBalancers,
    /// Target groups, by arn.
    TargetGroups,
    /// Everything, by identifier and type. Describing it tells of the other two as well.
    Sources,
}

/// A source of traffic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrafficSource {
    /// Its name or arn.
    pub id: String,
    /// `elb`, `elbv2` or `vpc-lattice`.
    pub kind: String,
}

/// A source of traffic as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficView {
    /// Which.
    pub source: TrafficSource,
    /// `Added`, or `InService` where its health checks count and a member serves.
    pub state: &'static str,
}
