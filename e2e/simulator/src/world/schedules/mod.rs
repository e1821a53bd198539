//! Scheduled actions: they change the sizes of their group at their time.
//!
//! From the documentation: a time in the past is refused, and so is a second action for the same time; a start comes before
//! the first recurrence, an end after the last; while `ScheduledActions` is suspended what comes due is passed over.
//! Judgements: what is wanted beyond the new limits is brought within them, limits that contradict each other change
//! nothing, and the words of the refusals but those of a start in the past.

mod cron;

use std::collections::BTreeMap;
use std::time::SystemTime;

use jiff::tz::TimeZone;

use super::World;
use super::command::{Page, Process, PutSchedule, Reply, ScheduleCommand, ScheduleReply, ScheduleView};
use super::error::AwsError;
use super::group::Group;
use super::groups::{check_size, refuse_while_deleting};
use super::page::cut;
use crate::account::{ACCOUNT, REGION};
use cron::Cron;

/// AWS's quota a group.
const MOST_ACTIONS: usize = 125;
/// How many a call may name.
const MOST_AT_ONCE: usize = 50;
/// AWS's page sizes: by default, and at most.
const A_PAGE: (u32, u32) = (50, 100);

/// The scheduled actions of a group, by name.
pub(crate) type Schedules = BTreeMap<String, Scheduled>;

/// An action that waits for its time.
#[derive(Debug, Clone)]
pub(crate) struct Scheduled {
    action: PutSchedule,
    uuid: String,
    due: SystemTime,
    again: Option<(Cron, TimeZone)>,
}

impl World {
    pub(super) fn handle_schedule(&mut self, command: ScheduleCommand) -> Result<Reply, AwsError> {
        match command {
            ScheduleCommand::Put { group, action } => self.put_schedule(&group, action).map(|()| Reply::Done),
            ScheduleCommand::PutAll { group, actions } => {
                self.group(&group)?;
                refuse_too_many(actions.len())?;
                let put = |action: PutSchedule| (action.name.clone(), self.put_schedule(&group, action));
                let failed = failures(actions.into_iter().map(put));
                Ok(Reply::Schedule(ScheduleReply::NotPut(failed)))
            }
            ScheduleCommand::Delete { group, name } => {
                self.delete_schedule(&group, &name).map(|()| Reply::Done)
            }
            ScheduleCommand::DeleteAll { group, names } => {
                self.group(&group)?;
                refuse_too_many(names.len())?;
                let delete = |name: String| {
                    let done = self.delete_schedule(&group, &name);
                    (name, done)
                };
                let failed = failures(names.into_iter().map(delete));
                Ok(Reply::Schedule(ScheduleReply::NotDeleted(failed)))
            }
            ScheduleCommand::Describe { group, names, since, until, page } => {
                self.describe_schedules(group.as_deref(), &names, (since, until), &page)
            }
        }
    }

    fn put_schedule(&mut self, name: &str, action: PutSchedule) -> Result<(), AwsError> {
        refuse_while_deleting(self.group(name)?)?;
        let uuid = self.told_ids.uuid();
        let mut scheduled = scheduled(action, uuid, self.now)?;
        let all = &mut self.group_mut(name)?.schedules;
        let (others, action) = (all.values(), &scheduled.action);
        let rival =
            others.filter(|other| other.action.name != action.name).find(|other| other.due == scheduled.due);
        if let (Some(rival), Some(_)) = (rival, action.start) {
            let message = format!("Scheduled action {} is due at the same time", rival.action.name);
            return Err(AwsError::new(400, "AlreadyExists", message));
        }
        if !all.contains_key(&action.name) && all.len() >= MOST_ACTIONS {
            let message = format!("A group cannot have more than {MOST_ACTIONS} scheduled actions");
            return Err(AwsError::new(400, "LimitExceeded", message));
        }
        if let Some(known) = all.get(&action.name) {
            scheduled.uuid.clone_from(&known.uuid);
        }
        all.insert(scheduled.action.name.clone(), scheduled);
        Ok(())
    }

    fn delete_schedule(&mut self, group: &str, name: &str) -> Result<(), AwsError> {
        let gone = self.group_mut(group)?.schedules.remove(name);
        gone.map(|_| ()).ok_or_else(|| {
            AwsError::validation(format!(
                "Scheduled action name not found - Scheduled Action: {name} not found"
            ))
        })
    }

    fn describe_schedules(
        &self,
        group: Option<&str>,
        names: &[String],
        (since, until): (Option<SystemTime>, Option<SystemTime>),
        page: &Page,
    ) -> Result<Reply, AwsError> {
        if let Some(group) = group {
            self.group(group)?;
        }
        let is_wanted = |one: &Scheduled| {
            let in_time =
                || since.is_none_or(|since| one.due >= since) && until.is_none_or(|until| one.due <= until);
            if names.is_empty() { in_time() } else { names.contains(&one.action.name) }
        };
        // A space is in no group's name, and before every character that is.
        let groups = self.groups.values().filter(|home| group.is_none_or(|group| home.name == group));
        let all: Vec<_> = groups
            .flat_map(|home| home.schedules.values().map(|one| (home.name.as_str(), one)))
            .filter(|(_, one)| is_wanted(one))
            .map(|(group, one)| (format!("{group} {}", one.action.name), one.view(group)))
            .collect();
        let (actions, next) = cut(all.into_iter(), page, A_PAGE, |(key, _)| key)?;
        let actions = actions.into_iter().map(|(_, view)| view).collect();
        Ok(Reply::Schedule(ScheduleReply::Actions { actions, next }))
    }

