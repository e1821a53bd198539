//! The metadata service of one instance.

mod answers;
mod broken;
mod fault;
mod fleet;
mod leaves;
mod port;
mod record;
mod respond;
mod tokens;
mod tree;

use std::sync::Weak;
use std::time::{Instant, SystemTime};

use http::{Request, Response};

use crate::calls::ImdsCall;
use crate::http::Service;
use crate::shared::Shared;
use crate::world::{Machine, Power};
use answers::{Body, finish, whole};
use broken::{Rate, at_the_door, on_the_way};
pub use fault::ImdsFault;
pub(crate) use fleet::ImdsFleet;
use port::Port;
use record::Record;
use respond::{Head, respond};
use tokens::Tokens;

/// One instance's metadata service: its address, its tokens, its record, and what is broken about it.
#[derive(Debug)]
pub(crate) struct Imds {
    endpoint: String,
    /// None once the instance is terminated.
    port: Option<Port>,
    service: Option<Service>,
    tokens: Tokens,
    rate: Rate,
    pub(crate) fault: Option<ImdsFault>,
    pub(crate) calls: Record,
}

impl Imds {
    pub(crate) fn new() -> std::io::Result<Self> {
        let port = Port::reserve()?;
        Ok(Imds {
            endpoint: port.endpoint(),
            port: Some(port),
            service: None,
            tokens: Tokens::default(),
            rate: Rate::default(),
            fault: None,
            calls: Record::default(),
        })
    }

    pub(crate) fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// Ends it for good, with its instance; what is left is the record. Returns the port.
    fn end(&mut self) -> Option<Port> {
        self.service = None;
        self.tokens.forget();
        self.port.take()
    }

    /// Makes every token given out so far a bad one.
    pub(crate) fn forget_tokens(&mut self) {
        self.tokens.forget();
    }

    /// Makes it listen, or refuse, as power and faults say. Takes effect before it returns.
    pub(crate) fn follow(&mut self, id: &str, power: Power, shared: &Weak<Shared>) {
        let Some(port) = &self.port else { return };
        if power != Power::On {
            // As known of resumed machines: their tokens get 401.
            self.tokens.forget();
        }
        let reachable = power == Power::On && self.fault != Some(ImdsFault::Unreachable);
        match (&self.service, reachable) {
            (Some(_), false) => self.service = None,
            (None, true) => match port.listen() {
                Ok(listener) => {
                    let (id, shared) = (id.to_owned(), shared.clone());
                    self.service = Some(Service::start(listener, move |request| {
                        let (id, shared) = (id.clone(), shared.clone());
                        async move { serve(shared.upgrade()?.as_ref(), &id, request).await }
                    }));
                }
                Err(error) => tracing::error!(%error, id, "opening the metadata service"),
            },
            (Some(_), true) | (None, false) => {}
        }
    }

    /// Answers one request from what is true now; `token` is used if it is one for a token.
    fn respond(&mut self, machine: &Machine, request: &Head, token: String, now: Instant) -> Response<Body> {
        let fault = self.fault.as_ref();
        if let Some(refused) = fault.and_then(|fault| at_the_door(fault, &mut self.rate, now)) {
            return finish(whole(refused));
        }
        let response = respond(&mut self.tokens, machine, request, token, now);
        finish(match fault {
            Some(fault) => on_the_way(fault, machine, request, response),
            None => whole(response),
        })
    }
}

async fn serve<B>(shared: &Shared, id: &str, request: Request<B>) -> Option<Response<Body>> {
    let (parts, _) = request.into_parts();
    let request = Head { method: parts.method, path: parts.uri.path().to_owned(), headers: parts.headers };
    let came = SystemTime::now();
    let fault = shared.lock().imds.get(id)?.fault.clone();
    if let Some(ImdsFault::Slow(delay)) = fault {
        tokio::time::sleep(delay).await;
    } else if let Some(ImdsFault::Hang) = fault {
        record(shared, id, came, &request, 0);
        std::future::pending::<()>().await;
    }
    let response = {
        let mut inner = shared.lock();
        shared.settle(&mut inner);
        let token = inner.secret();
        // The power may have gone while this request was on its way here.
        let machine = inner.world.machine(id).filter(|machine| machine.power == Power::On)?;
        inner.imds.get_mut(id)?.respond(&machine, &request, token, Instant::now())
    };
    record(shared, id, came, &request, response.status().as_u16());
    Some(response)
}

fn record(shared: &Shared, id: &str, at: SystemTime, request: &Head, status: u16) {
    let mut inner = shared.lock();
    let services = inner.imds.len();
    if let Some(imds) = inner.imds.get_mut(id) {
        let (method, path) = (request.method.to_string(), request.path.clone());
        imds.calls.push(ImdsCall { at, method, path, status }, services);
    }
    drop(inner);
    shared.changed();
}
