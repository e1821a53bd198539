//! The operations on warm pools.

use super::World;
use super::command::{PutWarmPool, RefreshStrategy, Reply};
use super::error::AwsError;
use super::group::Pool;
use super::groups::{check_size, refuse_while_deleting};
use super::state::PoolState;

impl World {
    pub(super) fn put_warm_pool(&mut self, change: &PutWarmPool) -> Result<Reply, AwsError> {
        for (what, size) in
            [("Min size", change.min), ("Max prepared capacity", change.max_prepared.flatten())]
        {
            check_size(what, size.unwrap_or(0))?;
        }
        let group = self.group_mut(&change.group)?;
        refuse_while_deleting(group)?;
        let before = group.pool_target();
        if group.refresh().is_some_and(|refresh| refresh.strategy == RefreshStrategy::ReplaceRootVolume) {
            return Err(AwsError::validation(
                "A warm pool is not supported while an instance refresh replaces root volumes.",
            ));
        }
        let pool = group.pool.get_or_insert(Pool {
            max_prepared: None,
            min: 0,
            state: PoolState::Stopped,
            reuse: None,
            deleting: false,
        });
        if pool.deleting {
            return Err(AwsError::new(
                400,
                "ScalingActivityInProgress",
                format!("The warm pool of {} is pending delete", change.group),
            ));
        }
        // Members that are in the pool already stay as they are: only later arrivals follow a new state.
        pool.max_prepared = change.max_prepared.unwrap_or(pool.max_prepared);
        pool.min = change.min.unwrap_or(pool.min);
        pool.state = change.state.unwrap_or(pool.state);
        pool.reuse = change.reuse.or(pool.reuse);
        let prepared = pool
            .max_prepared
            .map(|most| format!(" and MaxGroupPreparedCapacity: {most}"))
            .unwrap_or_default();
        let (min, target) = (pool.min, group.pool_target());
        self.asked(&format!(
            "put a new WarmPool with MinSize: {min}{prepared} changing the capacity of WarmPool from {before} to {target}."
        ));
        self.reconcile(&change.group);
        Ok(Reply::Done)
    }

    pub(super) fn delete_warm_pool(&mut self, name: &str, force: bool) -> Result<Reply, AwsError> {
        let has_members = !self.members(name, |instance| instance.journey.is_listed_in_pool()).is_empty();
        let group = self.group_mut(name)?;
        let Some(pool) = &mut group.pool else {
            return Err(AwsError::validation(format!("No warm pool found for the AutoScalingGroup {name}")));
        };
        if has_members && !force {
            return Err(AwsError::new(
                400,
                "ResourceInUse",
                "You cannot delete a warm pool while there are instances still in it; use force delete.",
            ));
        }
        pool.deleting = true;
        self.reconcile(name);
        Ok(Reply::Done)
    }
}
