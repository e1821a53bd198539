//! Parameters of the operations on warm pools.

use super::super::params::Params;
use crate::world::{AwsError, PoolState, PutWarmPool};

const POOL_STATES: &[(&str, PoolState)] = &[
    ("Stopped", PoolState::Stopped),
    ("Running", PoolState::Running),
    ("Hibernated", PoolState::Hibernated),
];

pub(super) fn put_warm_pool(params: &Params) -> Result<PutWarmPool, AwsError> {
    let limit = "MaxGroupPreparedCapacity";
    let max_prepared = match params.text(limit).as_deref() {
        None => None,
        Some("-1") => Some(None),
        Some(_) => Some(params.number(limit)?),
    };
    Ok(PutWarmPool {
        group: params.required("AutoScalingGroupName")?,
        max_prepared,
        min: params.number("MinSize")?,
        state: params.word("PoolState", POOL_STATES)?,
        reuse: params.flag("InstanceReusePolicy.ReuseOnScaleIn")?,
    })
}
