//! Parameters of the operations on groups.

use super::super::params::Params;
use super::hook;
use super::settings::settings;
use crate::world::{AwsError, CreateGroup, Filter, FilterOn, LaunchTemplate, Tag, UpdateGroup};

/// What can be tagged.
const TAGGED: &str = "auto-scaling-group";
const NO_TEMPLATE: &str = "Valid requests must contain either launchTemplateId or LaunchTemplateName";

pub(super) fn create_group(params: &Params) -> Result<CreateGroup, AwsError> {
    let name = new_name(params)?;
    let launch_template = from_one_thing(params)?;
    from_something(params)?;
    somewhere(params)?;
    Ok(CreateGroup {
        name,
        min: params.required_number("MinSize")?,
        max: params.required_number("MaxSize")?,
        desired: params.number("DesiredCapacity")?,
        zones: params.list("AvailabilityZones"),
        subnets: params.text("VPCZoneIdentifier"),
        launch_template,
        like_instance: params.text("InstanceId"),
        tags: params.structures("Tags").iter().map(tag).collect::<Result<_, _>>()?,
        hooks: params
            .structures("LifecycleHookSpecificationList")
            .iter()
            .map(hook)
            .collect::<Result<_, _>>()?,
        settings: settings(params)?,
        protects_new: params.flag("NewInstancesProtectedFromScaleIn")?.unwrap_or(false),
        ..CreateGroup::default()
    })
}

/// A name that a group may have, as documented: the visible characters of ASCII but the colon.
fn new_name(params: &Params) -> Result<String, AwsError> {
    let name = params.required("AutoScalingGroupName")?;
    if name.contains(|c: char| !c.is_ascii_graphic() || c == ':') {
        return Err(AwsError::validation(format!(
            "The AutoScalingGroup name '{name}' is not valid: it may hold the visible ASCII characters except the colon"
        )));
    }
    Ok(name)
}

/// The launch template that is named, if any; more than one thing to launch from is refused.
fn from_one_thing(params: &Params) -> Result<Option<LaunchTemplate>, AwsError> {
    let template = template(&params.under("LaunchTemplate."))?;
    if sources(params) > 1 {
        return Err(AwsError::validation(
            "Valid requests must contain only one of LaunchTemplate, LaunchConfigurationName or MixedInstancesPolicy \
             parameter.",
        ));
    }
    Ok(template)
}

/// How many things to launch from a request names.
fn sources(params: &Params) -> usize {
    let structures = ["LaunchTemplate.", "MixedInstancesPolicy."].map(|name| !params.under(name).is_empty());
    let texts = ["LaunchConfigurationName", "InstanceId"].map(|name| params.text(name).is_some());
    structures.into_iter().chain(texts).filter(|is_there| *is_there).count()
}

/// Refuses a new group that has nothing to launch from. That the policy needs a template of its own is documented, the
/// words for it are a judgement.
fn from_something(params: &Params) -> Result<(), AwsError> {
    if sources(params) == 0 {
        return Err(AwsError::validation(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or \
             MixedInstancesPolicy parameter.",
        ));
    }
    let mixed = params.under("MixedInstancesPolicy.");
    let of_policy = template(&mixed.under("LaunchTemplate.LaunchTemplateSpecification."))?;
    if !mixed.is_empty() && of_policy.is_none() {
        return Err(AwsError::validation(NO_TEMPLATE));
    }
    Ok(())
}

/// Refuses a new group that has nowhere to launch into.
fn somewhere(params: &Params) -> Result<(), AwsError> {
    let is_somewhere = params.text("VPCZoneIdentifier").is_some()
        || ["AvailabilityZones", "AvailabilityZoneIds"].iter().any(|name| !params.indices(name).is_empty());
    if !is_somewhere {
        return Err(AwsError::validation("At least one Availability Zone or VPC Subnet is required."));
    }
    Ok(())
}

/// A launch template by its id or its name.
pub(super) fn template(params: &Params) -> Result<Option<LaunchTemplate>, AwsError> {
    if params.is_empty() {
        return Ok(None);
    }
    let template = LaunchTemplate {
        id: params.text("LaunchTemplateId"),
        name: params.text("LaunchTemplateName"),
        version: params.text("Version"),
    };
    if template.id.is_some() == template.name.is_some() {
        return Err(AwsError::validation(NO_TEMPLATE));
    }
    Ok(Some(template))
}

pub(super) fn update_group(params: &Params) -> Result<UpdateGroup, AwsError> {
    Ok(UpdateGroup {
        name: params.required("AutoScalingGroupName")?,
        min: params.number("MinSize")?,
        max: params.number("MaxSize")?,
        desired: params.number("DesiredCapacity")?,
        zones: params.list("AvailabilityZones"),
        subnets: params.text("VPCZoneIdentifier"),
        launch_template: from_one_thing(params)?,
        settings: settings(params)?,
        protects_new: params.flag("NewInstancesProtectedFromScaleIn")?,
    })
}

/// A tag. That there is one type of resource is documented, the words are a judgement; a tag without a type is taken.
pub(super) fn tag(params: &Params) -> Result<Tag, AwsError> {
    if let Some(kind) = params.text("ResourceType").filter(|kind| kind != TAGGED) {
        return Err(AwsError::validation(format!("ResourceType {kind} is not valid: it must be {TAGGED}")));
    }
    Ok(Tag {
        key: params.required("Key")?,
        value: params.text("Value").unwrap_or_default(),
        propagate: params.flag("PropagateAtLaunch")?.unwrap_or(false),
    })
}

pub(super) fn filter(params: &Params) -> Result<Filter, AwsError> {
    let name = params.required("Name")?;
    let on = match name.as_str() {
        "tag-key" => FilterOn::TagKey,
        "tag-value" => FilterOn::TagValue,
        other => match other.strip_prefix("tag:") {
            Some(key) => FilterOn::Tag(key.to_owned()),
            None => return Err(AwsError::validation(format!("Filter type {name} is not correct"))),
        },
    };
    Ok(Filter { on, values: params.list("Values") })
}
