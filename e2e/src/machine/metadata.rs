//! The metadata service of a machine's instance, at the machine's own address for it.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::network::Network;
use crate::process::{Process, command};
use crate::tools::beside;

/// Carries what the machine asks of its metadata service to the simulator, which is on another loopback.
pub(super) fn forward(
    network: &Network,
    addresses: &[IpAddr],
    instance: &str,
    simulator: &str,
    dir: &Path,
) -> anyhow::Result<Vec<Process>> {
    let socket = format!("unix:{}", dir.join("imds.sock").display());
    let log = dir.join("imds-forward.log");
    let simulator_program = beside("aws-simulator")?;
    let mut near = command(&simulator_program);
    near.args(["imds-forward", "--listen", &socket, "--instance", instance, "--simulator", simulator]);
    let mut forwards = vec![Process::spawn("imds-forward", near, &log)?];
    for address in addresses {
        let listen = SocketAddr::from((*address, 80)).to_string();
        let mut far = command("nsenter");
        far.arg(format!("--net={}", network.path().display())).arg(&simulator_program);
        far.args(["imds-forward", "--listen", &listen, "--to", &socket]);
        forwards.push(Process::spawn("imds-forward", far, &log)?);
    }
    Ok(forwards)
}
