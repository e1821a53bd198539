//! Metadata services: what was asked of them, and what is wrong with them.

use serde_json::{Value, json};

use super::body::{Body, needed};
use super::{Refused, no_instance, time};
use crate::fault::ImdsFault;
use crate::shared::Shared;

/// The faults, as `break_it` takes them.
const FAULTS: &str = "one of status, no-target, target, slow, unreachable, garbage, hang";

pub(super) fn calls(shared: &Shared, mut query: Body) -> Result<Value, Refused> {
    let id = needed(query.text("instance")?, "instance", "the id of an instance")?;
    query.end()?;
    let inner = shared.lock();
    let imds = inner.imds.get(&id).ok_or_else(|| no_instance(&id))?;
    Ok(imds
        .calls
        .iter()
        .map(|call| {
            json!({ "at": time(call.at), "method": call.method, "path": call.path, "status": call.status })
        })
        .collect())
}

pub(super) fn break_it(shared: &Shared, id: &str, mut body: Body) -> Result<Value, Refused> {
    let name = needed(body.text("fault")?, "fault", FAULTS)?;
    let fault = match name.as_str() {
        "status" => {
            let rule = 100..=599;
            let status = needed(body.whole("status", &rule)?, "status", "a whole number from 100 to 599")?;
            ImdsFault::Status(u16::try_from(status).unwrap_or(500))
        }
        "no-target" => ImdsFault::NoTarget,
        "target" => ImdsFault::Target(needed(body.text("target")?, "target", "a text")?),
        "slow" => ImdsFault::Slow(needed(
            body.millis("milliseconds")?,
            "milliseconds",
            "a whole number from 0 to 86400000",
        )?),
        "unreachable" => ImdsFault::Unreachable,
        "garbage" => ImdsFault::Garbage(needed(body.text("text")?, "text", "a text")?.into_bytes()),
        "hang" => ImdsFault::Hang,
        other => return Err(format!("`fault` is \"{other}\": it must be {FAULTS}").into()),
    };
    body.end()?;
    set(shared, id, Some(fault))?;
    Ok(json!({ "id": id, "fault": name }))
}

pub(super) fn mend(shared: &Shared, id: &str) -> Result<Value, Refused> {
    set(shared, id, None)?;
    Ok(json!({ "id": id, "fault": null }))
}

fn set(shared: &Shared, id: &str, fault: Option<ImdsFault>) -> Result<(), Refused> {
    let mut inner = shared.lock();
    shared.settle(&mut inner);
    inner.imds.get_mut(id).ok_or_else(|| no_instance(id))?.fault = fault;
    shared.follow(&mut inner, id);
    Ok(())
}
