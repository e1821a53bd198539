//! The address of an instance's metadata service: the same for its whole life, open only while it runs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// A port that stays ours while nobody listens on it.
///
/// A socket that is bound but does not listen refuses connections, and keeps the port from everyone else; another
/// socket of ours may still be bound beside it and listen, because both allow the reuse of the address.
#[derive(Debug)]
pub(crate) struct Port {
    address: SocketAddr,
    _reserved: TcpSocket,
}

impl Port {
    /// Takes a free port on loopback.
    pub(crate) fn reserve() -> io::Result<Self> {
        let reserved = socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Port { address: reserved.local_addr()?, _reserved: reserved })
    }

    /// Listens on it; dropping the listener makes it refuse again.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        socket(self.address)?.listen(128)
    }

    /// Its base address.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_reserved_port_refuses_until_it_listens_and_again_afterwards() {
        let port = Port::reserve().expect("a port");
        for _ in 0..3 {
            let refused = TcpStream::connect(port.address).await.expect_err("nobody listens");
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
            let listener = port.listen().expect("listening");
            let (connected, accepted) = tokio::join!(TcpStream::connect(port.address), listener.accept());
            assert!(connected.is_ok() && accepted.is_ok());
        }
    }

    #[tokio::test]
    async fn a_reserved_port_is_not_handed_out_as_a_free_one() {
        let port = Port::reserve().expect("a port");
        for _ in 0..200 {
            let other = Port::reserve().expect("another port");
            assert_ne!(other.address, port.address);
        }
    }
}
