//! What a machine takes from the launch template that it is launched from.
//!
//! From the documentation: whatever version a group or a request names, the machine tells id, name and number; the template's
//! tags for instances are merged with the group's, which go first; and two tags of EC2 name template and version. Of a
//! template that nobody made, or a version that it does not have, a machine takes nothing and repeats the name.

use std::collections::BTreeMap;

use super::templates::Template;
use crate::world::World;
use crate::world::command::{LaunchTemplate, Tree};
use crate::world::metadata::MetadataChange;

impl World {
    /// The template as a machine tells it that is launched now.
    pub(in crate::world) fn resolved(&self, wanted: LaunchTemplate) -> LaunchTemplate {
        match self.version_of(&wanted) {
            Some((template, number)) => LaunchTemplate {
                id: Some(template.view.id.clone()),
                name: Some(template.view.name.clone()),
                version: Some(number.to_string()),
            },
            None => wanted,
        }
    }

    /// A text of its data; none if it says nothing.
    pub(in crate::world) fn template_text(&self, wanted: &LaunchTemplate, name: &str) -> Option<String> {
        self.template_inside(wanted, name, &[])
    }

    /// The same for what is deeper inside.
    pub(in crate::world) fn template_inside(
        &self,
        wanted: &LaunchTemplate,
        name: &str,
        path: &[&str],
    ) -> Option<String> {
        self.template_data(wanted)?.get(name)?.text(path)
    }

    /// The tags that it gives to instances.
    pub(in crate::world) fn template_tags(&self, wanted: &LaunchTemplate) -> BTreeMap<String, String> {
        let Some((template, number)) = self.version_of(wanted) else { return BTreeMap::new() };
        let mut tags = BTreeMap::from([
            ("aws:ec2launchtemplate:id".to_owned(), template.view.id.clone()),
            ("aws:ec2launchtemplate:version".to_owned(), number.to_string()),
        ]);
        let specifications = self.template_data(wanted).and_then(|data| data.get("TagSpecification"));
        for specification in members(specifications) {
            if specification.text(&["ResourceType"]).as_deref() == Some("instance") {
                let tag = |tag: &Tree| Some((tag.text(&["Key"])?, tag.text(&["Value"]).unwrap_or_default()));
                tags.extend(members(specification.inside(&["Tag"])).filter_map(tag));
            }
        }
        tags
    }

    /// What it says about the metadata service.
    pub(in crate::world) fn template_metadata(&self, wanted: &LaunchTemplate) -> MetadataChange {
        let says = |name: &str| self.template_inside(wanted, "MetadataOptions", &[name]);
        let word = |name: &str, yes: &str| says(name).map(|text| text == yes);
        MetadataChange {
            tokens_required: word("HttpTokens", "required"),
            enabled: word("HttpEndpoint", "enabled"),
            shows_tags: word("InstanceMetadataTags", "enabled"),
            hop_limit: says("HttpPutResponseHopLimit").and_then(|text| text.parse().ok()),
        }
    }

    fn template_data(&self, wanted: &LaunchTemplate) -> Option<&BTreeMap<String, Tree>> {
        let (template, number) = self.version_of(wanted)?;
        Some(&template.versions.get(&number)?.1.data)
    }

    fn version_of(&self, wanted: &LaunchTemplate) -> Option<(&Template, u32)> {
        let by = |template: &&Template| {
            wanted.id.as_ref() == Some(&template.view.id) || wanted.name.as_ref() == Some(&template.view.name)
        };
        let template = self.templates.values().find(by)?;
        Some((template, template.number(wanted.version.as_deref().unwrap_or("$Default")).ok()?))
    }
}

fn members(list: Option<&Tree>) -> impl Iterator<Item = &Tree> {
    match list {
        Some(Tree::List(members)) => Some(members.values()),
        Some(Tree::Text(_) | Tree::Fields(_)) | None => None,
    }
    .into_iter()
    .flatten()
}
