//! Parameters of the operations on tags.

use super::super::params::Params;
use crate::world::{AwsError, TagFilter};

pub(super) fn tag_filter(params: &Params) -> Result<TagFilter, AwsError> {
    let name = params.required("Name")?;
    let values = params.list("Values");
    Ok(match name.as_str() {
        "auto-scaling-group" => TagFilter::Group(values),
        "key" => TagFilter::Key(values),
        "value" => TagFilter::Value(values),
        "propagate-at-launch" => TagFilter::Propagate(values),
        _ => return Err(AwsError::validation(format!("Filter type {name} is not correct"))),
    })
}

/// A tag to be deleted: its group, and its key.
pub(super) fn unwanted_tag(params: &Params) -> Result<(String, String), AwsError> {
    Ok((params.required("ResourceId")?, params.required("Key")?))
}
