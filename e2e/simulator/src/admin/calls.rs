//! What clients asked for.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::Refused;
use super::body::Body;
use crate::call_log::Wanted;
use crate::shared::Shared;
use crate::times;

/// How many calls an answer has unless the request says, and at most.
const DEFAULT_LIMIT: u64 = 1000;
const MOST: u64 = 1_000_000;

/// The newest of the calls wanted, oldest first.
pub(super) fn list(shared: &Shared, mut query: Body) -> Result<Value, Refused> {
    let wanted = Wanted {
        operation: query.text("operation")?,
        caller: query.text("caller")?,
        since: query.text("since")?.map(|text| moment(&text)).transpose()?,
        after: query.whole("after", &(0..=u64::MAX))?,
    };
    let limit = query.whole("limit", &(1..=MOST))?.unwrap_or(DEFAULT_LIMIT);
    query.end()?;
    let inner = shared.lock();
    let skipped =
        inner.calls.find(&wanted).count().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(inner
        .calls
        .find(&wanted)
        .skip(skipped)
        .map(|(number, call)| {
            json!({
                "number": number,
                "at": times::millis(call.at),
                "operation": call.operation,
                "caller": call.caller,
                "params": call.params,
                "status": call.status,
                "error": call.error,
            })
        })
        .collect())
}

/// How many there were, also of those that are no longer kept.
pub(super) fn count(shared: &Shared, mut query: Body) -> Result<Value, Refused> {
    let (operation, caller) = (query.text("operation")?, query.text("caller")?);
    query.end()?;
    let counts = shared.lock().calls.counts(operation.as_deref(), caller.as_deref());
    let total: u64 = counts.values().flat_map(|by_status| by_status.values()).sum();
    Ok(json!({ "total": total, "operations": counts }))
}

pub(super) fn forget(shared: &Shared) -> Value {
    shared.lock().calls.clear();
    json!({})
}

fn moment(text: &str) -> Result<SystemTime, String> {
    text.parse::<jiff::Timestamp>()
        .map(SystemTime::from)
        .map_err(|_| format!("`since` is \"{text}\": it must be a time like 2026-01-31T12:00:00.000Z"))
}
