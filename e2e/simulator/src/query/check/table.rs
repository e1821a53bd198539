//! The rules of each operation, as the model of the service (botocore's of 2026-08) has them, in the order of its members.

use super::{Kind, Pattern, Rule};

pub(super) const GROUP: Rule = needed("AutoScalingGroupName", 1, 255);
const INSTANCES: Rule = text("InstanceIds.*", 1, 19);
const POOL_STATES: &[&str] = &["Stopped", "Running", "Hibernated"];
const RETENTION: Rule =
    word("InstanceLifecyclePolicy.RetentionTriggers.TerminateHookAbandon", &["retain", "terminate"]);
const DELETION_PROTECTION: Rule =
    word("DeletionProtection", &["none", "prevent-force-deletion", "prevent-all-deletion"]);
const ACTION: [Rule; 4] = [
    hook("LifecycleHookName"),
    needed("AutoScalingGroupName", 1, 1600),
    text("LifecycleActionToken", 36, 36),
    text("InstanceId", 1, 19),
];
/// Names of hooks.
pub(super) const NAME: Pattern = Pattern {
    shown: r"[A-Za-z0-9\-_\/]+",
    allows: |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/'),
};
/// Names of launch templates.
const TEMPLATE_NAME: Pattern = Pattern {
    shown: r"[a-zA-Z0-9\(\)\.\-/_]+",
    allows: |c| c.is_ascii_alphanumeric() || matches!(c, '(' | ')' | '.' | '-' | '/' | '_'),
};
const TEMPLATE: [Rule; 3] = [
    text("LaunchTemplate.LaunchTemplateId", 1, 255),
    like("LaunchTemplate.LaunchTemplateName", 3, 128, &TEMPLATE_NAME),
    text("LaunchTemplate.Version", 1, 255),
];
const MIXED: &str = "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateName";
const TAGS: [Rule; 3] = [there("Tags"), needed("Tags.*.Key", 1, 128), text("Tags.*.Value", 0, 256)];

/// Operations and their rules.
pub(super) const OPERATIONS: &[(&str, &[Rule])] = &[
    ("AttachInstances", &[INSTANCES, GROUP]),
    ("CancelInstanceRefresh", &[GROUP]),
    (
        "CompleteLifecycleAction",
        &[ACTION[0], ACTION[1], ACTION[2], there("LifecycleActionResult"), ACTION[3]],
    ),
    (
        "CreateAutoScalingGroup",
        &[
            GROUP,
            text("LaunchConfigurationName", 1, 255),
            TEMPLATE[0],
            TEMPLATE[1],
            TEMPLATE[2],
            like(MIXED, 3, 128, &TEMPLATE_NAME),
            text("InstanceId", 1, 19),
            there("MinSize"),
            there("MaxSize"),
            text("AvailabilityZones.*", 1, 255),
            text("VPCZoneIdentifier", 1, 5000),
            hook("LifecycleHookSpecificationList.*.LifecycleHookName"),
            there("LifecycleHookSpecificationList.*.LifecycleTransition"),
            text("LifecycleHookSpecificationList.*.NotificationMetadata", 1, 4000),
            DELETION_PROTECTION,
            needed("Tags.*.Key", 1, 128),
            text("Tags.*.Value", 0, 256),
            RETENTION,
        ],
    ),
    ("CreateOrUpdateTags", &TAGS),
    ("DeleteAutoScalingGroup", &[GROUP]),
    ("DeleteLifecycleHook", &[hook("LifecycleHookName"), GROUP]),
    ("DeleteNotificationConfiguration", &[GROUP, needed("TopicARN", 1, 255)]),
    ("DeleteTags", &TAGS),
    ("DeleteWarmPool", &[GROUP]),
    ("DescribeAutoScalingGroups", &[text("AutoScalingGroupNames.*", 1, 255)]),
    ("DescribeAutoScalingInstances", &[INSTANCES]),
    ("DescribeInstanceRefreshes", &[GROUP, text("InstanceRefreshIds.*", 1, 255)]),
    ("DescribeLifecycleHooks", &[GROUP, text("LifecycleHookNames.*", 1, 255)]),
    ("DescribeNotificationConfigurations", &[text("AutoScalingGroupNames.*", 1, 255)]),
    ("DescribeWarmPool", &[GROUP]),
    ("DetachInstances", &[INSTANCES, GROUP, there("ShouldDecrementDesiredCapacity")]),
    ("EnterStandby", &[INSTANCES, GROUP, there("ShouldDecrementDesiredCapacity")]),
    ("ExitStandby", &[INSTANCES, GROUP]),
    (
        "PutLifecycleHook",
        &[
            hook("LifecycleHookName"),
            GROUP,
            text("NotificationTargetARN", 0, 255),
            text("NotificationMetadata", 1, 4000),
        ],
    ),
    (
        "PutNotificationConfiguration",
        &[GROUP, needed("TopicARN", 1, 255), there("NotificationTypes"), text("NotificationTypes.*", 1, 255)],
    ),
    ("PutWarmPool", &[GROUP, word("PoolState", POOL_STATES)]),
    ("RecordLifecycleActionHeartbeat", &ACTION),
    ("ResumeProcesses", &[GROUP, text("ScalingProcesses.*", 1, 255)]),
    ("RollbackInstanceRefresh", &[GROUP]),
    ("SetDesiredCapacity", &[GROUP, there("DesiredCapacity")]),
    ("SetInstanceHealth", &[needed("InstanceId", 1, 19), needed("HealthStatus", 1, 32)]),
    ("SetInstanceProtection", &[there("InstanceIds"), INSTANCES, GROUP, there("ProtectedFromScaleIn")]),
    ("StartInstanceRefresh", &[GROUP, word("Strategy", &["Rolling", "ReplaceRootVolume"])]),
    ("SuspendProcesses", &[GROUP, text("ScalingProcesses.*", 1, 255)]),
    (
        "TerminateInstanceInAutoScalingGroup",
        // The model has a list beside it since 2026; one of them must be there, which is read elsewhere.
        &[text("InstanceId", 1, 19), there("ShouldDecrementDesiredCapacity")],
    ),
    (
        "UpdateAutoScalingGroup",
        &[
            GROUP,
            text("LaunchConfigurationName", 1, 255),
            TEMPLATE[0],
            TEMPLATE[1],
            TEMPLATE[2],
            like(MIXED, 3, 128, &TEMPLATE_NAME),
            text("VPCZoneIdentifier", 1, 5000),
            DELETION_PROTECTION,
            RETENTION,
        ],
    ),
];

pub(super) const fn text(name: &'static str, least: usize, most: usize) -> Rule {
    Rule { name, needed: false, kind: Kind::Text(least, most) }
}

pub(super) const fn needed(name: &'static str, least: usize, most: usize) -> Rule {
    Rule { name, needed: true, kind: Kind::Text(least, most) }
}

pub(super) const fn like(name: &'static str, least: usize, most: usize, pattern: &'static Pattern) -> Rule {
    Rule { name, needed: false, kind: Kind::Like(least, most, pattern) }
}

pub(super) const fn hook(name: &'static str) -> Rule {
    Rule { name, needed: true, kind: Kind::Like(1, 255, &NAME) }
}

pub(super) const fn there(name: &'static str) -> Rule {
    Rule { name, needed: true, kind: Kind::Any }
}

pub(super) const fn word(name: &'static str, words: &'static [&'static str]) -> Rule {
    Rule { name, needed: false, kind: Kind::Word(words) }
}
