//! From the parameters of an EC2 operation to a command.
//!
//! Parameters that only describe the machines (security groups, volumes, user data …) are taken and ignored; those that
//! would change how machines live, and are not built, are refused.

use std::collections::BTreeMap;

use super::VERSION;
use super::form::{Form, invalid, missing, not_built};
use super::templates::template;
use crate::world::ec2::{Command, Filter, Find, RunInstances};
use crate::world::{AwsError, LaunchTemplate, MetadataChange, Page};

const ENABLED: &[(&str, bool)] = &[("enabled", true), ("disabled", false)];
const REQUIRED: &[(&str, bool)] = &[("required", true), ("optional", false)];

/// Reads the command that an operation and its parameters ask for.
pub(super) fn command(operation: &str, version: &str, form: &Form) -> Result<Command, AwsError> {
    if version != VERSION {
        return Err(AwsError::new(
            400,
            "NoSuchVersion",
            format!("The requested version ({version}) of service AmazonEC2 does not exist"),
        ));
    }
    if let Some(command) = template(operation, form)? {
        return Ok(command);
    }
    Ok(match operation {
        "DescribeInstances" => Command::Describe(find(form)?),
        "DescribeInstanceStatus" => {
            Command::Status { find: find(form)?, all: form.flag("IncludeAllInstances")?.unwrap_or(false) }
        }
        "DescribeTags" => Command::DescribeTags { filters: filters(form)?, page: page(form)? },
        "CreateTags" => {
            let tags = tags(form)?;
            if tags.is_empty() {
                return Err(missing("Tag"));
            }
            Command::CreateTags { ids: resources(form)?, tags }
        }
        "DeleteTags" => Command::DeleteTags { ids: resources(form)?, tags: wanted_tags(form)? },
        "TerminateInstances" => Command::Terminate { ids: ids(form)? },
        "StopInstances" => {
            Command::Stop { ids: ids(form)?, hibernate: form.flag("Hibernate")?.unwrap_or(false) }
        }
        "StartInstances" => Command::Start { ids: ids(form)? },
        "RebootInstances" => Command::Reboot { ids: ids(form)? },
        "RunInstances" => Command::Run(run(form)?),
        "ModifyInstanceMetadataOptions" => {
            Command::ChangeMetadata { id: form.required("InstanceId")?, change: metadata(form)? }
        }
        "DescribeInstanceTypes" => Command::DescribeKinds {
            names: form.list("InstanceType"),
            filters: filters(form)?,
            page: page(form)?,
        },
        "DescribeImages" => Command::DescribeImages { ids: form.list("ImageId"), filters: filters(form)? },
        "DescribeSubnets" => Command::DescribeSubnets { ids: form.list("SubnetId"), filters: filters(form)? },
        "DescribeVpcs" => Command::DescribeVpcs { ids: form.list("VpcId"), filters: filters(form)? },
        "DescribeAvailabilityZones" => {
            if !form.list("ZoneId").is_empty() {
                return Err(not_built("ZoneId"));
            }
            Command::DescribeZones { names: form.list("ZoneName"), filters: filters(form)? }
        }
        "DescribeRegions" => {
            if !filters(form)?.is_empty() {
                return Err(not_built("Filter"));
            }
            Command::DescribeRegions { names: form.list("RegionName") }
        }
        _ => {
            let message = format!("The action {operation} is not valid for this web service.");
            return Err(AwsError::new(400, "InvalidAction", message));
        }
    })
}

fn ids(form: &Form) -> Result<Vec<String>, AwsError> {
    let ids = form.list("InstanceId");
    if ids.is_empty() {
        return Err(AwsError::new(400, "InvalidParameterCombination", "No instances specified"));
    }
    Ok(ids)
}

fn resources(form: &Form) -> Result<Vec<String>, AwsError> {
    let ids = form.list("ResourceId");
    if ids.is_empty() {
        return Err(missing("ResourceId"));
    }
    match ids.iter().find(|id| !id.starts_with("i-")) {
        Some(id) => Err(AwsError::new(400, "InvalidID", format!("The ID '{id}' is not valid"))),
        None => Ok(ids),
    }
}

fn find(form: &Form) -> Result<Find, AwsError> {
    Ok(Find { ids: form.list("InstanceId"), filters: filters(form)?, page: page(form)? })
}

pub(super) fn page(form: &Form) -> Result<Page, AwsError> {
    Ok(Page { max: form.number("MaxResults")?, token: form.filled("NextToken") })
}

