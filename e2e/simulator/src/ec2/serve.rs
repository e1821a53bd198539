//! One request to EC2 from its parameters to the world and back, with whatever a test broke on the way.

use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use super::form::Form;
use super::{read, write};
use crate::broken::{Refusal, View, plan};
use crate::calls::Call;
use crate::http::{Answer, answer};
use crate::query::Params;
use crate::rules::{Asked, Service};
use crate::shared::Shared;
use crate::world::AwsError;
use crate::world::ec2::Command;

/// Answers the request that `call` records; `params` are its own, unless they could not be read.
pub(crate) async fn serve(
    shared: &Shared,
    version: Option<&str>,
    params: Result<Params, AwsError>,
    call: Call,
) -> Answer {
    let broken = plan(&mut shared.lock(), &Asked::of(Service::Ec2, &call), shared.now());
    if let Some(delay) = broken.delay {
        tokio::time::sleep(delay).await;
    }
    if broken.reset {
        shared.lock().calls.push(call);
        shared.changed();
        return None;
    }
    let outcome = match broken.refusal {
        Some(refusal) => Err(refuse(refusal)),
        None => params.and_then(|params| {
            let form = Form(params);
            let command = read::command(&call.operation, version.unwrap_or(super::VERSION), &form)?;
            Ok((command, form.flag("DryRun")?.unwrap_or(false)))
        }),
    };
    let response = carry_out(shared, outcome, call, &broken.view);
    (!broken.lose_reply).then_some(response)
}

/// Changes the world, records the call, writes the answer: in one go, so that the record is in the order of the effects.
fn carry_out(
    shared: &Shared,
    asked: Result<(Command, bool), AwsError>,
    mut call: Call,
    view: &View,
) -> Response<Full<Bytes>> {
    let mut inner = shared.lock();
    if !view.is_plain() {
        shared.settle(&mut inner);
    }
    let now = shared.now();
    let outcome = match asked {
        Ok((_, true)) => Err(AwsError::new(
            412,
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
        )),
        Ok((command, false)) => match inner.seen(now, view) {
            Some(mut world) => world.handle_ec2(world.moment(), command),
            None => inner.world.handle_ec2(now, command),
        },
        Err(error) => Err(error),
    };
    shared.settle(&mut inner);
    if !call.operation.starts_with("Describe") {
        inner.keep_past();
    }
    // A machine that was told to stop says so only when it has.
    shared.reschedule();
    let request_id = inner.request_id();
    let (status, xml) = match &outcome {
        Ok(reply) => (200, write::reply(&call.operation, reply, &request_id)),
        Err(error) => (error.status, write::error(error, &request_id)),
    };
    call.status = status;
    call.error = outcome.err().map(|error| error.code);
    inner.calls.push(call);
    drop(inner);
    shared.changed();
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}");
    let mut response = answer(status, "text/xml;charset=UTF-8", body);
    if let Ok(value) = request_id.parse() {
        response.headers_mut().insert("x-amzn-requestid", value);
    }
    response
}

/// A fault's refusal in EC2's words.
fn refuse(refusal: Refusal) -> AwsError {
    match refusal {
        Refusal::Throttled => AwsError::new(503, "RequestLimitExceeded", "Request limit exceeded."),
        Refusal::Denied => {
            AwsError::new(403, "UnauthorizedOperation", "You are not authorized to perform this operation.")
        }
        Refusal::Failed { status, code } => AwsError::new(status, &code, "Failed on purpose"),
    }
}
