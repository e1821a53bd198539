//! What a refresh does next, each time something changed in its group.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::super::World;
use super::super::command::{GroupSettings, Process, RefreshStatus, RefreshStrategy, Wanted};
use super::super::group::Group;
use super::super::journey::Journey;
use super::super::replacing::warmup;

impl World {
    /// By how many instances a refresh lets a group exceed its desired capacity for now.
    pub(in crate::world) fn surge(&self, name: &str) -> usize {
        let Some(group) = self.groups.get(name) else { return 0 };
        let Some(refresh) = group.refresh() else { return self.replacement_surge(name) };
        let old = refresh
            .old
            .iter()
            .filter(|id| self.instances.get(id).is_some_and(|instance| instance.journey.serves()));
        let surge = refresh.bounds().surge(group.desired).min(old.count());
        let serving = || self.instances.of_group(name).filter(|instance| instance.journey.serves()).count();
        // While it waits the group grows no further, and does not shrink either.
        let surge = if self.refresh_waits(name) {
            surge.min(serving().saturating_sub(group.desired as usize))
        } else {
            surge
        };
        surge.max(self.replacement_surge(name))
    }

    /// True while a process is suspended that it needs: as documented it replaces nobody then. A judgement: it goes on
    /// where it was once all of them are back.
    pub(super) fn refresh_waits(&self, name: &str) -> bool {
        [Process::InstanceRefresh, Process::Launch, Process::Terminate]
            .iter()
            .any(|process| self.is_suspended(*process, name))
    }

    /// Begins with as many instances as may be out of service now, and ends the refresh that has none left.
    pub(in crate::world) fn step_refresh(&mut self, name: &str) {
        self.refresh_wakes.remove(name);
        self.fail_refresh(name);
        while let Some((id, journey)) = self.next_turn(name) {
            if let Some(refresh) = self.groups.get_mut(name).and_then(Group::refresh_mut) {
                refresh.old.remove(&id);
            }
            self.begin(&id, journey);
            self.resize(name);
        }
    }

    /// An instance with a new root volume boots from it, and comes from the wanted template from now on.
    pub(in crate::world) fn reenter(&mut self, id: &str) {
        let Some(instance) = self.instances.get(id) else { return };
        let template = self.groups.get(&instance.group).and_then(Group::launches_from);
        let template = template.map(|template| self.resolved(template));
        if let Some(instance) = self.instances.get_mut(id) {
            instance.launch_template = template;
        }
        self.begin(id, Journey::Reenter);
    }