    /// When a scheduled action is due next.
    pub(super) fn next_schedule(&self) -> Option<SystemTime> {
        let all = self.groups.values().flat_map(|group| group.schedules.values());
        all.map(|scheduled| scheduled.due).min()
    }

    /// Carries out one scheduled action that is due; false if there is none.
    pub(super) fn fire_schedule(&mut self) -> bool {
        let now = self.now;
        let found = self.groups.values_mut().find_map(|group| {
            let (name, _) = group.schedules.iter().find(|(_, scheduled)| scheduled.due <= now)?;
            let name = name.clone();
            Some((group.name.clone(), group.schedules.remove(&name)?))
        });
        let Some((name, scheduled)) = found else { return false };
        let action = scheduled.action.clone();
        if let Some(next) = scheduled.next()
            && let Some(group) = self.groups.get_mut(&name)
        {
            group.schedules.insert(action.name.clone(), next);
        }
        if !self.is_suspended(Process::ScheduledActions, &name)
            && let Some(group) = self.groups.get_mut(&name)
            && let Some(what) = carry_out(group, &action)
        {
            self.because(&format!("the scheduled action {} executed. {what}", action.name));
            self.reconcile(&name);
        }
        true
    }
}

impl Scheduled {
    /// The same for its next time, if it has one before its end.
    fn next(mut self) -> Option<Self> {
        let (cron, zone) = self.again.as_ref()?;
        self.due = cron.after(self.due, zone)?;
        self.action.end.is_none_or(|end| self.due <= end).then_some(self)
    }

    fn view(&self, group: &str) -> ScheduleView {
        let PutSchedule { name, .. } = &self.action;
        ScheduleView {
            group: group.to_owned(),
            action: self.action.clone(),
            arn: format!(
                "arn:aws:autoscaling:{REGION}:{ACCOUNT}:scheduledUpdateGroupAction:{}:autoScalingGroupName/{group}:\
                 scheduledActionName/{name}",
                self.uuid
            ),
            due: self.due,
        }
    }
}

/// An action with the time when it is due first.
fn scheduled(action: PutSchedule, uuid: String, now: SystemTime) -> Result<Scheduled, AwsError> {
    let PutSchedule { start, end, recurrence, time_zone, min, max, desired, .. } = &action;
    if min.is_none() && max.is_none() && desired.is_none() {
        return Err(AwsError::validation(
            "At least one of MinSize, MaxSize and DesiredCapacity must be specified",
        ));
    }
    for size in [min, max, desired].into_iter().flatten() {
        check_size("Size", *size)?;
    }
    if min.zip(*max).is_some_and(|(min, max)| min > max) {
        return Err(AwsError::validation("Min size must not be greater than max size"));
    }
    let zone = match time_zone.as_deref() {
        None => TimeZone::UTC,
        Some(_) if recurrence.is_none() => {
            return Err(AwsError::validation("TimeZone requires Recurrence"));
        }
        Some(name) => TimeZone::get(name)
            .map_err(|_| AwsError::validation(format!("Given time zone: {name} is invalid")))?,
    };
    let invalid = |text: &String| AwsError::validation(format!("Given recurrence string: {text} is invalid"));
    let again = recurrence.as_ref().map(|text| Cron::parse(text).ok_or_else(|| invalid(text))).transpose()?;
    if start.is_some_and(|start| start <= now) {
        return Err(AwsError::validation("Given start time is in the past"));
    }
    let first = || again.as_ref().and_then(|cron| cron.after(now, &zone));
    let due = start.or_else(first).ok_or_else(|| match recurrence {
        Some(text) => invalid(text),
        None => AwsError::validation("StartTime or Recurrence must be specified"),
    })?;
    if end.is_some_and(|end| end < due) {
        return Err(AwsError::validation("Given end time is before the start time"));
    }
    Ok(Scheduled { again: again.map(|cron| (cron, zone)), action, uuid, due })
}

/// Changes the sizes, and says how; nothing if the group goes, or if they contradict each other.
fn carry_out(group: &mut Group, action: &PutSchedule) -> Option<String> {
    let (min, max) = (action.min.unwrap_or(group.min), action.max.unwrap_or(group.max));
    if group.deleting || min > max {
        return None;
    }
    let desired = action.desired.unwrap_or(group.desired).clamp(min, max);
    let sizes = [
        ("min size", group.min, min),
        ("max size", group.max, max),
        ("desired capacity", group.desired, desired),
    ];
    (group.min, group.max, group.desired) = (min, max, desired);
    let changes = sizes.into_iter().filter(|(_, from, to)| from != to);
    let changes: Vec<_> =
        changes.map(|(what, from, to)| format!("Setting {what} from {from} to {to}.")).collect();
    Some(changes.join(" "))
}

fn failures(outcomes: impl Iterator<Item = (String, Result<(), AwsError>)>) -> Vec<(String, String, String)> {
    outcomes.filter_map(|(name, done)| done.err().map(|error| (name, error.code, error.message))).collect()
}

fn refuse_too_many(count: usize) -> Result<(), AwsError> {
    if count > MOST_AT_ONCE {
        return Err(AwsError::validation(format!(
            "A call cannot name more than {MOST_AT_ONCE} scheduled actions"
        )));
    }
    Ok(())
}
