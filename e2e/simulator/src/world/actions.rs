//! Completing and keeping alive the actions that hold instances.

use super::World;
use super::command::{ActionRef, Reply};
use super::error::AwsError;
use super::event::{CompletedBy, Event, HookResult, HookTransition};
use super::instance::{Instance, Stage};

/// An open action that a caller named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAction {
    /// The instance it holds.
    pub id: String,
    /// Its token.
    pub token: String,
    /// Its hook's kind.
    pub transition: HookTransition,
}

impl World {
    /// The open action that a caller means: by token if there is one, else by instance.
    pub fn find_action(&self, wanted: &ActionRef) -> Result<OpenAction, AwsError> {
        let group = self.group(&wanted.group)?;
        let missing = match (&wanted.token, &wanted.instance) {
            (Some(token), _) => format!("No active Lifecycle Action found with token {token}"),
            (None, Some(id)) => format!("No active Lifecycle Action found with instance ID {id}"),
            (None, None) => {
                return Err(AwsError::validation("Either instance ID or lifecycle action token is required"));
            }
        };
        if !group.hooks.contains_key(&wanted.hook) {
            return Err(AwsError::no_hook(&wanted.hook));
        }
        let open = match &wanted.instance {
            Some(id) => {
                let instance = self.instances.get(id).filter(|instance| instance.group == wanted.group);
                instance.and_then(|instance| open_action(instance, wanted))
            }
            None => self.instances.of_group(&wanted.group).find_map(|instance| open_action(instance, wanted)),
        };
        open.ok_or_else(|| AwsError::validation(missing))
    }

    pub(super) fn complete(&mut self, wanted: &ActionRef, result: HookResult) -> Result<Reply, AwsError> {
        let found = self.find_action(wanted)?;
        self.end_action(&found.id, &found.token, result, CompletedBy::Completed);
        Ok(Reply::Done)
    }

    pub(super) fn heartbeat(&mut self, wanted: &ActionRef) -> Result<Reply, AwsError> {
        let found = self.find_action(wanted)?;
        let now = self.now;
        if let Some(instance) = self.instances.get_mut(&found.id)
            && let Stage::Held(actions) = &mut instance.stage
            && let Some(action) = actions.iter_mut().find(|action| action.token == found.token)
        {
            action.beat(now);
        }
        self.outbox.push(Event::Heartbeat {
            at: now,
            id: found.id,
            group: wanted.group.clone(),
            hook: wanted.hook.clone(),
            token: found.token,
        });
        Ok(Reply::Done)
    }
}

fn open_action(instance: &Instance, wanted: &ActionRef) -> Option<OpenAction> {
    let action = instance
        .actions()
        .iter()
        .filter(|action| action.hook == wanted.hook)
        .find(|action| wanted.token.as_ref().is_none_or(|token| *token == action.token))?;
    Some(OpenAction { id: instance.id.clone(), token: action.token.clone(), transition: action.transition })
}
