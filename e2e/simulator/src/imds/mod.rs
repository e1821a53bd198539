//! The metadata service of one instance.

mod paths;
mod port;
mod tokens;

use std::sync::Weak;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;

use crate::calls::ImdsCall;
use crate::fault::ImdsFault;
use crate::http::{Answer, Service, answer};
use crate::shared::Shared;
use crate::world::{Machine, Power};
use port::Port;
use tokens::Tokens;

const TEXT: &str = "text/plain";

/// One instance's metadata service: its address, its tokens, its record, and what is broken about it.
#[derive(Debug)]
pub(crate) struct Imds {
    port: Port,
    service: Option<Service>,
    tokens: Tokens,
    pub(crate) fault: Option<ImdsFault>,
    pub(crate) calls: Vec<ImdsCall>,
}

impl Imds {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Imds {
            port: Port::reserve()?,
            service: None,
            tokens: Tokens::default(),
            fault: None,
            calls: Vec::new(),
        })
    }

    pub(crate) fn endpoint(&self) -> String {
        self.port.endpoint()
    }

    /// Makes it listen, or refuse, as power and faults say. Takes effect before it returns.
    pub(crate) fn follow(&mut self, id: &str, power: Power, shared: &Weak<Shared>) {
        let reachable = power == Power::On && self.fault != Some(ImdsFault::Unreachable);
        match (&self.service, reachable) {
            (Some(_), false) => self.service = None,
            (None, true) => match self.port.listen() {
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
    fn respond(
        &mut self,
        machine: &Machine,
        request: &Head,
        token: String,
        now: Instant,
    ) -> Response<Full<Bytes>> {
        let path = request.path.as_str();
        if let Some(ImdsFault::Status(status)) = self.fault {
            return answer(status, TEXT, "");
        }
        if request.method == Method::PUT && path == "/latest/api/token" {
            return match self.tokens.issue(&request.headers, token, now) {
                Ok((token, ttl)) => {
                    let mut response = answer(200, TEXT, token);
                    response.headers_mut().insert("x-aws-ec2-metadata-token-ttl-seconds", ttl.into());
                    response
                }
                Err(status) => answer(status, TEXT, ""),
            };
        }
        if request.method != Method::GET {
            return answer(405, TEXT, "");
        }
        if !self.tokens.allow(&request.headers, now) {
            return answer(401, TEXT, "");
        }
        let is_target = paths::split(path).is_some_and(|(_, rest)| rest == paths::TARGET);
        let text = match &self.fault {
            Some(ImdsFault::Garbage(bytes)) => return answer(200, TEXT, bytes.clone()),
            Some(ImdsFault::NoTarget) if is_target => None,
            Some(ImdsFault::Target(text)) if is_target => Some(text.clone()),
            Some(
                ImdsFault::Status(_)
                | ImdsFault::NoTarget
                | ImdsFault::Target(_)
                | ImdsFault::Slow(_)
                | ImdsFault::Unreachable
                | ImdsFault::Hang,
            )
            | None => paths::lookup(machine, path),
        };
        text.map_or_else(|| answer(404, TEXT, ""), |text| answer(200, TEXT, text))
    }
}

/// A request without its body, which the metadata service never reads.
struct Head {
    method: Method,
    path: String,
    headers: HeaderMap,
}

async fn serve<B>(shared: &Shared, id: &str, request: Request<B>) -> Answer {
    let (parts, _) = request.into_parts();
    let request = Head { method: parts.method, path: parts.uri.path().to_owned(), headers: parts.headers };
    let came = SystemTime::now();
    let fault = shared.lock().imds.get(id)?.fault.clone();
    match fault {
        Some(ImdsFault::Slow(delay)) => tokio::time::sleep(delay).await,
        Some(ImdsFault::Hang) => {
            record(shared, id, came, &request, 0);
            std::future::pending::<()>().await;
        }
        Some(
            ImdsFault::Status(_)
            | ImdsFault::NoTarget
            | ImdsFault::Target(_)
            | ImdsFault::Unreachable
            | ImdsFault::Garbage(_),
        )
        | None => {}
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
    if let Some(imds) = shared.lock().imds.get_mut(id) {
        let (method, path) = (request.method.to_string(), request.path.clone());
        imds.calls.push(ImdsCall { at, method, path, status });
    }
    shared.changed();
}