pub(super) fn filters(form: &Form) -> Result<Vec<Filter>, AwsError> {
    let filter = |form: &Form| {
        let values = form.list("Value");
        if values.is_empty() {
            return Err(missing("Filter.Value"));
        }
        Ok(Filter { name: form.required("Name")?, values })
    };
    form.structures("Filter").iter().map(filter).collect()
}

pub(super) fn tags(form: &Form) -> Result<BTreeMap<String, String>, AwsError> {
    let tag = |form: &Form| Ok((form.required("Key")?, form.text("Value").unwrap_or_default()));
    form.structures("Tag").iter().map(tag).collect()
}

fn wanted_tags(form: &Form) -> Result<BTreeMap<String, Option<String>>, AwsError> {
    form.structures("Tag").iter().map(|form| Ok((form.required("Key")?, form.text("Value")))).collect()
}

fn metadata(form: &Form) -> Result<MetadataChange, AwsError> {
    let hop_limit = form
        .number("HttpPutResponseHopLimit")?
        .map(|limit| u8::try_from(limit).ok().filter(|limit| (1..=64).contains(limit)).ok_or(limit))
        .transpose()
        .map_err(|limit| invalid(&limit.to_string(), "HttpPutResponseHopLimit"))?;
    Ok(MetadataChange {
        tokens_required: form.word("HttpTokens", REQUIRED)?,
        enabled: form.word("HttpEndpoint", ENABLED)?,
        shows_tags: form.word("InstanceMetadataTags", ENABLED)?,
        hop_limit,
    })
}

/// Parameters of `RunInstances` that would be missed: nothing here protects a machine, or gives it an address by wish.
const NOT_BUILT: [&str; 4] =
    ["DisableApiStop", "DisableApiTermination", "PrivateIpAddress", "NetworkInterface.1.PrivateIpAddress"];

