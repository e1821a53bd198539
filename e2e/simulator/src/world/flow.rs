//! How instances move along their journeys.

use std::collections::BTreeMap;
use std::time::Duration;

use super::World;
use super::command::ActivityStatus;
use super::event::{CompletedBy, Event, HookResult, HookTransition, Power};
use super::hardware::Hardware;
use super::instance::{Action, Instance, Life, Stage};
use super::journey::Journey;
use super::metadata::{Metadata, MetadataOptions};
use super::notices::Notice;
use super::placement::Site;
use super::state::State;
use super::warnings::Warnings;

/// For how long a hook holds at least, so that a launch that is abandoned again and again lets time pass.
const LEAST_HOLD: Duration = Duration::from_millis(10);
/// The tag by which an instance can tell its group; on it from launch.
pub(super) const GROUP_TAG: &str = "aws:autoscaling:groupName";

impl World {
    /// Launches an instance of `group`; EC2 boots it at once, whatever the hooks say.
    pub(super) fn launch(&mut self, group: &str, journey: Journey, site: Site) {
        let hardware = self.hardware_of(group);
        let Some(home) = self.groups.get(group) else { return };
        let made = self.made_for(home, journey);
        let can_hibernate = made.hibernation.unwrap_or(true);
        let template = home.launches_from().map(|template| self.resolved(template));
        let (mut tags, mut options) = (BTreeMap::new(), MetadataOptions::default());
        if let Some(template) = &template {
            tags = self.template_tags(template);
            options = options.changed(self.template_metadata(template));
        }
        let Some(group) = self.groups.get_mut(group) else { return };
        let propagated = group.tags.values().filter(|tag| tag.propagate);
        tags.extend(propagated.map(|tag| (tag.key.clone(), tag.value.clone())));
        tags.insert(GROUP_TAG.to_owned(), group.name.clone());
        let journey = if let Journey::Warm(pool) = journey {
            Journey::Warm(pool.for_machine(can_hibernate))
        } else {
            journey
        };
        let instance = Instance {
            id: self.ids.instance(),
            group: group.name.clone(),
            zone: site.zone,
            subnet: site.subnet,
            launched: self.now,
            tags,
            launch_configuration: group.launches_from_configuration(),
            launch_template: template,
            journey,
            stage: Stage::UnderWay { until: self.now + self.settings.boot_time },
            state: journey.under_way(),
            forced: None,
            power: Power::Off,
            hardware: Hardware { hibernation: can_hibernate, ..hardware },
            life: Life::default(),
            metadata: Metadata {
                is_spot: made.spot.unwrap_or(false),
                role: made.role,
                options,
                ..Metadata::new(self.ids.address())
            },
            warnings: Warnings::default(),
        };
        let id = instance.id.clone();
        self.outbox.push(Event::LifecycleChanged {
            at: self.now,
            id: id.clone(),
            group: instance.group.clone(),
            from: None,
            to: journey.under_way().as_str().to_owned(),
        });
        self.instances.insert(id.clone(), instance);
        self.follow_activity(&id);
        self.set_power(&id, Power::On);
    }

    /// Sends an instance another way; what held it on the old one is withdrawn.
    pub(super) fn begin(&mut self, id: &str, journey: Journey) {
        self.withdraw_actions(id);
        let Some(instance) = self.instances.get_mut(id) else { return };
        // One that was terminated by hand never boots again.
        let is_dead = instance.hardware.ended.is_some();
        let boots = journey.needs_power() && instance.power != Power::On && !is_dead;
        let time = if boots { self.settings.boot_time } else { self.settings.step_time };
        instance.journey = journey;
        instance.metadata.target_lost = false;
        instance.stage = Stage::UnderWay { until: self.now + time };
        self.set_state(id, journey.under_way());
        if boots {
            self.set_power(id, Power::On);
        }
    }

    /// Does what is due for an instance now.
    pub(super) fn fire(&mut self, id: &str) {
        if self.fire_machine(id) {
            return;
        }
        let now = self.now;
        let Some(instance) = self.instances.get(id) else { return };
        match &instance.stage {
            Stage::UnderWay { .. } => self.reach_hooks(id),
            Stage::LastStretch { .. } => self.arrive(id),
            Stage::Held(actions) => {
                let expired = actions.iter().find(|action| action.deadline <= now).cloned();
                if let Some(action) = expired {
                    let by = if action.deadline == action.global_deadline {
                        CompletedBy::GlobalTimeout
                    } else {
                        CompletedBy::TimedOut
                    };
                    self.end_action(id, &action.token, action.default_result, by);
                }
            }
            Stage::Retained | Stage::AtRest => {}
        }
    }

