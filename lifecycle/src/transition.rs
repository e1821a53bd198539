//! Where a lifecycle action leads. A state alone does not tell: `Warmed:Pending:Wait` is both the way in and the way back.

use std::fmt;

/// One end of a transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Outside of the group: a launch comes from there, a termination goes there.
    Ec2,
    /// The warm pool.
    WarmPool,
    /// The group itself.
    AutoScalingGroup,
    /// A value this version does not know.
    Unknown(String),
}

impl Place {
    /// The text AWS uses in events.
    pub fn as_str(&self) -> &str {
        match self {
            Place::Ec2 => "EC2",
            Place::WarmPool => "WarmPool",
            Place::AutoScalingGroup => "AutoScalingGroup",
            Place::Unknown(text) => text,
        }
    }
}

impl From<&str> for Place {
    fn from(text: &str) -> Self {
        match text {
            "EC2" => Place::Ec2,
            "WarmPool" => Place::WarmPool,
            "AutoScalingGroup" => Place::AutoScalingGroup,
            other => Place::Unknown(other.to_owned()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a lifecycle action comes from and leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Where the instance comes from.
    pub origin: Place,
    /// Where it goes.
    pub destination: Place,
    /// `Launch`, `Terminate` or `ReplaceRootVolume`; older messages have none.
    pub action: Option<String>,
}

/// What an instance on its way into the warm pool is doing there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Launched into the pool; the launch hook holds it.
    Entering,
    /// Coming back from service; the termination hook holds it until it is drained.
    Returning,
}

impl Transition {
    /// The direction, if this transition leads into the warm pool.
    pub fn direction(&self) -> Option<Direction> {
        match (&self.origin, &self.destination) {
            (Place::Ec2, Place::WarmPool) => Some(Direction::Entering),
            (Place::AutoScalingGroup, Place::WarmPool) => Some(Direction::Returning),
            (_, Place::Ec2 | Place::WarmPool | Place::AutoScalingGroup | Place::Unknown(_)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_ways_into_the_pool_have_a_direction() {
        let transition = |origin: &str, destination: &str| Transition {
            origin: origin.into(),
            destination: destination.into(),
            action: None,
        };
        assert_eq!(transition("EC2", "WarmPool").direction(), Some(Direction::Entering));
        assert_eq!(transition("AutoScalingGroup", "WarmPool").direction(), Some(Direction::Returning));
        assert_eq!(transition("AutoScalingGroup", "EC2").direction(), None);
        assert_eq!(transition("WarmPool", "AutoScalingGroup").direction(), None);
        assert_eq!(transition("Moon", "WarmPool").direction(), None);
    }
}
