//! The SDK's way to IMDS: straight, never through a proxy, and never more than a page at a time.
//!
//! Its own client takes `HTTP_PROXY` from the environment, and would read an endless answer into memory.

use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

/// What we read from IMDS is a word, credentials 1.5 kB.
const LONGEST_ANSWER: usize = 16 * 1024;

/// A client over plain HTTP without proxy, whose answers are bounded.
pub(crate) fn direct() -> SharedHttpClient {
    SharedHttpClient::new(Bounded { inner: Builder::new().build_http() })
}

#[derive(Debug)]
struct Bounded<T> {
    inner: T,
}

impl HttpClient for Bounded<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Bounded { inner: self.inner.http_connector(settings, components) })
    }
}

impl HttpConnector for Bounded<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let mut response = answer.await?;
            let body = std::mem::replace(response.body_mut(), SdkBody::taken());
            *response.body_mut() = read(body).await?.into();
            Ok(response)
        })
    }
}

/// Reads an answer to its end, if that is not too far.
pub(crate) async fn read(body: SdkBody) -> Result<Vec<u8>, ConnectorError> {
    let mut stream = ByteStream::new(body);
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|err| ConnectorError::io(err.into()))?;
        if bytes.len() + chunk.len() > LONGEST_ANSWER {
            return Err(ConnectorError::other("the answer is too long".into(), None));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
