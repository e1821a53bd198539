//! The operations on lifecycle hooks.

use std::time::Duration;

use super::World;
use super::command::{NotificationTarget, PutHook, Reply};
use super::error::AwsError;
use super::event::{CompletedBy, HookResult, HookTransition};
use super::group::Hook;

/// AWS's limits.
const MOST_HOOKS: usize = 50;
const DEFAULT_HEARTBEAT: Duration = Duration::from_hours(1);
const LONGEST_HEARTBEAT: Duration = Duration::from_hours(2);
const LONGEST_METADATA: usize = 4000;

impl World {
    pub(super) fn put_hook(&mut self, name: &str, put: PutHook) -> Result<Reply, AwsError> {
        // Zero would let an abandoned launch repeat without end in no time.
        let shortest = self.settings.min_heartbeat_timeout.max(Duration::from_secs(1));
        let group = self.group(name)?;
        let existing = group.hooks.get(&put.name);
        if existing.is_none() && group.hooks.len() >= MOST_HOOKS {
            return Err(AwsError::new(
                400,
                "LimitExceeded",
                format!("The AutoScalingGroup already has {MOST_HOOKS} lifecycle hooks"),
            ));
        }
        let transition = put.transition.or(existing.map(|hook| hook.transition)).ok_or_else(|| {
            AwsError::validation("A lifecycle transition is required for a new lifecycle hook")
        })?;
        let heartbeat_timeout = put
            .heartbeat_timeout
            .or(existing.map(|hook| hook.heartbeat_timeout))
            .unwrap_or(DEFAULT_HEARTBEAT);
        if heartbeat_timeout < shortest || heartbeat_timeout > LONGEST_HEARTBEAT {
            return Err(AwsError::validation(format!(
                "Heartbeat timeout must be between {} and {} seconds",
                shortest.as_secs(),
                LONGEST_HEARTBEAT.as_secs()
            )));
        }
        if put.metadata.as_ref().is_some_and(|text| text.chars().count() > LONGEST_METADATA) {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value at 'notificationMetadata' failed to satisfy constraint: \
                 Member must have length less than or equal to {LONGEST_METADATA}"
            )));
        }
        let target = match put.target.as_deref() {
            None => existing.and_then(|hook| hook.target.clone()),
            Some("") => None,
            Some(arn) => Some(NotificationTarget { arn: arn.to_owned(), role: put.role }),
        };
        let hook = Hook {
            target,
            transition,
            heartbeat_timeout,
            default_result: put
                .default_result
                .or(existing.map(|hook| hook.default_result))
                .unwrap_or(HookResult::Abandon),
            metadata: put.metadata.or(existing.and_then(|hook| hook.metadata.clone())),
            name: put.name,
        };
        if put.target.is_some() {
            self.test_target(name, &hook)?;
        }
        self.group_mut(name)?.hooks.insert(hook.name.clone(), hook);
        Ok(Reply::Done)
    }

    /// Deletes a hook. As documented, its open actions end first: ABANDON for launches, CONTINUE for terminations.
    pub(super) fn delete_hook(&mut self, name: &str, hook: &str) -> Result<Reply, AwsError> {
        let group = self.group_mut(name)?;
        let removed = group.hooks.remove(hook).ok_or_else(|| AwsError::no_hook(hook))?;
        let result = match removed.transition {
            HookTransition::Launching => HookResult::Abandon,
            HookTransition::Terminating => HookResult::Continue,
        };
        let open: Vec<_> = self
            .instances
            .of_group(name)
            .flat_map(|instance| instance.actions().iter().map(|action| (instance.id.clone(), action)))
            .filter(|(_, action)| action.hook == hook)
            .map(|(id, action)| (id, action.token.clone()))
            .collect();
        for (id, token) in open {
            self.end_action(&id, &token, result, CompletedBy::Withdrawn);
        }
        Ok(Reply::Done)
    }

    pub(super) fn describe_hooks(&self, group: String, names: &[String]) -> Result<Reply, AwsError> {
        let hooks = self
            .group(&group)?
            .hooks
            .values()
            .filter(|hook| names.is_empty() || names.contains(&hook.name))
            .map(Hook::view)
            .collect();
        Ok(Reply::Hooks { group, hooks })
    }
}
