//! What EC2 announces for a machine before it does it: a spot interruption, a rebalance recommendation, maintenance.
//!
//! Kept with the instance, because its metadata service shows it. From the documentation: only Spot instances are
//! interrupted, and those hibernate that were made for it; an event that is over is told for a week, as completed or
//! canceled. Judgements: what is announced for a Spot instance ends when it goes off, and so does planned maintenance,
//! canceled, because the machine starts again elsewhere; an event is completed at its latest end.

use std::time::{Duration, SystemTime};

use super::World;
use super::hardware::MachineState;
use super::instance::Instance;

/// From the warning of a spot interruption until it is carried out. A machine that will hibernate gets no time at all.
const SPOT_NOTICE: Duration = Duration::from_mins(2);
/// How long an event is told of that is over.
const TOLD_AFTERWARDS: Duration = Duration::from_hours(7 * 24);
/// Of so many events at most, so that planning more and more does not fill the memory.
const MOST_PLANNED: usize = 100;

/// Everything that is announced for a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warnings {
    /// The interruption that is coming: `spot/instance-action`.
    pub spot: Option<SpotNotice>,
    /// Since when a replacement is recommended: `events/recommendations/rebalance`.
    pub rebalance: Option<SystemTime>,
    /// What is planned and what was, the oldest announcement first: `events/maintenance/scheduled` and `history`.
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
    /// Since when it is over, and how it ended.
    pub ended: Option<(SystemTime, MaintenanceEnd)>,
}

/// How planned maintenance ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MaintenanceEnd {
    /// It was done.
    Completed,
    /// It is not needed any more.
    Canceled,
}

impl Maintenance {
    /// The text AWS uses in the metadata service for how it stands.
    pub fn state(&self) -> &'static str {
        match self.ended {
            None => "active",
            Some((_, MaintenanceEnd::Completed)) => "completed",
            Some((_, MaintenanceEnd::Canceled)) => "canceled",
        }
    }

    /// What AWS says about it; once it is over, that comes first.
    pub fn description(&self) -> String {
        let mark = match self.ended {
            None => "",
            Some((_, MaintenanceEnd::Completed)) => "[Completed] ",
            Some((_, MaintenanceEnd::Canceled)) => "[Canceled] ",
        };
        format!("{mark}{}", self.code.description())
    }
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

/// Why nothing is announced for a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWarned {
    /// There is no such machine, or it is terminated.
    NoInstance,
    /// It is on demand: EC2 takes back Spot instances only.
    OnDemand,
    /// It was not made for hibernation.
    CannotHibernate,
    /// It does not run: there is nobody to be warned.
    NotRunning,
}

impl std::fmt::Display for NotWarned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            NotWarned::NoInstance => "it is not there",
            NotWarned::OnDemand => "it is no Spot instance",
            NotWarned::CannotHibernate => "it is not made for hibernation",
            NotWarned::NotRunning => "it does not run",
        })
    }
}

impl Warnings {
    /// Takes back what is announced for a Spot instance.
    pub(super) fn end_spot(&mut self) {
        (self.spot, self.rebalance) = (None, None);
    }

    /// The machine goes off: its interruption is over, and what was planned is not done here any more.
    pub(super) fn end_all(&mut self, now: SystemTime) {
        self.end_spot();
        self.finish(now);
        for event in self.maintenance.iter_mut().filter(|event| event.ended.is_none()) {
            event.ended = Some((now, MaintenanceEnd::Canceled));
        }
    }

    /// Marks what was done by `now`, and forgets what is over for longer than EC2 tells of it.
    fn finish(&mut self, now: SystemTime) {
        for event in self.maintenance.iter_mut().filter(|event| event.ended.is_none()) {
            event.ended = (event.not_after <= now).then_some((event.not_after, MaintenanceEnd::Completed));
        }
        self.maintenance.retain(|event| event.ended.is_none_or(|(at, _)| now < at + TOLD_AFTERWARDS));
    }

    /// As they stand at `now`.
    pub(super) fn at(&self, now: SystemTime) -> Warnings {
        let mut warnings = self.clone();
        warnings.finish(now);
        warnings
    }
}

impl World {
    /// Announces a spot interruption, which is carried out at its time.
    pub fn interrupt_spot(&mut self, now: SystemTime, id: &str, action: SpotAction) -> Result<(), NotWarned> {
        self.run_until(now);
        let instance = self.spot_instance(id)?;
        if action == SpotAction::Hibernate && !instance.hardware.hibernation {
            return Err(NotWarned::CannotHibernate);
        }
        let notice = if action == SpotAction::Hibernate { Duration::ZERO } else { SPOT_NOTICE };
        let time = self.now + notice;
        self.warn(id, |warnings| warnings.spot = Some(SpotNotice { action, time }));
        self.tell_interruption(id, action);
        self.interrupt_at(id, time);
        Ok(())
    }

    /// Announces that a replacement is recommended.
    pub fn recommend_rebalance(&mut self, now: SystemTime, id: &str) -> Result<(), NotWarned> {
        self.run_until(now);
        self.spot_instance(id)?;
        let since = self.now;
        self.warn(id, |warnings| warnings.rebalance = Some(since));
        self.tell_rebalance(id);
        if let Some(group) = self.instances.get(id).map(|instance| instance.group.clone()) {
            self.reconcile(&group);
        }
        Ok(())
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
        let planned = Maintenance { event_id, code, not_before, not_after, ended: None };
        let now = self.now;
        let is_known = self.warn(id, |warnings| {
            warnings.finish(now);
            warnings.maintenance.push(planned.clone());
            if warnings.maintenance.len() > MOST_PLANNED {
                warnings.maintenance.remove(0);
            }
        });
        if is_known {
            self.tell_maintenance(id, &planned);
        }
        is_known
    }

    /// Carries out the interruption that was announced for now, unless it is off.
    pub(super) fn carry_out_interruption(&mut self, id: &str) {
        let now = self.now;
        let Some(instance) = self.machine_mut(id) else { return };
        let Some(notice) = instance.warnings.spot.filter(|notice| notice.time <= now) else { return };
        instance.hardware.is_reclaimed = true;
        match notice.action {
            SpotAction::Terminate => self.end_machine(id),
            SpotAction::Stop => self.stop_machine(id, false),
            SpotAction::Hibernate => self.stop_machine(id, true),
        }
    }

    /// A Spot instance that runs, to be warned.
    fn spot_instance(&self, id: &str) -> Result<&Instance, NotWarned> {
        let alive = self.instances.get(id).or_else(|| self.loose.get(id));
        let instance = alive.ok_or(NotWarned::NoInstance)?;
        if !instance.metadata.is_spot {
            return Err(NotWarned::OnDemand);
        }
        match self.state_of(instance) {
            MachineState::Pending | MachineState::Running => Ok(instance),
            MachineState::Stopping
            | MachineState::Stopped
            | MachineState::ShuttingDown
            | MachineState::Terminated => Err(NotWarned::NotRunning),
        }
    }

    fn warn(&mut self, id: &str, warn: impl FnOnce(&mut Warnings)) -> bool {
        self.machine_mut(id).map(|instance| warn(&mut instance.warnings)).is_some()
    }
}
