//! What is wrong with operations.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Refused;
use super::body::{Body, needed};
use crate::fault::{Fault, Only};
use crate::rules::Rule;
use crate::shared::Shared;

/// The faults, as `add` takes them.
const FAULTS: &str = "one of throttle, deny, fail, delay, reset, lose-reply, token-bucket, stale, \
                      unlisted-after-launch, unlisted-while-moving";
const MILLISECONDS: &str = "milliseconds";

pub(super) fn list(shared: &Shared) -> Value {
    shared.lock().faults.all().iter().map(row).collect()
}

pub(super) fn add(shared: &Shared, body: Body) -> Result<Value, Refused> {
    let (operation, fault, only) = read(body)?;
    let id = shared.lock().break_operation(&operation, fault, only, shared.now());
    Ok(json!({ "id": id }))
}

/// Which operation is broken, how, and for which calls.
pub(super) fn read(mut body: Body) -> Result<(String, Fault, Only), String> {
    let operation = body.text("operation")?.unwrap_or_else(|| "*".to_owned());
    let name = needed(body.text("fault")?, "fault", FAULTS)?;
    let fault = fault(&name, &mut body)?;
    let only = Only {
        caller: body.text("caller")?,
        group: body.text("group")?,
        instance: body.text("instance")?,
        share: body.number("share", &(0.0..=1.0))?,
        times: body.whole("times", &(1..=u64::MAX))?,
    };
    body.end()?;
    Ok((operation, fault, only))
}

pub(super) fn clear(shared: &Shared) -> Value {
    shared.lock().mend_all();
    json!({})
}

pub(super) fn remove(shared: &Shared, id: &str) -> Result<Value, Refused> {
    let is_mended = id.parse().is_ok_and(|id| shared.lock().mend(id));
    is_mended.then(|| json!({})).ok_or_else(|| Refused::Unknown(format!("there is no fault {id}")))
}

fn fault(name: &str, body: &mut Body) -> Result<Fault, String> {
    Ok(match name {
        // All of those that `share` lets it hit.
        "throttle" => Fault::Throttle { share: 1.0 },
        "deny" => Fault::Deny,
        "fail" => {
            let status =
                needed(body.whole("status", &(400..=599))?, "status", "a whole number from 400 to 599")?;
            let code = needed(body.text("code")?, "code", "an error code like InternalFailure")?;
            Fault::Fail { status: u16::try_from(status).unwrap_or(500), code }
        }
        "delay" => Fault::Delay(millis(body)?),
        "reset" => Fault::Reset,
        "lose-reply" => Fault::LoseReply,
        "token-bucket" => {
            let capacity = body.whole("capacity", &(1..=u64::from(u32::MAX)))?;
            let capacity = needed(capacity, "capacity", "a whole number from 1")?;
            let refill = body.number("refillPerSecond", &(0.0..=1_000_000.0))?;
            Fault::TokenBucket {
                capacity: u32::try_from(capacity).unwrap_or(u32::MAX),
                refill_per_second: needed(refill, "refillPerSecond", "a number from 0 to 1000000")?,
            }
        }
        "stale" => Fault::Stale(millis(body)?),
        "unlisted-after-launch" => Fault::UnlistedAfterLaunch(millis(body)?),
        "unlisted-while-moving" => Fault::UnlistedWhileMoving(millis(body)?),
        other => return Err(format!("`fault` is \"{other}\": it must be {FAULTS}")),
    })
}

fn millis(body: &mut Body) -> Result<Duration, String> {
    needed(body.millis(MILLISECONDS)?, MILLISECONDS, "a whole number from 0 to 86400000")
}

/// A fault as it was asked for, with what it did so far.
fn row(rule: &Rule) -> Value {
    let mut row = Map::new();
    row.insert("id".to_owned(), rule.id.into());
    row.insert("operation".to_owned(), rule.operation.as_str().into());
    let for_so_long =
        |time: &Duration| json!({ MILLISECONDS: u64::try_from(time.as_millis()).unwrap_or(u64::MAX) });
    let (name, own) = match &rule.fault {
        Fault::Throttle { share } => ("throttle", json!({ "share": share })),
        Fault::Deny => ("deny", json!({})),
        Fault::Fail { status, code } => ("fail", json!({ "status": status, "code": code })),
        Fault::Delay(time) => ("delay", for_so_long(time)),
        Fault::Reset => ("reset", json!({})),
        Fault::LoseReply => ("lose-reply", json!({})),
        Fault::TokenBucket { capacity, refill_per_second } => {
            ("token-bucket", json!({ "capacity": capacity, "refillPerSecond": refill_per_second }))
        }
        Fault::Stale(time) => ("stale", for_so_long(time)),
        Fault::UnlistedAfterLaunch(time) => ("unlisted-after-launch", for_so_long(time)),
        Fault::UnlistedWhileMoving(time) => ("unlisted-while-moving", for_so_long(time)),
    };
    row.insert("fault".to_owned(), name.into());
    let only = &rule.only;
    let limits = json!({
        "caller": only.caller, "group": only.group, "instance": only.instance,
        "share": only.share, "times": only.times,
    });
    for part in [own, limits] {
        let Value::Object(members) = part else { continue };
        row.extend(members.into_iter().filter(|(_, value)| !value.is_null()));
    }
    row.insert("applied".to_owned(), rule.applied.into());
    Value::Object(row)
}
