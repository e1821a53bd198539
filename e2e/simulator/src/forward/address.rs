//! Addresses as the command line writes them.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// What a socket in a file begins with.
const UNIX: &str = "unix:";
/// Where instances find their metadata service over IPv6.
const IMDS_IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Where something can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// `HOST:PORT`
    Tcp(String),
    /// A socket in a file.
    Unix(PathBuf),
}

/// Where something may listen: nowhere that others could reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListenAddress {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = unix(text)? {
            return Ok(Address::Unix(path));
        }
        match text.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse().is_ok_and(|port: u16| port > 0) => {
                Ok(Address::Tcp(text.to_owned()))
            }
            _ => Err("neither HOST:PORT nor unix:PATH".to_owned()),
        }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = unix(text)? {
            return Ok(ListenAddress::Unix(path));
        }
        let address: SocketAddr =
            text.parse().map_err(|_| "neither ADDRESS:PORT nor unix:PATH".to_owned())?;
        let is_private = match address.ip() {
            IpAddr::V4(ip) => ip.is_loopback() || ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_loopback() || ip == IMDS_IPV6,
        };
        if !is_private {
            return Err("not a loopback or link-local address: others could reach it".to_owned());
        }
        Ok(ListenAddress::Tcp(address))
    }
}

fn unix(text: &str) -> Result<Option<PathBuf>, String> {
    match text.strip_prefix(UNIX) {
        Some("") => Err("unix: without a path".to_owned()),
        Some(path) => Ok(Some(PathBuf::from(path))),
        None => Ok(None),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => f.write_str(address),
            Address::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListenAddress::Tcp(address) => address.fmt(f),
            ListenAddress::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        for text in ["127.0.0.1:80", "host.example:65535", "[::1]:8080", "unix:/run/a b.sock", "unix:x"] {
            assert_eq!(text.parse::<Address>().map(|address| address.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "80", ":80", "host", "host:", "host:0", "host:65536", "unix:"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn it_listens_only_where_others_cannot_reach_it() {
        for text in ["127.0.0.1:0", "169.254.169.254:80", "[::1]:80", "[fd00:ec2::254]:80", "unix:/x"] {
            assert_eq!(text.parse::<ListenAddress>().map(|address| address.to_string()).as_deref(), Ok(text));
        }
        for text in ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "[fd00:ec2::255]:80", "localhost:80", "unix:"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_an_address_or_refused(text in "\\PC{0,40}") {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert_eq!(address.to_string(), text.clone());
            }
            let _ = text.parse::<ListenAddress>();
        }
    }
}
