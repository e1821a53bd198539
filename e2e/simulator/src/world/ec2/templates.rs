//! Launch templates and their versions: kept, described, and what machines of groups that name one are made of.
//!
//! A group may name a template that was never made; its machines are ordinary ones. At AWS it may not: what a simulated
//! machine is made of matters so little that nobody should have to make a template first. Of a known template image, type,
//! key pair, market, role, hibernation, metadata options and the tags for instances count; all else is repeated in answers.
//! The error codes and texts are AWS's, but for the texts of missing versions.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::template::{NewVersion, TemplateCommand, TemplateRef, TemplateView, VersionView};
use super::{Filter, Reply, invalid_value};
use crate::world::command::Page;
use crate::world::error::AwsError;
use crate::world::{World, page};

/// One world is one machine: a script gone wrong must not take all of its memory.
const MOST_TEMPLATES: usize = 5000;
const MOST_VERSIONS: usize = 10_000;

/// A template with its versions, by number.
#[derive(Debug, Clone)]
pub(in crate::world) struct Template {
    pub(super) view: TemplateView,
    pub(super) versions: BTreeMap<u32, (SystemTime, NewVersion)>,
}

impl World {
    pub(super) fn handle_template(&mut self, command: TemplateCommand) -> Result<Reply, AwsError> {
        match command {
            TemplateCommand::Create { name, version, tags } => self.create_template(name, version, tags),
            TemplateCommand::AddVersion { template, source, version } => {
                self.add_version(&template, source.as_deref(), version)
            }
            TemplateCommand::SetDefault { template, version } => {
                let id = self.template_id(&template)?;
                let template = self.templates.get_mut(&id).ok_or_else(no_name)?;
                let number = version
                    .map(|version| template.number(&version))
                    .transpose()?
                    .unwrap_or(template.view.default);
                template.view.default = number;
                Ok(Reply::Template(template.view.clone()))
            }
            TemplateCommand::Delete(template) => {
                let id = self.template_id(&template)?;
                let gone = self.templates.remove(&id).ok_or_else(no_name)?;
                Ok(Reply::Template(gone.view))
            }
            TemplateCommand::Describe { ids, names, filters, page } => {
                self.describe_templates(&ids, &names, &filters, &page)
            }
            TemplateCommand::Versions { template, versions, within, filters, page } => {
                self.describe_versions(template.as_ref(), &versions, within, &filters, &page)
            }
        }
    }

