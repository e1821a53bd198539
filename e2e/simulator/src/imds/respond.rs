//! One request to a healthy metadata service: pure, from a machine, its tokens and the time.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use http_body_util::Full;

use super::answers::{TTL, methods, refusal, text};
use super::leaves::lookup;
use super::tokens::Tokens;
use crate::world::Machine;

/// Where tokens are given.
const TOKEN_PATH: &str = "/latest/api/token";

/// A request without its body, which the metadata service never reads.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
}

impl Head {
    /// Whether it wants to read something, other than a token.
    pub(super) fn reads(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD) && self.path != TOKEN_PATH
    }
}

/// Answers one request; `token` is given out if it is one for a token.
///
/// What a disabled service answers is not established: 403 by AWS's documentation.
pub(super) fn respond(
    tokens: &mut Tokens,
    machine: &Machine,
    request: &Head,
    token: String,
    now: Instant,
) -> Response<Full<Bytes>> {
    let options = machine.metadata.options;
    if !options.enabled {
        return refusal(403);
    }
    if request.path == TOKEN_PATH {
        return match request.method {
            Method::PUT => match tokens.issue(&request.headers, token, now) {
                Ok((token, ttl)) => with_ttl(text(token, machine.launched), ttl),
                Err(status) => refusal(status),
            },
            Method::OPTIONS => methods(200, "OPTIONS, PUT"),
            _ => methods(405, "OPTIONS, PUT"),
        };
    }
    if request.method == Method::OPTIONS {
        return methods(200, "OPTIONS, HEAD, GET");
    }
    if !request.reads() {
        return methods(405, "OPTIONS, HEAD, GET");
    }
    let left = match tokens.check(&request.headers, now) {
        Ok(left) => left,
        Err(shown) if shown || options.tokens_required => return refusal(401),
        Err(_) => 0,
    };
    match lookup(machine, &request.path) {
        Some(found) if left > 0 => with_ttl(text(found, machine.launched), left),
        Some(found) => text(found, machine.launched),
        None => refusal(404),
    }
}

fn with_ttl(mut response: Response<Full<Bytes>>, seconds: u64) -> Response<Full<Bytes>> {
    response.headers_mut().insert(TTL, seconds.into());
    response
}
