//! The way to IMDS: straight, never through a proxy, and never more than a page at a time.
//!
//! The SDK's own client takes `HTTP_PROXY` from the environment, and would read an endless answer into memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// Whether anything came from the other side, be it a refusal or the beginning of nonsense: the SDK's errors do not tell a
/// service that answers badly from one that is not there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<AtomicBool>);

impl Heard {
    /// From here on nothing was heard yet.
    pub(crate) fn forget(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Says whether anything came.
    pub(crate) fn anything(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A client over plain HTTP without proxy, whose answers are bounded.
pub(crate) fn direct(heard: Heard) -> SharedHttpClient {
    SharedHttpClient::new(Bounded { inner: Builder::new().build_http(), heard })
}

#[derive(Debug)]
struct Bounded<T> {
    inner: T,
    heard: Heard,
}

impl HttpClient for Bounded<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Bounded {
            inner: self.inner.http_connector(settings, components),
            heard: self.heard.clone(),
        })
    }
}

impl HttpConnector for Bounded<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, heard) = (self.inner.call(request), self.heard.clone());
        HttpConnectorFuture::new(async move {
            let mut response = answer.await?;
            heard.0.store(true, Ordering::Relaxed);
            let body = std::mem::replace(response.body_mut(), SdkBody::taken());
            *response.body_mut() = read(body).await?.into();
            Ok(response)
        })
    }
}

async fn read(body: SdkBody) -> Result<Vec<u8>, ConnectorError> {
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
