//! What EC2 can be asked about the machines, and what it answers: its operations without their wire form.

mod catalogue;
mod change;
mod find;
mod launched_from;
mod listed;
mod run;
mod tags;
mod template;
mod templates;
mod view;

use std::collections::BTreeMap;
use std::time::SystemTime;

pub use catalogue::{Kind, Subnet};
pub use change::StateChange;
pub use find::{Filter, Find};
pub use run::RunInstances;
pub use tags::TagRow;
pub use template::{NewVersion, TemplateCommand, TemplateRef, TemplateView, VersionView};
pub(super) use templates::Template;
pub use view::{MachineView, OffBy, VPC};

use super::World;
use super::command::Page;
use super::error::AwsError;
use super::hardware::MachineState;
use super::metadata::{MetadataChange, MetadataOptions};

/// One EC2 operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `DescribeInstances`
    Describe(Find),
    /// `DescribeInstanceStatus`
    Status {
        /// Which machines.
        find: Find,
        /// Also those that do not run.
        all: bool,
    },
    /// `DescribeTags`
    DescribeTags {
        /// Only tags that pass all of these.
        filters: Vec<Filter>,
        /// Which page.
        page: Page,
    },
    /// `CreateTags`
    CreateTags {
        /// The instances.
        ids: Vec<String>,
        /// Keys and values.
        tags: BTreeMap<String, String>,
    },
    /// `DeleteTags`
    DeleteTags {
        /// The instances.
        ids: Vec<String>,
        /// Keys, each with the value it must have; whichever it has if there is none. All tags if empty.
        tags: BTreeMap<String, Option<String>>,
    },
    /// `TerminateInstances`
    Terminate {
        /// The instances.
        ids: Vec<String>,
    },
    /// `StopInstances`
    Stop {
        /// The instances.
        ids: Vec<String>,
        /// Whether their memory is kept.
        hibernate: bool,
    },
    /// `StartInstances`
    Start {
        /// The instances.
        ids: Vec<String>,
    },
    /// `RebootInstances`
    Reboot {
        /// The instances.
        ids: Vec<String>,
    },
    /// `RunInstances`
    Run(RunInstances),
    /// `ModifyInstanceMetadataOptions`
    ChangeMetadata {
        /// The instance.
        id: String,
        /// What becomes of its options.
        change: MetadataChange,
    },
    /// Those on launch templates.
    Template(TemplateCommand),
    /// `DescribeInstanceTypes`
    DescribeKinds {
        /// Only these; all if empty.
        names: Vec<String>,
        /// Only those that pass all of these.
        filters: Vec<Filter>,
        /// Which page.
        page: Page,
    },
    /// `DescribeImages`
    DescribeImages {
        /// Only these; those of all machines if empty.
        ids: Vec<String>,
        /// Only those that pass all of these.
        filters: Vec<Filter>,
    },
    /// `DescribeSubnets`
    DescribeSubnets {
        /// Only these; all if empty.
        ids: Vec<String>,
        /// Only those that pass all of these.
        filters: Vec<Filter>,
    },
    /// `DescribeVpcs`
    DescribeVpcs {
        /// Only these; all if empty.
        ids: Vec<String>,
        /// Only those that pass all of these.
        filters: Vec<Filter>,
    },
    /// `DescribeAvailabilityZones`
    DescribeZones {
        /// Only these; all if empty.
        names: Vec<String>,
        /// Only those that pass all of these.
        filters: Vec<Filter>,
    },
    /// `DescribeRegions`
    DescribeRegions {
        /// Only these; all if empty.
        names: Vec<String>,
    },
}

/// What EC2 answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done, nothing to tell.
    Done,
    /// To `Describe`.
    Machines {
        /// This page's, in the order of their ids.
        machines: Vec<MachineView>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To `Status`.
    Statuses {
        /// This page's, in the order of their ids.
        machines: Vec<MachineView>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To `DescribeTags`.
    Tags {
        /// This page's.
        tags: Vec<TagRow>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To `Terminate`, `Stop` and `Start`.
    Changes(Vec<StateChange>),
    /// To `Run`: the machines of one reservation.
    Ran(Vec<MachineView>),
    /// To `ChangeMetadata`.
    Metadata {
        /// The instance.
        id: String,
        /// As they are now.
        options: MetadataOptions,
    },
    /// To the operations on one launch template.
    Template(TemplateView),
    /// To the description of launch templates.
    Templates {
        /// This page's, in the order of their ids.
        templates: Vec<TemplateView>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To the creation of a version.
    TemplateVersion(VersionView),
    /// To the description of versions.
    TemplateVersions {
        /// This page's, by template, the newest first.
        versions: Vec<VersionView>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To `DescribeKinds`.
    Kinds {
        /// This page's, by name.
        kinds: Vec<Kind>,
        /// Where the next page starts.
        next: Option<String>,
    },
    /// To `DescribeImages`: their ids.
    Images(Vec<String>),
    /// To `DescribeSubnets`.
    Subnets(Vec<Subnet>),
    /// To `DescribeVpcs`: their ids.
    Vpcs(Vec<&'static str>),
    /// To `DescribeZones`: names and ids.
    Zones(Vec<(&'static str, &'static str)>),
    /// To `DescribeRegions`.
    Regions(Vec<&'static str>),
}

impl World {
    /// Carries out an operation of EC2 at `now`, after everything that was due before it.
    pub fn handle_ec2(&mut self, now: SystemTime, command: Command) -> Result<Reply, AwsError> {
        self.run_until(now);
        match command {
            Command::Describe(find) => {
                let (machines, next) = self.find(&find, |_| true)?;
                Ok(Reply::Machines { machines, next })
            }
            Command::Status { find, all } => {
                let (machines, next) = self.find(&find, |state| all || state == MachineState::Running)?;
                Ok(Reply::Statuses { machines, next })
            }
            Command::DescribeTags { filters, page } => self.describe_tags(&filters, &page),
            Command::CreateTags { ids, tags } => self.create_tags(&ids, &tags),
            Command::DeleteTags { ids, tags } => self.delete_tags(&ids, &tags),
            Command::Terminate { ids } => self.terminate_machines(&ids),
            Command::Stop { ids, hibernate } => self.stop_machines(&ids, hibernate),
            Command::Start { ids } => self.start_machines(&ids),
            Command::Reboot { ids } => self.reboot_machines(&ids),
            Command::Run(request) => self.run_machines(&request),
            Command::ChangeMetadata { id, change } => self.change_options(&id, change),
            Command::Template(command) => self.handle_template(command),
            Command::DescribeKinds { names, filters, page } => catalogue::kinds(&names, &filters, &page),
            Command::DescribeImages { ids, filters } => self.images(&ids, &filters),
            Command::DescribeSubnets { ids, filters } => catalogue::subnets(&ids, &filters),
            Command::DescribeVpcs { ids, filters } => catalogue::vpcs(&ids, &filters),
            Command::DescribeZones { names, filters } => listed::zones(&names, &filters),
            Command::DescribeRegions { names } => listed::regions(&names),
        }
    }
}

fn invalid_value(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "InvalidParameterValue", message)
}
