//! What happened in the world, in the order it happened.

use std::fmt;
use std::time::SystemTime;

/// Whether the machine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Power {
    /// It runs, and its metadata service answers.
    On,
    /// It is stopped or terminated; its metadata service refuses connections.
    Off,
    /// It is stopped with its memory kept: processes will go on where they were.
    Hibernated,
}

impl Power {
    /// The word used in `/_simulator/instances`.
    pub fn as_str(self) -> &'static str {
        match self {
            Power::On => "on",
            Power::Off => "off",
            Power::Hibernated => "hibernated",
        }
    }
}

/// Which kind of hook holds an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookTransition {
    /// `autoscaling:EC2_INSTANCE_LAUNCHING`
    Launching,
    /// `autoscaling:EC2_INSTANCE_TERMINATING`
    Terminating,
}

impl HookTransition {
    /// The text AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            HookTransition::Launching => "autoscaling:EC2_INSTANCE_LAUNCHING",
            HookTransition::Terminating => "autoscaling:EC2_INSTANCE_TERMINATING",
        }
    }
}

/// One end of the way an instance is on while a hook holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Outside of the group.
    Ec2,
    /// The warm pool.
    WarmPool,
    /// The group itself.
    AutoScalingGroup,
}

impl Place {
    /// The text AWS uses in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Place::Ec2 => "EC2",
            Place::WarmPool => "WarmPool",
            Place::AutoScalingGroup => "AutoScalingGroup",
        }
    }
}

/// How a lifecycle action ends, and what a hook does by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookResult {
    /// `CONTINUE`
    Continue,
    /// `ABANDON`
    Abandon,
}

impl HookResult {
    /// The text AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            HookResult::Continue => "CONTINUE",
            HookResult::Abandon => "ABANDON",
        }
    }
}

impl fmt::Display for HookResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who ended a lifecycle action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompletedBy {
    /// `CompleteLifecycleAction`.
    Completed,
    /// No heartbeat came in time, or the hook's notification could not be delivered; the default result was applied.
    TimedOut,
    /// The global timeout passed in spite of heartbeats; the default result was applied.
    GlobalTimeout,
    /// Its reason went away: the hook was deleted, another hook was abandoned, or the instance was taken elsewhere.
    Withdrawn,
}

/// One thing that happened. `at` is simulated time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An instance came into being (`from` is none) or changed its lifecycle state.
    LifecycleChanged {
        /// When.
        at: SystemTime,
        /// The instance.
        id: String,
        /// Its group.
        group: String,
        /// The state it left.
        from: Option<String>,
        /// The state it is in now.
        to: String,
    },
    /// An instance was switched on or off. When subscribers see it, the metadata service already follows.
    PowerChanged {
        /// When.
        at: SystemTime,
        /// The instance.
        id: String,
        /// Its group.
        group: String,
        /// Its power now.
        power: Power,
    },
    /// A hook began to hold an instance.
    ActionOpened {
        /// When.
        at: SystemTime,
        /// The instance.
        id: String,
        /// Its group.
        group: String,
        /// The hook's name.
        hook: String,
        /// The action's token.
        token: String,
        /// The hook's kind.
        transition: HookTransition,
        /// Where the instance comes from.
        origin: Place,
        /// Where it goes.
        destination: Place,
    },
    /// A heartbeat was accepted.
    Heartbeat {
        /// When.
        at: SystemTime,
        /// The instance.
        id: String,
        /// Its group.
        group: String,
        /// The hook's name.
        hook: String,
        /// The action's token.
        token: String,
    },
    /// A hook let an instance go.
    ActionCompleted {
        /// When.
        at: SystemTime,
        /// The instance.
        id: String,
        /// Its group.
        group: String,
        /// The hook's name.
        hook: String,
        /// The action's token.
        token: String,
        /// The hook's kind.
        transition: HookTransition,
        /// The result that was applied.
        result: HookResult,
        /// Who ended it.
        by: CompletedBy,
    },
}
