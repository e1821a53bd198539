//! The operations on instance refreshes.

use std::collections::BTreeMap;

use super::super::World;
use super::super::command::{
    LaunchTemplate, Page, RefreshStatus, RefreshStrategy, Reply, StartRefresh, Tree, Wanted,
};
use super::super::error::AwsError;
use super::super::group::Group;
use super::super::groups::refuse_while_deleting;
use super::Refresh;

/// How many past refreshes a group remembers; older ones are forgotten, as those of six weeks ago are at AWS.
const REMEMBERED: usize = 100;
/// AWS's page sizes: by default, and at most.
const A_PAGE: (u32, u32) = (50, 100);

impl World {
    pub(in crate::world) fn start_refresh(&mut self, request: StartRefresh) -> Result<Reply, AwsError> {
        let name = request.group.clone();
        let group = self.group(&name)?;
        refuse_while_deleting(group)?;
        if group.refresh().is_some() {
            return Err(AwsError::new(
                400,
                "InstanceRefreshInProgress",
                "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
            ));
        }
        if request.strategy == RefreshStrategy::ReplaceRootVolume {
            check_root_volume(group, request.wanted.as_ref())?;
        }
        if request.preferences.auto_rollback == Some(true) && !can_turn(group, request.wanted.as_ref()) {
            return Err(AwsError::validation(
                "AutoRollback needs a desired configuration, and a launch template version that is neither $Latest nor \
                 $Default.",
            ));
        }
        let target = request.wanted.as_ref().map(Wanted::template).or_else(|| group.template());
        let target = target.map(|template| self.resolved(template));
        // What it is not told is as the group replaces members otherwise.
        let policy = group.maintenance();
        let mut preferences = request.preferences;
        preferences.min_healthy = preferences.min_healthy.or(policy.map(|policy| policy.min));
        preferences.max_healthy = preferences.max_healthy.or(policy.map(|policy| policy.max));
        let skip = preferences.skip_matching == Some(true);
        let old = self.members(&name, |instance| {
            (instance.journey.serves() || instance.is_pooled())
                && !(skip && instance.launch_template == target)
        });
        let refresh = Refresh {
            id: self.ids.uuid(),
            strategy: request.strategy,
            status: RefreshStatus::InProgress,
            started: self.now,
            ended: None,
            wanted: request.wanted,
            preferences,
            total: old.len(),
            remaining: old.len(),
            old: old.into_iter().collect(),
            fresh: BTreeMap::new(),
            passed: 0,
            pause: None,
            rolled_back: None,
            rollback_reason: None,
            status_reason: None,
            failing_since: None,
        };
        let id = refresh.id.clone();
        let refreshes = &mut self.group_mut(&name)?.refreshes;
        refreshes.push(refresh);
        if refreshes.len() > REMEMBERED {
            refreshes.remove(0);
        }
        self.reconcile(&name);
        Ok(Reply::Refreshing { id })
    }

    pub(in crate::world) fn cancel_refresh(&mut self, name: &str, wait: bool) -> Result<Reply, AwsError> {
        let now = self.now;
        let refresh = self.active_refresh(name)?;
        let id = refresh.id.clone();
        refresh.pause = None;
        if wait {
            refresh.status = RefreshStatus::Cancelling;
        } else {
            (refresh.status, refresh.ended) = (RefreshStatus::Cancelled, Some(now));
        }
        self.reconcile(name);
        Ok(Reply::Refreshing { id })
    }

    /// Turns a refresh around: what it updated is brought back to what the group still says.
    pub(in crate::world) fn rollback_refresh(&mut self, name: &str) -> Result<Reply, AwsError> {
        let group = self.group(name)?;
        let can_turn = can_turn(group, group.refresh().and_then(|refresh| refresh.wanted.as_ref()));
        let refresh = self.active_refresh(name)?;
        if !can_turn || !matches!(refresh.status, RefreshStatus::InProgress | RefreshStatus::Baking) {
            return Err(AwsError::new(
                400,
                "IrreversibleInstanceRefresh",
                "The instance refresh cannot be rolled back: it needs a desired configuration, and a launch template \
                 version that is neither $Latest nor $Default.",
            ));
        }
        let id = refresh.id.clone();
        self.turn_refresh(name, "The rollback was requested by the user.");
        self.reconcile(name);
        Ok(Reply::Refreshing { id })
    }