    fn create_template(
        &mut self,
        name: String,
        version: NewVersion,
        tags: BTreeMap<String, String>,
    ) -> Result<Reply, AwsError> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "().-/_".contains(c);
        if !(3..=128).contains(&name.len()) || !name.chars().all(is_allowed) {
            let message = format!("Launch template name '{name}' is not valid");
            return Err(AwsError::new(400, "InvalidLaunchTemplateName.MalformedException", message));
        }
        if self.templates.values().any(|template| template.view.name == name) {
            return Err(AwsError::new(
                400,
                "InvalidLaunchTemplateName.AlreadyExistsException",
                "Launch template name already in use.",
            ));
        }
        if self.templates.len() >= MOST_TEMPLATES {
            return Err(too_many("launch templates"));
        }
        let id = self.told_ids.instance().replacen("i-", "lt-", 1);
        let view = TemplateView { id: id.clone(), name, created: self.now, default: 1, latest: 1, tags };
        let template = Template { view: view.clone(), versions: [(1, (self.now, version))].into() };
        self.templates.insert(id, template);
        Ok(Reply::Template(view))
    }

    fn add_version(
        &mut self,
        template: &TemplateRef,
        source: Option<&str>,
        mut version: NewVersion,
    ) -> Result<Reply, AwsError> {
        let (now, id) = (self.now, self.template_id(template)?);
        let template = self.templates.get_mut(&id).ok_or_else(no_name)?;
        if let Some(source) = source {
            let number = template.number(source)?;
            let (_, source) = &template.versions[&number];
            for (name, value) in &source.data {
                version.data.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        if template.versions.len() >= MOST_VERSIONS {
            return Err(too_many("versions"));
        }
        template.view.latest += 1;
        template.versions.insert(template.view.latest, (now, version));
        let view = template.version(template.view.latest);
        view.map(Reply::TemplateVersion).ok_or_else(no_name)
    }

    fn describe_templates(
        &self,
        ids: &[String],
        names: &[String],
        filters: &[Filter],
        page: &Page,
    ) -> Result<Reply, AwsError> {
        let mut found = Vec::new();
        for id in ids {
            found.push(self.template_id(&TemplateRef::Id(id.clone()))?);
        }
        for name in names {
            found.push(self.template_id(&TemplateRef::Name(name.clone()))?);
        }
        let is_all = ids.is_empty() && names.is_empty();
        let mut views: Vec<_> = self.templates.values().map(|template| template.view.clone()).collect();
        views.retain(|view| is_all || found.contains(&view.id));
        for filter in filters {
            match filter.name.as_str() {
                "launch-template-name" => views.retain(|view| filter.passes([view.name.as_str()])),
                "tag-key" => views.retain(|view| filter.passes(view.tags.keys().map(String::as_str))),
                name => match name.strip_prefix("tag:") {
                    Some(key) => views.retain(|view| {
                        view.tags.get(key).is_some_and(|value| filter.passes([value.as_str()]))
                    }),
                    None => return Err(filter.unknown()),
                },
            }
        }
        let (templates, next) = cut_small(views, page, |view| &view.id)?;
        Ok(Reply::Templates { templates, next })
    }

    fn describe_versions(
        &self,
        template: Option<&TemplateRef>,
        versions: &[String],
        (least, most): (Option<u32>, Option<u32>),
        filters: &[Filter],
        page: &Page,
    ) -> Result<Reply, AwsError> {
        let id = template.map(|template| self.template_id(template)).transpose()?;
        if id.is_none() && !versions.iter().any(|version| version.starts_with('$')) {
            return Err(AwsError::new(
                400,
                "MissingParameter",
                "Either a launch template ID or a launch template name must be specified in the request.",
            ));
        }
        let mut views = Vec::new();
        for template in self.templates.values().filter(|one| id.as_ref().is_none_or(|id| one.view.id == *id))
        {
            let mut numbers: Vec<_> = template.versions.keys().copied().collect();
            if !versions.is_empty() {
                numbers =
                    versions.iter().map(|version| template.number(version)).collect::<Result<_, _>>()?;
                numbers.sort_unstable();
                numbers.dedup();
            }
            numbers.retain(|number| {
                least.is_none_or(|least| *number >= least) && most.is_none_or(|most| *number <= most)
            });
            views.extend(numbers.into_iter().filter_map(|number| template.version(number)));
        }
        for filter in filters {
            let text = |view: &VersionView, name: &str| view.data.get(name).and_then(|tree| tree.text(&[]));
            let named = match filter.name.as_str() {
                "image-id" => "ImageId",
                "instance-type" => "InstanceType",
                "is-default-version" => {
                    views.retain(|view| {
                        filter.passes([if view.number == view.template.default { "true" } else { "false" }])
                    });
                    continue;
                }
                _ => return Err(filter.unknown()),
            };
            views.retain(|view| text(view, named).is_some_and(|text| filter.passes([text.as_str()])));
        }
        // The newest first, as AWS has it; the tokens of pages go up.
        views.sort_by_key(|view| (view.template.id.clone(), std::cmp::Reverse(view.number)));
        let rows = views
            .into_iter()
            .map(|view| (format!("{}/{:010}", view.template.id, u32::MAX - view.number), view));
        let (rows, next) = cut_small(rows.collect(), page, |(place, _)| place)?;
        Ok(Reply::TemplateVersions { versions: rows.into_iter().map(|(_, view)| view).collect(), next })
    }

    fn template_id(&self, template: &TemplateRef) -> Result<String, AwsError> {
        match template {
            TemplateRef::Id(id) if !id.starts_with("lt-") => Err(AwsError::new(
                400,
                "InvalidLaunchTemplateId.Malformed",
                format!("Invalid id: \"{id}\" (expecting \"lt-...\")"),
            )),
            TemplateRef::Id(id) if self.templates.contains_key(id) => Ok(id.clone()),
            TemplateRef::Id(id) => Err(AwsError::new(
                400,
                "InvalidLaunchTemplateId.NotFound",
                format!("The specified launch template, with template ID {id}, does not exist."),
            )),
            TemplateRef::Name(name) => {
                let found = self.templates.values().find(|template| template.view.name == *name);
                found.map(|template| template.view.id.clone()).ok_or_else(no_name)
            }
        }
    }
}

impl Template {
    /// The number of a version that is named by it, or as the latest or the default one.
    pub(super) fn number(&self, version: &str) -> Result<u32, AwsError> {
        let number = match version {
            "$Latest" => Some(self.view.latest),
            "$Default" => Some(self.view.default),
            number => number.parse().ok(),
        };
        number.filter(|number| self.versions.contains_key(number)).ok_or_else(|| {
            AwsError::new(
                400,
                "InvalidLaunchTemplateId.VersionNotFound",
                format!(
                    "Could not find the specified version {version} for the launch template with ID {}.",
                    self.view.id
                ),
            )
        })
    }

    fn version(&self, number: u32) -> Option<VersionView> {
        let (created, version) = self.versions.get(&number)?;
        Some(VersionView {
            template: self.view.clone(),
            number,
            created: *created,
            description: version.description.clone(),
            data: version.data.clone(),
        })
    }
}

/// One page; here AWS takes pages of any size up to 200.
fn cut_small<T>(
    items: Vec<T>,
    page: &Page,
    key: impl Fn(&T) -> &String,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    const MOST: u32 = 200;
    let size = page.max.unwrap_or(MOST);
    if !(1..=MOST).contains(&size) {
        return Err(invalid_value(format!(
            "Value ( {size} ) for parameter MaxResults is invalid. Expecting a value between 1 and {MOST}."
        )));
    }
    let bad = |_| AwsError::new(400, "InvalidNextToken", "The specified NextToken is not valid.");
    let last = page.token.as_deref().map(page::last_key).transpose().map_err(bad)?;
    Ok(page::after(items.into_iter(), last.as_deref(), size as usize, key))
}

fn no_name() -> AwsError {
    AwsError::new(
        400,
        "InvalidLaunchTemplateName.NotFoundException",
        "At least one of the launch templates specified in the request does not exist.",
    )
}

fn too_many(what: &str) -> AwsError {
    AwsError::new(400, "LaunchTemplateLimitExceeded", format!("There are too many {what} for the simulator"))
}
