//! One connection, carried to the target and back.

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, split};
use tokio::net::{TcpStream, UnixStream};

use super::address::Address;

/// A connection of either kind.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Both directions of a connection.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

impl Stream {
    async fn connect(target: &Address) -> std::io::Result<Self> {
        Ok(match target {
            Address::Tcp(address) => Stream::Tcp(TcpStream::connect(address.as_str()).await?),
            Address::Unix(path) => Stream::Unix(UnixStream::connect(path).await?),
        })
    }

    /// Has whoever is at the other end see a reset rather than an orderly end, unless it was ended before.
    fn end_abruptly(&self) {
        if let Stream::Tcp(stream) = self {
            // An orderly end will do where it cannot be set.
            let _ = stream.set_zero_linger();
        }
    }

    fn into_duplex(self) -> Box<dyn Duplex> {
        match self {
            Stream::Tcp(stream) => {
                // Small answers should not wait for more.
                let _ = stream.set_nodelay(true);
                Box::new(stream)
            }
            Stream::Unix(stream) => Box::new(stream),
        }
    }
}

/// Carries bytes until the target has nothing more to say. A client that has said all still gets its answer.
pub(super) async fn relay(client: Stream, target: Address) {
    let server = match Stream::connect(&target).await {
        Ok(server) => server,
        Err(error) => {
            tracing::info!(%target, %error, "cutting a connection: the target does not answer");
            return client.end_abruptly();
        }
    };
    let (mut from_client, mut to_client) = split(client.into_duplex());
    let (mut from_server, mut to_server) = split(server.into_duplex());
    let onward = async {
        // Broken off rather than said all: nobody waits for an answer.
        if copy(&mut from_client, &mut to_server).await.is_ok() && to_server.shutdown().await.is_ok() {
            std::future::pending::<()>().await;
        }
    };
    let back = async {
        let _ = copy(&mut from_server, &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    tokio::select! {
        () = onward => {}
        () = back => {}
    }
}
