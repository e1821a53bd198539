//! What EC2 knows of a machine and Auto Scaling does not: how it was made, and how its power stands.

use std::time::{Duration, SystemTime};

use super::event::Power;
use super::instance::{Instance, Stage};

/// The type of a machine that was not made with another.
pub(crate) const USUAL_TYPE: &str = "t3.medium";
/// The image of a machine that was not made from another.
const USUAL_IMAGE: &str = "ami-0123456789abcdef0";

/// The state of a machine as EC2 tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MachineState {
    /// `pending`: it boots.
    Pending,
    /// `running`
    Running,
    /// `shutting-down`, on its way to `terminated`.
    ShuttingDown,
    /// `terminated`
    Terminated,
    /// `stopping`, hibernating included.
    Stopping,
    /// `stopped`, hibernated included.
    Stopped,
}

impl MachineState {
    /// The text AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            MachineState::Pending => "pending",
            MachineState::Running => "running",
            MachineState::ShuttingDown => "shutting-down",
            MachineState::Terminated => "terminated",
            MachineState::Stopping => "stopping",
            MachineState::Stopped => "stopped",
        }
    }

    /// The number AWS gives beside the text.
    pub fn code(self) -> u16 {
        match self {
            MachineState::Pending => 0,
            MachineState::Running => 16,
            MachineState::ShuttingDown => 32,
            MachineState::Terminated => 48,
            MachineState::Stopping => 64,
            MachineState::Stopped => 80,
        }
    }
}

/// A change of power that EC2 was asked for directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Stop { to: Power },
    Terminate,
}

/// The machine below an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hardware {
    pub(crate) image: String,
    pub(crate) kind: String,
    pub(crate) key: Option<String>,
    /// The instance whose id names the reservation, and which one of it this is; none if it is its own.
    pub(crate) reservation: Option<(String, u32)>,
    pub(crate) client_token: String,
    pub(crate) hibernation: bool,
    /// When it was last switched on, which EC2 calls its launch.
    pub(crate) switched_on: SystemTime,
    /// When it was last rebooted or switched on.
    pub(crate) booted: SystemTime,
    /// What EC2 was asked for and does until then.
    pub(crate) change: Option<(SystemTime, Change)>,
    /// Since when it has been going or gone off, and to what.
    pub(crate) off: Option<(SystemTime, Power)>,
    /// When the health check next looks at it.
    pub(crate) check: Option<SystemTime>,
    /// Whether it went off because EC2 took back a Spot instance.
    pub(crate) is_reclaimed: bool,
    /// When it was terminated.
    pub(crate) ended: Option<SystemTime>,
}

impl Hardware {
    /// An ordinary machine, not switched on yet.
    pub(crate) fn new(now: SystemTime) -> Self {
        Hardware {
            image: USUAL_IMAGE.to_owned(),
            kind: USUAL_TYPE.to_owned(),
            key: None,
            reservation: None,
            client_token: String::new(),
            hibernation: false,
            switched_on: now,
            booted: now,
            change: None,
            off: None,
            check: None,
            is_reclaimed: false,
            ended: None,
        }
    }

    /// Remembers that it was switched.
    pub(crate) fn switched(&mut self, now: SystemTime, power: Power) {
        if power == Power::On {
            (self.switched_on, self.booted, self.off) = (now, now, None);
            self.is_reclaimed = false;
        } else {
            self.off.get_or_insert((now, power));
        }
    }

    /// When something happens to it by itself.
    pub(crate) fn due(&self) -> Option<SystemTime> {
        self.change.map(|(until, _)| until).into_iter().chain(self.check).min()
    }
}

impl Instance {
    /// Its state as EC2 tells it.
    pub(crate) fn machine_state(&self, now: SystemTime, boot_time: Duration) -> MachineState {
        let hardware = &self.hardware;
        let goes_down = matches!(self.stage, Stage::LastStretch { .. })
            && self.power == Power::On
            && self.journey.power_on_arrival() != Power::On;
        match hardware.change {
            _ if hardware.ended.is_some() => MachineState::Terminated,
            Some((_, Change::Terminate)) => MachineState::ShuttingDown,
            _ if goes_down && self.journey.ends() => MachineState::ShuttingDown,
            Some((_, Change::Stop { .. })) => MachineState::Stopping,
            None if goes_down => MachineState::Stopping,
            None if self.power != Power::On => MachineState::Stopped,
            None if now < hardware.switched_on + boot_time => MachineState::Pending,
            None => MachineState::Running,
        }
    }
}
