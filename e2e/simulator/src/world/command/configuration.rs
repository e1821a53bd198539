//! Launch configurations as operations make and describe them.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::{Page, Tree};

/// An operation on launch configurations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigurationCommand {
    /// `CreateLaunchConfiguration`
    Create(CreateConfiguration),
    /// `DeleteLaunchConfiguration`
    Delete {
        /// Its name.
        name: String,
    },
    /// `DescribeLaunchConfigurations`
    Describe {
        /// Only these, unknown ones left out; all if empty.
        names: Vec<String>,
        /// Which page.
        page: Page,
    },
}

/// A launch configuration to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateConfiguration {
    /// Its name.
    pub name: String,
    /// The instance whose image and type it takes where it names none.
    pub instance: Option<String>,
    /// The image that machines are made from.
    pub image: Option<String>,
    /// Their type.
    pub kind: Option<String>,
    /// The name of their key pair.
    pub key: Option<String>,
    /// Parameters that are only repeated in answers, by their names.
    pub repeated: BTreeMap<&'static str, Tree>,
}

/// A launch configuration as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationView {
    /// Its name.
    pub name: String,
    /// Its arn.
    pub arn: String,
    /// Its creation.
    pub created: SystemTime,
    /// The image that machines are made from.
    pub image: String,
    /// Their type.
    pub kind: String,
    /// The name of their key pair.
    pub key: Option<String>,
    /// Parameters as they came.
    pub repeated: BTreeMap<&'static str, Tree>,
}
