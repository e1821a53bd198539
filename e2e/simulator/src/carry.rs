//! What the services of the query protocol have in common: one call from its faults to its answer.

use std::time::SystemTime;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use crate::broken::{Broken, View, plan};
use crate::calls::Call;
use crate::http::answer;
use crate::rules::{Asked, Service};
use crate::shared::Shared;
use crate::world::{AwsError, World};

/// Draws what goes wrong with a call, and waits as long as it is late. None if the connection is cut, which is recorded.
pub(crate) async fn meet_faults(shared: &Shared, service: Service, call: Call) -> Option<(Broken, Call)> {
    let broken = plan(&mut shared.lock(), &Asked::of(service, &call), shared.now());
    if let Some(delay) = broken.delay {
        tokio::time::sleep(delay).await;
    }
    if broken.reset {
        shared.lock().calls.push(call);
        shared.changed();
        return None;
    }
    Some((broken, call))
}

/// Changes the world, records the call, writes the answer: in one go, so that the record is in the order of the effects.
///
/// `ask` gets the world as the call sees it; `write` gets what came of it and the id of the request.
pub(crate) fn carry_out<R>(
    shared: &Shared,
    mut call: Call,
    view: &View,
    ask: impl FnOnce(&mut World, SystemTime) -> Result<R, AwsError>,
    write: impl FnOnce(&str, Result<&R, &AwsError>, &str) -> String,
) -> Response<Full<Bytes>> {
    let mut inner = shared.lock();
    if !view.is_plain() {
        shared.settle(&mut inner);
    }
    // What is seen of the past goes by the world's own time.
    let moment = inner.world.moment();
    let outcome = match inner.seen(moment, view) {
        Some(mut world) => {
            let moment = world.moment();
            ask(&mut world, moment)
        }
        None => ask(&mut inner.world, shared.now()),
    };
    shared.settle(&mut inner);
    if !call.operation.starts_with("Describe") {
        inner.keep_past();
    }
    let request_id = inner.request_id();
    let xml = write(&call.operation, outcome.as_ref(), &request_id);
    let status = outcome.as_ref().err().map_or(200, |error| error.status);
    call.status = status;
    call.error = outcome.err().map(|error| error.code);
    inner.calls.push(call);
    drop(inner);
    shared.changed();
    let mut response = answer(status, "text/xml", xml);
    if let Ok(value) = request_id.parse() {
        response.headers_mut().insert("x-amzn-requestid", value);
    }
    response
}
