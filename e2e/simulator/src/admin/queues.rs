//! Queues: how they stand, and what they are told.

use serde_json::{Value, json};

use super::Refused;
use super::body::{Body, needed, one_of};
use crate::account::{queue_of_url, queue_path};
use crate::shared::{Inner, Shared};
use crate::sqs::{Command, Reply};
use crate::world::Envelope;

const ENVELOPES: &[(&str, Envelope)] =
    &[("eventbridge", Envelope::EventBridge), ("sns", Envelope::Sns), ("direct", Envelope::Direct)];

pub(super) fn list(shared: &Shared) -> Value {
    let mut inner = shared.lock();
    shared.settle(&mut inner);
    let now = inner.world.moment();
    let all = Command::List { prefix: String::new(), max: None, token: None };
    let Ok(Reply::Queues { names, .. }) = inner.world.handle_queue(now, all) else { return json!([]) };
    names
        .iter()
        .filter_map(|name| {
            let counts = inner.world.count_queue(now, name)?;
            Some(json!({
                "name": name,
                "url": format!("{}{}", shared.endpoint, queue_path(name)),
                "visible": counts.visible,
                "inFlight": counts.in_flight,
                "delayed": counts.delayed,
                "received": counts.received,
                "deleted": counts.deleted,
            }))
        })
        .collect()
}

pub(super) fn route(shared: &Shared, mut body: Body) -> Result<Value, Refused> {
    let url = needed(body.text("queueUrl")?, "queueUrl", "the address of a queue")?;
    let envelope = needed(body.word("envelope", ENVELOPES)?, "envelope", &one_of(ENVELOPES))?;
    body.end()?;
    let mut inner = shared.lock();
    let queue = known(&inner, &url)?;
    inner.world.route(queue, envelope);
    Ok(json!({}))
}

/// The name of the queue at this address, if there is one.
pub(super) fn known<'a>(inner: &Inner, url: &'a str) -> Result<&'a str, Refused> {
    queue_of_url(url)
        .filter(|queue| inner.world.queues().exists(queue))
        .ok_or_else(|| Refused::Unknown(format!("there is no queue {url}")))
}
