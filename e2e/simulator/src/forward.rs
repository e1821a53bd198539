//! `aws-simulator imds-forward`: the metadata service of one instance at another address.
//!
//! A machine in a network namespace of its own expects its metadata service at 169.254.169.254:80, and cannot reach the
//! loopback of the host, where the simulator has it. A socket in a file reaches from one namespace to the other:
//!
//! ```text
//! program on the machine ─► 169.254.169.254:80 ─► unix:PATH ─► 127.0.0.1:PORT, the metadata service of the instance
//!                           imds-forward in the   imds-forward
//!                           machine's namespace   on the host
//! ```

mod address;
mod listener;
mod lookup;
mod relay;

use std::io::Write;

use anyhow::Context;
use tokio::task::JoinSet;

use address::{Address, ListenAddress};
use listener::Listener;
use relay::relay;

/// So many connections are carried at a time; more wait until one ends.
const MOST_CONNECTIONS: usize = 256;

/// What people read first.
pub(crate) const ABOUT: &str = "\
Forwards to the metadata service of one instance until SIGTERM or Ctrl-C. The first line on stdout is the address it
listens on. While the instance is off, connections are cut at once.

Run it in the network namespace of the machine that stands for the instance, so that programs find their metadata service
where they always look. Of the host's network nothing is changed: the address must already be there.";

/// And last.
pub(crate) const EXAMPLES: &str = "\
Examples:
  In a namespace where the simulator runs too:
    ip address add 169.254.169.254/32 dev lo
    aws-simulator imds-forward --instance i-0123456789abcdef0 --simulator http://127.0.0.1:4566

  From a namespace without a way to the simulator's loopback, through a socket in a file:
    ip -n node1 address add 169.254.169.254/32 dev lo
    aws-simulator imds-forward --listen unix:/run/node1.sock \\
      --instance i-0123456789abcdef0 --simulator http://127.0.0.1:4566 &
    ip netns exec node1 aws-simulator imds-forward --to unix:/run/node1.sock";

#[derive(Debug, clap::Args)]
pub(crate) struct Forward {
    /// Where to listen: a loopback or link-local ADDRESS:PORT (port 0 picks a free one), or unix:PATH
    #[arg(long, default_value = "169.254.169.254:80", value_name = "ADDRESS")]
    listen: ListenAddress,
    /// Where to forward to: HOST:PORT, or unix:PATH where another imds-forward listens
    #[arg(long, value_name = "ADDRESS", required_unless_present = "instance", conflicts_with = "instance")]
    to: Option<Address>,
    /// Forwards to the metadata service of this instance of a simulator
    #[arg(long, value_name = "ID", requires = "simulator")]
    instance: Option<String>,
    /// The endpoint of that simulator, `http://127.0.0.1:4566`
    #[arg(long, value_name = "URL", requires = "instance")]
    simulator: Option<String>,
}

impl Forward {
    /// Forwards until `end` comes.
    pub(crate) async fn run(self, end: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
        let target = match (self.to, self.instance, self.simulator) {
            (Some(to), _, _) => to,
            (None, Some(instance), Some(simulator)) => lookup::endpoint(&simulator, &instance).await?,
            (None, _, _) => anyhow::bail!("neither --to nor --instance says where to forward to"),
        };
        let listener = Listener::open(&self.listen).await?;
        writeln!(std::io::stdout(), "{}", listener.address()).context("printing the address")?;
        tokio::select! {
            ended = end => ended,
            () = forward_all(&listener, &target) => Ok(()),
        }
    }
}

async fn forward_all(listener: &Listener, target: &Address) {
    // Dropped with this, and with it every connection.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            client = listener.accept(), if connections.len() < MOST_CONNECTIONS => {
                connections.spawn(relay(client, target.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
