//! The endpoint of all services, and Auto Scaling on it: one request from the wire to the world and back, with whatever a
//! test broke on the way.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::{Method, Request};
use hyper::body::Incoming;

use crate::admin;
use crate::broken::Refusal;
use crate::calls::Call;
use crate::carry::{carry_out, meet_faults};
use crate::ec2;
use crate::http::{Answer, LONGEST_BODY, answer, body};
use crate::json;
use crate::query::{self, Params};
use crate::queues;
use crate::refusals;
use crate::rules::Service;
use crate::shared::Shared;
use crate::signature::{SIGNING, Signature};
use crate::simulator::CompletionRequest;
use crate::world::{AwsError, Command, World};

/// Answers one request.
pub(crate) async fn serve(shared: Arc<Shared>, request: Request<Incoming>) -> Answer {
    let (parts, incoming) = request.into_parts();
    let signature = Signature::read(&parts.headers, parts.uri.query().unwrap_or_default());
    // The path does not count: some clients send to the endpoint, some to the queue's address.
    if let Some(operation) = json::operation(&parts.headers).filter(|_| parts.method == Method::POST) {
        let address = format!("{}{}", shared.endpoint, parts.uri.path());
        return queues::serve(shared, operation, signature, &address, incoming).await;
    }
    if let Some(path) = admin::path(parts.uri.path()) {
        return admin::serve(shared, &parts, path, incoming).await;
    }
    match (&parts.method, parts.uri.path()) {
        (&Method::GET | &Method::POST, "/") => {}
        _ => return Some(answer(404, "text/plain", "there is POST / and GET /_simulator/\n")),
    }
    let Some(body) = body(incoming, LONGEST_BODY).await else {
        return Some(answer(413, "text/plain", "the body is too long or breaks off\n"));
    };
    let query = parts.uri.query().unwrap_or_default().to_owned();
    // In a task of its own: a client that hangs up does not undo what it asked for, here as little as at AWS.
    let handled = tokio::spawn(async move { handle(&shared, &signature, &query, &body).await });
    handled.await.unwrap_or_else(|error| {
        tracing::error!(%error, "handling a request");
        Some(answer(500, "text/plain", "the simulator has a bug; see its log\n"))
    })
}

async fn handle(shared: &Shared, signature: &Signature, query: &str, body: &Bytes) -> Answer {
    let at = SystemTime::now();
    let parsed = Params::parse(query.as_bytes()).and_then(|mut params| {
        params.merge(Params::parse(body)?);
        Ok(params)
    });
    let mut params = parsed.as_ref().cloned().unwrap_or_default();
    params.take_under(SIGNING);
    let operation = params.take("Action").unwrap_or_default();
    let version = params.take("Version");
    let call = Call {
        at,
        caller: signature.caller.clone(),
        params: params.as_map().clone(),
        operation,
        status: 0,
        error: None,
    };
    if ec2::is_asked(signature.service.as_deref(), version.as_deref()) {
        let signed = signature.check("ec2").map_err(|flaw| refusals::ec2(&flaw));
        let params = signed.and(parsed).map(|_| params);
        return ec2::serve(shared, version.as_deref(), params, call).await;
    }
    let parsed = signature.check("autoscaling").map_err(refusals::scaling).and(parsed);
    let version = version.unwrap_or_else(|| query::VERSION.to_owned());
    let (broken, call) = meet_faults(shared, Service::AutoScaling, call).await?;
    let outcome = match (broken.refusal, parsed) {
        (Some(refusal), _) => Err(refuse(refusal, &call.operation)),
        (None, Err(error)) => Err(error),
        (None, Ok(_)) if call.operation.is_empty() => Err(AwsError::new(
            400,
            "MissingAction",
            "The request is missing an action or a required parameter.",
        )),
        (None, Ok(_)) => query::check(&call.operation, &params)
            .and_then(|()| query::command(&call.operation, &version, &params)),
    };
    if let Ok(command) = &outcome {
        observe(shared, command, &call.caller).await;
    }
    let ask = |world: &mut World, now| outcome.and_then(|command| world.handle(now, command));
    let response = carry_out(shared, call, &broken.view, ask, |operation, outcome, id| match outcome {
        Ok(reply) => query::reply(operation, reply, id),
        Err(error) => query::error(error, id),
    });
    (!broken.lose_reply).then_some(response)
}

/// Has the observer see a completion while it still has to happen.
async fn observe(shared: &Shared, command: &Command, caller: &str) {
    let Command::Complete { action, result } = command else { return };
    let seen = {
        let mut inner = shared.lock();
        shared.settle(&mut inner);
        let open = inner.world.find_action(action).ok();
        inner.observer.clone().map(|observer| {
            observer(CompletionRequest {
                group: action.group.clone(),
                hook: action.hook.clone(),
                token: action.token.clone(),
                instance: action.instance.clone().or(open.as_ref().map(|open| open.id.clone())),
                result: *result,
                transition: open.map(|open| open.transition),
                caller: caller.to_owned(),
            })
        })
    };
    if let Some(seen) = seen {
        seen.await;
    }
}

/// A fault's refusal in Auto Scaling's words.
fn refuse(refusal: Refusal, operation: &str) -> AwsError {
    match refusal {
        Refusal::Throttled => AwsError::new(400, "Throttling", "Rate exceeded"),
        Refusal::Denied => AwsError::new(
            403,
            "AccessDenied",
            format!("User is not authorized to perform: autoscaling:{operation}"),
        ),
        Refusal::Failed { status, code } => AwsError::new(status, &code, "Failed on purpose"),
    }
}
