//! The network of the machines: a bridge in a namespace of the whole bed, and on it one namespace a machine.
//!
//! ```text
//! the bed's namespace: control plane, simulator, tests      a machine's namespace
//!   lo 127.0.0.1   bridge 198.18.0.1/16 ─────────────────── eth0 198.18.1.N/16
//!                                                           lo   169.254.169.254, fd00:ec2::254: its metadata service
//! ```
//!
//! There is no way out: nothing here has a route to the host's network, and the host's links are not touched.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::Command as Blocking;

use anyhow::{Context, ensure};

use crate::process::{command, output};

/// Where the machines find the API server and the simulator.
pub const BED_ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);

const BRIDGE: &str = "bed";

/// Makes the bridge, in the network namespace that we are in.
pub async fn make_bridge() -> anyhow::Result<()> {
    not_the_hosts()?;
    ip(&format!("link add {BRIDGE} type bridge")).await?;
    ip(&format!("address add {BED_ADDRESS}/16 dev {BRIDGE}")).await?;
    ip(&format!("link set {BRIDGE} up")).await
}

/// The first process of the jail is xtask itself, in the network of whoever started it.
fn not_the_hosts() -> anyhow::Result<()> {
    let namespace = |process: &str| fs::read_link(format!("/proc/{process}/ns/net"));
    let ours = namespace("self").context("reading our network namespace")?;
    let outer = namespace("1").context("reading the first process's network namespace")?;
    ensure!(ours != outer, "machines need a network namespace of their own: use `cargo xtask test node`");
    Ok(())
}

/// A machine's namespace; dropping it removes it.
#[derive(Debug)]
pub(super) struct Network {
    number: u8,
}

impl Network {
    /// Makes it, with the addresses at which the machine's metadata service is to be found.
    pub(super) async fn new(number: u8, metadata: &[IpAddr]) -> anyhow::Result<Self> {
        not_the_hosts()?;
        let network = Network { number };
        let (name, link) = (network.name(), network.link());
        ip(&format!("netns add {name}")).await?;
        ip(&format!("link add {link} type veth peer name eth0 netns {name}")).await?;
        ip(&format!("link set {link} master {BRIDGE} up")).await?;
        ip(&format!("-n {name} link set lo up")).await?;
        ip(&format!("-n {name} address add {}/16 dev eth0", network.address())).await?;
        ip(&format!("-n {name} link set eth0 up")).await?;
        for address in metadata {
            let length = if address.is_ipv4() { 32 } else { 128 };
            ip(&format!("-n {name} address add {address}/{length} dev lo")).await?;
        }
        // its pods are reached through it
        ip(&format!("route add {} via {}", network.pods(), network.address())).await?;
        let mut forwarding = command("nsenter");
        forwarding.arg(format!("--net={}", network.path().display()));
        output({
            forwarding.args(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
            forwarding
        })
        .await?;
        Ok(network)
    }

    /// The machine's address on the bridge.
    pub(super) fn address(&self) -> Ipv4Addr {
        Ipv4Addr::new(198, 18, 1, self.number)
    }

    /// The addresses of its pods.
    pub(super) fn pods(&self) -> String {
        format!("198.19.{}.0/24", self.number)
    }

    /// Where `setns` finds it.
    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(self.name())
    }

    fn name(&self) -> String {
        format!("machine{}", self.number)
    }

    fn link(&self) -> String {
        format!("veth{}", self.number)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // the link goes with its other end, the route with the link
        let _ = Blocking::new("ip").args(["netns", "delete", &self.name()]).status();
    }
}

async fn ip(args: &str) -> anyhow::Result<()> {
    let mut ip = command("ip");
    ip.args(args.split(' '));
    output(ip).await.map(drop)
}
