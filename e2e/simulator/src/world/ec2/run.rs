//! `RunInstances`: machines that belong to no group.

use std::collections::BTreeMap;

use super::listed::{is_zone, no_zone};
use super::tags::check_tags;
use super::{MetadataChange, Reply, invalid_value};
use crate::account::ZONES;
use crate::world::World;
use crate::world::command::LaunchTemplate;
use crate::world::error::AwsError;
use crate::world::groups::check_size;
use crate::world::metadata::MetadataOptions;
use crate::world::placement::usual_zone;

/// The parameters of `RunInstances`. What is none is as with any machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunInstances {
    /// How many at least, `MinCount`. There is always room for all.
    pub min: u32,
    /// How many, `MaxCount`.
    pub max: u32,
    /// `ImageId`
    pub image: Option<String>,
    /// `InstanceType`
    pub kind: Option<String>,
    /// `KeyName`
    pub key: Option<String>,
    /// `LaunchTemplate`
    pub launch_template: Option<LaunchTemplate>,
    /// `Placement.AvailabilityZone`
    pub zone: Option<String>,
    /// `SubnetId`
    pub subnet: Option<String>,
    /// `ClientToken`: the same once more gives the same machines.
    pub client_token: Option<String>,
    /// Whether they are Spot instances.
    pub spot: bool,
    /// Whether they can hibernate.
    pub hibernation: bool,
    /// Their role: the name of `IamInstanceProfile`.
    pub role: Option<String>,
    /// How their metadata services may be asked.
    pub metadata: MetadataChange,
    /// Their tags.
    pub tags: BTreeMap<String, String>,
}

impl World {
    pub(super) fn run_machines(&mut self, request: &RunInstances) -> Result<Reply, AwsError> {
        check_counts(request.min, request.max)?;
        check_tags(&request.tags)?;
        if request.image.is_none() && request.launch_template.is_none() {
            return Err(AwsError::new(
                400,
                "MissingParameter",
                "The request must contain the parameter ImageId",
            ));
        }
        let zone = zone_of(request)?;
        if let Some(token) = &request.client_token
            && let Some(ran) = self.ran_before(token)
        {
            return Ok(ran);
        }
        let template = request.launch_template.clone().map(|template| self.resolved(template));
        let says = |name: &str, path: &[&str]| self.template_inside(template.as_ref()?, name, path);
        let image = request.image.clone().or_else(|| says("ImageId", &[]));
        let kind = request.kind.clone().or_else(|| says("InstanceType", &[]));
        let key = request.key.clone().or_else(|| says("KeyName", &[]));
        let role = request.role.clone().or_else(|| says("IamInstanceProfile", &["Name"]));
        let is_spot =
            request.spot || says("InstanceMarketOptions", &["MarketType"]).as_deref() == Some("spot");
        let hibernates =
            request.hibernation || says("HibernationOptions", &["Configured"]).as_deref() == Some("true");
        let mut options = MetadataOptions::default();
        let mut tags = BTreeMap::new();
        if let Some(template) = &template {
            options = options.changed(self.template_metadata(template));
            tags = self.template_tags(template);
        }
        options = options.changed(request.metadata);
        tags.extend(request.tags.clone());
        let ids: Vec<_> = (0..request.max).map(|_| self.add_machine(self.now, &zone, tags.clone())).collect();
        for (index, id) in (0..).zip(&ids) {
            let Some(instance) = self.loose.get_mut(id) else { continue };
            instance.launch_template.clone_from(&template);
            instance.metadata.is_spot = is_spot;
            instance.metadata.options = options;
            instance.metadata.role.clone_from(&role);
            instance.subnet = request.subnet.clone().unwrap_or_else(|| instance.subnet.clone());
            let hardware = &mut instance.hardware;
            hardware.reservation = Some((ids[0].clone(), index));
            hardware.image = image.clone().unwrap_or_else(|| hardware.image.clone());
            hardware.kind = kind.clone().unwrap_or_else(|| hardware.kind.clone());
            hardware.key.clone_from(&key);
            hardware.client_token = request.client_token.clone().unwrap_or_default();
            hardware.hibernation = hibernates;
        }
        let ran = ids.iter().filter_map(|id| self.known(id)).map(|instance| self.machine_view(instance));
        Ok(Reply::Ran(ran.collect()))
    }

    /// The machines that a token has run already.
    fn ran_before(&self, token: &str) -> Option<Reply> {
        let mut machines: Vec<_> = self
            .told()
            .filter(|instance| instance.hardware.client_token == token)
            .map(|instance| self.machine_view(instance))
            .collect();
        machines.sort_by_key(|machine| machine.index);
        (!machines.is_empty()).then_some(Reply::Ran(machines))
    }
}

fn check_counts(min: u32, max: u32) -> Result<(), AwsError> {
    if min == 0 {
        return Err(invalid_value("Value (0) for parameter minCount is invalid. It must be at least 1."));
    }
    if max < min {
        return Err(invalid_value(format!(
            "Value ({max}) for parameter maxCount is invalid. It must not be below minCount ({min})."
        )));
    }
    check_size("MaxCount", max).map_err(|error| AwsError::new(400, "InstanceLimitExceeded", error.message))
}

/// The zone asked for, or that of the subnet. A subnet that this simulator does not know is one of the first zone.
fn zone_of(request: &RunInstances) -> Result<String, AwsError> {
    if let Some(zone) = &request.zone {
        return if is_zone(zone) { Ok(zone.clone()) } else { Err(no_zone(zone)) };
    }
    let subnet = request.subnet.as_deref();
    Ok(subnet.and_then(usual_zone).unwrap_or(ZONES[0].0).to_owned())
}
