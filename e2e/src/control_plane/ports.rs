//! Ports on loopback that nobody else takes between our choosing them and a server's opening them.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::Context;

/// Below Linux's range for outgoing connections and for port 0, so that only another test bed could want the same.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// A port that is free now.
pub(super) fn free() -> anyhow::Result<u16> {
    (0..100)
        .map(|_| fastrand::u16(RANGE))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no free port on loopback")
}
