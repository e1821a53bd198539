//! How events are delivered, and to whom.

use serde_json::{Value, json};

use super::Refused;
use super::body::{Body, needed};
use super::queues::known;
use crate::shared::Shared;
use crate::world::{EventFault, EventKind, EventTrouble};

const TROUBLES: &str = "one of lost, late, twice, overtaken";
const KIND: &str = "a detail-type like \"EC2 Instance-terminate Lifecycle Action\"";

pub(super) fn trouble(shared: &Shared, body: Body) -> Result<Value, Refused> {
    let fault = read(body)?;
    shared.lock().world.event_fault(fault);
    Ok(json!({}))
}

/// What goes wrong with the delivery of which events.
pub(super) fn read(mut body: Body) -> Result<EventFault, String> {
    let name = needed(body.text("trouble")?, "trouble", TROUBLES)?;
    let trouble = match name.as_str() {
        "lost" => EventTrouble::Lost,
        "late" => {
            let late = body.millis("milliseconds")?;
            EventTrouble::Late(needed(late, "milliseconds", "a whole number from 0 to 86400000")?)
        }
        "twice" => EventTrouble::Twice,
        "overtaken" => EventTrouble::Overtaken,
        other => return Err(format!("`trouble` is \"{other}\": it must be {TROUBLES}")),
    };
    let share = body.number("share", &(0.0..=1.0))?.unwrap_or(1.0);
    let kinds = kind(&mut body)?.into_iter().collect();
    body.end()?;
    Ok(EventFault { trouble, share, kinds })
}

pub(super) fn mend(shared: &Shared) -> Value {
    shared.lock().world.clear_event_faults();
    json!({})
}

pub(super) fn rule(shared: &Shared, mut body: Body) -> Result<Value, Refused> {
    let url = needed(body.text("queueUrl")?, "queueUrl", "the address of a queue")?;
    let kind = kind(&mut body)?;
    body.end()?;
    let mut inner = shared.lock();
    let queue = known(&inner, &url)?;
    inner.world.route_events(queue, kind.as_ref().map_or(&EventKind::ALL[..], std::slice::from_ref));
    Ok(json!({}))
}

pub(super) fn subscribe(shared: &Shared, mut body: Body) -> Result<Value, Refused> {
    let topic = needed(body.text("topicArn")?, "topicArn", "the arn of a topic")?;
    let url = needed(body.text("queueUrl")?, "queueUrl", "the address of a queue")?;
    body.end()?;
    let mut inner = shared.lock();
    let queue = known(&inner, &url)?;
    inner.world.subscribe_queue(&topic, queue);
    Ok(json!({}))
}

/// The kind of events that is named; none if none is.
fn kind(body: &mut Body) -> Result<Option<EventKind>, String> {
    let Some(name) = body.text("detailType")? else { return Ok(None) };
    EventKind::of(&name).map(Some).ok_or_else(|| format!("`detailType` is \"{name}\": it must be {KIND}"))
}
