//! Tags and the lists that the service tells about itself, as XML.

use super::super::xml::Xml;
use super::traffic::metric_types;
use crate::account::MOST_LAUNCH_CONFIGURATIONS;
use crate::world::{Tag, Types};

/// AWS's default quota of an account.
const MOST_GROUPS: u32 = 500;

pub(super) fn tag(xml: &mut Xml, group: &str, tag: &Tag) {
    xml.text("ResourceId", group);
    xml.text("ResourceType", "auto-scaling-group");
    xml.text("Key", &tag.key);
    xml.text("Value", &tag.value);
    xml.text("PropagateAtLaunch", tag.propagate);
}

pub(super) fn types(xml: &mut Xml, which: Types) {
    match which {
        Types::Hooks => xml.list(
            "LifecycleHookTypes",
            ["autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"],
            Xml::value,
        ),
        Types::TerminationPolicies => xml.list(
            "TerminationPolicyTypes",
            [
                "AllocationStrategy",
                "ClosestToNextInstanceHour",
                "Default",
                "NewestInstance",
                "OldestInstance",
                "OldestLaunchConfiguration",
                "OldestLaunchTemplate",
            ],
            Xml::value,
        ),
        Types::Metrics => metric_types(xml),
        Types::Adjustments => xml.list(
            "AdjustmentTypes",
            ["ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"],
            |xml, name| xml.text("AdjustmentType", name),
        ),
    }
}

pub(super) fn limits(xml: &mut Xml, groups: usize, configurations: usize) {
    xml.text("MaxNumberOfAutoScalingGroups", MOST_GROUPS);
    xml.text("MaxNumberOfLaunchConfigurations", MOST_LAUNCH_CONFIGURATIONS);
    xml.text("NumberOfAutoScalingGroups", groups);
    xml.text("NumberOfLaunchConfigurations", configurations);
}
