//! The Auto Scaling endpoint: one request from the wire to the world and back, with whatever a test broke on the way.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::json;

use crate::calls::Call;
use crate::fault::Fault;
use crate::http::{Answer, answer, body};
use crate::query::{self, Params};
use crate::shared::{Inner, Shared};
use crate::simulator::CompletionRequest;
use crate::world::{AwsError, Command};

/// Answers one request.
pub(crate) async fn serve(shared: Arc<Shared>, request: Request<Incoming>) -> Answer {
    let (parts, incoming) = request.into_parts();
    match (&parts.method, parts.uri.path()) {
        (&Method::GET, "/_simulator/instances") => {
            return Some(answer(200, "application/json", instances(&shared)));
        }
        (&Method::GET | &Method::POST, "/") => {}
        _ => return Some(answer(404, "text/plain", "there is POST / and GET /_simulator/instances\n")),
    }
    let Some(body) = body(incoming).await else {
        return Some(answer(413, "text/plain", "the body is too long or breaks off\n"));
    };
    let query = parts.uri.query().unwrap_or_default().to_owned();
    // In a task of its own: a client that hangs up does not undo what it asked for, here as little as at AWS.
    let handled = tokio::spawn(async move { handle(&shared, &parts.headers, &query, &body).await });
    handled.await.unwrap_or_else(|error| {
        tracing::error!(%error, "handling a request");
        Some(answer(500, "text/plain", "the simulator has a bug; see its log\n"))
    })
}

fn instances(shared: &Shared) -> String {
    let rows: Vec<_> = shared
        .instances()
        .into_iter()
        .map(|info| {
            json!({
                "id": info.id,
                "group": info.group,
                "lifecycleState": info.lifecycle_state,
                "power": info.power.as_str(),
                "imdsEndpoint": info.imds_endpoint,
                "zone": info.zone,
            })
        })
        .collect();
    json!(rows).to_string()
}

async fn handle(shared: &Shared, headers: &HeaderMap, query: &str, body: &Bytes) -> Answer {
    let at = SystemTime::now();
    let parsed = Params::parse(query.as_bytes()).and_then(|mut params| {
        params.merge(Params::parse(body)?);
        Ok(params)
    });
    let mut params = parsed.as_ref().cloned().unwrap_or_default();
    let operation = params.take("Action").unwrap_or_default();
    let version = params.take("Version").unwrap_or_else(|| query::VERSION.to_owned());
    let call = Call {
        at,
        caller: caller(headers).to_owned(),
        params: params.as_map().clone(),
        operation,
        status: 0,
        error: None,
    };
    let broken = plan(&mut shared.lock(), &call.operation);
    if let Some(delay) = broken.delay {
        tokio::time::sleep(delay).await;
    }
    if broken.reset {
        shared.lock().calls.push(call);
        shared.changed();
        return None;
    }
    let outcome = match (broken.error, parsed) {
        (Some(error), _) | (None, Err(error)) => Err(error),
        (None, Ok(_)) => match query::command(&call.operation, &version, &params) {
            Ok(command) => Ok(command),
            Err(error) => Err(error),
        },
    };
    if let Ok(command) = &outcome {
        observe(shared, command, &call.caller).await;
    }
    let response = carry_out(shared, outcome, call);
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

/// Changes the world, records the call, writes the answer: in one go, so that the record is in the order of the effects.
fn carry_out(shared: &Shared, command: Result<Command, AwsError>, mut call: Call) -> Response<Full<Bytes>> {
    let mut inner = shared.lock();
    let outcome = command.and_then(|command| inner.world.handle(shared.now(), command));
    shared.settle(&mut inner);
    let request_id = inner.request_id();
    let (status, xml) = match &outcome {
        Ok(reply) => (200, query::reply(&call.operation, reply, &request_id)),
        Err(error) => (error.status, query::error(error, &request_id)),
    };
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

/// What the faults make of one call.
#[derive(Default)]
struct Broken {
    delay: Option<Duration>,
    error: Option<AwsError>,
    reset: bool,
    lose_reply: bool,
}

fn plan(inner: &mut Inner, operation: &str) -> Broken {
    let mut broken = Broken::default();
    let applying = inner.faults.iter().filter(|(name, _)| name == "*" || name == operation);
    for (_, fault) in applying {
        let error = match fault {
            Fault::Throttle { share } => {
                (inner.random.f64() < *share).then(|| AwsError::new(400, "Throttling", "Rate exceeded"))
            }
            Fault::Deny => Some(AwsError::new(
                403,
                "AccessDenied",
                format!("User is not authorized to perform: autoscaling:{operation}"),
            )),
            Fault::Fail { status, code } => Some(AwsError::new(*status, code, "Failed on purpose")),
            Fault::Delay(delay) => {
                broken.delay = Some(broken.delay.unwrap_or_default() + *delay);
                None
            }
            Fault::Reset => {
                broken.reset = true;
                None
            }
            Fault::LoseReply => {
                broken.lose_reply = true;
                None
            }
        };
        broken.error = broken.error.or(error);
    }
    broken
}

/// The access key id in `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/autoscaling/aws4_request, …`.
fn caller(headers: &HeaderMap) -> &str {
    headers
        .get(http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split_once("Credential="))
        .and_then(|(_, rest)| rest.split('/').next())
        .unwrap_or_default()
}
