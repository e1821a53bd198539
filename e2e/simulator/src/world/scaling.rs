//! Brings a group and its warm pool to the sizes they should have.

use std::cmp::Ordering;

use super::World;
use super::command::Process;
use super::instance::Instance;
use super::journey::Journey;
use super::leaving::leavers;

impl World {
    /// Starts whatever is missing and sends away whatever is too much. Called after every change of a size or an
    /// arrival; doing it twice changes nothing.
    ///
    /// The order matters: what scale-in returns fills the pool, and what scale-out takes from it is replaced.
    pub(super) fn reconcile(&mut self, name: &str) {
        self.replace_members(name);
        self.resize(name);
        self.step_refresh(name);
        self.finish_deletions(name);
    }

    /// The sizes alone.
    pub(super) fn resize(&mut self, name: &str) {
        let Some(group) = self.groups.get(name) else { return };
        let desired = group.desired as usize + self.surge(name);
        let tally = self.instances.tally(name);
        if group.deleting && tally.parked > 0 {
            self.end_standby(name);
        }
        let serving = tally.serving;
        self.resizes(serving, desired);
        match serving.cmp(&desired) {
            Ordering::Greater => self.scale_in(name, serving - desired),
            Ordering::Less => self.scale_out(name, desired - serving),
            Ordering::Equal => {}
        }
        self.fit_pool(name);
    }

    fn scale_out(&mut self, name: &str, missing: usize) {
        if self.is_suspended(Process::Launch, name) {
            return;
        }
        // Prepared ones first, running before stopped ones, then the oldest.
        let is_ready = |instance: &Instance| {
            instance.is_pooled()
                && instance.is_at_rest()
                && !instance.life.unhealthy
                && !self.is_ill(instance)
        };
        let has_pooled = self.instances.tally(name).pooled > 0;
        let mut ready = if has_pooled { self.members(name, is_ready) } else { Vec::new() };
        ready.sort_by_key(|id| std::cmp::Reverse(self.instances[id].power == super::Power::On));
        ready.truncate(missing);
        for id in &ready {
            self.begin(id, Journey::Promote);
        }
        self.launch_all(name, missing - ready.len(), Journey::Launch);
    }

    /// Launches so many, each in the zone that has the fewest by then.
    fn launch_all(&mut self, name: &str, count: usize, journey: Journey) {
        // Asked after every arrival: only who launches looks at where all the others are.
        if count == 0 {
            return;
        }
        let Some(mut balance) = self.balance(name, journey.is_pooled()) else { return };
        for site in std::iter::from_fn(|| balance.next()).take(count) {
            self.launch(name, journey, site);
        }
    }

    fn scale_in(&mut self, name: &str, surplus: usize) {
        let Some(group) = self.groups.get(name) else { return };
        let serving = self.instances.of_group(name).filter(|instance| instance.journey.serves());
        let serving: Vec<_> = serving.collect();
        let may_go = |instance: &Instance| !self.is_spared(instance);
        let template = group.template().map(|template| self.resolved(template));
        for id in leavers(group, template, &serving, may_go, surplus, self.now) {
            let way = self.way_back(name, &id).unwrap_or(Journey::Terminate);
            self.begin(&id, way);
        }
    }

    /// True for one in service that scale-in must pass by. As documented, neither protection nor the suspension of
    /// Terminate holds for one that is not in service yet, nor against the deletion of the group.
    fn is_spared(&self, instance: &Instance) -> bool {
        let deleting = self.groups.get(&instance.group).is_some_and(|group| group.deleting);
        let kept = instance.life.protected || self.is_suspended(Process::Terminate, &instance.group);
        instance.is_at_rest() && kept && !deleting
    }

    /// The way back into the pool, if reuse is on, there is room, and the instance has been in service.
    fn way_back(&self, name: &str, id: &str) -> Option<Journey> {
        let group = self.groups.get(name)?;
        let pool = group.pool.as_ref()?;
        let pooled = self.instances.tally(name).pooled;
        let room = pooled < group.pool_target() as usize;
        let instance = &self.instances[id];
        (pool.reuse == Some(true) && room && instance.is_at_rest() && !self.is_ill(instance))
            .then(|| Journey::Return(pool.state.for_machine(instance.hardware.hibernation)))
    }

    fn fit_pool(&mut self, name: &str) {
        let Some(group) = self.groups.get(name) else { return };
        let target = group.pool_target() as usize;
        let state = group.pool.as_ref().map(|pool| pool.state);
        let size = self.instances.tally(name).pooled;
        self.resizes(size, target);
        if let Some(state) = state
            && !self.is_suspended(Process::Launch, name)
        {
            self.launch_all(name, target.saturating_sub(size), Journey::Warm(state));
        }
        // One that is on its way back is drained before it goes anywhere else.
        let surplus = size.saturating_sub(target);
        if surplus == 0 {
            return;
        }
        let mut pooled = self.members(name, |instance| {
            instance.is_pooled()
                && (instance.is_at_rest() || matches!(instance.journey, Journey::Warm(_)))
                && !self.is_kept_in_pool(instance)
        });
        pooled.sort_by_key(|id| !self.instances[id].is_at_rest());
        for id in pooled.into_iter().take(surplus) {
            self.begin(&id, Journey::Retire);
        }
    }

    /// True for one in the pool that is not to be terminated. As with those in service, the suspension of Terminate holds
    /// neither for one that is not there yet nor against a deletion.
    fn is_kept_in_pool(&self, instance: &Instance) -> bool {
        let Some(group) = self.groups.get(&instance.group) else { return false };
        let goes = group.deleting || group.pool.as_ref().is_none_or(|pool| pool.deleting);
        instance.is_at_rest() && self.is_suspended(Process::Terminate, &instance.group) && !goes
    }

    /// Lets a pool and a group go once nothing is left in them.
    fn finish_deletions(&mut self, name: &str) {
        let Some(group) = self.groups.get(name) else { return };
        let (deleting, pool_deleting) =
            (group.deleting, group.pool.as_ref().is_some_and(|pool| pool.deleting));
        if pool_deleting
            && self.instances.tally(name).listed_in_pool == 0
            && let Some(group) = self.groups.get_mut(name)
        {
            group.pool = None;
        }
        if deleting && self.instances.tally(name).all == 0 {
            self.groups.remove(name);
            self.forget_groups();
        }
    }

    /// The ids of a group's instances of a kind, the oldest first.
    pub(super) fn members(&self, name: &str, wanted: impl Fn(&Instance) -> bool) -> Vec<String> {
        let mut found: Vec<_> = self
            .instances
            .of_group(name)
            .filter(|instance| wanted(instance))
            .map(|instance| (instance.launched, instance.id.clone()))
            .collect();
        found.sort();
        found.into_iter().map(|(_, id)| id).collect()
    }
}

#[cfg(test)]
mod tests;
