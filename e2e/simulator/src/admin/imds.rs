//! Metadata services: what was asked of them, and what is wrong with them.

use std::time::Duration;

use serde_json::{Value, json};

use super::body::{Body, needed};
use super::{Refused, no_instance};
use crate::imds::ImdsFault;
use crate::shared::Shared;
use crate::times;

/// The faults, as `break_it` takes them.
const FAULTS: &str = "one of status, reads, throttle, no-target, target, slow, trickle, unreachable, garbage, html, \
                      cut, hang";
const MILLISECONDS: &str = "milliseconds";

pub(super) fn calls(shared: &Shared, mut query: Body) -> Result<Value, Refused> {
    let id = needed(query.text("instance")?, "instance", "the id of an instance")?;
    query.end()?;
    let inner = shared.lock();
    let imds = inner.imds.get(&id).ok_or_else(|| no_instance(&id))?;
    Ok(imds
        .calls
        .iter()
        .map(|call| {
            json!({ "at": times::millis(call.at), "method": call.method, "path": call.path, "status": call.status })
        })
        .collect())
}

pub(super) fn break_it(shared: &Shared, id: &str, mut body: Body) -> Result<Value, Refused> {
    let name = needed(body.text("fault")?, "fault", FAULTS)?;
    let fault = match name.as_str() {
        "status" => ImdsFault::Status(status(&mut body)?),
        "reads" => ImdsFault::Reads(status(&mut body)?),
        "throttle" => {
            let name = "perSecond";
            let per_second = body.whole(name, &(0..=u64::from(u32::MAX)))?;
            let per_second = needed(per_second, name, "a whole number from 0")?;
            ImdsFault::Throttle { per_second: u32::try_from(per_second).unwrap_or(u32::MAX) }
        }
        "no-target" => ImdsFault::NoTarget,
        "target" => ImdsFault::Target(needed(body.text("target")?, "target", "a text")?),
        "slow" => ImdsFault::Slow(millis(&mut body)?),
        "trickle" => ImdsFault::Trickle(millis(&mut body)?),
        "unreachable" => ImdsFault::Unreachable,
        "garbage" => ImdsFault::Garbage(needed(body.text("text")?, "text", "a text")?.into_bytes()),
        "html" => ImdsFault::Html,
        "cut" => ImdsFault::Cut,
        "hang" => ImdsFault::Hang,
        other => return Err(format!("`fault` is \"{other}\": it must be {FAULTS}").into()),
    };
    body.end()?;
    set(shared, id, Some(fault))?;
    Ok(json!({ "id": id, "fault": name }))
}

fn status(body: &mut Body) -> Result<u16, String> {
    let status = needed(body.whole("status", &(100..=599))?, "status", "a whole number from 100 to 599")?;
    Ok(u16::try_from(status).unwrap_or(500))
}

fn millis(body: &mut Body) -> Result<Duration, String> {
    needed(body.millis(MILLISECONDS)?, MILLISECONDS, "a whole number from 0 to 86400000")
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
