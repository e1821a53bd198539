//! Hooks and their actions as operations name, make and describe them.

use std::time::Duration;

use super::super::event::{HookResult, HookTransition};

/// A hook to be made or changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutHook {
    /// Its name.
    pub name: String,
    /// Its kind; needed for a new one.
    pub transition: Option<HookTransition>,
    /// How long an action lasts without a heartbeat.
    pub heartbeat_timeout: Option<Duration>,
    /// What happens when it runs out; AWS's default is ABANDON.
    pub default_result: Option<HookResult>,
    /// Told with every action.
    pub metadata: Option<String>,
    /// The arn of the queue that is told about every action; an empty one ends that.
    pub target: Option<String>,
    /// The role by which it is told; needed, and not checked.
    pub role: Option<String>,
}

/// How a caller names a lifecycle action: by hook, and by token or instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionRef {
    /// The group.
    pub group: String,
    /// The hook.
    pub hook: String,
    /// The token.
    pub token: Option<String>,
    /// The instance.
    pub instance: Option<String>,
}

/// A hook as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookView {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub transition: HookTransition,
    /// How long an action lasts without a heartbeat.
    pub heartbeat_timeout: Duration,
    /// How long it lasts at most.
    pub global_timeout: Duration,
    /// What happens when it runs out.
    pub default_result: HookResult,
    /// As it was put.
    pub metadata: Option<String>,
    /// Who is told.
    pub target: Option<NotificationTarget>,
}

/// Who is told about a hook's actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationTarget {
    /// A queue's arn.
    pub arn: String,
    /// A role's arn.
    pub role: Option<String>,
}
