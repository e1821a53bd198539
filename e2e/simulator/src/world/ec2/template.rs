//! Launch templates as operations make and describe them.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::Filter;
use crate::world::command::{Page, Tree};

/// An operation on launch templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateCommand {
    /// `CreateLaunchTemplate`
    Create {
        /// Its name.
        name: String,
        /// Its first version.
        version: NewVersion,
        /// Its tags.
        tags: BTreeMap<String, String>,
    },
    /// `CreateLaunchTemplateVersion`
    AddVersion {
        /// Which template.
        template: TemplateRef,
        /// The version whose data it takes where its own says nothing.
        source: Option<String>,
        /// The new version.
        version: NewVersion,
    },
    /// `ModifyLaunchTemplate`: another default version.
    SetDefault {
        /// Which template.
        template: TemplateRef,
        /// The version's number.
        version: Option<String>,
    },
    /// `DeleteLaunchTemplate`
    Delete(TemplateRef),
    /// `DescribeLaunchTemplates`
    Describe {
        /// Only these ids; all if there are no names either.
        ids: Vec<String>,
        /// Only these names; all if there are no ids either.
        names: Vec<String>,
        /// Only those that pass all of these.
        filters: Vec<Filter>,
        /// Which page.
        page: Page,
    },
    /// `DescribeLaunchTemplateVersions`
    Versions {
        /// Which template; of all if none.
        template: Option<TemplateRef>,
        /// Numbers, `$Latest`, `$Default`; all if empty.
        versions: Vec<String>,
        /// The least and the largest number.
        within: (Option<u32>, Option<u32>),
        /// Only those that pass all of these.
        filters: Vec<Filter>,
        /// Which page.
        page: Page,
    },
}

/// A template by its id or its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateRef {
    /// `lt-…`
    Id(String),
    /// Its name.
    Name(String),
}

/// A version to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewVersion {
    /// What is said about it.
    pub description: Option<String>,
    /// Its data, as they came.
    pub data: BTreeMap<String, Tree>,
}

/// A launch template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateView {
    /// `lt-…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its creation.
    pub created: SystemTime,
    /// The number of its default version.
    pub default: u32,
    /// The number of its latest version.
    pub latest: u32,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A version of a launch template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionView {
    /// Its template.
    pub template: TemplateView,
    /// Its number.
    pub number: u32,
    /// Its creation.
    pub created: SystemTime,
    /// What was said about it.
    pub description: Option<String>,
    /// Its data, as they came.
    pub data: BTreeMap<String, Tree>,
}
