//! The rules of the operations on launch configurations, sources of traffic and metrics.

use super::Rule;
use super::table::{GROUP, NAME as PLAIN, like, needed, text, there, word};

const NAME: Rule = needed("LaunchConfigurationName", 1, 255);
const BALANCERS: [Rule; 3] = [GROUP, there("LoadBalancerNames"), text("LoadBalancerNames.*", 1, 255)];
const TARGETS: [Rule; 3] = [GROUP, there("TargetGroupARNs"), text("TargetGroupARNs.*", 1, 511)];
const SOURCES: [Rule; 4] = [
    GROUP,
    there("TrafficSources"),
    needed("TrafficSources.*.Identifier", 1, 511),
    text("TrafficSources.*.Type", 1, 511),
];
const METRICS: Rule = text("Metrics.*", 1, 255);

/// Operations and their rules.
pub(super) const OPERATIONS: &[(&str, &[Rule])] = &[
    ("AttachLoadBalancerTargetGroups", &TARGETS),
    ("AttachLoadBalancers", &BALANCERS),
    ("AttachTrafficSources", &SOURCES),
    (
        "CreateLaunchConfiguration",
        &[
            NAME,
            text("ImageId", 1, 255),
            text("KeyName", 1, 255),
            text("UserData", 0, 21847),
            text("InstanceId", 1, 19),
            text("InstanceType", 1, 255),
            needed("BlockDeviceMappings.*.DeviceName", 1, 255),
            text("SpotPrice", 1, 255),
            text("IamInstanceProfile", 1, 1600),
            text("PlacementTenancy", 1, 64),
            word("MetadataOptions.HttpTokens", &["optional", "required"]),
            word("MetadataOptions.HttpEndpoint", &["disabled", "enabled"]),
        ],
    ),
    ("DeleteLaunchConfiguration", &[NAME]),
    ("DescribeLaunchConfigurations", &[text("LaunchConfigurationNames.*", 1, 255)]),
    ("DescribeLoadBalancerTargetGroups", &[GROUP]),
    ("DescribeLoadBalancers", &[GROUP]),
    ("DescribeTrafficSources", &[GROUP, text("TrafficSourceType", 1, 255)]),
    ("DetachLoadBalancerTargetGroups", &TARGETS),
    ("DetachLoadBalancers", &BALANCERS),
    ("DetachTrafficSources", &SOURCES),
    ("DisableMetricsCollection", &[GROUP, METRICS]),
    (
        "LaunchInstances",
        &[
            GROUP,
            there("RequestedCapacity"),
            there("ClientToken"),
            like("ClientToken", 1, 64, &PLAIN),
            text("AvailabilityZones.*", 1, 255),
            text("AvailabilityZoneIds.*", 1, 255),
            text("SubnetIds.*", 1, 255),
        ],
    ),
    ("EnableMetricsCollection", &[GROUP, METRICS, needed("Granularity", 1, 255)]),
];
