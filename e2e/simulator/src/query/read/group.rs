//! Parameters of the operations on groups.

use super::super::params::Params;
use super::{hook, not_built};
use crate::world::{AwsError, CreateGroup, Filter, FilterOn, LaunchTemplate, Tag, UpdateGroup};

pub(super) fn create_group(params: &Params) -> Result<CreateGroup, AwsError> {
    if params.text("InstanceLifecyclePolicy.RetentionTriggers.TerminateHookAbandon").as_deref()
        == Some("retain")
    {
        return Err(not_built("InstanceLifecyclePolicy with TerminateHookAbandon=retain"));
    }
    if params.flag("NewInstancesProtectedFromScaleIn")? == Some(true) {
        return Err(not_built("NewInstancesProtectedFromScaleIn"));
    }
    let template = params.under("LaunchTemplate.");
    Ok(CreateGroup {
        name: params.required("AutoScalingGroupName")?,
        min: params.required_number("MinSize")?,
        max: params.required_number("MaxSize")?,
        desired: params.number("DesiredCapacity")?,
        zones: params.list("AvailabilityZones"),
        subnets: params.text("VPCZoneIdentifier"),
        launch_template: (!template.is_empty()).then(|| LaunchTemplate {
            id: template.text("LaunchTemplateId"),
            name: template.text("LaunchTemplateName"),
            version: template.text("Version"),
        }),
        tags: params.structures("Tags").iter().map(tag).collect::<Result<_, _>>()?,
        hooks: params
            .structures("LifecycleHookSpecificationList")
            .iter()
            .map(hook)
            .collect::<Result<_, _>>()?,
    })
}

pub(super) fn update_group(params: &Params) -> Result<UpdateGroup, AwsError> {
    Ok(UpdateGroup {
        name: params.required("AutoScalingGroupName")?,
        min: params.number("MinSize")?,
        max: params.number("MaxSize")?,
        desired: params.number("DesiredCapacity")?,
    })
}

pub(super) fn tag(params: &Params) -> Result<Tag, AwsError> {
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
