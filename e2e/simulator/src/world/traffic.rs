//! Sources of traffic and the collection of metrics: kept and described. No traffic flows, and nobody counts.
//!
//! From the documentation: each list is changed by its own operations, ten at a time; attaching adds; a source is `Added`, or
//! `InService` if the group goes by its health checks and a member passes. Judgements: it is so at once, and the words of
//! the refusals.

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use super::command::{Page, Reply, TrafficCommand, TrafficList, TrafficSource, TrafficView, Tree};
use super::error::AwsError;
use super::group::Group;
use super::groups::refuse_while_deleting;
use super::page::cut;

/// How many a call may name.
const MOST_AT_ONCE: usize = 10;
/// AWS's page sizes: by default, and at most.
const A_PAGE: (u32, u32) = (100, 100);
const SOURCES_A_PAGE: (u32, u32) = (50, 50);
/// All metrics of a group, in AWS's order.
pub(crate) const METRICS: [&str; 20] = [
    "GroupMinSize",
    "GroupMaxSize",
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
    "GroupInServiceCapacity",
    "GroupPendingCapacity",
    "GroupStandbyCapacity",
    "GroupTerminatingCapacity",
    "GroupTotalCapacity",
    "WarmPoolDesiredCapacity",
    "WarmPoolWarmedCapacity",
    "WarmPoolPendingCapacity",
    "WarmPoolTerminatingCapacity",
    "WarmPoolTotalCapacity",
    "GroupAndWarmPoolDesiredCapacity",
    "GroupAndWarmPoolTotalCapacity",
];
/// The only granularity of metrics.
pub(crate) const GRANULARITY: &str = "1Minute";
const ENABLED_METRICS: &str = "EnabledMetrics";

impl World {
    pub(super) fn handle_traffic(&mut self, command: TrafficCommand) -> Result<Reply, AwsError> {
        match command {
            TrafficCommand::Attach { group, list, sources } => {
                refuse_too_many(&sources)?;
                let group = self.group_mut(&group)?;
                refuse_while_deleting(group)?;
                let mut all = listed(group, list);
                let new: Vec<_> = sources.into_iter().filter(|source| !all.contains(source)).collect();
                all.extend(new);
                set(group, list, all);
                Ok(Reply::Done)
            }
            TrafficCommand::Detach { group, list, sources } => {
                refuse_too_many(&sources)?;
                let group = self.group_mut(&group)?;
                let mut all = listed(group, list);
                let names = |one: &TrafficSource, other: &TrafficSource| one.id == other.id;
                if let Some(gone) = sources.iter().find(|gone| !all.iter().any(|one| names(one, gone))) {
                    return Err(AwsError::validation(format!(
                        "{} is not attached to AutoScalingGroup {}",
                        gone.id, group.name
                    )));
                }
                all.retain(|one| !sources.iter().any(|gone| names(one, gone)));
                set(group, list, all);
                Ok(Reply::Done)
            }
            TrafficCommand::Describe { group, list, kind, page } => {
                self.describe_traffic(&group, list, kind.as_ref(), &page)
            }
            TrafficCommand::EnableMetrics { group, metrics } => {
                let group = self.group_mut(&group)?;
                let wanted = known(&metrics)?;
                let enabled = enabled(group).union(&wanted).copied().collect();
                collect(group, &enabled);
                Ok(Reply::Done)
            }
            TrafficCommand::DisableMetrics { group, metrics } => {
                let group = self.group_mut(&group)?;
                let unwanted = known(&metrics)?;
                let enabled = enabled(group).difference(&unwanted).copied().collect();
                collect(group, &enabled);
                Ok(Reply::Done)
            }
        }
    }

