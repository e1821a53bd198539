//! What the instance metadata service says.

use std::fmt;

/// The state that an instance is on its way *to*, from IMDS `autoscaling/target-lifecycle-state`.
///
/// It never contains `:Wait`, and IMDS answers 404 where there is none: on an instance of no group, but for a moment also
/// on one just launched, attached or restarted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// It will serve, or serves.
    InService,
    /// It goes out of service at its owner's wish.
    Standby,
    /// It leaves its group alive.
    Detached,
    /// It will be terminated.
    Terminated,
    /// It will be stopped in the warm pool.
    WarmedStopped,
    /// It will wait, running, in the warm pool.
    WarmedRunning,
    /// It will be hibernated in the warm pool.
    WarmedHibernated,
    /// It will be terminated out of the warm pool.
    WarmedTerminated,
    /// A value this version does not know.
    Unknown(String),
}

impl Target {
    /// The text AWS uses.
    pub fn as_str(&self) -> &str {
        match self {
            Target::InService => "InService",
            Target::Standby => "Standby",
            Target::Detached => "Detached",
            Target::Terminated => "Terminated",
            Target::WarmedStopped => "Warmed:Stopped",
            Target::WarmedRunning => "Warmed:Running",
            Target::WarmedHibernated => "Warmed:Hibernated",
            Target::WarmedTerminated => "Warmed:Terminated",
            Target::Unknown(text) => text,
        }
    }
}

impl From<&str> for Target {
    fn from(text: &str) -> Self {
        match text {
            "InService" => Target::InService,
            "Standby" => Target::Standby,
            "Detached" => Target::Detached,
            "Terminated" => Target::Terminated,
            "Warmed:Stopped" => Target::WarmedStopped,
            "Warmed:Running" => Target::WarmedRunning,
            "Warmed:Hibernated" => Target::WarmedHibernated,
            "Warmed:Terminated" => Target::WarmedTerminated,
            other => Target::Unknown(other.to_owned()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_values_are_known_and_others_are_kept() {
        for text in [
            "InService",
            "Standby",
            "Detached",
            "Terminated",
            "Warmed:Stopped",
            "Warmed:Running",
            "Warmed:Hibernated",
            "Warmed:Terminated",
        ] {
            let target = Target::from(text);
            assert!(!matches!(target, Target::Unknown(_)), "{text}");
            assert_eq!(target.as_str(), text);
        }
        assert_eq!(Target::from("inservice"), Target::Unknown("inservice".into()));
    }
}