    /// The instance whose turn it is, and where it goes; none if it is time to wait or all is done.
    fn next_turn(&mut self, name: &str) -> Option<(String, Journey)> {
        let now = self.now;
        self.groups.get(name)?.refresh()?;
        let (surge, waits) = (self.surge(name), self.refresh_waits(name));
        let pooled = self.members(name, |instance| {
            instance.is_pooled() && (instance.is_at_rest() || matches!(instance.journey, Journey::Warm(_)))
        });
        let current = self.members(name, |instance| instance.journey.serves() || instance.is_pooled());
        let current: BTreeSet<_> = current.into_iter().collect();
        let serving = self.members(name, |instance| instance.journey.serves());
        let in_service = self.members(name, |instance| instance.journey.serves() && instance.is_at_rest());
        let group = self.groups.get_mut(name)?;
        let (desired, warmup) = (group.desired, warmup(&group.settings));
        let refresh = group.refresh_mut()?;
        let warmup = refresh.preferences.warmup.map_or(warmup, seconds);

        refresh.old.retain(|id| current.contains(id));
        let here: BTreeSet<_> = in_service.iter().collect();
        refresh.fresh.retain(|id, _| here.contains(id));
        let (old, fresh): (Vec<_>, Vec<_>) = in_service.into_iter().partition(|id| refresh.old.contains(id));
        for id in fresh {
            refresh.fresh.entry(id).or_insert_with(|| {
                refresh.failing_since = None;
                now
            });
        }
        let ready_at = |since: &SystemTime| *since + warmup;
        let warm = refresh.fresh.values().filter(|since| ready_at(since) <= now).count();
        let ready = old.len() + warm;
        let missing = (desired as usize).max(serving.len()).saturating_sub(ready);
        refresh.remaining = refresh.total.min(refresh.old.len() + missing);
        let mut wake = refresh.fresh.values().map(ready_at).filter(|at| *at > now).min();

        let fails = refresh.fails_at().filter(|at| *at > now);
        match refresh.status {
            RefreshStatus::Baking if refresh.pause.is_some_and(|end| end > now) => wake = refresh.pause,
            RefreshStatus::Baking => {
                self.finish_refresh(name);
                return None;
            }
            RefreshStatus::Cancelling => {
                if serving.len() == old.len() + refresh.fresh.len() && serving.len() == desired as usize {
                    (refresh.status, refresh.ended) = (RefreshStatus::Cancelled, Some(now));
                    return None;
                }
                wake = None;
            }
            RefreshStatus::InProgress
            | RefreshStatus::Failed
            | RefreshStatus::RollbackFailed
            | RefreshStatus::Successful
            | RefreshStatus::Cancelled
            | RefreshStatus::RollbackInProgress
            | RefreshStatus::RollbackSuccessful => {
                if let Some(end) = refresh.pause.filter(|end| *end > now) {
                    wake = Some(wake.map_or(end, |at| at.min(end)));
                } else {
                    let begun = refresh.total.saturating_sub(refresh.old.len());
                    let limit = refresh.limit();
                    if begun < limit && waits {
                        // Whoever resumes what it needs has it look again.
                    } else if begun < limit {
                        let stale = pooled.into_iter().find(|id| refresh.old.contains(id));
                        if let Some(id) = stale {
                            return Some((id, Journey::Retire));
                        }
                        if ready > refresh.bounds().needed(desired, surge)
                            && let Some(id) = old.into_iter().next()
                        {
                            let way = match refresh.strategy {
                                RefreshStrategy::Rolling => Journey::Terminate,
                                RefreshStrategy::ReplaceRootVolume => Journey::ReplaceVolume,
                            };
                            return Some((id, way));
                        }
                    } else if missing == 0 && limit < refresh.total && !refresh.is_at_last_checkpoint() {
                        refresh.passed += 1;
                        refresh.pause = Some(now + refresh.pause_at_checkpoint());
                        wake = refresh.pause;
                    } else if missing == 0 {
                        self.bake_refresh(name);
                        return None;
                    }
                }
            }
        }
        if let Some(at) = wake.into_iter().chain(fails).min() {
            self.refresh_wakes.insert(name.to_owned(), at);
        }
        None
    }

    /// The last instance is done: the group takes over the wanted configuration once the bake time is over.
    fn bake_refresh(&mut self, name: &str) {
        let now = self.now;
        let Some(refresh) = self.groups.get_mut(name).and_then(Group::refresh_mut) else { return };
        match refresh.preferences.bake_time {
            Some(time) if time > 0 && refresh.status == RefreshStatus::InProgress => {
                let end = now + seconds(time);
                (refresh.status, refresh.pause) = (RefreshStatus::Baking, Some(end));
                self.refresh_wakes.insert(name.to_owned(), end);
            }
            Some(_) | None => self.finish_refresh(name),
        }
    }

    fn finish_refresh(&mut self, name: &str) {
        let now = self.now;
        let Some(group) = self.groups.get_mut(name) else { return };
        let Some(refresh) = group.refresh_mut() else { return };
        refresh.ended = Some(now);
        if refresh.status == RefreshStatus::RollbackInProgress {
            refresh.status = RefreshStatus::RollbackSuccessful;
            return;
        }
        refresh.status = RefreshStatus::Successful;
        let wanted = refresh.wanted.clone();
        let mut change = GroupSettings::default();
        let mut template = None;
        match wanted {
            Some(Wanted::Template(wanted)) => template = Some(wanted),
            Some(Wanted::Mixed(policy)) => {
                change.repeated.insert("MixedInstancesPolicy", policy);
            }
            None => {}
        }
        group.retemplate(template, change);
    }
}

impl super::Refresh {
    fn is_at_last_checkpoint(&self) -> bool {
        self.passed + 1 >= self.preferences.checkpoints.len()
    }
}

fn seconds(number: u32) -> Duration {
    Duration::from_secs(u64::from(number))
}
