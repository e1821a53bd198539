//! Where a forwarder takes connections: an address or a socket in a file.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::{TcpListener, UnixListener, UnixStream};

use super::address::ListenAddress;
use super::relay::Stream;

/// How long to let things calm down when no connection can be accepted.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(10);

/// Something that listens. A socket in a file goes with it.
#[derive(Debug)]
pub(super) struct Listener {
    address: ListenAddress,
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix { listener: UnixListener, _file: RemoveFile },
}

/// A file that is removed at the end.
#[derive(Debug)]
struct RemoveFile(PathBuf);

impl Drop for RemoveFile {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Listener {
    pub(super) async fn open(address: &ListenAddress) -> anyhow::Result<Self> {
        match address {
            ListenAddress::Tcp(wanted) => {
                let listener = TcpListener::bind(wanted).await.map_err(|error| explain(error, address))?;
                let address = ListenAddress::Tcp(listener.local_addr()?);
                Ok(Listener { address, socket: Socket::Tcp(listener) })
            }
            ListenAddress::Unix(path) => {
                clear(path).await?;
                let listener = UnixListener::bind(path).with_context(|| format!("listening on {address}"))?;
                let socket = Socket::Unix { listener, _file: RemoveFile(path.clone()) };
                Ok(Listener { address: address.clone(), socket })
            }
        }
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> Stream {
        loop {
            let accepted = match &self.socket {
                Socket::Tcp(listener) => listener.accept().await.map(|(stream, _)| Stream::Tcp(stream)),
                Socket::Unix { listener, .. } => {
                    listener.accept().await.map(|(stream, _)| Stream::Unix(stream))
                }
            };
            match accepted {
                Ok(stream) => return stream,
                // A client that left already, or no descriptors left: nothing tells when there are some again.
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection");
                    tokio::time::sleep(AFTER_FAILED_ACCEPT).await;
                }
            }
        }
    }
}

fn explain(error: io::Error, address: &ListenAddress) -> anyhow::Error {
    let hints = [
        (
            io::ErrorKind::AddrNotAvailable,
            ": no interface of this network namespace has it (ip address add ADDRESS/32 dev lo gives it one)",
        ),
        (io::ErrorKind::AddrInUse, ": something listens there already"),
        (io::ErrorKind::PermissionDenied, ": a port below 1024 needs root"),
    ];
    let hint = hints.iter().find(|(kind, _)| *kind == error.kind()).map_or("", |(_, hint)| hint);
    anyhow::Error::new(error).context(format!("listening on {address}{hint}"))
}

/// Makes room for a socket where an earlier one was left behind; nothing else is removed.
async fn clear(path: &Path) -> anyhow::Result<()> {
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        bail!("{} is there and is no socket", path.display());
    }
    if UnixStream::connect(path).await.is_ok() {
        bail!("something listens on {} already", path.display());
    }
    std::fs::remove_file(path).with_context(|| format!("removing the old {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &Path) -> ListenAddress {
        ListenAddress::Unix(path.to_owned())
    }

    #[tokio::test]
    async fn a_socket_left_behind_is_replaced_and_one_in_use_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("s");
        // The standard library leaves the file.
        drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
        let first = Listener::open(&at(&path)).await.expect("the old one goes");
        let error = Listener::open(&at(&path)).await.expect_err("in use");
        assert!(error.to_string().contains("listens on"), "{error}");
        drop(first);
        assert!(!path.exists(), "it goes with the listener");
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("f");
        std::fs::write(&path, "precious").expect("a file");
        let error = Listener::open(&at(&path)).await.expect_err("no socket");
        assert!(error.to_string().ends_with("is no socket"), "{error}");
        assert_eq!(std::fs::read(&path).expect("still there"), b"precious");
    }
}
