//! SQS on the wire: one request to the queues and back, and the waiting of `ReceiveMessage`.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::Value;

use crate::broken::{Broken, Refusal, plan};
use crate::calls::Call;
use crate::http::{Answer, answer, body};
use crate::json;
use crate::refusals;
use crate::rules::{Asked, Service};
use crate::shared::{Inner, Shared};
use crate::signature::Signature;
use crate::sqs::{Command, Receive, Reply, SqsError};

/// The longest body: a message of the greatest length, each of its characters escaped.
const LONGEST_BODY: usize = 8 << 20;

/// Answers one request.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    operation: &str,
    signature: Signature,
    address: &str,
    incoming: Incoming,
) -> Answer {
    let Some(body) = body(incoming, LONGEST_BODY).await else {
        return Some(answer(413, "text/plain", "the body is too long or breaks off\n"));
    };
    let pending = Pending {
        call: Some(Call {
            at: SystemTime::now(),
            operation: operation.to_owned(),
            caller: signature.caller.clone(),
            params: json::flat(&body),
            status: 0,
            error: None,
        }),
        shared,
    };
    let signed = signature.check("sqs").map_err(|flaw| refusals::sqs(flaw, address));
    let command = signed.and_then(|()| json::command(operation, &body));
    if let Ok(Command::Receive(_)) = command {
        // Here and not in a task of its own: it ends with its client, so that a reader who left gets no message.
        return handle(pending, command).await;
    }
    // A client that hangs up does not undo what it asked for.
    tokio::spawn(handle(pending, command)).await.unwrap_or_else(|error| {
        tracing::error!(%error, "handling a request");
        Some(answer(500, "text/plain", "the simulator has a bug; see its log\n"))
    })
}

/// A call that is not recorded yet. If its client leaves it is recorded as cut.
struct Pending {
    shared: Arc<Shared>,
    call: Option<Call>,
}

impl Pending {
    fn operation(&self) -> &str {
        self.call.as_ref().map(|call| call.operation.as_str()).unwrap_or_default()
    }

    fn broken(&self) -> Broken {
        let asked = self.call.as_ref().map(|call| Asked::of(Service::Sqs, call));
        asked.map(|asked| plan(&mut self.shared.lock(), &asked, self.shared.now())).unwrap_or_default()
    }

    /// Records the call and writes the answer: under the lock under which the queues were changed, so that the record is in
    /// the order of the effects.
    fn answer(mut self, inner: &mut Inner, outcome: Result<Reply, SqsError>) -> Response<Full<Bytes>> {
        let call = self.call.take();
        let request_id = inner.request_id();
        let (status, value) = match &outcome {
            Ok(reply) => (200, json::reply(reply, &self.shared.endpoint)),
            Err(error) => (error.status, json::error(error)),
        };
        let response = respond(status, &value, outcome.as_ref().err(), &request_id);
        if let Some(mut call) = call {
            call.status = status;
            call.error = outcome.err().map(|error| error.code);
            inner.calls.push(call);
        }
        self.shared.changed();
        response
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.shared.lock().calls.push(call);
            self.shared.changed();
        }
    }
}

async fn handle(pending: Pending, command: Result<Command, SqsError>) -> Answer {
    let shared = pending.shared.clone();
    let Broken { delay, refusal, reset, lose_reply, view: _ } = pending.broken();
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    if reset {
        return None;
    }
    let command = match refusal {
        Some(refusal) => Err(refuse(refusal, pending.operation())),
        None => command,
    };
    let response = match command {
        Ok(Command::Receive(wanted)) => receive(&shared, pending, wanted).await,
        command => {
            let mut inner = shared.lock();
            let outcome = command.and_then(|command| inner.world.handle_queue(shared.now(), command));
            shared.settle(&mut inner);
            pending.answer(&mut inner, outcome)
        }
    };
    (!lose_reply).then_some(response)
}

/// Waits for a first message as long as the reader wishes, woken by arrivals and by what becomes visible by itself.
async fn receive(shared: &Shared, pending: Pending, wanted: Receive) -> Response<Full<Bytes>> {
    let mut arrivals = shared.arrivals.subscribe();
    let mut until = None;
    loop {
        arrivals.mark_unchanged();
        let (wake, is_behind) = {
            let mut inner = shared.lock();
            let now = shared.now();
            let outcome = inner.world.handle_queue(now, Command::Receive(wanted.clone()));
            shared.settle(&mut inner);
            let end = *until.get_or_insert_with(|| now + inner.world.queues().wait(&wanted));
            let is_empty = matches!(&outcome, Ok(Reply::Messages(messages)) if messages.is_empty());
            if !is_empty || now >= end {
                return pending.answer(&mut inner, outcome);
            }
            let next = inner.world.queues().next_deadline(&wanted.queue, inner.world.moment());
            (next.map_or(end, |next| next.min(end)), shared.is_behind(&inner))
        };
        if is_behind {
            shared.pause().await;
        }
        tokio::select! {
            () = tokio::time::sleep_until(shared.clock.real(wake)) => {}
            // The sender lives as long as `shared`.
            _ = arrivals.changed() => {}
        }
    }
}

/// A fault's refusal in SQS's words.
fn refuse(refusal: Refusal, operation: &str) -> SqsError {
    match refusal {
        Refusal::Throttled => {
            SqsError::modeled("RequestThrottled", "RequestThrottled", "Request is throttled.")
        }
        Refusal::Denied => SqsError::common(
            403,
            "AccessDeniedException",
            "AccessDenied",
            format!("User is not authorized to perform: sqs:{}", operation.to_lowercase()),
        ),
        Refusal::Failed { status, code } => SqsError::common(status, &code, &code, "Failed on purpose"),
    }
}

fn respond(status: u16, value: &Value, error: Option<&SqsError>, request_id: &str) -> Response<Full<Bytes>> {
    let mut response = answer(status, "application/x-amz-json-1.0", value.to_string());
    let headers = response.headers_mut();
    if let Ok(id) = request_id.parse() {
        headers.insert("x-amzn-requestid", id);
    }
    let fault = if status < 500 { "Sender" } else { "Receiver" };
    if let Some(Ok(code)) = error.map(|error| format!("{};{fault}", error.code).parse()) {
        headers.insert("x-amzn-query-error", code);
    }
    response
}
