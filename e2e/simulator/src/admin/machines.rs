//! How machines are made.

use serde_json::{Value, json};

use super::body::{Body, needed};
use super::{Refused, no_instance};
use crate::shared::Shared;
use crate::world::{Made, MadeChange, is_role};

pub(super) fn of_instance(shared: &Shared, id: &str, mut body: Body) -> Result<Value, Refused> {
    let change = change(&mut body)?;
    body.end()?;
    let mut inner = shared.lock();
    let made = inner.world.set_machine(shared.now(), id, change).ok_or_else(|| no_instance(id))?;
    shared.settle(&mut inner);
    Ok(row("id", id, &made))
}

pub(super) fn of_group(shared: &Shared, mut body: Body) -> Result<Value, Refused> {
    let group = needed(body.text("group")?, "group", "the name of a group")?;
    let change = change(&mut body)?;
    body.end()?;
    let mut inner = shared.lock();
    let made = inner.world.set_machines(shared.now(), &group, change);
    let made = made.ok_or_else(|| Refused::Unknown(format!("there is no group {group}")))?;
    shared.settle(&mut inner);
    Ok(row("group", &group, &made))
}

fn change(body: &mut Body) -> Result<MadeChange, String> {
    let spot = body.flag("spot")?;
    let hibernation = body.flag("hibernation")?;
    let role = body.text("role")?;
    if let Some(name) = role.as_ref().filter(|name| !name.is_empty() && !is_role(name)) {
        return Err(format!("`role` is {name:?}: it must be the name of a role, or nothing to take it away"));
    }
    Ok(MadeChange { spot, hibernation, role: role.map(|name| Some(name).filter(|name| !name.is_empty())) })
}

fn row(of: &str, name: &str, made: &Made) -> Value {
    json!({ of: name, "spot": made.spot, "hibernation": made.hibernation, "role": made.role })
}