    /// Opens an action for each hook of this kind, or goes on if there is none.
    fn reach_hooks(&mut self, id: &str) {
        let Some(instance) = self.instances.get(id) else { return };
        let (journey, group) = (instance.journey, instance.group.clone());
        let Some(home) = self.groups.get(&group) else { return };
        let group_uuid = home.uuid.clone();
        let hooks: Vec<_> =
            home.hooks.values().filter(|hook| Some(hook.transition) == journey.hook()).cloned().collect();
        if hooks.is_empty() {
            return self.take_last_stretch(id);
        }
        let now = self.now;
        let mut actions: Vec<_> = hooks
            .iter()
            .map(|hook| Action {
                token: self.ids.uuid(),
                transition: hook.transition,
                deadline: now + hook.heartbeat_timeout,
                global_deadline: now + hook.global_timeout(),
                heartbeat_timeout: hook.heartbeat_timeout,
                default_result: hook.default_result,
                hook: hook.name.clone(),
            })
            .collect();
        self.set_state(id, journey.waiting());
        for (action, hook) in actions.iter_mut().zip(&hooks) {
            let notice = Notice {
                instance: id.to_owned(),
                group: group.clone(),
                group_uuid: group_uuid.clone(),
                token: action.token.clone(),
                origin: journey.origin(),
                destination: journey.destination(),
                action: journey.action(),
            };
            if !self.tell(hook, &notice) {
                // As seen at AWS: a hook that nobody can hear about ends at once by its default result.
                action.deadline = now + self.settings.step_time.max(LEAST_HOLD);
            }
            self.outbox.push(Event::ActionOpened {
                at: now,
                id: id.to_owned(),
                group: group.clone(),
                hook: action.hook.clone(),
                token: action.token.clone(),
                transition: action.transition,
                origin: journey.origin(),
                destination: journey.destination(),
            });
        }
        self.set_stage(id, Stage::Held(actions));
    }

    /// Ends one open action, and with it the hold if it was the last or its result decides.
    pub(super) fn end_action(&mut self, id: &str, token: &str, result: HookResult, by: CompletedBy) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let Stage::Held(actions) = &mut instance.stage else { return };
        let Some(index) = actions.iter().position(|action| action.token == token) else { return };
        let action = actions.remove(index);
        let (free, journey, group) = (actions.is_empty(), instance.journey, instance.group.clone());
        let transition = action.transition;
        self.push_completed(id, &group, action, result, by);
        match (result, transition) {
            (HookResult::Continue, _) if !free => {}
            (HookResult::Continue, _) => self.proceed(id),
            (HookResult::Abandon, HookTransition::Terminating) => {
                // The remaining hooks are skipped; where the instance goes stays the same, if it goes.
                self.withdraw_actions(id);
                self.retain_or_proceed(id);
            }
            (HookResult::Abandon, HookTransition::Launching) => {
                self.activity_abandoned(id, token, by);
                self.refresh_stumbles(&group);
                let way_out = if journey.is_pooled() { Journey::Retire } else { Journey::Terminate };
                self.begin(id, way_out);
                self.reconcile(&group);
            }
        }
    }

    pub(super) fn proceed(&mut self, id: &str) {
        let Some(instance) = self.instances.get(id) else { return };
        let state = instance.journey.proceeding();
        self.set_state(id, state);
        self.take_last_stretch(id);
    }

    fn take_last_stretch(&mut self, id: &str) {
        let Some(instance) = self.instances.get(id) else { return };
        let goes_down = instance.power == Power::On && instance.journey.power_on_arrival() != Power::On;
        let time: Duration = if goes_down { self.settings.stop_time } else { self.settings.step_time };
        self.set_stage(id, Stage::LastStretch { until: self.now + time });
    }

    fn arrive(&mut self, id: &str) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let (journey, group) = (instance.journey, instance.group.clone());
        instance.stage = Stage::AtRest;
        // Who had to run was switched on at the start; what was switched off by hand since stays off.
        if journey.power_on_arrival() != Power::On {
            self.set_power(id, journey.power_on_arrival());
        }
        if journey == Journey::ReplaceVolume {
            // Where it ends is where the next one begins.
            self.end_activity(id, ActivityStatus::Successful);
            return self.reenter(id);
        }
        self.set_state(id, journey.arrived());
        if journey.ends() {
            self.mark_ended(id);
        }
        self.greet(id);
        if journey.ends()
            && let Some(instance) = self.instances.remove(id)
        {
            self.remember(instance);
        }
        if journey == Journey::Leave {
            self.let_loose(id);
        }
        self.reconcile(&group);
    }

    /// Ends all open actions of an instance because their reason is gone.
    fn withdraw_actions(&mut self, id: &str) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let group = instance.group.clone();
        let Stage::Held(actions) = &mut instance.stage else { return };
        for action in std::mem::take(actions) {
            let result = action.default_result;
            self.push_completed(id, &group, action, result, CompletedBy::Withdrawn);
        }
    }

    fn push_completed(&mut self, id: &str, group: &str, action: Action, result: HookResult, by: CompletedBy) {
        self.outbox.push(Event::ActionCompleted {
            at: self.now,
            id: id.to_owned(),
            group: group.to_owned(),
            hook: action.hook,
            token: action.token,
            transition: action.transition,
            result,
            by,
        });
    }

    pub(super) fn set_stage(&mut self, id: &str, stage: Stage) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.stage = stage;
        }
        self.machine_changes(id);
    }

    pub(super) fn set_state(&mut self, id: &str, state: State) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let from = instance.shown_state().to_owned();
        instance.state = state;
        instance.forced = None;
        self.outbox.push(Event::LifecycleChanged {
            at: self.now,
            id: id.to_owned(),
            group: instance.group.clone(),
            from: Some(from),
            to: state.as_str().to_owned(),
        });
        self.follow_activity(id);
    }
}
