//! The line to IMDS at one address: a connection that stays, and a token.
//!
//! The SDK's client of IMDS, which fetches credentials and the region, does for each request all that is done for a call to
//! AWS. A held gate asks twice a second for weeks and needs none of it: two requests, one header, no repetition.

use std::error::Error;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use tokio::time::{Instant, timeout_at};

use crate::address::Endpoint;
use crate::transport;

const TOKEN: &str = "/latest/api/token";
const TOKEN_HEADER: &str = "x-aws-ec2-metadata-token";
const TTL_HEADER: &str = "x-aws-ec2-metadata-token-ttl-seconds";
/// The longest that AWS allows: six hours.
const TTL: &str = "21600";
/// A token is replaced this long before its end, so that none ends under way.
const MARGIN: Duration = Duration::from_secs(120);
/// IMDS answers within milliseconds; what takes longer is out of order, and is asked again at the next look.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(crate) struct Line {
    to: Endpoint,
    connector: Connector,
    token: Option<Token>,
    heard: bool,
}

/// Its text is a secret of the machine, so it has no `Debug`.
struct Token {
    text: String,
    good_until: Instant,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("good_until", &self.good_until).finish_non_exhaustive()
    }
}

impl Line {
    /// A line that is not connected yet.
    pub(crate) fn new(to: &Endpoint) -> Line {
        // One that never asks a proxy, other than the SDK's default one.
        let connector = Connector::builder().pool_max_idle_per_host(1).build_http();
        Line { to: to.clone(), connector, token: None, heard: false }
    }

    /// Where it leads.
    pub(crate) fn to(&self) -> &Endpoint {
        &self.to
    }

    /// Whether anything came from the other side since it was last [listened](Self::listen) to, be it a refusal or the
    /// beginning of nonsense.
    pub(crate) fn heard(&self) -> bool {
        self.heard
    }

    /// From here on nothing was heard yet.
    pub(crate) fn listen(&mut self) {
        self.heard = false;
    }

    /// Reads what is at `path`, without the blanks around it. `None` is 404, and 404 alone.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Option<String>, String> {
        let token = match self.token.take() {
            Some(token) if Instant::now() < token.good_until => token,
            Some(_) | None => self.fetch_token().await?,
        };
        let response = self.request("GET", path, (TOKEN_HEADER, &token.text)).await?;
        self.token = Some(token);
        match response.status {
            200 => Ok(Some(response.text()?.trim().to_owned())),
            404 => Ok(None),
            status => Err(format!("HTTP {status}")),
        }
    }

    async fn fetch_token(&mut self) -> Result<Token, String> {
        let asked = Instant::now();
        let response = self.request("PUT", TOKEN, (TTL_HEADER, TTL)).await?;
        match (response.status, response.ttl) {
            (200, Some(ttl)) => {
                let good_until = asked + ttl - MARGIN.min(ttl / 2);
                Ok(Token { text: response.text()?.to_owned(), good_until })
            }
            (200, None) => Err("it gives out no tokens".into()),
            (status, _) => Err(format!("HTTP {status}")),
        }
    }

    async fn request(
        &mut self,
        method: &str,
        path: &str,
        (name, value): (&'static str, &str),
    ) -> Result<Response, String> {
        let deadline = Instant::now() + TIMEOUT;
        let late = |_| format!("no answer within {} s", TIMEOUT.as_secs());
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_method(method).map_err(|err| innermost(&err))?;
        request.set_uri(self.to.with_path(path)).map_err(|err| innermost(&err))?;
        request.headers_mut().try_insert(name, value.to_owned()).map_err(|err| innermost(&err))?;
        let response = timeout_at(deadline, self.connector.call(request)).await.map_err(late)?;
        let mut response = response.map_err(|err| innermost(&err))?;
        self.heard = true;
        let ttl = ttl(&response);
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        let body = timeout_at(deadline, transport::read(body)).await.map_err(late)?;
        let body = body.map_err(|err| innermost(&err))?;
        Ok(Response { status: response.status().as_u16(), ttl, body })
    }
}

struct Response {
    status: u16,
    ttl: Option<Duration>,
    body: Vec<u8>,
}

impl Response {
    fn text(&self) -> Result<&str, String> {
        std::str::from_utf8(&self.body).map_err(|_| "its answer is no text".into())
    }
}

fn ttl(response: &HttpResponse) -> Option<Duration> {
    response.headers().get(TTL_HEADER)?.parse().ok().map(Duration::from_secs)
}

/// The cause at the bottom says most: "Connection refused" rather than "dispatch failure".
fn innermost(err: &dyn Error) -> String {
    let mut cause = err;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
