//! Scaling policies as operations put, describe and execute them.

use super::{Page, Tree};

/// An operation on scaling policies, and on the cooldown that they leave behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyCommand {
    /// `PutScalingPolicy`
    Put(PutPolicy),
    /// `DeletePolicy`
    Delete(PolicyRef),
    /// `DescribePolicies`
    Describe {
        /// Only those of this group.
        group: Option<String>,
        /// Only these names and arns; all if empty.
        names: Vec<String>,
        /// Only these types; all if empty.
        types: Vec<String>,
        /// Which page.
        page: Page,
    },
    /// `ExecutePolicy`
    Execute {
        /// Which policy.
        policy: PolicyRef,
        /// Whether a cooldown that goes on is waited for.
        honor_cooldown: bool,
        /// The metric's value and the threshold that it breaches, for a policy with steps.
        breach: Option<(Number, Number)>,
    },
    /// `SetDesiredCapacity` by one who honours the cooldown.
    Desire {
        /// The group.
        group: String,
        /// How many instances should serve.
        desired: u32,
    },
}

/// A policy by its name, then with its group, or by its arn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRef {
    /// The group.
    pub group: Option<String>,
    /// The name or the arn.
    pub name: String,
}

/// A policy to be made or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutPolicy {
    /// The group.
    pub group: String,
    /// Its name.
    pub name: String,
    /// What it does.
    pub kind: PolicyKind,
    /// Whether it does it.
    pub enabled: bool,
}

/// What a policy does when it is executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyKind {
    /// `SimpleScaling`: always the same.
    Simple {
        /// In which way the capacity changes.
        how: Adjustment,
        /// By how much.
        by: i32,
        /// The cooldown it leaves, in seconds; the group's by default.
        cooldown: Option<u32>,
    },
    /// `StepScaling`: by how far the metric is from its threshold.
    Step {
        /// In which way the capacity changes.
        how: Adjustment,
        /// By how much, each within its bounds.
        steps: Vec<Step>,
        /// In seconds, only repeated in answers.
        warmup: Option<u32>,
        /// Only repeated in answers.
        aggregation: Option<String>,
    },
    /// `TargetTrackingScaling`: kept and described. There are no metrics here, so that nothing ever executes it.
    TargetTracking {
        /// As it came.
        configuration: Tree,
        /// In seconds, only repeated in answers.
        warmup: Option<u32>,
    },
}

impl PolicyKind {
    /// The text AWS uses.
    pub fn as_str(&self) -> &'static str {
        match self {
            PolicyKind::Simple { .. } => "SimpleScaling",
            PolicyKind::Step { .. } => "StepScaling",
            PolicyKind::TargetTracking { .. } => "TargetTrackingScaling",
        }
    }
}

/// In which way a capacity changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// By so many.
    Change,
    /// To so many.
    Exact,
    /// By so many percent of what there is, but by at least so many instances.
    Percent(Option<u32>),
}

impl Adjustment {
    /// The text AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Adjustment::Change => "ChangeInCapacity",
            Adjustment::Exact => "ExactCapacity",
            Adjustment::Percent(_) => "PercentChangeInCapacity",
        }
    }
}

/// One step: what is done while the metric is so far from its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The lower bound of the distance; none means without end.
    pub lower: Option<Number>,
    /// The upper bound of the distance; none means without end.
    pub upper: Option<Number>,
    /// By how much.
    pub by: i32,
}

/// A number that is one: neither infinite nor undefined.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Number(f64);

/// Every number equals itself, since none is undefined.
impl Eq for Number {}

impl Number {
    /// None for what is no number.
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Number(value))
    }

    /// Its value.
    pub fn value(self) -> f64 {
        self.0
    }
}

/// A policy as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyView {
    /// What was put.
    pub policy: PutPolicy,
    /// Its arn.
    pub arn: String,
}

/// What the operations on policies answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyReply {
    /// To `Put`: the arn.
    Put(String),
    /// To `Describe`.
    Policies {
        /// This page's, by group and name.
        policies: Vec<PolicyView>,
        /// Where the next page starts.
        next: Option<String>,
    },
}