    fn describe_traffic(
        &self,
        name: &str,
        list: TrafficList,
        kind: Option<&String>,
        page: &Page,
    ) -> Result<Reply, AwsError> {
        let group = self.group(name)?;
        let checks = group.settings.health_check_type.as_deref().unwrap_or_default();
        let has_checks = checks.contains("ELB") || checks.contains("VPC_LATTICE");
        let serves = || self.instances.of_group(name).any(|one| one.journey.serves() && one.is_at_rest());
        let state = if has_checks && serves() { "InService" } else { "Added" };
        let (mut all, sizes) = match list {
            TrafficList::Sources => {
                let lists = [TrafficList::LoadBalancers, TrafficList::TargetGroups, TrafficList::Sources];
                (lists.map(|list| listed(group, list)).concat(), SOURCES_A_PAGE)
            }
            TrafficList::LoadBalancers | TrafficList::TargetGroups => (listed(group, list), A_PAGE),
        };
        all.retain(|source| kind.is_none_or(|kind| source.kind == *kind));
        all.sort();
        all.dedup();
        let (page, next) = cut(all.into_iter(), page, sizes, |source| &source.id)?;
        let sources = page.into_iter().map(|source| TrafficView { source, state }).collect();
        Ok(Reply::Traffic { list, sources, next })
    }
}

impl TrafficList {
    /// The parameter that a group is made with and described by.
    fn parameter(self) -> &'static str {
        match self {
            TrafficList::LoadBalancers => "LoadBalancerNames",
            TrafficList::TargetGroups => "TargetGroupARNs",
            TrafficList::Sources => "TrafficSources",
        }
    }
}

fn listed(group: &Group, list: TrafficList) -> Vec<TrafficSource> {
    let Some(Tree::List(members)) = group.settings.repeated.get(list.parameter()) else { return vec![] };
    let source = |tree: &Tree| {
        let plain = |kind: &str| Some(TrafficSource { id: tree.text(&[])?, kind: kind.to_owned() });
        match list {
            TrafficList::LoadBalancers => plain("elb"),
            TrafficList::TargetGroups => plain("elbv2"),
            TrafficList::Sources => Some(TrafficSource {
                id: tree.text(&["Identifier"])?,
                kind: tree.text(&["Type"]).unwrap_or_default(),
            }),
        }
    };
    members.values().filter_map(source).collect()
}

fn set(group: &mut Group, list: TrafficList, sources: Vec<TrafficSource>) {
    let member = |source: TrafficSource| match list {
        TrafficList::LoadBalancers | TrafficList::TargetGroups => Tree::Text(source.id),
        TrafficList::Sources => fields([("Identifier", source.id), ("Type", source.kind)]),
    };
    keep(group, list.parameter(), sources.into_iter().map(member));
}

/// The metrics that are collected, as places in the order of all.
fn enabled(group: &Group) -> BTreeSet<usize> {
    let Some(Tree::List(members)) = group.settings.repeated.get(ENABLED_METRICS) else {
        return BTreeSet::new();
    };
    let place =
        |tree: &Tree| METRICS.iter().position(|metric| Some(*metric) == tree.text(&["Metric"]).as_deref());
    members.values().filter_map(place).collect()
}

fn collect(group: &mut Group, places: &BTreeSet<usize>) {
    let member = |place: &usize| {
        fields([("Granularity", GRANULARITY.to_owned()), ("Metric", METRICS[*place].to_owned())])
    };
    keep(group, ENABLED_METRICS, places.iter().map(member));
}

fn known(names: &[String]) -> Result<BTreeSet<usize>, AwsError> {
    if names.is_empty() {
        return Ok((0..METRICS.len()).collect());
    }
    let place = |name: &String| {
        let place = METRICS.iter().position(|metric| metric == name);
        place.ok_or_else(|| AwsError::validation(format!("Invalid metric: {name}")))
    };
    names.iter().map(place).collect()
}

fn fields<const N: usize>(pairs: [(&str, String); N]) -> Tree {
    let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), Tree::Text(value)));
    Tree::Fields(pairs.collect::<BTreeMap<_, _>>())
}

/// Has the group repeat a list; nothing of it if it is empty.
fn keep(group: &mut Group, name: &'static str, members: impl Iterator<Item = Tree>) {
    let members: BTreeMap<u32, Tree> = (1..).zip(members).collect();
    if members.is_empty() {
        group.settings.repeated.remove(name);
    } else {
        group.settings.repeated.insert(name, Tree::List(members));
    }
}

fn refuse_too_many(sources: &[TrafficSource]) -> Result<(), AwsError> {
    if sources.len() > MOST_AT_ONCE {
        return Err(AwsError::validation(format!(
            "A call cannot name more than {MOST_AT_ONCE} traffic sources"
        )));
    }
    Ok(())
}
