//! The ways an instance can be going, most with a hook in the middle.
//!
//! ```text
//! Launch     EC2 -> group   Pending             -> :Wait -> :Proceed -> InService             launch hook
//! Warm       EC2 -> pool    Warmed:Pending      -> :Wait -> :Proceed -> Warmed:<pool state>   launch hook
//! Promote    pool -> group  Pending             -> :Wait -> :Proceed -> InService             launch hook, again
//! Return     group -> pool  Warmed:Pending      -> :Wait -> :Proceed -> Warmed:<pool state>   termination hook
//! Terminate  group -> EC2   Terminating         -> :Wait -> :Proceed -> Terminated            termination hook
//! Retire     pool -> EC2    Warmed:Terminating  -> :Wait -> :Proceed -> Warmed:Terminated     termination hook
//! Park       group -> group EnteringStandby                          -> Standby               none
//! Join       any -> group  Pending                                  -> InService             none
//! Leave      group -> loose Detaching                               -> Detached              none
//! Replace    in the group   ReplacingRootVolume -> :Wait -> :Proceed -> RootVolumeReplaced    termination hook
//! Reenter    in the group   RootVolumeReplaced  -> Pending:Wait -> :Proceed -> InService      launch hook
//! ```
//!
//! Without a hook for it, an instance stays in the first state until it arrives.

use super::event::{HookTransition, Place, Power};
use super::state::{PoolState, State};

/// Where an instance is going, or how it came to where it rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Journey {
    Launch,
    Warm(PoolState),
    Promote,
    Return(PoolState),
    Terminate,
    Retire,
    /// Into standby.
    Park,
    /// Out of standby, or into the group from outside.
    Join,
    /// Gets a new root volume; ends with `Reenter`.
    ReplaceVolume,
    /// Boots from its new root volume.
    Reenter,
    /// Out of the group, alive. A machine that belongs to no group rests where this ends.
    Leave,
}

impl Journey {
    /// The kind of the hooks on this way; none if it has none.
    pub(crate) fn hook(self) -> Option<HookTransition> {
        match self {
            Journey::Launch | Journey::Warm(_) | Journey::Promote | Journey::Reenter => {
                Some(HookTransition::Launching)
            }
            Journey::Return(_) | Journey::Terminate | Journey::Retire | Journey::ReplaceVolume => {
                Some(HookTransition::Terminating)
            }
            Journey::Park | Journey::Join | Journey::Leave => None,
        }
    }

    pub(crate) fn origin(self) -> Place {
        match self {
            Journey::Launch | Journey::Warm(_) | Journey::Join => Place::Ec2,
            Journey::Promote | Journey::Retire => Place::WarmPool,
            Journey::Return(_)
            | Journey::Terminate
            | Journey::Park
            | Journey::Leave
            | Journey::ReplaceVolume
            | Journey::Reenter => Place::AutoScalingGroup,
        }
    }

    pub(crate) fn destination(self) -> Place {
        match self {
            Journey::Launch
            | Journey::Promote
            | Journey::Park
            | Journey::Join
            | Journey::ReplaceVolume
            | Journey::Reenter => Place::AutoScalingGroup,
            Journey::Warm(_) | Journey::Return(_) => Place::WarmPool,
            Journey::Terminate | Journey::Retire | Journey::Leave => Place::Ec2,
        }
    }

    /// What `EventBridge` events name as the action.
    pub(crate) fn action(self) -> &'static str {
        match (self, self.hook()) {
            (Journey::ReplaceVolume | Journey::Reenter, _) => "ReplaceRootVolume",
            (_, Some(HookTransition::Launching)) => "Launch",
            // On the way to the warm pool too: only origin and destination tell the two apart.
            (_, Some(HookTransition::Terminating) | None) => "Terminate",
        }
    }

    /// The four states of this way: under way, held by a hook, let go by the hooks, arrived.
    fn states(self) -> [State; 4] {
        match self {
            Journey::Launch | Journey::Promote => {
                [State::Pending, State::PendingWait, State::PendingProceed, State::InService]
            }
            Journey::Warm(pool) | Journey::Return(pool) => {
                [State::WarmedPending, State::WarmedPendingWait, State::WarmedPendingProceed, pool.at_rest()]
            }
            Journey::Terminate => {
                [State::Terminating, State::TerminatingWait, State::TerminatingProceed, State::Terminated]
            }
            Journey::Retire => [
                State::WarmedTerminating,
                State::WarmedTerminatingWait,
                State::WarmedTerminatingProceed,
                State::WarmedTerminated,
            ],
            Journey::ReplaceVolume => [
                State::ReplacingRootVolume,
                State::ReplacingRootVolumeWait,
                State::ReplacingRootVolumeProceed,
                State::RootVolumeReplaced,
            ],
            Journey::Reenter => {
                [State::RootVolumeReplaced, State::PendingWait, State::PendingProceed, State::InService]
            }
            // Without hooks nothing is ever in the middle.
            Journey::Park => {
                [State::EnteringStandby, State::EnteringStandby, State::EnteringStandby, State::Standby]
            }
            Journey::Join => [State::Pending, State::Pending, State::Pending, State::InService],
            Journey::Leave => [State::Detaching, State::Detaching, State::Detaching, State::Detached],
        }
    }

    pub(crate) fn under_way(self) -> State {
        self.states()[0]
    }

    pub(crate) fn waiting(self) -> State {
        self.states()[1]
    }

    pub(crate) fn proceeding(self) -> State {
        self.states()[2]
    }

    pub(crate) fn arrived(self) -> State {
        self.states()[3]
    }

    /// What the metadata service names as the target state, from the very start of the journey.
    pub(crate) fn target(self) -> &'static str {
        if self == Journey::ReplaceVolume {
            // A judgement: no target state of this name is documented, and the instance is to serve again.
            State::InService.as_str()
        } else {
            self.arrived().as_str()
        }
    }

    /// The power at the end.
    pub(crate) fn power_on_arrival(self) -> Power {
        match self {
            Journey::Launch
            | Journey::Promote
            | Journey::Park
            | Journey::Join
            | Journey::Leave
            | Journey::Reenter
            | Journey::Warm(PoolState::Running)
            | Journey::Return(PoolState::Running) => Power::On,
            Journey::Warm(PoolState::Hibernated) | Journey::Return(PoolState::Hibernated) => {
                Power::Hibernated
            }
            Journey::Warm(PoolState::Stopped)
            | Journey::Return(PoolState::Stopped)
            | Journey::Terminate
            | Journey::ReplaceVolume
            | Journey::Retire => Power::Off,
        }
    }

    /// True if the machine has to run for it; the other ways leave the power as it is until they arrive.
    pub(crate) fn needs_power(self) -> bool {
        matches!(self, Journey::Launch | Journey::Warm(_) | Journey::Promote | Journey::Reenter)
    }

    /// True if the instance counts towards the desired capacity.
    pub(crate) fn serves(self) -> bool {
        matches!(
            self,
            Journey::Launch | Journey::Promote | Journey::Join | Journey::ReplaceVolume | Journey::Reenter
        )
    }

    /// True if the instance counts towards the size of the warm pool.
    pub(crate) fn is_pooled(self) -> bool {
        matches!(self, Journey::Warm(_) | Journey::Return(_))
    }

    /// True if the instance is listed by `DescribeWarmPool` rather than with its group.
    pub(crate) fn is_listed_in_pool(self) -> bool {
        self.is_pooled() || self == Journey::Retire
    }

    /// True if the instance is on its way out for good.
    pub(crate) fn ends(self) -> bool {
        matches!(self, Journey::Terminate | Journey::Retire)
    }
}
