//! Operations on the life of members beyond scaling: standby, attaching, protection, health, suspended processes.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::world::Made;

/// One of these operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LifeCommand {
    /// `EnterStandby`
    EnterStandby {
        /// The group.
        group: String,
        /// Its members.
        ids: Vec<String>,
        /// Whether the desired capacity goes down with them; otherwise they are replaced.
        decrement: bool,
    },
    /// `ExitStandby`; the desired capacity goes up.
    ExitStandby {
        /// The group.
        group: String,
        /// Its members.
        ids: Vec<String>,
    },
    /// `DetachInstances`
    Detach {
        /// The group.
        group: String,
        /// Its members.
        ids: Vec<String>,
        /// Whether the desired capacity goes down with them; otherwise they are replaced.
        decrement: bool,
    },
    /// `AttachInstances`; the desired capacity goes up.
    Attach {
        /// The group.
        group: String,
        /// Machines of no group.
        ids: Vec<String>,
    },
    /// `SetInstanceProtection`
    Protect {
        /// The group.
        group: String,
        /// Its members.
        ids: Vec<String>,
        /// Whether scale-in passes them by.
        protected: bool,
    },
    /// `SetInstanceHealth`
    SetHealth {
        /// A member of any group.
        id: String,
        /// What it is said to be.
        healthy: bool,
        /// Whether the call is refused while the member is younger than its group's grace period.
        respect_grace: bool,
    },
    /// `SuspendProcesses`
    Suspend {
        /// The group.
        group: String,
        /// Which; all if empty.
        processes: Vec<Process>,
    },
    /// `ResumeProcesses`
    Resume {
        /// The group.
        group: String,
        /// Which; all if empty.
        processes: Vec<Process>,
    },
    /// `DescribeScalingProcessTypes`
    DescribeProcesses,
}

/// Something that a group does by itself and that can be suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Process {
    /// Balancing the zones; not simulated.
    AzRebalance,
    /// Registering at a load balancer; not simulated.
    AddToLoadBalancer,
    /// Hearing alarms, of which there are none here; who executes a policy by hand is no alarm.
    AlarmNotification,
    /// Looking at the machines; what a user says of their health counts nevertheless.
    HealthCheck,
    /// Instance refresh.
    InstanceRefresh,
    /// Launching, into the group and into its pool, and taking from the pool.
    Launch,
    /// Terminating unhealthy members and launching others for them.
    ReplaceUnhealthy,
    /// Scheduled actions; what comes due is passed over.
    ScheduledActions,
    /// Scale-in of what is in service or prepared, and every replacement.
    Terminate,
}

impl Process {
    /// All, in AWS's order.
    pub const ALL: [Process; 9] = [
        Process::AzRebalance,
        Process::AddToLoadBalancer,
        Process::AlarmNotification,
        Process::HealthCheck,
        Process::InstanceRefresh,
        Process::Launch,
        Process::ReplaceUnhealthy,
        Process::ScheduledActions,
        Process::Terminate,
    ];

    /// The text AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Process::AzRebalance => "AZRebalance",
            Process::AddToLoadBalancer => "AddToLoadBalancer",
            Process::AlarmNotification => "AlarmNotification",
            Process::HealthCheck => "HealthCheck",
            Process::InstanceRefresh => "InstanceRefresh",
            Process::Launch => "Launch",
            Process::ReplaceUnhealthy => "ReplaceUnhealthy",
            Process::ScheduledActions => "ScheduledActions",
            Process::Terminate => "Terminate",
        }
    }
}

/// How a group treats its members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupLife {
    /// `NewInstancesProtectedFromScaleIn`
    pub protects_new: bool,
    /// How it makes its machines. The Auto Scaling API does not tell.
    pub made: Made,
    /// The suspended processes, and since when.
    pub suspended: BTreeMap<Process, SystemTime>,
}