fn run(form: &Form) -> Result<RunInstances, AwsError> {
    if let Some(name) = NOT_BUILT.iter().find(|name| form.filled(name).is_some_and(|text| text != "false")) {
        return Err(not_built(name));
    }
    let template = form.under("LaunchTemplate.");
    let launch_template = LaunchTemplate {
        id: template.filled("LaunchTemplateId"),
        name: template.filled("LaunchTemplateName"),
        version: template.filled("Version"),
    };
    let mut of_instances = form.structures("TagSpecification");
    of_instances.retain(|form| form.text("ResourceType").as_deref() == Some("instance"));
    let mut all_tags = BTreeMap::new();
    for form in of_instances {
        all_tags.extend(tags(&form)?);
    }
    Ok(RunInstances {
        min: form.required_number("MinCount")?,
        max: form.required_number("MaxCount")?,
        image: form.filled("ImageId"),
        kind: form.filled("InstanceType"),
        key: form.filled("KeyName"),
        launch_template: Some(launch_template)
            .filter(|template| template.id.is_some() || template.name.is_some()),
        zone: form.filled("Placement.AvailabilityZone"),
        subnet: form.filled("SubnetId").or_else(|| form.filled("NetworkInterface.1.SubnetId")),
        client_token: form.filled("ClientToken"),
        spot: form.word("InstanceMarketOptions.MarketType", &[("spot", true)])?.unwrap_or(false),
        hibernation: form.flag("HibernationOptions.Configured")?.unwrap_or(false),
        role: form.filled("IamInstanceProfile.Name").or_else(|| {
            let arn = form.filled("IamInstanceProfile.Arn")?;
            arn.rsplit('/').next().map(str::to_owned)
        }),
        metadata: metadata(&form.under("MetadataOptions."))?,
        tags: all_tags,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::query::Params;

    fn read(operation: &str, form: &str) -> Result<Command, AwsError> {
        command(operation, VERSION, &Form(Params::parse(form.as_bytes())?))
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_code() {
        for (operation, form, code) in [
            ("DanceInCircles", "", "InvalidAction"),
            ("DescribeInstances", "Filter.1.Name=vpc-id", "MissingParameter"),
            ("DescribeInstances", "Filter.1.Value.1=x", "MissingParameter"),
            ("DescribeInstances", "MaxResults=many", "InvalidParameterValue"),
            ("DescribeRegions", "Filter.1.Name=endpoint&Filter.1.Value.1=x", "UnsupportedOperation"),
            ("TerminateInstances", "", "InvalidParameterCombination"),
            ("StopInstances", "InstanceId.1=i-1&Hibernate=perhaps", "InvalidParameterValue"),
            ("CreateTags", "Tag.1.Key=k", "MissingParameter"),
            ("CreateTags", "ResourceId.1=i-1", "MissingParameter"),
            ("CreateTags", "ResourceId.1=vol-1&Tag.1.Key=k", "InvalidID"),
            ("DeleteTags", "ResourceId.1=i-1&Tag.1.Value=v", "MissingParameter"),
            ("RunInstances", "ImageId=ami-1&MinCount=1", "MissingParameter"),
            ("RunInstances", "MinCount=1&MaxCount=1&DisableApiTermination=true", "UnsupportedOperation"),
            (
                "RunInstances",
                "MinCount=1&MaxCount=1&InstanceMarketOptions.MarketType=x",
                "InvalidParameterValue",
            ),
            ("ModifyInstanceMetadataOptions", "HttpTokens=required", "MissingParameter"),
            ("ModifyInstanceMetadataOptions", "InstanceId=i-1&HttpTokens=maybe", "InvalidParameterValue"),
            (
                "ModifyInstanceMetadataOptions",
                "InstanceId=i-1&HttpPutResponseHopLimit=65",
                "InvalidParameterValue",
            ),
        ] {
            assert_eq!(read(operation, form).expect_err(form).code, code, "{operation} {form}");
        }
        let form = Form(Params::default());
        assert_eq!(command("DescribeInstances", "2006-01-01", &form).expect_err("old").code, "NoSuchVersion");
    }

    #[test]
    fn a_tag_without_a_value_is_created_empty_and_deleted_whatever_its_value() {
        let form = "ResourceId.1=i-1&Tag.1.Key=k";
        let Ok(Command::CreateTags { tags, .. }) = read("CreateTags", form) else { panic!("not read") };
        assert_eq!(tags, [("k".to_owned(), String::new())].into());
        let Ok(Command::DeleteTags { tags, .. }) = read("DeleteTags", form) else { panic!("not read") };
        assert_eq!(tags, [("k".to_owned(), None)].into());
    }

    #[test]
    fn only_the_tags_of_instances_are_taken_from_a_launch() {
        let form = "ImageId=ami-1&MinCount=1&MaxCount=2\
                    &TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=v&TagSpecification.1.Tag.1.Value=1\
                    &TagSpecification.2.ResourceType=instance&TagSpecification.2.Tag.1.Key=i&TagSpecification.2.Tag.1.Value=2\
                    &MetadataOptions.HttpTokens=optional&DisableApiTermination=false";
        let Ok(Command::Run(run)) = read("RunInstances", form) else { panic!("not read") };
        assert_eq!(run.tags, [("i".to_owned(), "2".to_owned())].into());
        assert_eq!((run.min, run.max, run.metadata.tokens_required), (1, 2, Some(false)));
    }

    const OPERATIONS: [&str; 23] = [
        "DescribeInstanceTypes",
        "DescribeImages",
        "DescribeSubnets",
        "DescribeVpcs",
        "CreateLaunchTemplate",
        "CreateLaunchTemplateVersion",
        "ModifyLaunchTemplate",
        "DeleteLaunchTemplate",
        "DescribeLaunchTemplates",
        "DescribeLaunchTemplateVersions",
        "DescribeInstances",
        "DescribeInstanceStatus",
        "DescribeTags",
        "CreateTags",
        "DeleteTags",
        "TerminateInstances",
        "StopInstances",
        "StartInstances",
        "RebootInstances",
        "RunInstances",
        "ModifyInstanceMetadataOptions",
        "DescribeAvailabilityZones",
        "DescribeRegions",
    ];

    proptest! {
        #[test]
        fn any_parameters_are_read_or_refused(
            operation in proptest::sample::select(&OPERATIONS[..]),
            pairs in proptest::collection::vec(
                ("(InstanceId|InstanceId\\.1|Filter\\.1\\.Name|Filter\\.1\\.Value\\.1|MaxResults|MinCount|MaxCount|Tag\\.9\\.Key|[A-Za-z.]{0,9})", "\\PC{0,12}"),
                0..8,
            ),
        ) {
            let form: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            if let Err(error) = read(operation, &form.join("&")) {
                prop_assert!((400..500).contains(&error.status));
            }
        }
    }
}
