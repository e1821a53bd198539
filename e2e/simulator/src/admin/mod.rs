//! What drives the simulator from outside Rust: JSON over HTTP, under `/_simulator/`.
//!
//! One file a subject. `docs/aws-simulator-admin.md` describes it, and a test walks through the examples there.

mod body;
mod calls;
mod events;
mod faults;
mod imds;
mod index;
mod instances;
mod machines;
mod queues;
mod times;

use std::sync::Arc;

use http::request::Parts;
use http::{Method, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::{Map, Value};

use crate::fault::{Fault, Only};
use crate::http::{Answer, answer, body as read_body};
use crate::shared::Shared;
use crate::world::EventFault;
use body::Body;

/// Where it begins.
const ROOT: &str = "/_simulator";
/// No honest request is longer.
const LONGEST_BODY: usize = 256 << 10;

/// Why a request is refused, in one line.
#[derive(Debug)]
enum Refused {
    /// The request is wrong; the line names the field.
    Wrong(String),
    /// It names something that is not there.
    Unknown(String),
    /// The path is right, the method is not; these are.
    Method(&'static str),
}

impl From<String> for Refused {
    fn from(line: String) -> Self {
        Refused::Wrong(line)
    }
}

/// The part of the path below the root; none if it is no path of this interface.
pub(crate) fn path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(ROOT)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// Answers one request.
pub(crate) async fn serve(shared: Arc<Shared>, parts: &Parts, path: &str, incoming: Incoming) -> Answer {
    let Some(bytes) = read_body(incoming, LONGEST_BODY).await else {
        return Some(answer(413, "text/plain", "the body is too long or breaks off\n"));
    };
    let outcome = route(&shared, &parts.method, path, parts.uri.query().unwrap_or_default(), &bytes);
    shared.changed();
    Some(respond(outcome))
}

fn route(shared: &Shared, method: &Method, path: &str, query: &str, bytes: &[u8]) -> Result<Value, Refused> {
    let steps: Vec<_> = path.split('/').collect();
    // What is read in the query is not read in the body, and the other way round.
    let asked = || Body::query(query);
    let sent = || Body::parse(bytes);
    match (method.as_str(), steps.as_slice()) {
        ("GET", [""]) => Ok(index::index()),
        ("GET", ["instances"]) => Ok(instances::list(shared)),
        ("GET", ["instances", id]) => instances::one(shared, id),
        ("POST", ["instances", id, "state"]) => instances::state(shared, id, sent()?),
        ("POST", ["instances", id, "spot-interruption"]) => instances::interrupt(shared, id, sent()?),
        ("POST", ["instances", id, "rebalance"]) => instances::rebalance(shared, id, sent()?),
        ("POST", ["instances", id, "maintenance"]) => instances::maintain(shared, id, sent()?),
        ("POST", ["instances", id, "machine"]) => machines::of_instance(shared, id, sent()?),
        ("POST", ["machines"]) => machines::of_group(shared, sent()?),
        ("POST", ["instances", id, "imds-fault"]) => imds::break_it(shared, id, sent()?),
        ("DELETE", ["instances", id, "imds-fault"]) => imds::mend(shared, id),
        ("GET", ["imds-calls"]) => imds::calls(shared, asked()?),
        ("GET", ["calls"]) => calls::list(shared, asked()?),
        ("GET", ["calls", "count"]) => calls::count(shared, asked()?),
        ("DELETE", ["calls"]) => Ok(calls::forget(shared)),
        ("GET", ["faults"]) => Ok(faults::list(shared)),
        ("POST", ["faults"]) => faults::add(shared, sent()?),
        ("DELETE", ["faults"]) => Ok(faults::clear(shared)),
        ("DELETE", ["faults", id]) => faults::remove(shared, id),
        ("GET", ["queues"]) => Ok(queues::list(shared)),
        ("POST", ["routes"]) => queues::route(shared, sent()?),
        ("POST", ["rules"]) => events::rule(shared, sent()?),
        ("POST", ["subscriptions"]) => events::subscribe(shared, sent()?),
        ("POST", ["event-faults"]) => events::trouble(shared, sent()?),
        ("GET", ["times"]) => Ok(times::tell(shared)),
        ("POST", ["times"]) => times::change(shared, sent()?),
        ("DELETE", ["event-faults"]) => Ok(events::mend(shared)),
        _ => Err(index::methods(&steps).map_or_else(
            || Refused::Unknown(format!("there is no {ROOT}/{path}: GET {ROOT}/ lists what there is")),
            Refused::Method,
        )),
    }
}

/// A fault as `POST /_simulator/faults` takes it, wherever it is read. The error is one line that names the field.
pub(crate) fn read_fault(fields: Map<String, Value>) -> Result<(String, Fault, Only), String> {
    faults::read(Body::of(fields))
}

/// Trouble of events as `POST /_simulator/event-faults` takes it.
pub(crate) fn read_event_fault(fields: Map<String, Value>) -> Result<EventFault, String> {
    events::read(Body::of(fields))
}

fn respond(outcome: Result<Value, Refused>) -> Response<Full<bytes::Bytes>> {
    let (status, line) = match outcome {
        Ok(value) => return answer(200, "application/json", value.to_string()),
        Err(Refused::Wrong(line)) => (400, line),
        Err(Refused::Unknown(line)) => (404, line),
        Err(Refused::Method(allowed)) => {
            let mut response = answer(405, "text/plain", format!("allowed here: {allowed}\n"));
            response.headers_mut().insert(http::header::ALLOW, http::HeaderValue::from_static(allowed));
            return response;
        }
    };
    // One line, whatever the client sent.
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    answer(status, "text/plain; charset=utf-8", format!("{line}\n"))
}

fn no_instance(id: &str) -> Refused {
    Refused::Unknown(format!("there is no instance {id}"))
}
