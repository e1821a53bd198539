//! An instance, and the actions that hold it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::command::{InstanceView, LaunchTemplate};
use super::event::{HookResult, HookTransition, Power};
use super::hardware::Hardware;
use super::journey::Journey;
use super::metadata::Metadata;
use super::state::State;
use super::warnings::Warnings;

#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) id: String,
    /// Empty if it belongs to none.
    pub(crate) group: String,
    pub(crate) zone: String,
    /// In this zone, from launch to end.
    pub(crate) subnet: String,
    pub(crate) launched: SystemTime,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) launch_template: Option<LaunchTemplate>,
    pub(crate) launch_configuration: Option<String>,
    pub(crate) journey: Journey,
    pub(crate) stage: Stage,
    pub(crate) state: State,
    /// A text shown instead of `state`, until the state changes.
    pub(crate) forced: Option<String>,
    pub(crate) power: Power,
    pub(crate) life: Life,
    pub(crate) metadata: Metadata,
    /// What EC2 announced for it.
    pub(crate) warnings: Warnings,
    pub(crate) hardware: Hardware,
}

/// What is said of a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Life {
    /// Scale-in passes it by while it serves.
    pub(crate) protected: bool,
    /// Somebody said so, or the machine shows it.
    pub(crate) unhealthy: bool,
    /// When it last came into service.
    pub(crate) serving_since: Option<SystemTime>,
}

/// How far an instance is on its journey.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// On its way to the hooks.
    UnderWay { until: SystemTime },
    /// Held by these, at least one.
    Held(Vec<Action>),
    /// Past the hooks, or there were none.
    LastStretch { until: SystemTime },
    /// Kept on a way that was abandoned.
    Retained,
    /// Arrived.
    AtRest,
}

/// An open lifecycle action.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) hook: String,
    pub(crate) transition: HookTransition,
    pub(crate) token: String,
    pub(crate) heartbeat_timeout: Duration,
    pub(crate) default_result: HookResult,
    /// When the heartbeat runs out; never after `global_deadline`.
    pub(crate) deadline: SystemTime,
    pub(crate) global_deadline: SystemTime,
}

impl Action {
    pub(crate) fn beat(&mut self, now: SystemTime) {
        self.deadline = self.global_deadline.min(now + self.heartbeat_timeout);
    }
}

impl Instance {
    /// When something happens to it by itself.
    pub(crate) fn due(&self) -> Option<SystemTime> {
        let journey = match &self.stage {
            Stage::UnderWay { until } | Stage::LastStretch { until } => Some(*until),
            Stage::Held(actions) => actions.iter().map(|action| action.deadline).min(),
            Stage::Retained | Stage::AtRest => None,
        };
        journey.into_iter().chain(self.hardware.due()).min()
    }

    pub(crate) fn is_at_rest(&self) -> bool {
        matches!(self.stage, Stage::AtRest)
    }

    pub(crate) fn is_retained(&self) -> bool {
        matches!(self.stage, Stage::Retained)
    }

    /// True if it counts towards the size of the warm pool.
    pub(crate) fn is_pooled(&self) -> bool {
        self.journey.is_pooled() && !self.is_retained()
    }

    pub(crate) fn actions(&self) -> &[Action] {
        match &self.stage {
            Stage::Held(actions) => actions,
            Stage::UnderWay { .. } | Stage::LastStretch { .. } | Stage::Retained | Stage::AtRest => &[],
        }
    }

    /// True if it belongs to no group.
    pub(crate) fn is_loose(&self) -> bool {
        self.group.is_empty()
    }

    pub(crate) fn shown_state(&self) -> &str {
        let own = if self.is_loose() { "" } else { self.state.as_str() };
        self.forced.as_deref().unwrap_or(own)
    }

    /// What the metadata service names as the target state; none if it belongs to no group, or lost it.
    pub(crate) fn shown_target(&self) -> Option<&'static str> {
        (!self.is_loose() && !self.metadata.target_lost).then(|| self.journey.target())
    }

    pub(crate) fn view(&self) -> InstanceView {
        InstanceView {
            id: self.id.clone(),
            kind: self.hardware.kind.clone(),
            group: self.group.clone(),
            zone: self.zone.clone(),
            state: self.shown_state().to_owned(),
            healthy: !self.life.unhealthy,
            protected: self.life.protected,
            launch_template: self.launch_template.clone(),
            launch_configuration: self.launch_configuration.clone(),
        }
    }
}
