//! The lifecycle states that the simulator can bring an instance into.

/// A lifecycle state as the API spells it. A closed set of its own, so that it shares no mistake with the programs
/// under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// `Pending`
    Pending,
    /// `Pending:Wait`
    PendingWait,
    /// `Pending:Proceed`
    PendingProceed,
    /// `InService`
    InService,
    /// `Terminating`
    Terminating,
    /// `Terminating:Wait`
    TerminatingWait,
    /// `Terminating:Proceed`
    TerminatingProceed,
    /// `Terminating:Retained`
    TerminatingRetained,
    /// `Terminated`
    Terminated,
    /// `EnteringStandby`
    EnteringStandby,
    /// `Standby`
    Standby,
    /// `Detaching`
    Detaching,
    /// `Detached`
    Detached,
    /// `ReplacingRootVolume`
    ReplacingRootVolume,
    /// `ReplacingRootVolume:Wait`
    ReplacingRootVolumeWait,
    /// `ReplacingRootVolume:Proceed`
    ReplacingRootVolumeProceed,
    /// `RootVolumeReplaced`
    RootVolumeReplaced,
    /// `Warmed:Pending`
    WarmedPending,
    /// `Warmed:Pending:Wait`
    WarmedPendingWait,
    /// `Warmed:Pending:Proceed`
    WarmedPendingProceed,
    /// `Warmed:Pending:Retained`
    WarmedPendingRetained,
    /// `Warmed:Stopped`
    WarmedStopped,
    /// `Warmed:Running`
    WarmedRunning,
    /// `Warmed:Hibernated`
    WarmedHibernated,
    /// `Warmed:Terminating`
    WarmedTerminating,
    /// `Warmed:Terminating:Wait`
    WarmedTerminatingWait,
    /// `Warmed:Terminating:Proceed`
    WarmedTerminatingProceed,
    /// `Warmed:Terminating:Retained`
    WarmedTerminatingRetained,
    /// `Warmed:Terminated`
    WarmedTerminated,
}

impl State {
    /// All of them, in the order of the declaration.
    pub const ALL: [State; 29] = [
        State::Pending,
        State::PendingWait,
        State::PendingProceed,
        State::InService,
        State::Terminating,
        State::TerminatingWait,
        State::TerminatingProceed,
        State::TerminatingRetained,
        State::Terminated,
        State::EnteringStandby,
        State::Standby,
        State::Detaching,
        State::Detached,
        State::ReplacingRootVolume,
        State::ReplacingRootVolumeWait,
        State::ReplacingRootVolumeProceed,
        State::RootVolumeReplaced,
        State::WarmedPending,
        State::WarmedPendingWait,
        State::WarmedPendingProceed,
        State::WarmedPendingRetained,
        State::WarmedStopped,
        State::WarmedRunning,
        State::WarmedHibernated,
        State::WarmedTerminating,
        State::WarmedTerminatingWait,
        State::WarmedTerminatingProceed,
        State::WarmedTerminatingRetained,
        State::WarmedTerminated,
    ];

    /// The text AWS uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Pending => "Pending",
            State::PendingWait => "Pending:Wait",
            State::PendingProceed => "Pending:Proceed",
            State::InService => "InService",
            State::Terminating => "Terminating",
            State::TerminatingWait => "Terminating:Wait",
            State::TerminatingProceed => "Terminating:Proceed",
            State::TerminatingRetained => "Terminating:Retained",
            State::Terminated => "Terminated",
            State::EnteringStandby => "EnteringStandby",
            State::Standby => "Standby",
            State::Detaching => "Detaching",
            State::Detached => "Detached",
            State::ReplacingRootVolume => "ReplacingRootVolume",
            State::ReplacingRootVolumeWait => "ReplacingRootVolume:Wait",
            State::ReplacingRootVolumeProceed => "ReplacingRootVolume:Proceed",
            State::RootVolumeReplaced => "RootVolumeReplaced",
            State::WarmedPending => "Warmed:Pending",
            State::WarmedPendingWait => "Warmed:Pending:Wait",
            State::WarmedPendingProceed => "Warmed:Pending:Proceed",
            State::WarmedPendingRetained => "Warmed:Pending:Retained",
            State::WarmedStopped => "Warmed:Stopped",
            State::WarmedRunning => "Warmed:Running",
            State::WarmedHibernated => "Warmed:Hibernated",
            State::WarmedTerminating => "Warmed:Terminating",
            State::WarmedTerminatingWait => "Warmed:Terminating:Wait",
            State::WarmedTerminatingProceed => "Warmed:Terminating:Proceed",
            State::WarmedTerminatingRetained => "Warmed:Terminating:Retained",
            State::WarmedTerminated => "Warmed:Terminated",
        }
    }
}

/// In which state a warm pool keeps its instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PoolState {
    /// Stopped; the default.
    Stopped,
    /// Running.
    Running,
    /// Stopped, with the memory kept.
    Hibernated,
}

impl PoolState {
    /// The text AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            PoolState::Stopped => "Stopped",
            PoolState::Running => "Running",
            PoolState::Hibernated => "Hibernated",
        }
    }

    /// The lifecycle state of a member at rest.
    pub(crate) fn at_rest(self) -> State {
        match self {
            PoolState::Stopped => State::WarmedStopped,
            PoolState::Running => State::WarmedRunning,
            PoolState::Hibernated => State::WarmedHibernated,
        }
    }
}
