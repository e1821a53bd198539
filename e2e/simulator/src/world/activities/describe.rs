//! `DescribeScalingActivities`.

use super::super::World;
use super::super::command::{DescribeActivities, Reply};
use super::super::error::AwsError;
use super::super::page::{bad_token, size};
use super::Numbered;

/// AWS's page size, by default and at most.
const A_PAGE: u32 = 100;
/// How many ids a call may name.
const MOST_IDS: usize = 50;
/// Marks a token as ours; the rest is the number of the last activity of the page before.
const BEFORE: &str = "before:";

impl World {
    /// The latest first, as seen at AWS.
    pub(in super::super) fn describe_activities(
        &self,
        request: &DescribeActivities,
    ) -> Result<Reply, AwsError> {
        if let Some(name) = request.group.as_ref().filter(|_| !request.include_deleted) {
            self.group(name)?;
        }
        if request.ids.len() > MOST_IDS {
            return Err(AwsError::validation(format!(
                "The number of activity ids that may be passed in is limited to {MOST_IDS}"
            )));
        }
        let size = size(&request.page, (A_PAGE, A_PAGE))?;
        let before = request.page.token.as_deref().map(number).transpose()?;
        let past = self.activities.ended.values().flatten();
        let mut wanted: Vec<_> = past
            .chain(self.activities.open.values())
            .filter(|one| before.is_none_or(|last| one.number < last))
            .filter(|one| self.is_wanted(one, request))
            .collect();
        wanted.sort_by_key(|one| std::cmp::Reverse(one.number));
        let more = wanted.len() > size;
        wanted.truncate(size);
        let next = wanted.last().filter(|_| more).map(|last| format!("{BEFORE}{}", last.number));
        let activities = wanted
            .into_iter()
            .map(|one| {
                let mut view = one.activity.clone();
                view.is_of_deleted_group = self.is_orphan(one);
                view
            })
            .collect();
        Ok(Reply::Activities { activities, next })
    }

    fn is_wanted(&self, one: &Numbered, request: &DescribeActivities) -> bool {
        let activity = &one.activity;
        let status = activity.status.as_str();
        (request.include_deleted || !self.is_orphan(one))
            && !one.is_forgotten(self.now)
            && request.group.as_ref().is_none_or(|name| *name == activity.group)
            && (request.ids.is_empty() || request.ids.contains(&activity.id))
            && request.since.is_none_or(|since| activity.start >= since)
            && request.until.is_none_or(|until| activity.start <= until)
            && request.statuses.as_ref().is_none_or(|all| all.iter().any(|one| one == status))
    }

    /// True if the group is no more, even if there is another of its name.
    fn is_orphan(&self, one: &Numbered) -> bool {
        self.groups.get(&one.activity.group).is_none_or(|group| group.uuid != one.activity.group_uuid)
    }
}

fn number(token: &str) -> Result<u64, AwsError> {
    token.strip_prefix(BEFORE).and_then(|number| number.parse().ok()).ok_or_else(|| bad_token(token))
}