    /// Has a refresh bring back what it updated.
    pub(super) fn turn_refresh(&mut self, name: &str, reason: &'static str) {
        let now = self.now;
        let Ok(refresh) = self.active_refresh(name) else { return };
        let kept = std::mem::take(&mut refresh.old);
        let updated = self.members(name, |instance| {
            (instance.journey.serves() || instance.is_pooled()) && !kept.contains(&instance.id)
        });
        let Ok(refresh) = self.active_refresh(name) else { return };
        (refresh.rollback_reason, refresh.failing_since) = (Some(reason), None);
        refresh.rolled_back = Some((now, refresh.percentage(), refresh.remaining));
        refresh.status = RefreshStatus::RollbackInProgress;
        refresh.total = updated.len();
        refresh.remaining = updated.len();
        refresh.old = updated.into_iter().collect();
        // Those that were never touched are up to date again.
        refresh.fresh = kept.into_iter().map(|id| (id, std::time::SystemTime::UNIX_EPOCH)).collect();
        refresh.pause = None;
    }

    pub(in crate::world) fn describe_refreshes(
        &self,
        name: &str,
        ids: &[String],
        page: &Page,
    ) -> Result<Reply, AwsError> {
        let group = self.group(name)?;
        // The newest first; the key counts down so that a page token stays good while new ones come.
        let views: Vec<_> = group
            .refreshes
            .iter()
            .rev()
            .filter(|refresh| ids.is_empty() || ids.contains(&refresh.id))
            .map(|refresh| {
                let age = u64::MAX - nanos(refresh.started);
                (format!("{age:020}:{}", refresh.id), refresh.view(name))
            })
            .collect();
        let (cut, next) = super::super::page::cut(views.iter(), page, A_PAGE, |(key, _)| key)?;
        Ok(Reply::Refreshes { refreshes: cut.into_iter().map(|(_, view)| view.clone()).collect(), next })
    }

    fn active_refresh(&mut self, name: &str) -> Result<&mut Refresh, AwsError> {
        self.group_mut(name)?.refresh_mut().ok_or_else(|| {
            AwsError::new(
                400,
                "ActiveInstanceRefreshNotFound",
                format!("No in progress or pending Instance Refresh found for Auto Scaling group {name}"),
            )
        })
    }
}

/// As documented: back to a version of its own only, and only from a desired configuration.
fn can_turn(group: &Group, wanted: Option<&Wanted>) -> bool {
    let floats = group
        .template()
        .is_some_and(|template| template.version.as_deref().is_none_or(|version| version.starts_with('$')));
    wanted.is_some() && !floats
}

/// As documented: mixed instances policies with images on both sides, and no warm pool.
fn check_root_volume(group: &Group, wanted: Option<&Wanted>) -> Result<(), AwsError> {
    if group.pool.is_some() {
        return Err(AwsError::validation(
            "The ReplaceRootVolume strategy is not supported for Auto Scaling groups with a warm pool.",
        ));
    }
    let has_policy = group.settings.repeated.contains_key("MixedInstancesPolicy");
    let Some(Wanted::Mixed(policy)) = wanted.filter(|_| has_policy) else {
        return Err(AwsError::validation(
            "The ReplaceRootVolume strategy needs an Auto Scaling group with a mixed instances policy and a desired \
             configuration with one.",
        ));
    };
    let overrides = policy.inside(&["LaunchTemplate", "Overrides"]);
    let images = match overrides {
        Some(Tree::List(members)) => members.values().map(|member| member.text(&["ImageId"])).collect(),
        _ => vec![None],
    };
    if images.iter().any(Option::is_none) {
        return Err(AwsError::validation(
            "The ReplaceRootVolume strategy needs an ImageId in every override of the mixed instances policy.",
        ));
    }
    Ok(())
}

fn nanos(at: std::time::SystemTime) -> u64 {
    let since = at.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

impl LaunchTemplate {
    /// The launch template inside a mixed instances policy.
    pub(crate) fn of_policy(policy: &Tree) -> LaunchTemplate {
        let field = |name| policy.text(&["LaunchTemplate", "LaunchTemplateSpecification", name]);
        LaunchTemplate {
            id: field("LaunchTemplateId"),
            name: field("LaunchTemplateName"),
            version: field("Version"),
        }
    }
}
