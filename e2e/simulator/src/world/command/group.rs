//! Groups as operations make, change and describe them.

use std::time::SystemTime;

use super::super::Made;
use super::{GroupLife, GroupSettings, InstanceView, Page, PoolView, PutHook};

/// A group to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateGroup {
    /// Its name.
    pub name: String,
    /// The least instances in service.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// The wanted; `min` if not given.
    pub desired: Option<u32>,
    /// Its zones; three by default.
    pub zones: Vec<String>,
    /// Its subnets, with commas; instances are launched into them.
    pub subnets: Option<String>,
    /// Its launch template, only repeated in answers.
    pub launch_template: Option<LaunchTemplate>,
    /// The instance that it launches others like: a launch configuration of the group's name is made after it.
    pub like_instance: Option<String>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Hooks that exist from the start.
    pub hooks: Vec<PutHook>,
    /// Everything else.
    pub settings: GroupSettings,
    /// Whether new instances are protected from scale-in.
    pub protects_new: bool,
    /// How it makes its machines; no request of the API says it.
    pub made: Made,
}

/// Changes to a group; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateGroup {
    /// Its name.
    pub name: String,
    /// The least instances in service.
    pub min: Option<u32>,
    /// The most.
    pub max: Option<u32>,
    /// The wanted.
    pub desired: Option<u32>,
    /// Its zones, for instances launched from now on; none if they stay, or follow new subnets.
    pub zones: Vec<String>,
    /// Its subnets.
    pub subnets: Option<String>,
    /// Its launch template, for instances launched from now on.
    pub launch_template: Option<LaunchTemplate>,
    /// Everything else.
    pub settings: GroupSettings,
    /// Whether new instances are protected from scale-in.
    pub protects_new: Option<bool>,
}

/// Which groups to tell about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DescribeGroups {
    /// Only these, unknown ones left out; all if empty.
    pub names: Vec<String>,
    /// All of these must hold.
    pub filters: Vec<Filter>,
    /// Whether their instances are listed.
    pub include_instances: bool,
    /// Which page.
    pub page: Page,
}

/// A condition on a group's tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What is compared.
    pub on: FilterOn,
    /// One of these.
    pub values: Vec<String>,
}

/// What a filter looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterOn {
    /// `tag:KEY`: the value of this tag.
    Tag(String),
    /// `tag-key`: the key of any tag.
    TagKey,
    /// `tag-value`: the value of any tag.
    TagValue,
}

/// A launch template's name and version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaunchTemplate {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// A tag of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Whether instances launched from now on carry it.
    pub propagate: bool,
}

/// A group as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// Its name.
    pub name: String,
    /// The part of its arn that tells it from another group of this name.
    pub uuid: String,
    /// Its creation.
    pub created: SystemTime,
    /// The least instances in service.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// The wanted.
    pub desired: u32,
    /// Its zones.
    pub zones: Vec<String>,
    /// Its subnets.
    pub subnets: Option<String>,
    /// Its launch template.
    pub launch_template: Option<LaunchTemplate>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Its instances, those of the warm pool left out.
    pub instances: Vec<InstanceView>,
    /// Its warm pool.
    pub pool: Option<PoolView>,
    /// How many instances are in the pool, or on their way in.
    pub pool_size: usize,
    /// Everything else.
    pub settings: GroupSettings,
    /// How it treats its members.
    pub life: GroupLife,
}
