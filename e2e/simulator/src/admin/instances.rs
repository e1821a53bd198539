//! Instances: how they are, and what happens to them.

use std::time::Duration;

use serde_json::{Value, json};

use super::body::{Body, needed, one_of};
use super::{Refused, no_instance};
use crate::shared::Shared;
use crate::simulator::InstanceInfo;
use crate::world::{MaintenanceCode, NotWarned, SpotAction};

/// The longest state that AWS's answers have room for.
const LONGEST_STATE: usize = 32;
/// When maintenance begins, and how long it takes, unless the request says.
const MAINTENANCE: (Duration, Duration) = (Duration::from_secs(86_400), Duration::from_secs(7200));

const ACTIONS: &[(&str, SpotAction)] =
    &[("terminate", SpotAction::Terminate), ("stop", SpotAction::Stop), ("hibernate", SpotAction::Hibernate)];

const CODES: &[(&str, MaintenanceCode)] = &[
    ("instance-reboot", MaintenanceCode::InstanceReboot),
    ("system-reboot", MaintenanceCode::SystemReboot),
    ("system-maintenance", MaintenanceCode::SystemMaintenance),
    ("instance-retirement", MaintenanceCode::InstanceRetirement),
    ("instance-stop", MaintenanceCode::InstanceStop),
];

pub(super) fn list(shared: &Shared) -> Value {
    shared.instances().iter().map(row).collect()
}

pub(super) fn one(shared: &Shared, id: &str) -> Result<Value, Refused> {
    let mut inner = shared.lock();
    shared.settle(&mut inner);
    let machine = inner.world.machine(id).ok_or_else(|| no_instance(id))?;
    Ok(row(&inner.info(machine)))
}

pub(super) fn state(shared: &Shared, id: &str, mut body: Body) -> Result<Value, Refused> {
    let rule = "a lifecycle state, or any text of 1 to 32 characters";
    let state = needed(body.text("state")?, "state", rule)?;
    body.end()?;
    if state.is_empty() || state.chars().count() > LONGEST_STATE {
        return Err(format!("`state` has {} characters: it must be {rule}", state.chars().count()).into());
    }
    let mut inner = shared.lock();
    shared.settle(&mut inner);
    // A machine without a group has no lifecycle state.
    let is_member =
        inner.world.machines().any(|machine| machine.view.id == id && !machine.view.group.is_empty());
    if !is_member {
        return Err(no_instance(id));
    }
    inner.world.force_state(shared.now(), id, &state);
    shared.settle(&mut inner);
    Ok(json!({ "id": id, "lifecycleState": state }))
}

pub(super) fn interrupt(shared: &Shared, id: &str, mut body: Body) -> Result<Value, Refused> {
    let action = needed(body.word("action", ACTIONS)?, "action", &one_of(ACTIONS))?;
    body.end()?;
    let mut inner = shared.lock();
    let outcome = inner.world.interrupt_spot(shared.now(), id, action);
    shared.settle(&mut inner);
    drop(inner);
    warned(outcome, id, json!({ "id": id, "action": action.as_str() }))
}

pub(super) fn rebalance(shared: &Shared, id: &str, body: Body) -> Result<Value, Refused> {
    body.end()?;
    let mut inner = shared.lock();
    let outcome = inner.world.recommend_rebalance(shared.now(), id);
    shared.settle(&mut inner);
    drop(inner);
    warned(outcome, id, json!({ "id": id }))
}

pub(super) fn maintain(shared: &Shared, id: &str, mut body: Body) -> Result<Value, Refused> {
    let code = needed(body.word("code", CODES)?, "code", &one_of(CODES))?;
    let begin = body.millis("beginMilliseconds")?.unwrap_or(MAINTENANCE.0);
    let length = body.millis("lengthMilliseconds")?.unwrap_or(MAINTENANCE.1);
    body.end()?;
    let mut inner = shared.lock();
    let now = shared.now();
    let is_known = inner.world.schedule_maintenance(now, id, code, (now + begin, now + begin + length));
    shared.settle(&mut inner);
    done(is_known, id, json!({ "id": id, "code": code.as_str() }))
}

fn warned(outcome: Result<(), NotWarned>, id: &str, value: Value) -> Result<Value, Refused> {
    let how = format!("POST {}/instances/{id}/machine changes that", super::ROOT);
    match outcome {
        Ok(()) => Ok(value),
        Err(NotWarned::NoInstance) => Err(no_instance(id)),
        Err(why @ NotWarned::NotRunning) => Err(format!("{id} cannot be warned: {why}").into()),
        Err(why) => Err(format!("{id} cannot be warned: {why}; {how}").into()),
    }
}

fn done(is_known: bool, id: &str, value: Value) -> Result<Value, Refused> {
    is_known.then_some(value).ok_or_else(|| no_instance(id))
}

fn row(info: &InstanceInfo) -> Value {
    json!({
        "id": info.id,
        "group": info.group,
        "lifecycleState": info.lifecycle_state,
        "power": info.power.as_str(),
        "imdsEndpoint": info.imds_endpoint,
        "zone": info.zone,
    })
}
