//! A machine as EC2 describes it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::SystemTime;

use crate::times::spaced;
use crate::world::World;
use crate::world::event::Power;
use crate::world::hardware::MachineState;
use crate::world::instance::Instance;
use crate::world::metadata::MetadataOptions;
use crate::world::warnings::Maintenance;

/// The network of all machines.
pub const VPC: &str = "vpc-0123456789abcdef0";

/// The documented reasons of a Spot interruption.
const SPOT_SHUTDOWN: (&str, &str) = (
    "Server.SpotInstanceShutdown",
    "Server.SpotInstanceShutdown: The instance was stopped because of a Spot interruption.",
);
const SPOT_TERMINATION: (&str, &str) = (
    "Server.SpotInstanceTermination",
    "Server.SpotInstanceTermination: The instance was terminated because of a Spot interruption.",
);

/// Who had a machine go off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffBy {
    /// Somebody asked for it, Auto Scaling included.
    User,
    /// EC2 took back a Spot instance.
    Service,
}

/// A machine as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineView {
    /// Its id.
    pub id: String,
    /// The reservation it was launched by.
    pub reservation: String,
    /// Which one of its reservation it is.
    pub index: u32,
    /// The idempotency token of its launch; empty if there was none.
    pub client_token: String,
    /// Its state.
    pub state: MachineState,
    /// When it was last switched on.
    pub switched_on: SystemTime,
    /// Since when it has been going or gone off, and to what.
    pub off: Option<(SystemTime, Power)>,
    /// Whether its status checks still wait for its boot.
    pub initializing: bool,
    /// Its zone.
    pub zone: String,
    /// Its subnet.
    pub subnet: String,
    /// Its private address.
    pub address: Ipv4Addr,
    /// Its image.
    pub image: String,
    /// Its type.
    pub kind: String,
    /// The name of its key pair.
    pub key: Option<String>,
    /// Whether it is a Spot instance.
    pub spot: bool,
    /// Whether it can hibernate.
    pub hibernation: bool,
    /// How its metadata service may be asked.
    pub metadata: MetadataOptions,
    /// What is planned for it and what was, the oldest announcement first.
    pub planned: Vec<Maintenance>,
    /// Its role, which has an instance profile of the same name.
    pub role: Option<String>,
    /// Who had it go off, if it did.
    pub off_by: OffBy,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl MachineView {
    /// The host name of its private address.
    pub fn private_dns(&self) -> String {
        let [a, b, c, d] = self.address.octets();
        format!("ip-{a}-{b}-{c}-{d}.ec2.internal")
    }

    /// Why it is off, as `reason` tells it: `User initiated (2026-01-01 00:00:00 GMT)`; empty if it is on. Auto Scaling
    /// counts as a user. That a Spot instance that was taken back says `Service` is a judgement.
    pub fn reason(&self) -> String {
        let who = match self.off_by {
            OffBy::User => "User",
            OffBy::Service => "Service",
        };
        self.off.map(|(at, _)| format!("{who} initiated ({})", spaced(at))).unwrap_or_default()
    }

    /// Why it is off, as `stateReason` tells it: code and message.
    pub fn state_reason(&self) -> Option<(&'static str, &'static str)> {
        if self.off.is_some() && self.off_by == OffBy::Service {
            return Some(match self.state {
                MachineState::ShuttingDown | MachineState::Terminated => SPOT_TERMINATION,
                MachineState::Pending
                | MachineState::Running
                | MachineState::Stopping
                | MachineState::Stopped => SPOT_SHUTDOWN,
            });
        }
        self.off.map(|(_, to)| match to {
            Power::Hibernated => {
                ("Client.UserInitiatedHibernate", "Client.UserInitiatedHibernate: User initiated hibernate")
            }
            Power::Off | Power::On => {
                ("Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown")
            }
        })
    }

    /// False once nothing of the network is left to it.
    pub fn has_network(&self) -> bool {
        self.state != MachineState::Terminated
    }
}

impl World {
    pub(super) fn machine_view(&self, instance: &Instance) -> MachineView {
        let (hardware, metadata) = (&instance.hardware, &instance.metadata);
        let (first, index) = hardware.reservation.clone().unwrap_or_else(|| (instance.id.clone(), 0));
        MachineView {
            id: instance.id.clone(),
            reservation: first.replacen("i-", "r-", 1),
            index,
            client_token: hardware.client_token.clone(),
            state: self.state_of(instance),
            switched_on: hardware.switched_on,
            off: hardware.off,
            // A judgement: the checks take as long after a boot as the boot.
            initializing: self.now < hardware.booted + self.settings.boot_time * 2,
            zone: instance.zone.clone(),
            subnet: instance.subnet.clone(),
            address: metadata.address,
            image: hardware.image.clone(),
            kind: hardware.kind.clone(),
            key: hardware.key.clone(),
            spot: metadata.is_spot,
            hibernation: hardware.hibernation,
            metadata: metadata.options,
            planned: instance.warnings.at(self.now).maintenance,
            role: metadata.role.clone(),
            off_by: if hardware.is_reclaimed { OffBy::Service } else { OffBy::User },
            tags: instance.tags.clone(),
        }
    }
}
