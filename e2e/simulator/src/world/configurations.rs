//! Launch configurations: kept, described, and what machines of groups that name one are made from, or a template.
//!
//! A group may name one that was never made; its machines are ordinary ones. At AWS it may not: what a simulated machine is
//! made of matters so little that nobody should have to make one first. The texts are AWS's, but for that of an unknown
//! instance.

use super::World;
use super::command::{ConfigurationCommand, ConfigurationView, CreateConfiguration, Page, Reply, Tree};
use super::error::AwsError;
use super::group::Group;
use super::hardware::Hardware;
use super::page::cut;
use crate::account::{ACCOUNT, MOST_LAUNCH_CONFIGURATIONS, REGION};

/// AWS's page sizes: by default, and at most.
const A_PAGE: (u32, u32) = (50, 100);

impl World {
    pub(super) fn handle_configuration(&mut self, command: ConfigurationCommand) -> Result<Reply, AwsError> {
        match command {
            ConfigurationCommand::Create(request) => self.create_configuration(request).map(|()| Reply::Done),
            ConfigurationCommand::Delete { name } => self.delete_configuration(&name),
            ConfigurationCommand::Describe { names, page } => self.describe_configurations(&names, &page),
        }
    }

    /// Makes one. The instance that it is made after needs not belong to a group.
    pub(super) fn create_configuration(&mut self, request: CreateConfiguration) -> Result<(), AwsError> {
        let CreateConfiguration { name, instance, mut image, mut kind, key, repeated } = request;
        if self.configurations.contains_key(&name) {
            return Err(AwsError::new(
                400,
                "AlreadyExists",
                format!(
                    "Launch Configuration by this name already exists - A launch configuration already exists with the \
                     name {name}"
                ),
            ));
        }
        if self.configurations.len() >= MOST_LAUNCH_CONFIGURATIONS {
            return Err(AwsError::new(
                400,
                "LimitExceeded",
                format!(
                    "Only {MOST_LAUNCH_CONFIGURATIONS} launch configurations are allowed for this account"
                ),
            ));
        }
        if let Some(id) = instance {
            let model = self.instances.get(&id).or_else(|| self.loose.get(&id));
            let model = model
                .ok_or_else(|| AwsError::validation(format!("Invalid Instance ID(s): [{id}] specified")))?;
            image = image.or_else(|| Some(model.hardware.image.clone()));
            kind = kind.or_else(|| Some(model.hardware.kind.clone()));
        }
        let (Some(image), Some(kind)) = (image, kind) else {
            return Err(AwsError::validation(
                "Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType \
                 parameters.",
            ));
        };
        let uuid = self.told_ids.uuid();
        let arn = format!(
            "arn:aws:autoscaling:{REGION}:{ACCOUNT}:launchConfiguration:{uuid}:launchConfigurationName/{name}"
        );
        let made =
            ConfigurationView { name: name.clone(), arn, created: self.now, image, kind, key, repeated };
        self.configurations.insert(name, made);
        Ok(())
    }

    fn delete_configuration(&mut self, name: &str) -> Result<Reply, AwsError> {
        if !self.configurations.contains_key(name) {
            return Err(AwsError::validation(format!(
                "Launch configuration name not found - Launch configuration {name} not found"
            )));
        }
        if let Some(user) =
            self.groups.values().find(|group| configuration_of(group).as_deref() == Some(name))
        {
            return Err(AwsError::new(
                400,
                "ResourceInUse",
                format!(
                    "Cannot delete launch configuration {name} because it is attached to AutoScalingGroup {}",
                    user.name
                ),
            ));
        }
        self.configurations.remove(name);
        Ok(Reply::Done)
    }

    fn describe_configurations(&self, names: &[String], page: &Page) -> Result<Reply, AwsError> {
        let all = self.configurations.values().filter(|one| names.is_empty() || names.contains(&one.name));
        let (page, next) = cut(all, page, A_PAGE, |one| &one.name)?;
        Ok(Reply::Configurations { configurations: page.into_iter().cloned().collect(), next })
    }

    /// What the next machine of a group is made of.
    pub(super) fn hardware_of(&self, group: &str) -> Hardware {
        let mut usual = Hardware::new(self.now);
        if let Some(template) = self.groups.get(group).and_then(Group::launches_from) {
            let text = |name: &str| self.template_text(&template, name);
            usual.image = text("ImageId").unwrap_or(usual.image);
            usual.kind = text("InstanceType").unwrap_or(usual.kind);
            usual.key = text("KeyName");
            return usual;
        }
        let name = self.groups.get(group).and_then(configuration_of);
        match name.and_then(|name| self.configurations.get(&name)) {
            Some(made) => Hardware {
                image: made.image.clone(),
                kind: made.kind.clone(),
                key: made.key.clone(),
                ..usual
            },
            None => usual,
        }
    }
}

fn configuration_of(group: &Group) -> Option<String> {
    group.settings.repeated.get("LaunchConfigurationName").and_then(|name: &Tree| name.text(&[]))
}
