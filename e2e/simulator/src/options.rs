//! What a simulator can be told before it starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::world::Settings;

/// Beyond it the clock's grain of a millisecond is longer than a second of the simulation.
const MOST_SPEED: f64 = 1000.0;

/// How a simulator behaves. The defaults suit tests: real time, short steps.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where Auto Scaling, EC2 and SQS listen; loopback only. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Lets it listen where others than this machine reach it. It trusts whoever does.
    pub allow_remote: bool,
    /// All ids and tokens follow from it: the same seed and the same calls give the same ids, two seeds give different ones.
    pub seed: u64,
    /// How many simulated seconds pass in a real one.
    pub speed: f64,
    /// The smallest `HeartbeatTimeout` a hook may have. AWS says 30 s; tests lower it.
    pub min_heartbeat_timeout: Duration,
    /// From the launch of an instance, or its start out of the pool, until its launch hook holds it.
    pub boot_time: Duration,
    /// How long an instance takes to stop, hibernate or terminate.
    pub stop_time: Duration,
    /// Each other step from one lifecycle state to the next.
    pub step_time: Duration,
    /// How long after its launch an instance answers 404 for its target lifecycle state, as new instances may.
    pub not_in_service_404: Duration,
    /// How long a machine of a group that was stopped or terminated by hand goes unnoticed.
    pub health_check_time: Duration,
    /// So many calls are kept in full; the counts of calls know all.
    pub calls_kept: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allow_remote: false,
            seed: 1,
            speed: 1.0,
            min_heartbeat_timeout: Duration::from_secs(30),
            boot_time: Duration::from_millis(300),
            stop_time: Duration::from_millis(100),
            step_time: Duration::from_millis(50),
            not_in_service_404: Duration::ZERO,
            health_check_time: Duration::from_millis(100),
            calls_kept: 200_000,
        }
    }
}

impl Options {
    /// Refuses what would let strangers in unasked, and a clock that cannot run.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.allow_remote || self.listen.ip().is_loopback(),
            "{} is not a loopback address: the simulator trusts whoever reaches it",
            self.listen
        );
        anyhow::ensure!(
            self.speed > 0.0 && self.speed <= MOST_SPEED,
            "a speed of {} is not above 0 and at most {MOST_SPEED}",
            self.speed
        );
        Ok(())
    }

    /// The part that the world goes by.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            seed: self.seed,
            min_heartbeat_timeout: self.min_heartbeat_timeout,
            boot_time: self.boot_time,
            stop_time: self.stop_time,
            step_time: self.step_time,
            no_target_time: self.not_in_service_404,
            health_check_time: self.health_check_time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_listened_on_unless_others_are_allowed() {
        for (listen, is_loopback) in [
            ("127.0.0.1:0", true),
            ("127.9.9.9:80", true),
            ("[::1]:0", true),
            ("0.0.0.0:0", false),
            ("[::]:0", false),
            ("10.0.0.1:4566", false),
            ("[::ffff:192.0.2.1]:0", false),
        ] {
            let options = |allow_remote| Options {
                listen: listen.parse().expect("an address"),
                allow_remote,
                ..Options::default()
            };
            assert_eq!(options(false).check().is_ok(), is_loopback, "{listen}");
            assert!(options(true).check().is_ok(), "{listen}");
        }
    }
}
