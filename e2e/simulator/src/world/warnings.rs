//! What EC2 announces for a machine before it does it: a spot interruption, a rebalance recommendation, maintenance.
//!
//! Kept with the instance, because its metadata service shows it.

use std::time::{Duration, SystemTime};

use super::World;

/// From the warning of a spot interruption until it is carried out. A machine that will hibernate gets no time at all.
const SPOT_NOTICE: Duration = Duration::from_mins(2);

/// Everything that is announced for a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warnings {
    /// The interruption that is coming: `spot/instance-action`.
    pub spot: Option<SpotNotice>,
    /// Since when a replacement is recommended: `events/recommendations/rebalance`.
    pub rebalance: Option<SystemTime>,
    /// What is planned, the oldest announcement first: `events/maintenance/scheduled`.
    pub maintenance: Vec<Maintenance>,
}

/// A coming spot interruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpotNotice {
    /// What will be done.
    pub action: SpotAction,
    /// When.
    pub time: SystemTime,
}

/// What EC2 does to a spot instance that it wants back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpotAction {
    /// Its memory is kept.
    Hibernate,
    /// Its disks are kept.
    Stop,
    /// Nothing is kept.
    Terminate,
}

impl SpotAction {
    /// The text AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            SpotAction::Hibernate => "hibernate",
            SpotAction::Stop => "stop",
            SpotAction::Terminate => "terminate",
        }
    }
}

/// Planned maintenance of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// `instance-event-` and 17 hex digits.
    pub event_id: String,
    /// What will be done.
    pub code: MaintenanceCode,
    /// Not before.
    pub not_before: SystemTime,
    /// Done by then.
    pub not_after: SystemTime,
}

/// The kinds of maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MaintenanceCode {
    /// The machine reboots where it is.
    InstanceReboot,
    /// The host reboots.
    SystemReboot,
    /// Network or power work on the host.
    SystemMaintenance,
    /// The host is given up.
    InstanceRetirement,
    /// The machine is stopped.
    InstanceStop,
}

impl MaintenanceCode {
    /// The text AWS uses in the metadata service and in `DescribeInstanceStatus`.
    pub fn as_str(self) -> &'static str {
        match self {
            MaintenanceCode::InstanceReboot => "instance-reboot",
            MaintenanceCode::SystemReboot => "system-reboot",
            MaintenanceCode::SystemMaintenance => "system-maintenance",
            MaintenanceCode::InstanceRetirement => "instance-retirement",
            MaintenanceCode::InstanceStop => "instance-stop",
        }
    }

    /// The sentence that goes with it.
    pub fn description(self) -> &'static str {
        match self {
            MaintenanceCode::InstanceReboot => "The instance is scheduled for a reboot",
            MaintenanceCode::SystemReboot => "The instance's host is scheduled for a reboot",
            MaintenanceCode::SystemMaintenance => "The instance's host is scheduled for maintenance",
            MaintenanceCode::InstanceRetirement => "The instance is running on degraded hardware",
            MaintenanceCode::InstanceStop => "The instance is scheduled to be stopped",
        }
    }
}

impl World {
    /// Announces a spot interruption, which is carried out at its time; false if there is no such instance.
    pub fn interrupt_spot(&mut self, now: SystemTime, id: &str, action: SpotAction) -> bool {
        self.run_until(now);
        let notice = if action == SpotAction::Hibernate { Duration::ZERO } else { SPOT_NOTICE };
        let time = self.now + notice;
        let is_known = self.warn(id, |warnings| warnings.spot = Some(SpotNotice { action, time }));
        if is_known {
            self.tell_interruption(id, action);
            self.interrupt_at(id, action, time);
        }
        is_known
    }

    /// Announces that a replacement is recommended; false if there is no such instance.
    pub fn recommend_rebalance(&mut self, now: SystemTime, id: &str) -> bool {
        self.run_until(now);
        let since = self.now;
        let is_known = self.warn(id, |warnings| warnings.rebalance = Some(since));
        if is_known {
            self.tell_rebalance(id);
        }
        is_known
    }

    /// Plans maintenance from `not_before` until `not_after`; false if there is no such instance.
    pub fn schedule_maintenance(
        &mut self,
        now: SystemTime,
        id: &str,
        code: MaintenanceCode,
        (not_before, not_after): (SystemTime, SystemTime),
    ) -> bool {
        self.run_until(now);
        let event_id = format!("instance-event-{}", self.told_ids.instance().trim_start_matches("i-"));
        let planned = Maintenance { event_id, code, not_before, not_after };
        let is_known = self.warn(id, |warnings| warnings.maintenance.push(planned.clone()));
        if is_known {
            self.tell_maintenance(id, &planned);
        }
        is_known
    }

    fn warn(&mut self, id: &str, warn: impl FnOnce(&mut Warnings)) -> bool {
        self.machine_mut(id).map(|instance| warn(&mut instance.warnings)).is_some()
    }
}
