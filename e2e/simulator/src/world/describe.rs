//! The describing operations, with their pages and filters.

use std::collections::BTreeSet;

use super::World;
use super::command::{DescribeGroups, Filter, FilterOn, Page, Reply};
use super::error::AwsError;
use super::group::{Group, Pool};
use super::page::cut;

/// AWS's page sizes: by default, and at most.
const GROUPS_A_PAGE: (u32, u32) = (50, 100);
const INSTANCES_A_PAGE: (u32, u32) = (50, 50);
/// How many instance ids a call may name.
const MOST_IDS: usize = 50;

impl World {
    pub(super) fn describe_groups(&self, request: &DescribeGroups) -> Result<Reply, AwsError> {
        let groups = self
            .groups
            .values()
            .filter(|group| request.names.is_empty() || request.names.contains(&group.name))
            .filter(|group| request.filters.iter().all(|filter| holds(filter, group)));
        let (groups, next) = cut(groups, &request.page, GROUPS_A_PAGE, |group| &group.name)?;
        let groups = groups
            .into_iter()
            .map(|group| {
                let mut listed = Vec::new();
                if request.include_instances {
                    listed = self
                        .instances
                        .of_group(&group.name)
                        .filter(|instance| !instance.journey.is_listed_in_pool())
                        .map(super::Instance::view)
                        .collect();
                }
                let pooled = self.members(&group.name, |instance| instance.journey.is_listed_in_pool()).len();
                group.view(listed, pooled)
            })
            .collect();
        Ok(Reply::Groups { groups, next })
    }

    pub(super) fn describe_instances(&self, ids: &[String], page: &Page) -> Result<Reply, AwsError> {
        if ids.len() > MOST_IDS {
            return Err(AwsError::validation(format!(
                "The number of instance ids that may be passed in is limited to {MOST_IDS}"
            )));
        }
        let (instances, next) = if ids.is_empty() {
            cut(self.instances.values(), page, INSTANCES_A_PAGE, |instance| &instance.id)?
        } else {
            let ids: BTreeSet<_> = ids.iter().collect();
            let named = ids.into_iter().filter_map(|id| self.instances.get(id));
            cut(named, page, INSTANCES_A_PAGE, |instance| &instance.id)?
        };
        Ok(Reply::Instances { instances: instances.into_iter().map(super::Instance::view).collect(), next })
    }

    pub(super) fn describe_warm_pool(&self, name: &str, page: &Page) -> Result<Reply, AwsError> {
        let pool = self.group(name)?.pool.as_ref().map(Pool::view);
        let members = self.instances.of_group(name).filter(|instance| instance.journey.is_listed_in_pool());
        let (members, next) = cut(members, page, INSTANCES_A_PAGE, |instance| &instance.id)?;
        let instances = members.into_iter().map(super::Instance::view).collect();
        Ok(Reply::WarmPool { pool, instances, next })
    }
}

fn holds(filter: &Filter, group: &Group) -> bool {
    let mut tags = group.tags.values();
    match &filter.on {
        FilterOn::Tag(key) => tags.any(|tag| tag.key == *key && filter.values.contains(&tag.value)),
        FilterOn::TagKey => tags.any(|tag| filter.values.contains(&tag.key)),
        FilterOn::TagValue => tags.any(|tag| filter.values.contains(&tag.value)),
    }
}
