//! Parameters of the operations on launch templates.

use std::collections::BTreeMap;

use super::form::{Form, invalid, missing};
use super::read::{filters, page, tags};
use crate::world::ec2::{Command, NewVersion, TemplateCommand, TemplateRef};
use crate::world::{AwsError, Tree};

/// The deepest structure of the data is far flatter.
const DEEPEST: usize = 12;

/// The command, or none if the operation is of another subject.
pub(super) fn template(operation: &str, form: &Form) -> Result<Option<Command>, AwsError> {
    let command = match operation {
        "CreateLaunchTemplate" => TemplateCommand::Create {
            name: form.required("LaunchTemplateName")?,
            version: new_version(form)?,
            tags: template_tags(form)?,
        },
        "CreateLaunchTemplateVersion" => TemplateCommand::AddVersion {
            template: needed(form)?,
            source: form.filled("SourceVersion"),
            version: new_version(form)?,
        },
        "ModifyLaunchTemplate" => {
            TemplateCommand::SetDefault { template: needed(form)?, version: form.filled("SetDefaultVersion") }
        }
        "DeleteLaunchTemplate" => TemplateCommand::Delete(needed(form)?),
        "DescribeLaunchTemplates" => TemplateCommand::Describe {
            ids: form.list("LaunchTemplateId"),
            names: form.list("LaunchTemplateName"),
            filters: filters(form)?,
            page: page(form)?,
        },
        "DescribeLaunchTemplateVersions" => TemplateCommand::Versions {
            template: named(form)?,
            versions: form.list("LaunchTemplateVersion"),
            within: (form.number("MinVersion")?, form.number("MaxVersion")?),
            filters: filters(form)?,
            page: page(form)?,
        },
        _ => return Ok(None),
    };
    Ok(Some(Command::Template(command)))
}

fn named(form: &Form) -> Result<Option<TemplateRef>, AwsError> {
    match (form.filled("LaunchTemplateId"), form.filled("LaunchTemplateName")) {
        (Some(_), Some(_)) => Err(AwsError::new(
            400,
            "InvalidParameterCombination",
            "You cannot specify both a launch template ID and a launch template name in the request.",
        )),
        (Some(id), None) => Ok(Some(TemplateRef::Id(id))),
        (None, Some(name)) => Ok(Some(TemplateRef::Name(name))),
        (None, None) => Ok(None),
    }
}

fn needed(form: &Form) -> Result<TemplateRef, AwsError> {
    named(form)?.ok_or_else(|| {
        AwsError::new(
            400,
            "MissingParameter",
            "Either a launch template ID or a launch template name must be specified in the request.",
        )
    })
}

fn new_version(form: &Form) -> Result<NewVersion, AwsError> {
    let inside = form.under("LaunchTemplateData.");
    if inside.0.is_empty() {
        return Err(missing("LaunchTemplateData"));
    }
    let mut data = Tree::Fields(BTreeMap::new());
    for (path, value) in inside.0.as_map() {
        let names: Vec<_> = path.split('.').collect();
        // These names come back as names of elements.
        let is_sound = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
        if names.len() > DEEPEST || !names.iter().all(is_sound) {
            return Err(invalid(value, &format!("LaunchTemplateData.{path}")));
        }
        insert(&mut data, &names, value);
    }
    let Tree::Fields(data) = data else { return Err(missing("LaunchTemplateData")) };
    Ok(NewVersion { description: form.filled("VersionDescription"), data })
}

/// Puts a value where its path leads: numbers are members of lists. What stands in the way gives way.
fn insert(tree: &mut Tree, path: &[&str], value: &str) {
    match path {
        [] => *tree = Tree::Text(value.to_owned()),
        [name, rest @ ..] => {
            let fresh = || Tree::Fields(BTreeMap::new());
            if let Ok(number) = name.parse() {
                if !matches!(tree, Tree::List(_)) {
                    *tree = Tree::List(BTreeMap::new());
                }
                if let Tree::List(members) = tree {
                    insert(members.entry(number).or_insert_with(fresh), rest, value);
                }
            } else {
                if !matches!(tree, Tree::Fields(_)) {
                    *tree = fresh();
                }
                if let Tree::Fields(fields) = tree {
                    insert(fields.entry((*name).to_owned()).or_insert_with(fresh), rest, value);
                }
            }
        }
    }
}

fn template_tags(form: &Form) -> Result<BTreeMap<String, String>, AwsError> {
    let mut all = BTreeMap::new();
    for form in form.structures("TagSpecification") {
        if form.text("ResourceType").as_deref() != Some("launch-template") {
            return Err(AwsError::new(
                400,
                "InvalidParameterValue",
                "A launch template is tagged with the resource type launch-template",
            ));
        }
        all.extend(tags(&form)?);
    }
    Ok(all)
}
