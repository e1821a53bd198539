//! How machines are made: whether they are Spot instances, whether they can hibernate, and which role they have.
//!
//! At AWS a launch template says so, and whoever runs a machine himself. As groups here may name templates that nobody made,
//! the simulator can also be told: for all machines that a group launches from now on, or for one machine as if it had been
//! launched so.
//!
//! From the documentation: of a mixed instances policy the first `OnDemandBaseCapacity` instances are on demand, of the
//! others `OnDemandPercentageAboveBaseCapacity` percent (0 and 100 by default); and a warm pool holds no Spot instances.
//! Judgements: the share is rounded in favour of on demand; what the simulator was told goes before policy and template,
//! pools excepted; and where nothing says anything, machines can hibernate.

use std::time::SystemTime;

use super::World;
use super::group::Group;
use super::journey::Journey;

/// How a group was told to make its machines; what is none is as its policy or its template says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// Whether they are Spot instances.
    pub spot: Option<bool>,
    /// Whether they can hibernate.
    pub hibernation: Option<bool>,
    /// The role whose credentials their metadata services hand out.
    pub role: Option<String>,
}

/// A change of how machines are made; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MadeChange {
    /// Whether they are Spot instances.
    pub spot: Option<bool>,
    /// Whether they can hibernate.
    pub hibernation: Option<bool>,
    /// Their role; `Some(None)` takes it away.
    pub role: Option<Option<String>>,
}

impl World {
    /// Changes how the machines are made that a group launches from now on; none if there is no such group.
    pub fn set_machines(&mut self, now: SystemTime, group: &str, change: MadeChange) -> Option<Made> {
        self.run_until(now);
        let made = &mut self.groups.get_mut(group)?.life.made;
        made.spot = change.spot.or(made.spot);
        made.hibernation = change.hibernation.or(made.hibernation);
        made.role = change.role.unwrap_or(made.role.take());
        Some(made.clone())
    }

    /// Changes one machine, as if it had been made so; none if there is no such machine. One that is no Spot instance any
    /// more is not warned as one.
    pub fn set_machine(&mut self, now: SystemTime, id: &str, change: MadeChange) -> Option<Made> {
        self.run_until(now);
        let instance = self.machine_mut(id)?;
        let (hardware, metadata) = (&mut instance.hardware, &mut instance.metadata);
        hardware.hibernation = change.hibernation.unwrap_or(hardware.hibernation);
        metadata.is_spot = change.spot.unwrap_or(metadata.is_spot);
        metadata.role = change.role.unwrap_or(metadata.role.take());
        if !metadata.is_spot {
            instance.warnings.end_spot();
        }
        Some(Made {
            spot: Some(metadata.is_spot),
            hibernation: Some(hardware.hibernation),
            role: metadata.role.clone(),
        })
    }

    /// How the next machine is made that a group launches for this journey; nothing is left open but the role.
    pub(super) fn made_for(&self, group: &Group, journey: Journey) -> Made {
        let (told, template) = (&group.life.made, group.launches_from());
        let says = |name: &str, path: &str| self.template_inside(template.as_ref()?, name, &[path]);
        let market = || says("InstanceMarketOptions", "MarketType").is_some_and(|market| market == "spot");
        let spot = || self.policy_wants_spot(group).unwrap_or_else(market);
        let hibernates = || says("HibernationOptions", "Configured").map(|text| text == "true");
        Made {
            spot: Some(!journey.is_pooled() && told.spot.unwrap_or_else(spot)),
            hibernation: Some(told.hibernation.or_else(hibernates).unwrap_or(true)),
            role: told.role.clone().or_else(|| says("IamInstanceProfile", "Name")),
        }
    }

    /// Whether the next one is a Spot instance by the mixed instances policy; none if there is no policy.
    fn policy_wants_spot(&self, group: &Group) -> Option<bool> {
        let policy = group.settings.repeated.get("MixedInstancesPolicy")?;
        let number = |name: &str, usual: usize| {
            let text = policy.text(&["InstancesDistribution", name]);
            text.and_then(|text| text.parse().ok()).unwrap_or(usual)
        };
        let share = number("OnDemandPercentageAboveBaseCapacity", 100).min(100);
        let tally = self.instances.tally(&group.name);
        Some(tally.on_demand >= on_demand_of(tally.serving + 1, number("OnDemandBaseCapacity", 0), share))
    }
}

/// Whether a text can be the name of a role, by IAM's rules.
pub fn is_role(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(fits)
}

/// How many of so many instances are on demand.
fn on_demand_of(all: usize, base: usize, percent: usize) -> usize {
    let above = all.saturating_sub(base);
    all.min(base) + (above * percent).div_ceil(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_on_demand_and_of_the_rest_a_share_rounded_up() {
        for (all, base, percent, expected) in [
            (4, 0, 100, 4),
            (4, 0, 0, 0),
            (4, 1, 0, 1),
            (1, 5, 0, 1),
            (4, 0, 50, 2),
            (5, 0, 50, 3),
            (6, 1, 50, 4),
            (11, 1, 25, 4),
            (0, 1, 50, 0),
        ] {
            assert_eq!(on_demand_of(all, base, percent), expected, "{all} {base} {percent}");
        }
    }
}
