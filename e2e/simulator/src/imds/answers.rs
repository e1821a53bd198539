//! The answers of a metadata service, with the headers that AWS's has.
//!
//! Known from captures: `Server: EC2ws`, a connection for each request, `Accept-Ranges: none` and `Last-Modified` with a
//! text, a page in XHTML with a refusal, and an empty 405 that names the methods.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http::header::{ACCEPT_RANGES, ALLOW, CONNECTION, CONTENT_LENGTH, HeaderName, LAST_MODIFIED, SERVER};
use http::{HeaderValue, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;

use crate::http::answer;
use crate::times::http_date;

/// A body that may come slowly, or break off.
pub(super) type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// The lifetime of a token, in seconds: asked for, given, and what is left of it.
pub(super) const TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");

/// A text that has been there since then.
pub(super) fn text(body: impl Into<Bytes>, since: SystemTime) -> Response<Full<Bytes>> {
    let mut response = answer(200, "text/plain", body);
    response.headers_mut().insert(ACCEPT_RANGES, HeaderValue::from_static("none"));
    if let Ok(date) = http_date(since).parse() {
        response.headers_mut().insert(LAST_MODIFIED, date);
    }
    response
}

/// A refusal with AWS's page.
pub(super) fn refusal(status: u16) -> Response<Full<Bytes>> {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let title = format!("{status} - {}", reason.unwrap_or_default());
    answer(
        status,
        "text/html",
        format!(
            r#"<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
	"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>{title}</title>
 </head>
 <body>
  <h1>{title}</h1>
 </body>
</html>
"#
        ),
    )
}

/// An answer without a body that names the methods of a path.
pub(super) fn methods(status: u16, allowed: &'static str) -> Response<Full<Bytes>> {
    let mut response = answer(status, "text/plain", "");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Puts on what every answer has.
pub(super) fn finish<B>(mut response: Response<B>) -> Response<B> {
    response.headers_mut().insert(SERVER, HeaderValue::from_static("EC2ws"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The answer as it is.
pub(super) fn whole(response: Response<Full<Bytes>>) -> Response<Body> {
    response.map(|body| body.map_err(|never| match never {}).boxed_unsync())
}

/// The same answer byte by byte, each so long after the one before.
pub(super) fn trickled(response: Response<Full<Bytes>>, pause: Duration) -> Response<Body> {
    in_pieces(response, |bytes| {
        let bytes: Vec<_> = bytes.chunks(1).map(Bytes::copy_from_slice).collect();
        stream::iter(bytes)
            .then(move |byte| async move {
                tokio::time::sleep(pause).await;
                Ok(Frame::data(byte))
            })
            .boxed()
    })
}

/// The first half of the same answer; then the connection is cut.
pub(super) fn cut(response: Response<Full<Bytes>>) -> Response<Body> {
    in_pieces(response, |bytes| {
        let half = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
        stream::iter([Ok(Frame::data(half)), Err(std::io::Error::other("cut on purpose"))]).boxed()
    })
}

type Pieces = stream::BoxStream<'static, std::io::Result<Frame<Bytes>>>;

fn in_pieces(response: Response<Full<Bytes>>, pieces: impl FnOnce(&Bytes) -> Pieces) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let bytes = futures::FutureExt::now_or_never(body.collect())
        .and_then(Result::ok)
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    parts.headers.insert(CONTENT_LENGTH, bytes.len().into());
    Response::from_parts(parts, StreamBody::new(pieces(&bytes)).boxed_unsync())
}
