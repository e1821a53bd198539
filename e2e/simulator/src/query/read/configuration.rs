//! Parameters of the operations on launch configurations.

use std::collections::BTreeMap;

use super::super::params::Params;
use super::page;
use super::settings::tree;
use crate::world::{AwsError, Command, ConfigurationCommand, CreateConfiguration, Tree};

/// What is kept as it came and repeated in answers.
const REPEATED: &[&str] = &[
    "SecurityGroups",
    "ClassicLinkVPCId",
    "ClassicLinkVPCSecurityGroups",
    "UserData",
    "KernelId",
    "RamdiskId",
    "BlockDeviceMappings",
    "InstanceMonitoring",
    "SpotPrice",
    "IamInstanceProfile",
    "EbsOptimized",
    "AssociatePublicIpAddress",
    "PlacementTenancy",
    "MetadataOptions",
];

/// The command, or none if the operation is of another subject.
pub(super) fn configuration(operation: &str, params: &Params) -> Result<Option<Command>, AwsError> {
    let name = || params.required("LaunchConfigurationName");
    let command = match operation {
        "CreateLaunchConfiguration" => ConfigurationCommand::Create(CreateConfiguration {
            name: name()?,
            instance: params.text("InstanceId"),
            image: params.text("ImageId"),
            kind: params.text("InstanceType"),
            key: params.text("KeyName"),
            repeated: repeated(params)?,
        }),
        "DeleteLaunchConfiguration" => ConfigurationCommand::Delete { name: name()? },
        "DescribeLaunchConfigurations" => ConfigurationCommand::Describe {
            names: params.list("LaunchConfigurationNames"),
            page: page(params)?,
        },
        _ => return Ok(None),
    };
    Ok(Some(Command::Configuration(command)))
}

fn repeated(params: &Params) -> Result<BTreeMap<&'static str, Tree>, AwsError> {
    let mut repeated = BTreeMap::new();
    for name in REPEATED {
        if let Some(tree) = tree(params, name)? {
            repeated.insert(*name, tree);
        }
    }
    Ok(repeated)
}
